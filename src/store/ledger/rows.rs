//! How records stand in the tables: one row a call, one for each person and recording in it, one an agent. Derives nothing
//! that is not in the record.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::kernel::{AgentId, CallId, Event, EventKind, Wall};
use crate::store::record::{AgentRecord, CallRecord};

use super::{LedgerError, Sendable, unsigned};

/// Rows of calls by their ids.
pub(super) type Rows = BTreeMap<CallId, CallRow>;

const REPLACE_CALLS: &str = "
INSERT OR REPLACE INTO calls (
    call_id, first_seq, invite_at_ms, from_number, to_number, hotline, ringing_at_ms, answered_by_machine_at_ms,
    person_requested_at_ms, offered_at_ms, answered_by_person_at_ms, ended_at_ms, ended_by, end_reason, status,
    recordings_open, queue, owed_at_ms, settled_at_ms, record)
SELECT
    value->>'$.record.call', value->>'$.first_seq', value->>'$.record.invite_at', value->>'$.record.from',
    value->>'$.record.to', value->>'$.record.hotline', value->>'$.record.ringing_at',
    value->>'$.record.answered_by_machine_at', value->>'$.record.person_requested_at', value->>'$.record.offered_at',
    value->>'$.record.answered_by_person_at', value->>'$.record.ended_at', value->>'$.record.ended_by',
    value->>'$.record.end_reason', value->>'$.record.status', value->>'$.recordings_open', value->>'$.queue',
    value->>'$.owed_at', value->>'$.settled_at', value->'$.record'
FROM json_each(?1)";

const REPLACE_PARTS: &str = "
INSERT OR REPLACE INTO call_parts (call_id, n, who, part, talks, from_ms, until_ms, hold_ms)
SELECT
    value->>'$.call', value->>'$.n', value->>'$.who', value->>'$.part', value->>'$.talks', value->>'$.from',
    value->>'$.until', value->>'$.hold_ms'
FROM json_each(?1)";

const REPLACE_RECORDINGS: &str = "
INSERT OR REPLACE INTO call_recordings (
    call_id, n, file, purpose, started_at_ms, duration_ms, sha256, cut_short, purged_at_ms)
SELECT
    value->>'$.call', value->>'$.n', value->>'$.file', value->>'$.purpose', value->>'$.started_at',
    value->>'$.finished.duration_ms', value->>'$.finished.sha256', value->>'$.finished.cut_short',
    value->>'$.purged_at'
FROM json_each(?1)";

const SELECT_AGENTS: &str = "SELECT record FROM agents WHERE agent IN (SELECT value FROM json_each(?1))";

const REPLACE_AGENTS: &str = "
INSERT OR REPLACE INTO agents (agent, seq, status, record)
SELECT value->>'$.agent', value->>'$.seq', value->>'$.status', value FROM json_each(?1)";

/// One row of `calls`, as its statement reads it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CallRow {
    first_seq: u64,
    recordings_open: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owed_at: Option<Wall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Wall>,
    pub record: CallRecord,
}

#[derive(Serialize)]
struct PartRow<'a> {
    call: CallId,
    n: usize,
    who: &'a str,
    part: crate::kernel::Part,
    talks: u8,
    from: Wall,
    until: Option<Wall>,
    hold_ms: u64,
}

#[derive(Serialize)]
struct RecordingRow<'a> {
    call: CallId,
    n: usize,
    #[serde(flatten)]
    recording: &'a crate::store::record::Recording,
}

impl CallRow {
    /// The row of a record; its columns follow with [`Self::derive`].
    pub(super) fn new(first_seq: u64, record: CallRecord) -> Self {
        let mut row = Self {
            first_seq,
            recordings_open: 0,
            queue: None,
            owed_at: None,
            settled_at: None,
            record,
        };
        row.derive();
        row
    }

    /// Takes the columns from the record.
    pub(super) fn derive(&mut self) {
        let debt = self.record.debt();
        self.owed_at = debt.map(|debt| debt.owed_at);
        self.settled_at = debt.and_then(|debt| debt.settled.as_ref()).map(|s| s.at);
        self.recordings_open = self.record.open_recordings().count();
        let last = self.record.queues.last();
        if last.map(|visit| &visit.queue) != self.queue.as_ref() {
            self.queue = last.map(|visit| visit.queue.clone());
        }
    }

