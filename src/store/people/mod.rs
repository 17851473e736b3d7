//! Agents, the telephones that they have, and tokens of the HTTP port: one SQLite file that the server and the command line
//! share. Keeps hashes, never a password or a token; knows no call.

mod agents;
mod bindings;
mod password;
mod tokens;

#[cfg(test)]
mod tests;

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub use agents::{Agent, AgentWish, Credentials};
pub use password::{Weak, check_password, generate_password};
pub use tokens::{NewToken, Token};

/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections for reading.
const READERS: u32 = 2;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is one of this name already.
    #[error("已存在 {0}：there is one of this name already")]
    Exists(String),
    /// There is none of this name.
    #[error("没有 {0}：there is none of this name")]
    Unknown(String),
    /// A limit of the house.
    #[error("数量已达上限 {0}：no more than so many")]
    Full(usize),
    /// SQLite refused.
    #[error("people: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("people: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file cannot be made.
    #[error("people: {0}")]
    File(#[from] io::Error),
    /// A row holds what we did not write.
    #[error("people: {what} is not readable: {text:?}")]
    Damaged {
        /// Which column of which row.
        what: String,
        /// What stands there.
        text: String,
    },
}

impl PeopleError {
    /// Whether the database is only locked by someone else.
    pub fn is_busy(&self) -> bool {
        let code = match self {
            Self::Database(sqlx::Error::Database(e))
            | Self::Migration(sqlx::migrate::MigrateError::Execute(sqlx::Error::Database(e))) => e.code(),
            Self::Database(sqlx::Error::PoolTimedOut) => return true,
            Self::Database(_)
            | Self::Migration(_)
            | Self::Exists(_)
            | Self::Unknown(_)
            | Self::Full(_)
            | Self::File(_)
            | Self::Damaged { .. } => None,
        };
        // The low byte is the primary code: 5 SQLITE_BUSY, 6 SQLITE_LOCKED.
        code.and_then(|c| c.parse::<u32>().ok())
            .is_some_and(|c| matches!(c & 0xFF, 5 | 6))
    }
}

/// The file. Clones share its connections.
#[derive(Clone, Debug)]
pub struct People {
    path: Arc<Path>,
    readers: SqlitePool,
    /// One connection: SQLite takes one writer at a time, so they queue here and not at its lock.
    writer: SqlitePool,
}

impl People {
    /// People in this file. Touches nothing yet: a locked file must not keep the server from starting.
    pub fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            .thread_name(|_| "people".into());
        // With synchronous=FULL a commit is on the disk when it returns.
        let writing = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
        };
        Self {
            path: path.into(),
            readers: pool(READERS).connect_lazy_with(options.read_only(true)),
            writer: pool(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(writing),
        }
    }

    /// Makes the file if there is none, and brings its tables up to date. Whoever may read it could log in with the
    /// hashes: it is for its owner alone.
    ///
    /// # Errors
    /// Whatever the disk or SQLite says; [`PeopleError::is_busy`] if it can be tried again.
    pub async fn prepare(&self) -> Result<(), PeopleError> {
        let mut file = std::fs::OpenOptions::new();
        drop(file.append(true).create(true).mode(0o600).open(&*self.path)?);
        sqlx::migrate!("src/store/migrations/people").run(&self.writer).await?;
        Ok(())
    }

    /// [`Self::new`] and [`Self::prepare`].
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub async fn open(path: &Path) -> Result<Self, PeopleError> {
        let people = Self::new(path);
        people.prepare().await?;
        Ok(people)
    }

    /// Path below a data folder.
    pub fn path(dir: &Path) -> std::path::PathBuf {
        dir.join("people.sqlite3")
    }

    /// A number that is another one after every change of an agent.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn agents_version(&self) -> Result<i64, PeopleError> {
        let row = sqlx::query("SELECT agents FROM changes")
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Closes the connections. What has been answered is on the disk already.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A text of a row that only we write; if somebody else did, the row is named.
fn damaged(what: impl Into<String>, text: &str) -> PeopleError {
    PeopleError::Damaged {
        what: what.into(),
        text: text.chars().take(100).collect(),
    }
}
