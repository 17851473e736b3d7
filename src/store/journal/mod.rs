//! The journal: every event is durable here before the SIP answer that it explains leaves. Knows nothing of SQL, and of
//! events only that they can be written as JSON.
//!
//! Callers append to memory and go on; the thread `journal` takes everything that waits, writes it at once, syncs once and
//! then tells the [`CommitSink`] (group commit). When the disk fails, the sink is told at once with `durable = false`, so
//! that calls go on, the events wait in memory within bounds, and the disk is tried again every
//! [`JournalConfig::retry`].

mod live;
mod reader;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::kernel::Event;

use super::disk::{Disk, RealDisk};
use super::health::StoreHealth;
use super::{lock, monotonic};
pub use live::{Lagged, Live};
pub use reader::{Entry, JournalReader};
use writer::{Views, Writer};

/// Turns without an event after which the thread sleeps until there is one.
const QUIET_TURNS: u32 = 20;

/// What someone waits for: number `number` of shard `shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    /// The shard that waits.
    pub shard: u16,
    /// Its own number for what it waits for.
    pub number: u64,
}

/// Is told when the events that came with a ticket, and all before them, are safe.
pub trait CommitSink: Send + Sync {
    /// Called on the journal's thread (or on the watcher's, when a write hangs); must not block. Each ticket is told once.
    /// `durable = false`: the disk does not take events now; go on all the same, alarms are set.
    fn committed(&self, tickets: &[Ticket], durable: bool);
}

/// How the journal is to behave.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// Size of a segment; its room is set aside when it is made.
    pub segment_bytes: u64,
    /// Events that may wait for the thread. Beyond it, events are given up and counted.
    pub inbox_max_events: usize,
    /// Bytes of events that may wait in memory for a disk that fails. Beyond it, events are given up and counted.
    pub backlog_max_bytes: usize,
    /// Pause between two tries of a failed disk.
    pub retry: Duration,
    /// Calls of [`Journal::watch`] that a commit may take before its tickets are told without it.
    pub stall_after_looks: u32,
    /// How long events that nobody waits for may wait for a commit that somebody needs: a sync costs more than all else
    /// here. Zero: they do not wait.
    pub linger: Duration,
    /// Commits kept for the slowest of those who listen ([`Journal::subscribe`]).
    pub live_commits: usize,
    /// Last sequence number that the database holds: a journal whose folder was lost must not give numbers out again.
    pub floor_seq: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
            inbox_max_events: 65_536,
            backlog_max_bytes: 64 << 20,
            retry: Duration::from_millis(500),
            stall_after_looks: 5,
            linger: Duration::from_millis(50),
            live_commits: 1_024,
            floor_seq: 0,
        }
    }
}

/// What was on the disk when the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Last sequence number in use before this start.
    pub last_seq: u64,
    /// Whole entries found in the segments (some of them may be in the database already).
    pub entries: u64,
    /// Entries that must have been there and are not: the disk lost what it had confirmed.
    pub missing: u64,
}

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or a segment cannot be read.
    #[error("journal {dir}: {source}")]
    Unreadable {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread could not be started.
    #[error("the journal's thread cannot be started: {0}")]
    Thread(io::Error),
}

/// A handle to the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    handle: Arc<Mutex<Option<JoinHandle<()>>>>,
    thread: Thread,
}

struct Shared {
    inbox: Mutex<Inbox>,
    sink: Arc<dyn CommitSink>,
    health: Arc<StoreHealth>,
    config: JournalConfig,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    views: Views,
    committed: Notify,
    live: live::Publisher,
}

#[derive(Default)]
struct Inbox {
    events: Vec<Event>,
    tickets: Vec<Ticket>,
    /// Tickets whose events had to be given up.
    given_up: Vec<Ticket>,
    /// Who waits until everything so far is durable.
    flushes: Vec<oneshot::Sender<bool>>,
    /// Tickets of the commit that is under way.
    in_flight: Vec<Ticket>,
    /// Counts the commits begun, so that the watcher can see one that hangs.
    turns: u64,
    /// True while the thread is in a commit.
    busy: bool,
    watched: (u64, u32),
    release_through: u64,
    closing: bool,
    /// The thread sleeps without end: anything must wake it.
    asleep: bool,
}

