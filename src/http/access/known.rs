//! Tokens that were good a moment ago, by hash, so that a page which asks each second costs no look-up, and a guesser behind
//! the same proxy cannot lock out those who work. Pure: time is handed in.

use std::collections::HashMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::http::house::Bearer;

/// How long an answer holds before the token is looked up again: a token revoked beside the server ends so soon.
const FRESH: Duration = Duration::from_secs(5);
/// How long a token that was good is looked up in spite of failures from its source.
const REMEMBERED: Duration = Duration::from_secs(3_600);
/// Tokens remembered at once.
const MAX: usize = 4_096;

/// SHA-256 of a token. Equal hashes are equal tokens; which octet differed, no clock can tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Print([u8; 32]);

impl Print {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What is remembered of a token.
pub(super) enum Memory {
    /// Good just now.
    Fresh(Bearer),
    /// Was good not long ago: worth a look-up.
    Stale,
    /// Never seen, or long ago.
    None,
}

#[derive(Default)]
pub(super) struct Known {
    by_print: HashMap<Print, (Bearer, Instant)>,
}

impl Known {
    pub(super) fn recall(&self, print: Print, now: Instant) -> Memory {
        let Some((bearer, at)) = self.by_print.get(&print) else {
            return Memory::None;
        };
        match now.saturating_duration_since(*at) {
            age if age < FRESH => Memory::Fresh(bearer.clone()),
            age if age < REMEMBERED => Memory::Stale,
            _ => Memory::None,
        }
    }

    pub(super) fn remember(&mut self, print: Print, bearer: Bearer, now: Instant) {
        if self.by_print.len() >= MAX {
            self.by_print
                .retain(|_, (_, at)| now.saturating_duration_since(*at) < FRESH);
        }
        if self.by_print.len() < MAX {
            self.by_print.insert(print, (bearer, now));
        }
    }

    pub(super) fn forget(&mut self, print: Print) {
        self.by_print.remove(&print);
    }

    /// After a change of tokens or accounts nothing is taken for granted.
    pub(super) fn forget_freshness(&mut self) {
        self.by_print.clear();
    }
}
