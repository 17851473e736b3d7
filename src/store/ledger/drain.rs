//! Moves the journal's events into the database, batch by batch: events, records and the place reached in one transaction.
//! Decides nothing about calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Sqlite, Transaction};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::kernel::{CallId, Event, Wall};
use crate::store::health::StoreHealth;
use crate::store::journal::{Entry, Journal, JournalReader};
use crate::store::record::CallRecord;

use super::closing::Closing;
use super::{Ledger, LedgerError, Sendable, open_writer, signed, unsigned};

/// How the drain is to work.
#[derive(Clone, Copy, Debug)]
pub struct DrainConfig {
    /// How long to gather events after the first one.
    pub interval: Duration,
    /// Most events in one transaction.
    pub batch_max_events: usize,
    /// First pause after a failure; it doubles up to `retry_max`.
    pub retry: Duration,
    /// Longest pause after failures.
    pub retry_max: Duration,
    /// Longest that stopping waits for the database; what is left stays in the journal for the next start.
    pub stop_timeout: Duration,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            batch_max_events: 2_000,
            retry: Duration::from_millis(200),
            retry_max: Duration::from_secs(5),
            stop_timeout: Duration::from_secs(10),
        }
    }
}

/// What one turn of the drain did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// So many events were taken over; there may be more.
    Events(usize),
    /// There was nothing to take over.
    Nothing,
}

/// Records kept at hand; more than that are read again from the database when they are needed.
const RECORDS_AT_HAND_MAX: usize = 20_000;

type Rows = BTreeMap<CallId, CallRow>;

const INSERT_EVENTS: &str = "
INSERT OR IGNORE INTO events (call_id, seq, at_ms, type, body)
SELECT value->>'$[1].call', value->>'$[0]', value->>'$[1].at', value->>'$[1].type', value->'$[1]'
FROM json_each(?1)";

const REPLACE_CALLS: &str = "
INSERT OR REPLACE INTO calls (
    call_id, first_seq, invite_at_ms, from_number, to_number, hotline, ringing_at_ms, answered_by_machine_at_ms,
    person_requested_at_ms, offered_at_ms, answered_by_person_at_ms, ended_at_ms, ended_by, end_reason, status,
    recordings_open, record)
SELECT
    value->>'$.record.call', value->>'$.first_seq', value->>'$.record.invite_at', value->>'$.record.from',
    value->>'$.record.to', value->>'$.record.hotline', value->>'$.record.ringing_at',
    value->>'$.record.answered_by_machine_at', value->>'$.record.person_requested_at', value->>'$.record.offered_at',
    value->>'$.record.answered_by_person_at', value->>'$.record.ended_at', value->>'$.record.ended_by',
    value->>'$.record.end_reason', value->>'$.record.status', value->>'$.recordings_open', value->'$.record'
FROM json_each(?1)";

const SELECT_RECORDS: &str = "
SELECT first_seq, record FROM calls WHERE call_id IN (SELECT value FROM json_each(?1))";

const ADVANCE: &str = "UPDATE drain SET seq = ?1, last_at_ms = ?2";

/// One row of `calls`, as the statement above reads it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CallRow {
    first_seq: u64,
    recordings_open: usize,
    record: CallRecord,
}

/// The drain: owns the one writing connection.
pub struct Drain {
    ledger: Ledger,
    journal: Journal,
    config: DrainConfig,
    health: Arc<StoreHealth>,
    closing: Option<Closing>,
    link: Option<Link>,
}

/// What lives as long as the writing connection does. After an error of which it is not certain what it left behind, all of
/// it is made anew from the database.
struct Link {
    writer: SqliteConnection,
    reader: JournalReader,
    /// Read from the journal and not committed yet.
    batch: Vec<Entry>,
    /// Records of calls that are going on.
    at_hand: HashMap<CallId, CallRow>,
}

impl Drain {
    /// A drain from this journal to this ledger. `closing`: what the last run left unfinished. Does nothing yet.
    pub fn new(ledger: Ledger, journal: Journal, config: DrainConfig, closing: Option<Closing>) -> Self {
        let health = journal.health().clone();
        Self {
            ledger,
            journal,
            config,
            health,
            closing,
            link: None,
        }
    }

