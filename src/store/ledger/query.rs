//! Reading the ledger's calls and events, for the command line and for HTTP.

use std::collections::BTreeMap;

use sqlx::sqlite::Sqlite;
use sqlx::{QueryBuilder, Row};

use crate::kernel::{AgentId, CallId, EndReason, Event, Wall};
use crate::store::journal::Entry;
use crate::store::record::CallRecord;

use super::rows::call_record;
use super::{Ledger, LedgerError, signed, unsigned};

/// Most calls in one answer.
pub const LIST_MAX: u32 = 10_000;

/// Which calls. All that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// INVITE at or after.
    pub from: Option<Wall>,
    /// INVITE before.
    pub until: Option<Wall>,
    /// The caller's number or the dialled one, exactly.
    pub number: Option<String>,
    /// Name of the hotline.
    pub hotline: Option<String>,
    /// How it ended.
    pub reason: Option<EndReason>,
    /// Only calls that have not ended.
    pub open: bool,
    /// Somebody who spoke in it.
    pub agent: Option<AgentId>,
    /// The last queue that it came to.
    pub queue: Option<String>,
    /// Behind this call, in the order that is asked for.
    pub after: Option<CallId>,
}

/// In which order; both are by the time of the INVITE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest first.
    #[default]
    NewestFirst,
    /// The earliest first.
    OldestFirst,
}

/// What a search for one call found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The call.
    One(Box<CallRecord>),
    /// No call begins so.
    None,
    /// Several do; some of them.
    Many(Vec<CallId>),
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls.
    pub calls: u64,
    /// Those that have not ended.
    pub open: u64,
}

