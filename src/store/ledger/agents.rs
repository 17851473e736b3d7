//! Agents as the ledger knows them, and what was true when the server died: who did what, who waited, who is owed a call.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::kernel::{AgentId, Dialog, Event, PhoneNumber, Wall};
use crate::queue::{FloorConfig, Restored, Returning};
use crate::store::record::{AgentRecord, CallRecord};

use super::query::LIST_MAX;
use super::rows::{agent_record, call_record};
use super::{Ledger, LedgerError, unsigned};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Who was asked longer ago than this may be asked again.
const ASKED_MS: i64 = 4 * 3_600_000;
/// A call that was cut off so long before the server's last sign of life belongs to the run before.
const SAME_RUN_MS: i64 = 10_000;

/// What an agent did in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentTotals {
    /// Talk, holds left out.
    pub talk: Duration,
    /// Holds.
    pub hold: Duration,
    /// Calls that he spoke in.
    pub calls: u32,
}

/// What was true before a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Agents as they were.
    pub agents: Vec<Restored>,
    /// Callers who waited when the server died, if that is not longer ago than a place is kept for; in their order.
    pub returning: Vec<Returning>,
    /// Open debts, the oldest first.
    pub debts: Vec<crate::queue::Debt>,
    /// Numbers that were asked of late how it was, and when; the latest last.
    pub asked: Vec<(PhoneNumber, Wall)>,
}

impl Ledger {
    /// All agents of whom anything is known, by name.
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, LedgerError> {
        let rows = sqlx::query("SELECT record FROM agents ORDER BY agent")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(agent_record).collect()
    }

    /// An agent's events in a time, the earliest first, at most `limit` (and `LIST_MAX`).
    pub async fn agent_events(
        &self,
        agent: &AgentId,
        (from, until): (Wall, Wall),
        limit: u32,
    ) -> Result<Vec<(u64, Event)>, LedgerError> {
        let rows = sqlx::query(
            "SELECT seq, body FROM agent_events WHERE agent = ?1 AND at_ms >= ?2 AND at_ms < ?3 ORDER BY seq LIMIT ?4",
        )
        .bind(agent.as_str())
        .bind(from.as_millis())
        .bind(until.as_millis())
        .bind(i64::from(limit.min(LIST_MAX)))
        .fetch_all(&self.readers)
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            match serde_json::from_str(row.try_get(1)?) {
                Ok(event) => events.push((unsigned(row.try_get(0)?), event)),
                Err(error) => tracing::error!(%agent, %error, "an event is not understood"),
            }
        }
        Ok(events)
    }

    /// What everybody did between two moments; calls that go on count until `until`. Talk of a call that reaches over an edge
    /// counts with the part that lies inside.
    pub async fn agent_totals(&self, from: Wall, until: Wall) -> Result<BTreeMap<String, AgentTotals>, LedgerError> {
        let rows = sqlx::query(
            "SELECT who, call_id, from_ms, min(coalesce(until_ms, ?2), ?2), hold_ms FROM call_parts
             WHERE talks = 1 AND from_ms >= ?3 AND from_ms < ?2 AND coalesce(until_ms, ?2) > ?1
             ORDER BY who, call_id",
        )
        .bind(from.as_millis())
        .bind(until.as_millis())
        .bind(from.as_millis().saturating_sub(DAY_MS)) // no call lasts a day
        .fetch_all(&self.readers)
        .await?;
        let mut totals: BTreeMap<String, AgentTotals> = BTreeMap::new();
        let mut last = (String::new(), String::new());
        for row in rows {
            let this: (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let (began, ended): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
            let inside = millis(ended.saturating_sub(began.max(from.as_millis())));
            let hold = millis(row.try_get(4)?).min(inside);
            let total = totals.entry(this.0.clone()).or_default();
            total.hold += hold;
            total.talk += inside.saturating_sub(hold);
            total.calls += u32::from(this != last);
            last = this;
        }
        Ok(totals)
    }

    /// What was true before a restart. To be asked when the journal is drained and what was cut off is closed
    /// ([`crate::store::Store::settled`]).
    pub async fn before(&self, floor: &FloorConfig, now: Wall) -> Result<Before, LedgerError> {
        let totals = self.agent_totals(midnight(now, floor.utc_offset_s), now).await?;
        let agents = self.agents().await?;
        let agents = agents.into_iter().map(|record| restored(record, &totals)).collect();
        let window = i64::try_from(floor.redial_within.as_millis()).unwrap_or(i64::MAX);
        let cut_off = self.interrupted(now.as_millis().saturating_sub(window)).await?;
        Ok(Before {
            agents,
            returning: returning(&cut_off),
            debts: self.floor_debts(floor).await?,
            asked: self.asked_since(now.as_millis().saturating_sub(ASKED_MS)).await?,
        })
    }

    async fn asked_since(&self, since_ms: i64) -> Result<Vec<(PhoneNumber, Wall)>, LedgerError> {
        let rows = sqlx::query(
            "SELECT c.from_number, e.at_ms FROM events e JOIN calls c ON c.call_id = e.call_id
             WHERE e.type = 'rating_asked' AND e.at_ms >= ?1 AND c.from_number IS NOT NULL ORDER BY e.at_ms",
        )
        .bind(since_ms)
        .fetch_all(&self.readers)
        .await?;
        let asked = |row: &SqliteRow| Ok((PhoneNumber::new(row.try_get(0)?), Wall::from_millis(row.try_get(1)?)));
        rows.iter().map(asked).collect()
    }

    /// SIP dialogs that stood when the server died: whoever is at their other end is to hear that the line is gone. `died_at`:
    /// the last run's last sign of life.
    pub async fn dialogs_cut_off(&self, died_at: Wall) -> Result<Vec<Dialog>, LedgerError> {
        let cut_off = self
            .interrupted(died_at.as_millis().saturating_sub(SAME_RUN_MS))
            .await?;
        Ok(cut_off.into_iter().flat_map(|record| record.dialogs).collect())
    }

    /// Calls that a restart cut off, since then.
    async fn interrupted(&self, since_ms: i64) -> Result<Vec<CallRecord>, LedgerError> {
        let rows = sqlx::query(
            "SELECT record FROM calls WHERE end_reason = 'interrupted' AND ended_at_ms >= ?1 ORDER BY call_id LIMIT ?2",
        )
        .bind(since_ms)
        .bind(i64::from(LIST_MAX))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(call_record).collect()
    }
}

