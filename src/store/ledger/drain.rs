//! Moves the journal's events into the database, batch by batch: events, records and the place reached in one transaction.
//! Decides nothing about calls.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

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
use super::refold;
use super::rows::{self, CallRow, Rows};
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

const INSERT_EVENTS: &str = "
INSERT OR IGNORE INTO events (call_id, seq, at_ms, type, body)
SELECT value->>'$[1].call', value->>'$[0]', value->>'$[1].at', value->>'$[1].type', value->'$[1]'
FROM json_each(?1) WHERE value->>'$[1].call' IS NOT NULL";

// An event about a call may name an agent as well: whose it is, the call says.
const INSERT_AGENT_EVENTS: &str = "
INSERT OR IGNORE INTO agent_events (agent, seq, at_ms, type, body)
SELECT value->>'$[1].agent', value->>'$[0]', value->>'$[1].at', value->>'$[1].type', value->'$[1]'
FROM json_each(?1) WHERE value->>'$[1].call' IS NULL AND value->>'$[1].agent' IS NOT NULL";

const SELECT_RECORDS: &str = "
SELECT first_seq, record FROM calls WHERE call_id IN (SELECT value FROM json_each(?1))";

const ADVANCE: &str = "UPDATE drain SET seq = ?1, last_at_ms = ?2";

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
        refold::bring_up_to_date(&mut writer).await?;
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
            return self.close_last_run(link).await;
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

    /// Nothing is left to take over: time for what the last run left open.
    async fn close_last_run(&mut self, link: &mut Link) -> Result<Drained, LedgerError> {
        let Some(closing) = self.closing.as_mut().filter(|c| c.is_due(link.reader.position())) else {
            return Ok(Drained::Nothing);
        };
        if closing.step(&mut link.writer, &self.journal).await? {
            self.closing = None;
            return Ok(Drained::Nothing);
        }
        Ok(Drained::Events(0)) // what was appended is to be taken over at once
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
            let row = rows
                .entry(call)
                .or_insert_with(|| CallRow::new(*seq, CallRecord::new(call)));
            row.record.apply(event);
            row.derive();
        }
        let batch = json_of(&self.batch);
        sqlx::query(INSERT_EVENTS)
            .bind(&batch)
            .execute(&mut *transaction)
            .await?;
        if events.iter().any(|(_, event)| event.agent().is_some()) {
            sqlx::query(INSERT_AGENT_EVENTS)
                .bind(&batch)
                .execute(&mut *transaction)
                .await?;
            rows::write_agents(&mut transaction, events).await?;
        }
        rows::write(&mut transaction, &rows).await?;
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
            if row.goes_on() && self.at_hand.len() < RECORDS_AT_HAND_MAX {
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
    let ids = rows::json(&elsewhere)?;
    for row in sqlx::query(SELECT_RECORDS)
        .bind(ids)
        .fetch_all(&mut **transaction)
        .await?
    {
        let row = rows::call_row(&row)?;
        rows.insert(row.record.call, row);
    }
    Ok(rows)
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
