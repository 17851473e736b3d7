//! A recording's sound, read and decrypted off the async threads.

use std::sync::{Arc, Mutex, PoisonError};

use super::Operators;
use crate::http::house::Sound;
use crate::http::{Answer, Error};
use crate::store::Store;
use crate::store::disk::RealDisk;
use crate::store::recordings::{ReadError, Reader, Samples};

impl Operators {
    /// Opens it; `None`: there is no such file any more.
    pub(super) async fn open_sound(&self, file: &str) -> Result<Option<Arc<dyn Sound>>, Error> {
        let dir = Store::recordings_dir(&self.handle.config().data_dir);
        let (vault, file) = (self.vault.clone(), file.to_owned());
        let open = move || Reader::open(&RealDisk, &dir, &file, &vault, Samples::ALaw);
        match tokio::task::spawn_blocking(open).await {
            Ok(Ok(reader)) => Ok(Some(Arc::new(Tape {
                len: reader.len(),
                reader: Arc::new(Mutex::new(reader)),
            }))),
            Ok(Err(ReadError::NotFound)) => Ok(None),
            Ok(Err(error @ (ReadError::Key(_) | ReadError::Damaged(_) | ReadError::Io(_)))) => Err(away(&error)),
            Err(error) => Err(away(&error)),
        }
    }
}

fn away(error: &dyn std::error::Error) -> Error {
    Error::LedgerAway(format!("a recording: {error}"))
}

/// One open recording. Its readers come one after the other.
struct Tape {
    len: u64,
    reader: Arc<Mutex<Reader>>,
}

impl Sound for Tape {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, from: u64, most: usize) -> Answer<'_, Vec<u8>> {
        let reader = self.reader.clone();
        let read = move || {
            let mut octets = vec![0; most];
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            let got = reader.read_at(&mut octets, from)?;
            octets.truncate(got);
            Ok::<_, ReadError>(octets)
        };
        Box::pin(async move {
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(octets)) => Ok(octets),
                Ok(Err(error)) => Err(away(&error)),
                Err(error) => Err(away(&error)),
            }
        })
    }
}
