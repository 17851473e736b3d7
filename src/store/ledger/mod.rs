//! The ledger: the journal's events in SQLite, and the calls' records made from them. Knows no call logic; may be away
//! (locked, full) without anyone but the reports noticing, because the journal keeps what it has not taken.

mod agents;
mod audit;
mod closing;
mod debts;
mod drain;
mod feed;
mod query;
mod recording_list;
mod recordings;
mod refold;
mod rows;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Row};

pub use agents::{AgentTotals, Before};
pub use audit::Reveal;
pub use closing::{Closing, Settle};
pub use debts::{DebtCounts, DebtFilter, OwedCall, Standing};
pub use drain::{Drain, DrainConfig, Drained};
pub use feed::EventFeed;
pub use query::{CallFilter, Counts, Found, Order};
pub use recording_list::{RecordingFilter, RecordingRow};
pub use recordings::{Listed, Place, RECORDINGS_MAX};

/// How long a statement waits for another process's lock before it gives up and is tried again later.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections for reading.
const READERS: u32 = 4;

/// Why the ledger could not do something.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite refused.
    #[error("ledger: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("ledger: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The journal could not be read.
    #[error("ledger: journal: {0}")]
    Journal(#[from] std::io::Error),
    /// A row holds what we did not write.
    #[error("ledger: {what} is not readable: {source}")]
    Damaged {
        /// Which row.
        what: String,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// The work was cut off, because the server is going down.
    #[error("ledger: cut off")]
    CutOff,
}

impl LedgerError {
    /// Whether the database is only locked by someone else.
    pub fn is_busy(&self) -> bool {
        let code = match self {
            Self::Database(sqlx::Error::Database(e))
            | Self::Migration(sqlx::migrate::MigrateError::Execute(sqlx::Error::Database(e))) => e.code(),
            Self::Database(_) | Self::Migration(_) | Self::Journal(_) | Self::Damaged { .. } | Self::CutOff => None,
        };
        // The low byte is the primary code: 5 SQLITE_BUSY, 6 SQLITE_LOCKED.
        code.and_then(|c| c.parse::<u32>().ok())
            .is_some_and(|c| matches!(c & 0xFF, 5 | 6))
    }
}

/// The reading side of the ledger, and the way to a writing connection. Clones share the readers.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
    readers: SqlitePool,
}

impl Ledger {
    /// A ledger in this file. Touches nothing yet: a locked database must not keep the server from starting.
    pub fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(options);
        Self {
            path: path.to_owned(),
            readers,
        }
    }

    /// Opens the ledger for reading and makes sure that it exists and is up to date.
    pub async fn open(path: &Path) -> Result<Self, LedgerError> {
        let ledger = Self::new(path);
        open_writer(ledger.path.clone()).await?.close().await?;
        Ok(ledger)
    }

    /// Sequence number up to which the journal has been taken over.
    pub async fn drained_seq(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT seq FROM drain").fetch_one(&self.readers).await?;
        Ok(unsigned(row.try_get(0)?))
    }

    /// Closes the readers.
    pub async fn close(&self) {
        self.readers.close().await;
    }
}

/// A future behind a pointer: with borrows held over sqlx's calls, the compiler only sees so that it can be sent.
type Sendable<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection for writing; makes and updates the tables. There is to be one at a time.
fn open_writer(path: PathBuf) -> Sendable<'static, Result<SqliteConnection, LedgerError>> {
    Box::pin(open_writer_unboxed(path))
}

async fn open_writer_unboxed(path: PathBuf) -> Result<SqliteConnection, LedgerError> {
    // With synchronous=FULL a commit is on the disk when it returns; the journal lets go of its copy then.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .thread_name(|_| "ledger".into());
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await?;
    sqlx::migrate!("src/store/migrations/sqlite").run(&pool).await?;
    Ok(pool.acquire().await?.detach())
}

/// SQLite's integers are signed; our counters are not and stay far below the sign.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
