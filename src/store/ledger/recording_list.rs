//! Recordings as people look for them: of a call, of an agent, of a day; page by page, the latest first.

use sqlx::sqlite::Sqlite;
use sqlx::{QueryBuilder, Row};

use super::recordings::{Listed, RECORDINGS_MAX, listed};
use super::{Ledger, LedgerError};
use crate::kernel::{AgentId, CallId, Wall};

/// Which recordings. All that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct RecordingFilter {
    /// Of this call.
    pub call: Option<CallId>,
    /// Of this name.
    pub file: Option<String>,
    /// Somebody who spoke in the call.
    pub agent: Option<AgentId>,
    /// Begun at or after.
    pub from: Option<Wall>,
    /// Begun before.
    pub until: Option<Wall>,
    /// Behind this file, in the list's order.
    pub after: Option<String>,
}

/// A recording with what the call's record tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRow {
    /// The recording.
    pub listed: Listed,
    /// Who answered the call first.
    pub agent: Option<String>,
    /// Why it is shorter than it was to be, if it is.
    pub cut_short: Option<String>,
}

impl Ledger {
    /// Recordings, the latest first, at most [`RECORDINGS_MAX`].
    pub async fn recording_list(&self, filter: &RecordingFilter, limit: u32) -> Result<Vec<RecordingRow>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT r.call_id, r.file, r.purpose, r.started_at_ms, r.duration_ms, r.sha256, r.cut_short, r.purged_at_ms,
                c.record->'$.legal_hold' IS NOT NULL AS held, c.record->>'$.agent' AS agent
            FROM call_recordings r JOIN calls c ON c.call_id = r.call_id WHERE 1",
        );
        filter.push(&mut query);
        query.push(" ORDER BY r.started_at_ms DESC, r.call_id DESC, r.file DESC LIMIT ");
        query.push_bind(i64::from(limit.min(RECORDINGS_MAX)));
        let rows = query.build().fetch_all(&self.readers).await?;
        let row = |row| {
            Ok(RecordingRow {
                listed: listed(row)?,
                agent: row.try_get("agent")?,
                cut_short: row.try_get("cut_short")?,
            })
        };
        rows.iter().map(row).collect()
    }
}

impl RecordingFilter {
    fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        if let Some(call) = self.call {
            query.push(" AND r.call_id = ").push_bind(call.to_string());
        }
        if let Some(file) = &self.file {
            query.push(" AND r.file = ").push_bind(file.clone());
        }
        if let Some(agent) = &self.agent {
            query.push(" AND r.call_id IN (SELECT call_id FROM call_parts WHERE talks = 1 AND who = ");
            query.push_bind(agent.as_str().to_owned()).push(")");
        }
        if let Some(from) = self.from {
            query.push(" AND r.started_at_ms >= ").push_bind(from.as_millis());
        }
        if let Some(until) = self.until {
            query.push(" AND r.started_at_ms < ").push_bind(until.as_millis());
        }
        if let Some(after) = &self.after {
            query.push(
                " AND (r.started_at_ms, r.call_id, r.file) < (SELECT started_at_ms, call_id, file FROM call_recordings",
            );
            query.push(" WHERE file = ").push_bind(after.clone()).push(" LIMIT 1)");
        }
    }
}