fn restored(record: AgentRecord, totals: &BTreeMap<String, AgentTotals>) -> Restored {
    let today = totals.get(record.agent.as_str()).copied().unwrap_or_default();
    Restored {
        agent: record.agent,
        status: record.status,
        reason: record.reason,
        call: record.call,
        queue: record.queue,
        until: record.until,
        since: record.since,
        talked_today: today.talk,
        calls_today: today.calls,
    }
}

/// Those who waited to the end, in the order in which they came: once for each time that a number was cut off, because a
/// company has many callers of one number. Who came back and was cut off again has taken his first place with him. Who has
/// spoken with somebody since is owed nothing and has no place; who hides his number cannot be known again.
fn returning(cut_off: &[CallRecord]) -> Vec<Returning> {
    let may_return = |record: &&CallRecord| record.placed_by.is_none() && record.open_debt().is_some();
    let mut records: Vec<&CallRecord> = cut_off.iter().filter(may_return).collect();
    records.sort_by_key(|record| (record.ended_at, record.call));
    let mut all: Vec<(Wall, Returning)> = Vec::new();
    for record in records {
        let (Some(visit), Some(number), Some(ended_at)) = (record.waited_to_the_end(), &record.from, record.ended_at)
        else {
            continue;
        };
        if !number.reveal().bytes().any(|b| b.is_ascii_digit()) {
            continue;
        }
        let before = |(ended, caller): &(Wall, Returning)| caller.number == *number && *ended < visit.entered_at;
        if let Some(first) = all.iter().position(before) {
            all.remove(first);
        }
        let carried = i64::try_from(visit.carried_ms).unwrap_or(i64::MAX);
        let caller = Returning {
            number: number.clone(),
            queue: visit.queue.clone(),
            waited: Duration::from_millis(visit.waited_ms(ended_at)),
            entered: Wall::from_millis(visit.entered_at.as_millis().saturating_sub(carried)),
        };
        all.push((ended_at, caller));
    }
    let mut all: Vec<Returning> = all.into_iter().map(|(_, caller)| caller).collect();
    all.sort_by_key(|caller| caller.entered);
    all
}

/// The local midnight before a moment.
fn midnight(now: Wall, utc_offset_s: i32) -> Wall {
    let offset = i64::from(utc_offset_s) * 1_000;
    let local = now.as_millis() + offset;
    Wall::from_millis(local - local.rem_euclid(DAY_MS) - offset)
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(unsigned(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_at_midnight_in_the_city() {
        let day = |s: i64| midnight(Wall::from_millis(s * 1_000), 8 * 3_600).as_millis() / 1_000;
        let eight_in_the_morning = 1_700_006_400; // 2023-11-15 00:00 UTC
        assert_eq!(day(eight_in_the_morning), eight_in_the_morning - 8 * 3_600);
        assert_eq!(day(eight_in_the_morning - 8 * 3_600), eight_in_the_morning - 8 * 3_600);
        assert_eq!(
            day(eight_in_the_morning - 8 * 3_600 - 1),
            eight_in_the_morning - 32 * 3_600
        );
    }
}