impl Ledger {
    /// Records of calls, at most `limit` (and `LIST_MAX`).
    pub async fn list_calls(
        &self,
        filter: &CallFilter,
        order: Order,
        limit: u32,
    ) -> Result<Vec<CallRecord>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT record FROM calls");
        filter.push(&mut query);
        if let Some(after) = filter.after {
            let behind = match order {
                Order::NewestFirst => " AND (invite_at_ms, call_id) < ",
                Order::OldestFirst => " AND (invite_at_ms, call_id) > ",
            };
            query
                .push(behind)
                .push("(SELECT invite_at_ms, call_id FROM calls WHERE call_id = ");
            query.push_bind(after.to_string()).push(")");
        }
        query.push(match order {
            Order::NewestFirst => " ORDER BY invite_at_ms DESC, call_id DESC LIMIT ",
            Order::OldestFirst => " ORDER BY invite_at_ms, call_id LIMIT ",
        });
        query.push_bind(i64::from(limit.min(LIST_MAX)));
        let rows = query.build().fetch_all(&self.readers).await?;
        rows.iter().map(call_record).collect()
    }

    /// The call whose id begins with `prefix` (letters in either case).
    pub async fn find_call(&self, prefix: &str) -> Result<Found, LedgerError> {
        let prefix = prefix.to_ascii_uppercase();
        if prefix.is_empty() || prefix.len() > 26 || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(Found::None);
        }
        let behind = format!("{prefix}~"); // sorts behind every letter and digit
        let rows =
            sqlx::query("SELECT record FROM calls WHERE call_id >= ?1 AND call_id < ?2 ORDER BY call_id LIMIT 10")
                .bind(prefix)
                .bind(behind)
                .fetch_all(&self.readers)
                .await?;
        let mut records = rows.iter().map(call_record).collect::<Result<Vec<_>, _>>()?;
        Ok(match (records.pop(), records.is_empty()) {
            (None, _) => Found::None,
            (Some(one), true) => Found::One(Box::new(one)),
            (Some(last), false) => Found::Many(records.iter().map(|r| r.call).chain([last.call]).collect()),
        })
    }

    /// A call's events with their sequence numbers, in order. Events that this version does not know are left out.
    pub async fn call_events(&self, call: CallId) -> Result<Vec<(u64, Event)>, LedgerError> {
        let rows = sqlx::query("SELECT seq, body FROM events WHERE call_id = ?1 ORDER BY seq")
            .bind(call.to_string())
            .fetch_all(&self.readers)
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            match serde_json::from_str(row.try_get(1)?) {
                Ok(event) => events.push((unsigned(row.try_get(0)?), event)),
                Err(error) => tracing::error!(%call, %error, "an event is not understood"),
            }
        }
        Ok(events)
    }

    /// How many calls ended for which reason ([`EndReason::as_str`]); calls that have not ended are under `open`.
    pub async fn totals(&self, filter: &CallFilter) -> Result<BTreeMap<String, u64>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT coalesce(end_reason, 'open'), count(*) FROM calls");
        filter.push(&mut query);
        query.push(" GROUP BY 1");
        let mut totals = BTreeMap::new();
        for row in query.build().fetch_all(&self.readers).await? {
            totals.insert(row.try_get(0)?, unsigned(row.try_get(1)?));
        }
        Ok(totals)
    }

    /// How many calls there are, and how many are open.
    pub async fn counts(&self) -> Result<Counts, LedgerError> {
        let row = sqlx::query("SELECT count(*), count(*) - count(ended_at_ms) FROM calls")
            .fetch_one(&self.readers)
            .await?;
        Ok(Counts {
            calls: unsigned(row.try_get(0)?),
            open: unsigned(row.try_get(1)?),
        })
    }

    /// Entries behind `after`, calls' and agents' in one order, as they stood in the journal.
    pub(super) async fn entries_after(&self, after: u64, limit: u32) -> Result<Vec<Entry>, LedgerError> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT seq, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2)
             UNION ALL
             SELECT * FROM (SELECT seq, body FROM agent_events WHERE seq > ?1 ORDER BY seq LIMIT ?2)
             ORDER BY 1 LIMIT ?2",
        )
        .bind(signed(after))
        .bind(i64::from(limit.min(LIST_MAX)))
        .fetch_all(&self.readers)
        .await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(Entry {
                seq: unsigned(row.try_get(0)?),
                payload: row.try_get::<String, _>(1)?.into_bytes(),
            });
        }
        Ok(entries)
    }

    /// Events behind `after`, calls' and agents' in one order, at most `limit` (and `LIST_MAX`). Events that this version
    /// does not know are left out.
    pub async fn events_after(&self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>, LedgerError> {
        let entries = self.entries_after(after, limit).await?;
        let parsed = entries.iter().map(|e| (e.seq, serde_json::from_slice(&e.payload)));
        Ok(parsed.filter_map(|(seq, event)| Some((seq, event.ok()?))).collect())
    }
}

impl CallFilter {
    fn push(&self, query: &mut QueryBuilder<Sqlite>) {
        query.push(" WHERE 1");
        if let Some(from) = self.from {
            query.push(" AND invite_at_ms >= ").push_bind(from.as_millis());
        }
        if let Some(until) = self.until {
            query.push(" AND invite_at_ms < ").push_bind(until.as_millis());
        }
        if let Some(number) = &self.number {
            query.push(" AND (from_number = ").push_bind(number.clone());
            query.push(" OR to_number = ").push_bind(number.clone()).push(")");
        }
        if let Some(hotline) = &self.hotline {
            query.push(" AND hotline = ").push_bind(hotline.clone());
        }
        if let Some(reason) = self.reason {
            query.push(" AND end_reason = ").push_bind(reason.as_str());
        }
        if let Some(agent) = &self.agent {
            query.push(" AND call_id IN (SELECT call_id FROM call_parts WHERE talks = 1 AND who = ");
            query.push_bind(agent.as_str().to_owned()).push(")");
        }
        if let Some(queue) = &self.queue {
            query.push(" AND queue = ").push_bind(queue.clone());
        }
        if self.open {
            query.push(" AND ended_at_ms IS NULL");
        }
    }
}