impl Inbox {
    /// Whether somebody waits: events alone may linger.
    fn is_urgent(&self) -> bool {
        !self.tickets.is_empty() || !self.given_up.is_empty() || !self.flushes.is_empty() || self.closing
    }
}

/// What the thread took from the inbox for one turn.
struct Turn {
    given_up: Vec<Ticket>,
    flushes: Vec<oneshot::Sender<bool>>,
    release_through: u64,
    closing: bool,
}

impl Journal {
    /// Opens the journal in `dir` and starts its thread. Entries found there are kept for the drain.
    pub fn open(
        dir: &Path,
        config: JournalConfig,
        sink: Arc<dyn CommitSink>,
    ) -> Result<(Self, Recovery), JournalError> {
        Self::open_on(Arc::new(RealDisk), dir, config, sink, Arc::default())
    }

    /// The same on any disk and alarm board.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: JournalConfig,
        sink: Arc<dyn CommitSink>,
        health: Arc<StoreHealth>,
    ) -> Result<(Self, Recovery), JournalError> {
        let unreadable = |source| JournalError::Unreadable {
            dir: dir.to_owned(),
            source,
        };
        disk.create_dir(dir).map_err(unreadable)?;
        let found = reader::recover(&*disk, dir, &config).map_err(unreadable)?;
        let views: Views = Arc::new(Mutex::new(found.views));
        let live = live::Publisher::new(config.live_commits);
        let mut writer = Writer::new(
            disk.clone(),
            dir,
            config.clone(),
            health.clone(),
            (views.clone(), live.clone()),
            found.next,
        );
        if let Err(error) = writer.keep_spare() {
            tracing::error!(%error, "no room for a journal segment");
        }
        health.lost_entries.add(found.recovery.missing);
        let shared = Arc::new(Shared {
            inbox: Mutex::default(),
            sink,
            health,
            config,
            disk,
            dir: dir.to_owned(),
            views,
            committed: Notify::new(),
            live,
        });
        let handle = thread::Builder::new()
            .name("journal".into())
            .spawn({
                let shared = shared.clone();
                move || shared.run(writer)
            })
            .map_err(JournalError::Thread)?;
        let journal = Self {
            shared,
            thread: handle.thread().clone(),
            handle: Arc::new(Mutex::new(Some(handle))),
        };
        Ok((journal, found.recovery))
    }

    /// Hands events over; the sink is told the ticket when they are durable. Never blocks, never fails. Without a ticket no
    /// answer depends on them: they wait up to [`JournalConfig::linger`] for a commit that somebody needs.
    pub fn append(&self, events: Vec<Event>, ticket: Option<Ticket>) {
        let wake = {
            let mut inbox = lock(&self.shared.inbox);
            let room = self.shared.config.inbox_max_events.saturating_sub(inbox.events.len());
            if events.len() > room || inbox.closing {
                self.shared.health.lost_entries.add(events.len() as u64);
                inbox.given_up.extend(ticket);
            } else if inbox.events.is_empty() {
                inbox.events = events;
                inbox.tickets.extend(ticket);
            } else {
                inbox.events.extend(events);
                inbox.tickets.extend(ticket);
            }
            std::mem::take(&mut inbox.asleep) || inbox.is_urgent() || self.shared.config.linger.is_zero()
        };
        if wake {
            self.thread.unpark();
        }
    }

    /// Waits until everything that was appended before is durable. False: the disk does not take it now, or the journal is
    /// closed.
    pub async fn flush(&self) -> bool {
        let (told, heard) = oneshot::channel();
        {
            let mut inbox = lock(&self.shared.inbox);
            if inbox.closing {
                return false;
            }
            inbox.flushes.push(told);
        }
        self.thread.unpark();
        heard.await.unwrap_or(false)
    }

    /// The entries that become durable from now on, as they do. Costs nothing while nobody has one.
    pub fn subscribe(&self) -> Live {
        self.shared.live.subscribe()
    }

    /// A reader of the durable entries after `after`.
    pub fn reader(&self, after: u64) -> JournalReader {
        let s = &self.shared;
        JournalReader::new(s.disk.clone(), &s.dir, s.views.clone(), s.health.clone(), after)
    }

    /// The reader's next entries, read off the async runtime: a cold disk may take its time.
    pub async fn read_batch(&self, reader: &mut JournalReader, max: usize) -> io::Result<Vec<Entry>> {
        if !reader.has_more() {
            return Ok(Vec::new());
        }
        let mut moved = std::mem::replace(reader, self.reader(reader.position()));
        let read = move || {
            let result = moved.read(max);
            (moved, result)
        };
        let (moved, result) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?;
        *reader = moved;
        result
    }

    /// Sequence number of the last durable entry; 0 if there never was one.
    pub fn durable_seq(&self) -> u64 {
        lock(&self.shared.views)
            .back()
            .map_or(0, |v| v.next_seq.saturating_sub(1))
    }

    /// The first sequence number that the journal still keeps; everything before it is in the database.
    pub fn kept_from(&self) -> u64 {
        lock(&self.shared.views)
            .front()
            .map_or(u64::MAX, |v| v.header.first_seq)
    }

    /// Waits until something may have become durable since the last wait.
    pub async fn wait_for_commit(&self) {
        self.shared.committed.notified().await;
    }

    /// The database holds everything up to `through_seq`: the segments before it may go.
    pub fn release(&self, through_seq: u64) {
        let wake = {
            let mut inbox = lock(&self.shared.inbox);
            inbox.release_through = inbox.release_through.max(through_seq);
            let views = lock(&self.shared.views);
            views.len() > 1
                && views
                    .front()
                    .is_some_and(|v| v.next_seq <= through_seq.saturating_add(1))
        };
        if wake {
            self.thread.unpark();
        }
    }

    /// To be called every 200 ms or so: if the disk hangs in one and the same commit for
    /// [`JournalConfig::stall_after_looks`] looks, everyone who waits for it is told to go on without.
    pub fn watch(&self) {
        let tickets = {
            let mut inbox = lock(&self.shared.inbox);
            if !inbox.busy || inbox.watched.0 != inbox.turns {
                inbox.watched = (inbox.turns, 0);
                return;
            }
            inbox.watched.1 = inbox.watched.1.saturating_add(1);
            if inbox.watched.1 < self.shared.config.stall_after_looks {
                return;
            }
            let mut tickets = std::mem::take(&mut inbox.in_flight);
            tickets.append(&mut inbox.tickets);
            tickets.append(&mut inbox.given_up);
            tickets
        };
        self.tell_stalled(&tickets);
    }

    fn tell_stalled(&self, tickets: &[Ticket]) {
        if !self.shared.health.stalled.set(true) {
            tracing::error!("the journal's disk hangs; calls go on without it");
        }
        if !tickets.is_empty() {
            self.shared.sink.committed(tickets, false);
        }
    }

    /// The alarm board.
    pub fn health(&self) -> &Arc<StoreHealth> {
        &self.shared.health
    }

    /// Writes what waits, then ends the thread. Blocks until it has ended; later appends are given up.
    pub fn close(&self) {
        lock(&self.shared.inbox).closing = true;
        self.thread.unpark();
        let handle = lock(&self.handle).take();
        if let Some(handle) = handle
            && handle.join().is_err()
        {
            tracing::error!("the journal's thread panicked");
        }
    }
}