    /// Takes over what there is until `stop` says true, and then once more what is left.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.catch_up(&mut stop).await;
            tokio::select! {
                () = self.journal.wait_for_commit() => {}
                _ = stop.changed() => break,
            }
            tokio::select! {
                () = sleep(self.config.interval) => {}
                _ = stop.changed() => break,
            }
        }
        self.closing = None; // its events would find the journal closed; the next start does it
        let (_keep, mut never) = watch::channel(false);
        if timeout(self.config.stop_timeout, self.catch_up(&mut never))
            .await
            .is_err()
        {
            tracing::warn!("the ledger did not take all events in time; the journal keeps them for the next start");
        }
        if let Some(link) = self.link
            && let Err(error) = link.writer.close().await
        {
            tracing::warn!(%error, "the ledger was not closed cleanly");
        }
    }

    /// Turns until nothing is left, through all failures.
    async fn catch_up(&mut self, stop: &mut watch::Receiver<bool>) {
        let mut pause = self.config.retry;
        loop {
            match self.turn().await {
                Ok(Drained::Events(_)) => {
                    pause = self.config.retry;
                    self.all_well();
                }
                Ok(Drained::Nothing) => return self.all_well(),
                Err(error) => {
                    self.complain(&error);
                    tokio::select! {
                        () = sleep(pause) => pause = (pause * 2).min(self.config.retry_max),
                        _ = stop.changed() => return,
                    }
                }
            }
        }
    }

    fn all_well(&self) {
        if self.health.db_lagging.set(false) {
            tracing::info!("the ledger takes events again");
        }
    }

    fn complain(&mut self, error: &LedgerError) {
        self.health.db_errors.add(1);
        self.note_lag();
        if !self.health.db_lagging.set(true) {
            tracing::error!(%error, "the ledger does not take events; the journal keeps them");
        }
        if !error.is_busy() {
            self.link = None;
        }
    }

    fn note_lag(&self) {
        if let Some(link) = &self.link {
            let unread = self.journal.durable_seq().saturating_sub(link.reader.position());
            self.health.journal_lag_entries.set(unread + link.batch.len() as u64);
        }
    }

    /// One batch in one transaction. After an error it can be called again: nothing is lost and nothing counts twice.
    pub fn turn(&mut self) -> Sendable<'_, Result<Drained, LedgerError>> {
        Box::pin(self.turn_unboxed())
    }

    async fn turn_unboxed(&mut self) -> Result<Drained, LedgerError> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect().await?,
        };
        let result = self.turn_on(&mut link).await;
        self.link = Some(link);
        self.note_lag();
        result
    }

    async fn connect(&mut self) -> Result<Link, LedgerError> {
        let mut writer = open_writer(self.ledger.path.clone()).await?;
        let row = sqlx::query("SELECT seq, last_at_ms FROM drain")
            .fetch_one(&mut writer)
            .await?;
        let drained = unsigned(row.try_get(0)?);
        if let Some(closing) = &mut self.closing {
            closing.saw(drained, Wall::from_millis(row.try_get(1)?));
        }
        let reader = self.journal.reader(drained);
        Ok(Link {
            writer,
            reader,
            batch: Vec::new(),
            at_hand: HashMap::new(),
        })
    }

    async fn turn_on(&mut self, link: &mut Link) -> Result<Drained, LedgerError> {
        if link.batch.is_empty() {
            link.batch = self
                .journal
                .read_batch(&mut link.reader, self.config.batch_max_events)
                .await?;
        }
        let Some(last) = link.batch.last().map(|entry| entry.seq) else {
            if let Some(closing) = self.closing.as_ref().filter(|c| c.is_due(link.reader.position())) {
                closing.carry_out(&mut link.writer, &self.journal).await?;
                self.closing = None; // and not before: what failed is tried again
            }
            return Ok(Drained::Nothing);
        };
        let events = self.parse(&link.batch);
        if let Some(closing) = &mut self.closing {
            events.iter().for_each(|(seq, event)| closing.saw(*seq, event.at));
        }
        let rows = link.commit(&events).await?;
        link.remember(rows);
        self.journal.release(last);
        let count = std::mem::take(&mut link.batch).len();
        Ok(Drained::Events(count))
    }

    /// Events that this version does not know (the ledger of a newer one) stay in the ledger but change no record.
    fn parse(&self, batch: &[Entry]) -> Vec<(u64, Event)> {
        let mut events = Vec::with_capacity(batch.len());
        for entry in batch {
            match serde_json::from_slice(&entry.payload) {
                Ok(event) => events.push((entry.seq, event)),
                Err(error) => {
                    tracing::error!(seq = entry.seq, %error, "an event is not understood");
                    self.health.lost_entries.add(1);
                }
            }
        }
        events
    }
}