    /// More of it is to be expected soon.
    pub(super) fn goes_on(&self) -> bool {
        self.record.ended_at.is_none() || self.recordings_open > 0
    }

    fn parts(&self) -> impl Iterator<Item = PartRow<'_>> {
        let each = self.record.people.iter().enumerate();
        each.map(|(n, presence)| PartRow {
            call: self.record.call,
            n,
            who: &presence.who,
            part: presence.part,
            talks: u8::from(presence.is_talk()),
            from: presence.from,
            until: presence.until,
            hold_ms: presence.held_ms,
        })
    }

    fn recordings(&self) -> impl Iterator<Item = RecordingRow<'_>> {
        let each = self.record.recordings.iter().enumerate();
        each.map(|(n, recording)| RecordingRow {
            call: self.record.call,
            n,
            recording,
        })
    }
}

/// Writes rows, with what belongs to them.
pub(super) fn write<'a>(writer: &'a mut SqliteConnection, rows: &'a Rows) -> Sendable<'a, Result<(), LedgerError>> {
    Box::pin(async move {
        let calls = json(&rows.values().collect::<Vec<_>>())?;
        sqlx::query(REPLACE_CALLS).bind(calls).execute(&mut *writer).await?;
        let parts: Vec<PartRow<'_>> = rows.values().flat_map(CallRow::parts).collect();
        if !parts.is_empty() {
            sqlx::query(REPLACE_PARTS)
                .bind(json(&parts)?)
                .execute(&mut *writer)
                .await?;
        }
        let recordings: Vec<RecordingRow<'_>> = rows.values().flat_map(CallRow::recordings).collect();
        if !recordings.is_empty() {
            let recordings = json(&recordings)?;
            sqlx::query(REPLACE_RECORDINGS)
                .bind(recordings)
                .execute(&mut *writer)
                .await?;
        }
        Ok(())
    })
}

/// Brings the agents' rows up to these events.
pub(super) fn write_agents<'a>(
    writer: &'a mut SqliteConnection,
    events: &'a [(u64, Event)],
) -> Sendable<'a, Result<(), LedgerError>> {
    Box::pin(async move {
        let changes = || {
            let changed = |event: &Event| matches!(event.kind, EventKind::AgentChanged { .. });
            let of_agents = events.iter().filter(move |(_, event)| changed(event));
            of_agents.filter_map(|(seq, event)| Some((event.agent()?.clone(), *seq, event)))
        };
        let names: BTreeSet<AgentId> = changes().map(|(agent, ..)| agent).collect();
        if names.is_empty() {
            return Ok(());
        }
        let known = sqlx::query(SELECT_AGENTS)
            .bind(json(&names)?)
            .fetch_all(&mut *writer)
            .await?;
        let known = known.iter().map(agent_record).collect::<Result<Vec<_>, _>>()?;
        let mut records: BTreeMap<AgentId, AgentRecord> = known.into_iter().map(|r| (r.agent.clone(), r)).collect();
        for (agent, seq, event) in changes() {
            let record = records.entry(agent.clone()).or_insert_with(|| AgentRecord::new(agent));
            record.apply(seq, event);
        }
        let rows = json(&records.values().collect::<Vec<_>>())?;
        sqlx::query(REPLACE_AGENTS).bind(rows).execute(&mut *writer).await?;
        Ok(())
    })
}

/// A row of `SELECT record FROM calls`.
pub(super) fn call_record(row: &SqliteRow) -> Result<CallRecord, LedgerError> {
    read(row.try_get(0)?, "a call's record")
}

/// A row of `SELECT record FROM agents`.
pub(super) fn agent_record(row: &SqliteRow) -> Result<AgentRecord, LedgerError> {
    read(row.try_get(0)?, "an agent's record")
}

/// A row of `SELECT first_seq, record FROM calls …`.
pub(super) fn call_row(row: &SqliteRow) -> Result<CallRow, LedgerError> {
    Ok(CallRow::new(
        unsigned(row.try_get(0)?),
        read(row.try_get(1)?, "a call's record")?,
    ))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|source| LedgerError::Damaged {
        what: what.to_owned(),
        source,
    })
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|source| LedgerError::Damaged {
        what: "a value".into(),
        source,
    })
}