impl Shared {
    fn run(&self, mut writer: Writer) {
        let mut events = Vec::new();
        let mut retry_at: Option<Instant> = None;
        let mut quiet_turns = 0;
        loop {
            let turn = self.take(&mut events);
            quiet_turns = if events.is_empty() { quiet_turns + 1 } else { 0 };
            let mut took_all = true;
            for event in events.drain(..) {
                took_all &= writer.push(&event);
            }
            let now = monotonic();
            if turn.closing || retry_at.is_none_or(|at| now >= at) {
                retry_at = self.commit(&mut writer).then(|| now + self.config.retry);
            }
            let durable = retry_at.is_none() && took_all;
            self.tell(&turn, durable);
            for waits in turn.flushes {
                let _ = waits.send(durable); // whoever waited may have gone
            }
            writer.release(turn.release_through);
            self.note(&writer);
            if turn.closing {
                let left = writer.backlog_entries() as u64;
                self.health.lost_entries.add(left);
                return;
            }
            let spare_missing = writer.keep_spare().is_err();
            let pause = match retry_at {
                Some(at) => Some(at.saturating_duration_since(monotonic())),
                None if spare_missing => Some(self.config.retry),
                None if quiet_turns < QUIET_TURNS && !self.config.linger.is_zero() => Some(self.config.linger),
                None => None,
            };
            self.park(pause);
        }
    }