impl Link {
    /// The transaction. Gives the records that it wrote.
    fn commit<'a>(&'a mut self, events: &'a [(u64, Event)]) -> Sendable<'a, Result<Rows, LedgerError>> {
        Box::pin(self.commit_unboxed(events))
    }

    async fn commit_unboxed(&mut self, events: &[(u64, Event)]) -> Result<Rows, LedgerError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut rows = load(&mut transaction, &self.at_hand, events).await?;
        for (seq, event) in events {
            let Some(call) = event.call() else { continue };
            let row = rows.entry(call).or_insert_with(|| CallRow {
                first_seq: *seq,
                recordings_open: 0,
                record: CallRecord::new(call),
            });
            row.record.apply(event);
            row.recordings_open = row.record.open_recordings().count();
        }
        let calls = json(&rows.values().collect::<Vec<_>>())?;
        sqlx::query(INSERT_EVENTS)
            .bind(json_of(&self.batch))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(REPLACE_CALLS)
            .bind(calls)
            .execute(&mut *transaction)
            .await?;
        let seq = self.batch.last().map_or(0, |entry| entry.seq);
        let last_at = events.last().map_or(0, |(_, event)| event.at.as_millis());
        sqlx::query(ADVANCE)
            .bind(signed(seq))
            .bind(last_at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(rows)
    }

    fn remember(&mut self, rows: Rows) {
        for (call, row) in rows {
            let going_on = row.record.ended_at.is_none() || row.recordings_open > 0;
            if going_on && self.at_hand.len() < RECORDS_AT_HAND_MAX {
                self.at_hand.insert(call, row);
            } else {
                self.at_hand.remove(&call);
            }
        }
    }
}

/// The records that these events go on with: from memory, else from the database.
async fn load(
    transaction: &mut Transaction<'_, Sqlite>,
    at_hand: &HashMap<CallId, CallRow>,
    events: &[(u64, Event)],
) -> Result<Rows, LedgerError> {
    let mut rows = BTreeMap::new();
    let mut elsewhere = BTreeSet::new();
    for call in events.iter().filter_map(|(_, event)| event.call()) {
        if let Some(row) = at_hand.get(&call) {
            rows.entry(call).or_insert_with(|| row.clone());
        } else {
            elsewhere.insert(call);
        }
    }
    if elsewhere.is_empty() {
        return Ok(rows);
    }
    let ids = json(&elsewhere)?;
    for row in sqlx::query(SELECT_RECORDS)
        .bind(ids)
        .fetch_all(&mut **transaction)
        .await?
    {
        let text: &str = row.try_get(1)?;
        let record: CallRecord = serde_json::from_str(text).map_err(|source| LedgerError::Damaged {
            what: "a call's record".into(),
            source,
        })?;
        let first_seq = unsigned(row.try_get(0)?);
        rows.insert(
            record.call,
            CallRow {
                first_seq,
                recordings_open: 0,
                record,
            },
        );
    }
    Ok(rows)
}

fn json<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|source| LedgerError::Damaged {
        what: "a value".into(),
        source,
    })
}

/// `[[seq, event], …]` without reading the events again: they are JSON already.
fn json_of(batch: &[Entry]) -> String {
    let bytes: usize = batch.iter().map(|e| e.payload.len() + 24).sum();
    let mut text = String::with_capacity(bytes + 2);
    text.push('[');
    for entry in batch {
        let Ok(payload) = std::str::from_utf8(&entry.payload) else {
            continue;
        };
        if text.len() > 1 {
            text.push(',');
        }
        let _ = write!(text, "[{},{payload}]", entry.seq); // writing to a String cannot fail
    }
    text.push(']');
    text
}
