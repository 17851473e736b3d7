//! All that is kept: the journal (durable truth), the ledger made from it (SQLite), the SIP trace, the recordings.
//! Knows no call logic: it stores what it is told and reads it back.

pub mod disk;
pub mod health;
pub mod inbox;
pub mod journal;
pub mod ledger;
mod orphans;
pub mod people;
pub mod record;
pub mod recordings;
pub mod trace;

#[cfg(test)]
mod disk_fake;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::kernel::Wall;
use disk::{Disk, RealDisk};
use ledger::{Closing, Drain, DrainConfig, Ledger, LedgerError};
use recordings::{KeyError, Recorder, RecorderHandle, Vault};
use trace::{Trace, TraceConfig, TraceHandle};

pub use health::StoreHealth;
pub use journal::{CommitSink, Journal, JournalConfig, JournalError, Recovery, Ticket};
pub use record::{CallRecord, fold};

/// How often the journal is watched for a disk that hangs, and the free room is looked at.
const WATCH: Duration = Duration::from_millis(200);
/// How long the end waits until what the last run left open has been closed: a server may be stopped right after its start.
const CLOSING_WAIT: Duration = Duration::from_secs(5);
/// How long the start waits for a locked database.
const START_WAIT: Duration = Duration::from_secs(3);

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The journal's folder is unreadable.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A folder cannot be used.
    #[error("{dir}: {source}")]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The keys of the recordings.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The ledger cannot be read and there is no journal either: sequence numbers could be given out twice.
    #[error("there is no journal to go on from, and {0}")]
    LedgerUnreadable(LedgerError),
}

/// How much is kept, and in what pieces.
#[derive(Clone, Debug, Default)]
pub struct StoreConfig {
    /// The journal; its `floor_seq` is found out by [`Store::open`].
    pub journal: JournalConfig,
    /// The SIP trace.
    pub trace: TraceConfig,
    /// How recordings are kept.
    pub recordings: RecordingsConfig,
}

/// How recordings are kept.
#[derive(Clone, Debug, Default)]
pub struct RecordingsConfig {
    /// The file of the master keys; `None`: recordings are plain WAV files.
    pub key_file: Option<PathBuf>,
    /// Refuse to start without keys.
    pub encryption_required: bool,
}

/// Everything that is kept, in one folder: `journal/`, `ledger.sqlite3`, `recordings/`, `trace/`, `inbox/`.
pub struct Store {
    /// Events go in here.
    pub journal: Journal,
    /// Records come out of here.
    pub ledger: Ledger,
    /// What was found at the start.
    pub recovery: Recovery,
    /// The alarms.
    pub health: Arc<StoreHealth>,
    recorder: Recorder,
    vault: Arc<Vault>,
    trace: Trace,
    closing: watch::Receiver<Option<Wall>>,
    stop: watch::Sender<bool>,
    drain: JoinHandle<()>,
    watcher: JoinHandle<()>,
    orphans: JoinHandle<()>,
}

impl Store {
    /// Path of the ledger below a data folder.
    pub fn ledger_path(dir: &Path) -> PathBuf {
        dir.join("ledger.sqlite3")
    }

    /// Path of the recordings below a data folder.
    pub fn recordings_dir(dir: &Path) -> PathBuf {
        dir.join("recordings")
    }

    /// Path of the trace below a data folder.
    pub fn trace_dir(dir: &Path) -> PathBuf {
        dir.join("trace")
    }