    /// Takes what waits; its tickets are then in flight.
    fn take(&self, events: &mut Vec<Event>) -> Turn {
        let mut inbox = lock(&self.inbox);
        std::mem::swap(&mut inbox.events, events);
        inbox.in_flight = std::mem::take(&mut inbox.tickets);
        inbox.busy = true;
        inbox.turns = inbox.turns.wrapping_add(1);
        Turn {
            given_up: std::mem::take(&mut inbox.given_up),
            flushes: std::mem::take(&mut inbox.flushes),
            release_through: inbox.release_through,
            closing: inbox.closing,
        }
    }

    /// True if it failed and has to be tried again.
    fn commit(&self, writer: &mut Writer) -> bool {
        if writer.backlog_entries() == 0 {
            return false;
        }
        match writer.commit() {
            Ok(()) => {
                if self.health.degraded.set(false) {
                    tracing::info!("the journal's disk takes events again");
                }
                self.committed.notify_one();
                false
            }
            Err(error) => {
                if !self.health.degraded.set(true) {
                    tracing::error!(%error, "the journal's disk fails; events wait in memory, calls go on");
                }
                true
            }
        }
    }

    fn tell(&self, turn: &Turn, durable: bool) {
        let tickets = {
            let mut inbox = lock(&self.inbox);
            inbox.busy = false;
            std::mem::take(&mut inbox.in_flight)
        };
        if !tickets.is_empty() {
            self.sink.committed(&tickets, durable);
        }
        if !turn.given_up.is_empty() {
            self.sink.committed(&turn.given_up, false);
        }
    }

    fn note(&self, writer: &Writer) {
        self.health.stalled.set(false);
        self.health.journal_backlog_entries.set(writer.backlog_entries() as u64);
    }

    /// Waits for somebody who needs a commit, or for the time to be over; without a time, for any event.
    fn park(&self, pause: Option<Duration>) {
        {
            let mut inbox = lock(&self.inbox);
            if inbox.is_urgent() {
                return;
            }
            inbox.asleep = pause.is_none() && inbox.events.is_empty();
            if pause.is_none() && !inbox.asleep {
                return;
            }
        }
        match pause {
            Some(pause) => thread::park_timeout(pause),
            None => thread::park(),
        }
    }
}

/// Whether a folder holds a journal to go on from.
pub fn has_history(disk: &dyn Disk, dir: &Path) -> bool {
    disk.list(dir)
        .is_ok_and(|names| names.iter().any(|name| parse_segment_name(name).is_some()))
}

fn segment_name(number: u64) -> String {
    format!("{number:016}.seg")
}

fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 16).then(|| digits.parse().ok()).flatten()
}
