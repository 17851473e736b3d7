//! After a restart: ends the calls that the last run left open, and finishes their recordings. Each gets exactly one
//! `Ended`, because it is done once, after everything the last run wrote has been taken into account, and through the journal.
//!
//! **When did such a call end?** Nobody knows; the restart may be hours later, and would falsify every duration. The call is
//! taken to have ended at the server's last sign of life, which is the last event of any call, but not before its own last
//! event and not after the restart.

use std::fmt;
use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::watch;

use crate::kernel::{EndReason, EndedBy, Event, EventKind, Wall};
use crate::store::journal::Journal;
use crate::store::record::{CallRecord, Lost, RecordingFacts, Verdict};

use super::{LedgerError, Sendable, signed};

/// Finds out what is on the disk of a recording that was cut off, repairing it if need be. `None`: that cannot be said now,
/// and is left for the next start.
pub type Settle = Arc<dyn Fn(&str) -> Option<RecordingFacts> + Send + Sync>;

/// What is left to do from the last run.
#[derive(Clone)]
pub struct Closing {
    last_seq: u64,
    restarted_at: Wall,
    settle: Settle,
    sign_of_life: Wall,
    /// What is missing has been appended; when it has been taken over as well, all is done.
    appended: bool,
    done: watch::Sender<Option<Wall>>,
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("last_seq", &self.last_seq)
            .finish_non_exhaustive()
    }
}

const SELECT_UNFINISHED: &str = "
SELECT record FROM calls
WHERE (ended_at_ms IS NULL OR recordings_open > 0) AND first_seq <= ?1
ORDER BY call_id";

impl Closing {
    /// `last_seq`: the last sequence number of the last run ([`crate::store::Recovery::last_seq`]).
    pub fn new(last_seq: u64, restarted_at: Wall, settle: Settle) -> Self {
        Self {
            last_seq,
            restarted_at,
            settle,
            sign_of_life: Wall::default(),
            appended: false,
            done: watch::Sender::new(None),
        }
    }

    /// Whoever is to wait for it: when all has been appended and taken over, the last sign of life of the last run is told.
    /// Calls that it left open ended then or later.
    pub fn done(&self) -> watch::Receiver<Option<Wall>> {
        self.done.subscribe()
    }

    /// An event was taken over; its time is a sign of life if it is the last run's.
    pub(super) fn saw(&mut self, seq: u64, at: Wall) {
        if seq <= self.last_seq {
            self.sign_of_life = at;
        }
    }

    /// Whether all that the last run wrote has been taken over.
    pub(super) fn is_due(&self, drained_seq: u64) -> bool {
        drained_seq >= self.last_seq
    }

    /// Takes the next step, when the journal has nothing more: appends what is missing, and once that is taken over says that
    /// all is done. True: it is.
    pub(super) fn step<'a>(
        &'a mut self,
        writer: &'a mut SqliteConnection,
        journal: &'a Journal,
    ) -> Sendable<'a, Result<bool, LedgerError>> {
        Box::pin(async move {
            if !self.appended {
                let count = self.append_what_is_missing(writer, journal).await?;
                self.appended = true; // and not before: what failed is tried again
                if count > 0 {
                    if !journal.flush().await {
                        tracing::error!("the ends of calls that were cut off wait for the journal's disk");
                    }
                    return Ok(false);
                }
            }
            self.done.send_replace(Some(self.sign_of_life.min(self.restarted_at)));
            Ok(true)
        })
    }

    async fn append_what_is_missing(
        &self,
        writer: &mut SqliteConnection,
        journal: &Journal,
    ) -> Result<usize, LedgerError> {
        let rows = sqlx::query(SELECT_UNFINISHED)
            .bind(signed(self.last_seq))
            .fetch_all(writer)
            .await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let record: CallRecord = serde_json::from_str(row.try_get(0)?).map_err(|source| LedgerError::Damaged {
                what: "a call's record".into(),
                source,
            })?;
            records.push(record);
        }
        let closing = self.clone();
        let work = move || {
            records
                .iter()
                .map(|record| closing.last_events(record))
                .collect::<Vec<_>>()
        };
        let all = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| LedgerError::CutOff)?;
        let mut count = 0;
        for events in all.into_iter().filter(|events| !events.is_empty()) {
            count += events.len();
            journal.append(events, None);
        }
        Ok(count)
    }

    fn last_events(&self, record: &CallRecord) -> Vec<Event> {
        let at = self.sign_of_life.min(self.restarted_at).max(record.last_event_at);
        let mut last = Last {
            record: record.clone(),
            at,
            events: Vec::new(),
        };
        let files: Vec<String> = record.open_recordings().map(|r| r.file.clone()).collect();
        for file in files {
            let Some(facts) = (self.settle)(&file) else { continue };
            let RecordingFacts {
                duration_ms,
                sha256,
                cut_short,
            } = facts;
            last.note(EventKind::RecordingEnded {
                file,
                duration_ms,
                sha256,
                cut_short,
            });
        }
        let ended = EventKind::Ended {
            by: EndedBy::System,
            reason: EndReason::Interrupted,
            status: None,
        };
        let because = last.owed(&ended);
        if let Some(because) = because
            && let Some(to) = record.citizen().cloned()
        {
            let because = because.to_owned();
            last.note(EventKind::CallbackOwed { to, because });
        }
        if record.ended_at.is_none() {
            tracing::warn!(call = %record.call, "a call was cut off by the restart");
            last.note(ended);
        }
        last.events
    }
}

/// What is being said of a call for the last time.
struct Last {
    record: CallRecord,
    at: Wall,
    events: Vec<Event>,
}

impl Last {
    fn note(&mut self, kind: EventKind) {
        let event = Event::of_call(self.record.call, self.at, kind);
        self.record.apply(&event);
        self.events.push(event);
    }

    /// Why the citizen is owed a call back (mission row N1), if he is and it is not on record yet: he left a message, or he
    /// would be lost: he waited for a person, spoke with one, or had heard nothing at all. Never two debts for one call.
    fn owed(&self, ended: &EventKind) -> Option<&'static str> {
        if self.record.open_debt().is_some() {
            return None;
        }
        let finished = self
            .events
            .iter()
            .any(|e| matches!(e.kind, EventKind::RecordingEnded { .. }));
        if finished && self.record.left_a_message() && self.record.debts.is_empty() {
            return Some("message_left");
        }
        if self.record.ended_at.is_some() {
            return None; // how it ended was decided while it lived
        }
        let mut record = self.record.clone();
        record.apply(&Event::of_call(record.call, self.at, ended.clone()));
        match record.verdict(0) {
            Verdict::Orphan { lost: Lost::Message } => Some("message_left"),
            Verdict::Orphan { lost: _ } => Some("interrupted"),
            Verdict::Open | Verdict::Outbound | Verdict::Settled(_) => None,
        }
    }
}
