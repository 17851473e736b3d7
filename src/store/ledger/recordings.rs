//! Which recordings the ledger knows: for retention, for the check of what is on the disk, for people. Knows no file.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::kernel::{CallId, Wall};

use super::{Ledger, LedgerError, unsigned};

/// Most rows in one answer.
pub const RECORDINGS_MAX: u32 = 1_000;

/// One recording as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose.
    pub call: CallId,
    /// File name below the recordings' folder.
    pub file: String,
    /// `message` or `call`.
    pub purpose: String,
    /// When it began.
    pub started_at: Wall,
    /// Length in milliseconds; `None` while it is being written.
    pub duration_ms: Option<u64>,
    /// SHA-256 of the stored file, hex; empty if there is no file, `None` while it is being written.
    pub sha256: Option<String>,
    /// When its file was given up.
    pub purged_at: Option<Wall>,
    /// Whether its call is on legal hold.
    pub held: bool,
}

impl Listed {
    /// Whether there should be a complete file.
    pub fn is_kept(&self) -> bool {
        self.purged_at.is_none() && self.sha256.as_ref().is_some_and(|sha256| !sha256.is_empty())
    }
}

/// A place in the list of all recordings, in order of their beginning.
pub type Place = (Wall, CallId, String);

impl Ledger {
    /// Recordings in order of their beginning that began in a time and come behind a place, at most [`RECORDINGS_MAX`].
    pub async fn recordings_from(
        &self,
        (from, until): (Wall, Wall),
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Listed>, LedgerError> {
        let (at, call, file) = cut(behind);
        let rows = sqlx::query(
            "SELECT * FROM listed_recordings
            WHERE started_at_ms >= ?1 AND started_at_ms < ?2 AND (started_at_ms, call_id, file) > (?3, ?4, ?5)
            ORDER BY started_at_ms, call_id, file LIMIT ?6",
        )
        .bind(from.as_millis())
        .bind(until.as_millis())
        .bind(at)
        .bind(call)
        .bind(file)
        .bind(limit.min(RECORDINGS_MAX))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(listed).collect()
    }

    /// Complete recordings of a purpose that began before a moment and were not given up, behind a place, held ones too.
    pub async fn recordings_kept(
        &self,
        purpose: &str,
        before: Wall,
        behind: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Listed>, LedgerError> {
        let (at, call, file) = cut(behind);
        let rows = sqlx::query(
            "SELECT * FROM listed_recordings
            WHERE purged_at_ms IS NULL AND duration_ms IS NOT NULL AND sha256 <> ''
                AND purpose = ?1 AND started_at_ms < ?2 AND (started_at_ms, call_id, file) > (?3, ?4, ?5)
            ORDER BY started_at_ms, call_id, file LIMIT ?6",
        )
        .bind(purpose)
        .bind(before.as_millis())
        .bind(at)
        .bind(call)
        .bind(file)
        .bind(limit.min(RECORDINGS_MAX))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(listed).collect()
    }

    /// How many recordings of a purpose are kept, and how many of them began before a moment and are not on legal hold.
    pub async fn recordings_counted(&self, purpose: &str, before: Wall) -> Result<(u64, u64), LedgerError> {
        let row = sqlx::query(
            "SELECT
                (SELECT count(*) FROM call_recordings
                WHERE purged_at_ms IS NULL AND duration_ms IS NOT NULL AND sha256 <> '' AND purpose = ?1) AS kept,
                (SELECT count(*) FROM listed_recordings
                WHERE purged_at_ms IS NULL AND duration_ms IS NOT NULL AND sha256 <> '' AND purpose = ?1
                    AND started_at_ms < ?2 AND NOT held) AS due",
        )
        .bind(purpose)
        .bind(before.as_millis())
        .fetch_one(&self.readers)
        .await?;
        Ok((unsigned(row.try_get("kept")?), unsigned(row.try_get("due")?)))
    }

    /// The latest recordings, the latest first.
    pub async fn recordings_latest(&self, limit: u32) -> Result<Vec<Listed>, LedgerError> {
        let rows = sqlx::query("SELECT * FROM listed_recordings ORDER BY started_at_ms DESC, call_id DESC LIMIT ?1")
            .bind(limit.min(RECORDINGS_MAX))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(listed).collect()
    }

    /// The recording of this name.
    pub async fn recording(&self, file: &str) -> Result<Option<Listed>, LedgerError> {
        let row = sqlx::query("SELECT * FROM listed_recordings WHERE file = ?1")
            .bind(file)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(listed).transpose()
    }

    /// A call's recordings, in order.
    pub async fn recordings_of(&self, call: CallId) -> Result<Vec<Listed>, LedgerError> {
        let rows = sqlx::query("SELECT * FROM listed_recordings WHERE call_id = ?1 ORDER BY n")
            .bind(call.to_string())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(listed).collect()
    }
}

impl Listed {
    /// Where it stands in the list of all.
    pub fn place(&self) -> Place {
        (self.started_at, self.call, self.file.clone())
    }
}

fn cut(behind: Option<&Place>) -> (i64, String, String) {
    match behind {
        Some((at, call, file)) => (at.as_millis(), call.to_string(), file.clone()),
        None => (i64::MIN, String::new(), String::new()),
    }
}

pub(super) fn listed(row: &SqliteRow) -> Result<Listed, LedgerError> {
    let call: &str = row.try_get("call_id")?;
    let bad_id = || sqlx::Error::Decode(format!("{call:?} is no call id").into());
    Ok(Listed {
        call: CallId::parse(call).ok_or_else(bad_id)?,
        file: row.try_get("file")?,
        purpose: row.try_get("purpose")?,
        started_at: Wall::from_millis(row.try_get("started_at_ms")?),
        duration_ms: row.try_get::<Option<i64>, _>("duration_ms")?.map(unsigned),
        sha256: row.try_get("sha256")?,
        purged_at: row.try_get::<Option<i64>, _>("purged_at_ms")?.map(Wall::from_millis),
        held: row.try_get("held")?,
    })
}