    /// Opens the store and starts its threads and tasks. What the last run left open is closed in the background, as soon as
    /// the database has taken what was in the journal; [`Store::settled`] waits for it. `now` is the moment of the restart.
    pub async fn open(
        dir: &Path,
        config: StoreConfig,
        sink: Arc<dyn CommitSink>,
        now: Wall,
    ) -> Result<Self, StoreError> {
        let folder = |dir: &Path| {
            let dir = dir.to_owned();
            move |source| StoreError::Folder { dir, source }
        };
        let vault = Arc::new(open_vault(&config.recordings)?);
        let journal_dir = dir.join("journal");
        RealDisk.create_dir(&journal_dir).map_err(folder(&journal_dir))?;
        let (ledger, floor_seq) = open_ledger(dir, &journal_dir).await?;
        let health = Arc::<StoreHealth>::default();
        let journal_config = JournalConfig {
            floor_seq,
            ..config.journal
        };
        let (journal, recovery) =
            Journal::open_on(Arc::new(RealDisk), &journal_dir, journal_config, sink, health.clone())?;
        let recordings = Self::recordings_dir(dir);
        let repaired = recordings::repair(&RealDisk, &recordings, &vault).map_err(folder(&recordings))?;
        let recorder = Recorder::start(&recordings, health.clone(), vault.clone()).map_err(folder(&recordings))?;
        let trace_dir = Self::trace_dir(dir);
        let trace = Trace::start(&trace_dir, config.trace, health.clone()).map_err(folder(&trace_dir))?;
        let orphans = orphans::remove(ledger.clone(), recordings.clone(), repaired, recovery.last_seq);
        let orphans = tokio::spawn(orphans);
        let closing = Closing::new(recovery.last_seq, now, settle_in(recordings, vault.clone()));
        let closing_done = closing.done();
        let (stop, stopped) = watch::channel(false);
        let drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), Some(closing));
        let drain = tokio::spawn(drain.run(stopped));
        look_for_room(&journal, &journal_dir);
        let watcher = tokio::spawn(watch_over(journal.clone(), journal_dir));
        Ok(Self {
            journal,
            ledger,
            recovery,
            health,
            recorder,
            vault,
            trace,
            closing: closing_done,
            stop,
            drain,
            watcher,
            orphans,
        })
    }

    /// Waits until the ledger tells all that the last run did, the ends of its calls included; the last run's last sign of life.
    /// `None`: it does not within `patience`.
    pub async fn settled(&self, patience: Duration) -> Option<Wall> {
        let mut closing = self.closing.clone();
        let told = tokio::time::timeout(patience, closing.wait_for(Option::is_some)).await;
        told.ok()?.ok().and_then(|at| *at)
    }

    /// The way to the recorder.
    pub fn recorder(&self) -> RecorderHandle {
        self.recorder.handle()
    }

    /// The keys of the recordings.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// The way to the SIP trace.
    pub fn trace(&self) -> TraceHandle {
        self.trace.handle()
    }

    /// Completes recordings, makes all events durable, moves them to the database and stops. Calls must have ended. The
    /// recorder's last `done` calls come before the journal closes, so that they can still append.
    pub async fn close(self) {
        let Self {
            journal,
            ledger,
            recorder,
            trace,
            mut closing,
            stop,
            drain,
            watcher,
            orphans,
            ..
        } = self;
        watcher.abort();
        orphans.abort();
        // An error of the channel itself is its end: all done, or the drain is gone.
        if tokio::time::timeout(CLOSING_WAIT, closing.wait_for(Option::is_some))
            .await
            .is_err()
        {
            tracing::warn!("calls of the last run are not closed yet; the next start does it");
        }
        let flushing = journal.clone();
        let flush = move || {
            recorder.close();
            trace.close();
            flushing.close();
        };
        if tokio::task::spawn_blocking(flush).await.is_err() {
            tracing::error!("the store was not closed cleanly");
        }
        let _ = stop.send(true); // the drain may have ended already
        if drain.await.is_err() {
            tracing::error!("the drain failed; the journal keeps what is left");
        }
        ledger.close().await;
    }
}

fn open_vault(config: &RecordingsConfig) -> Result<Vault, KeyError> {
    let vault = Vault::open(config.key_file.as_deref(), config.encryption_required)?;
    match vault.current_key() {
        Some(key) => tracing::info!(key, "recordings are encrypted"),
        None => tracing::warn!("recordings are NOT encrypted: recordings.key_file is not set (docs/security.md)"),
    }
    Ok(vault)
}

/// The ledger and how far it is. A locked one is waited for only if there is no journal to take the numbers from.
async fn open_ledger(dir: &Path, journal_dir: &Path) -> Result<(Ledger, u64), StoreError> {
    let path = Store::ledger_path(dir);
    let opened = tokio::time::timeout(START_WAIT, async {
        let ledger = Ledger::open(&path).await?;
        let seq = ledger.drained_seq().await?;
        Ok::<_, LedgerError>((ledger, seq))
    });
    let error = match opened.await {
        Ok(Ok(opened)) => return Ok(opened),
        Ok(Err(error)) => error,
        Err(_) => LedgerError::CutOff,
    };
    if !journal::has_history(&RealDisk, journal_dir) {
        return Err(StoreError::LedgerUnreadable(error));
    }
    tracing::error!(%error, "the ledger cannot be opened yet; calls go on, the journal keeps their events");
    Ok((Ledger::new(&path), 0))
}

/// A recording without a file was begun in the last moment before the end, or by a disk that took no file: it is complete
/// with nothing in it.
fn settle_in(recordings: PathBuf, vault: Arc<Vault>) -> ledger::Settle {
    let facts = |duration_ms, sha256, why: &str| record::RecordingFacts {
        duration_ms,
        sha256,
        cut_short: Some(why.to_owned()),
    };
    Arc::new(
        move |file| match recordings::settle(&RealDisk, &recordings, file, &vault) {
            Ok(finished) => Some(facts(finished.duration_ms, finished.sha256, "interrupted")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(file, "a recording is not on the disk");
                Some(facts(0, String::new(), "missing"))
            }
            Err(error) => {
                tracing::error!(file, %error, "a recording cannot be completed");
                None
            }
        },
    )
}

async fn watch_over(journal: Journal, dir: PathBuf) {
    const FREE_EVERY: u32 = 25; // looks: about five seconds
    for look in (0..FREE_EVERY).cycle() {
        if look == 0 {
            look_for_room(&journal, &dir);
        }
        journal.watch();
        tokio::time::sleep(WATCH).await;
    }
}

fn look_for_room(journal: &Journal, dir: &Path) {
    if let Ok(free) = RealDisk.free_bytes(dir) {
        journal.health().disk_free_bytes.set(free);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "paces the retries of a failed disk and the recorder; no call timer and no record depends on it"
)]
fn monotonic() -> Instant {
    Instant::now()
}

/// Locks, also behind a thread that panicked: what is kept here is consistent between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
