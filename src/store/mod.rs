//! All that is kept: the journal (durable truth), the ledger made from it (SQLite), the SIP trace, the recordings.
//! Knows no call logic: it stores what it is told and reads it back.

pub mod disk;
pub mod health;
pub mod journal;
pub mod ledger;
pub mod record;

#[cfg(test)]
mod disk_fake;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use health::StoreHealth;
pub use journal::{CommitSink, Journal, JournalConfig, JournalError, Recovery, Ticket};
pub use record::{CallRecord, fold};

/// Locks, also behind a thread that panicked: what is kept here is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
