//! What the ledger keeps of a complete recording: its length and SHA-256. Knows no key.
//!
//! The SHA-256 is that of the stored file. Of a sealed one it is that of all behind the key slots (`tail -c +1025 F | sha256sum`):
//! so it stays true when the master key is changed, and can be checked without any key.

use std::io;

use sha2::{Digest, Sha256};

use crate::store::disk::DiskFile;

use super::names::Form;
use super::sealed::BODY_AT;

/// Bytes that are read at once.
const READ_BYTES: usize = 1 << 18;

/// A complete recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// File name below the recordings' folder.
    pub file: String,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// SHA-256 of the stored file, hex; of a sealed one, of all behind its key slots.
    pub sha256: String,
}

/// A fingerprint that is being taken.
pub(super) enum Fingerprint {
    /// It was taken while the file grew.
    Known(Finished),
    /// It is read again.
    Reading(Box<Reading>),
}

/// How far the reading is.
pub(super) struct Reading {
    file: String,
    duration_ms: u64,
    handle: Box<dyn DiskFile>,
    at: u64,
    hasher: Sha256,
    buffer: Vec<u8>,
}

impl Fingerprint {
    pub(super) fn begin(file: String, handle: Box<dyn DiskFile>, form: Form, duration_ms: u64) -> Self {
        Self::Reading(Box::new(Reading {
            file,
            duration_ms,
            handle,
            at: match form {
                Form::Plain => 0,
                Form::Sealed => BODY_AT,
            },
            hasher: Sha256::new(),
            buffer: vec![0; READ_BYTES],
        }))
    }

    /// Goes on for about so many bytes; itself again if it needs more.
    pub(super) fn step(self, budget_bytes: usize) -> io::Result<Result<Finished, Self>> {
        let mut reading = match self {
            Self::Known(finished) => return Ok(Ok(finished)),
            Self::Reading(reading) => reading,
        };
        for _ in 0..budget_bytes.div_ceil(READ_BYTES) {
            let got = reading.handle.read_at(&mut reading.buffer, reading.at)?;
            reading.hasher.update(&reading.buffer[..got]);
            reading.at += got as u64;
            if got < READ_BYTES {
                return Ok(Ok(Finished {
                    file: reading.file,
                    duration_ms: reading.duration_ms,
                    sha256: hex(reading.hasher),
                }));
            }
        }
        Ok(Err(Self::Reading(reading)))
    }

    /// All of it.
    pub(super) fn take(self) -> io::Result<Finished> {
        let mut rest = self;
        loop {
            match rest.step(usize::MAX)? {
                Ok(finished) => return Ok(finished),
                Err(more) => rest = more,
            }
        }
    }
}

pub(super) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
