//! Places for event streams: so many in all, and so many for one token, so that no page takes the port from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::Error;

/// Streams of one token at once: a page open in several windows, and some that the network has not yet given up.
const EACH_MAX: usize = 16;

/// Who holds how many places.
#[derive(Debug)]
pub(in crate::http) struct Places {
    all: usize,
    held: Mutex<HashMap<String, usize>>,
}

impl Places {
    /// `all` of them.
    pub(in crate::http) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            all,
            held: Mutex::default(),
        })
    }

    /// Takes one; it is given back when it is dropped.
    pub(super) fn take(self: &Arc<Self>, token: &str) -> Result<Place, Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = held.get(token).copied().unwrap_or(0);
        if mine >= EACH_MAX || held.values().sum::<usize>() >= self.all {
            return Err(Error::TooManyStreams);
        }
        held.insert(token.to_owned(), mine + 1);
        Ok(Place {
            places: self.clone(),
            token: token.to_owned(),
        })
    }
}

/// One place.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    token: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.token) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_gone_wild_leaves_places_for_others() {
        let places = Places::new(EACH_MAX + 1);
        let wild: Vec<Place> = (0..EACH_MAX).map(|_| places.take("wild").unwrap()).collect();
        assert!(places.take("wild").is_err());
        let other = places.take("calm").unwrap();
        assert!(places.take("third").is_err(), "all places are taken");
        drop((wild, other));
        assert!(places.take("wild").is_ok());
        assert!(places.held.lock().unwrap().is_empty());
    }
}
