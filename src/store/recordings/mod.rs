//! The recorder: one thread, `recorder`, writes all recordings, plain or sealed. Whoever has sound puts it into memory and goes
//! on; every 0.7 seconds the thread writes what came and makes it durable. Knows no RTP and no call.

mod care;
mod fingerprint;
mod frames;
mod growing;
mod names;
mod reader;
mod repair;
mod sealed;
mod worker;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::media::recording::Channels;

use super::disk::{Disk, RealDisk};
use super::health::StoreHealth;
use super::lock;
pub use care::{Condition, OnDisk, Rewrap, check, files, key_of, remove, rewrap};
pub use fingerprint::Finished;
pub use names::{Form, call_of, is_later_than, is_safe_name};
pub use reader::{ReadError, Reader, Samples};
pub use repair::{repair, settle};
pub use sealed::{KeyError, SlotError, Vault};
use worker::Worker;

/// How often sound is written and made durable. Together with the time that the writing takes on a busy machine, a power cut
/// or a kill takes less than the last second.
const FLUSH: Duration = Duration::from_millis(700);
/// Recordings that may wait to be begun.
const OPENINGS_MAX: usize = 1_024;
/// Sound that may wait for a slow disk, per channel: 30 s.
const WAITING_MAX_BYTES: usize = 30 * 8_000;

/// Why a recording is shorter than it was to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// No room on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed otherwise.
    #[error("the disk failed: {0}")]
    DiskFailed(String),
    /// The disk is too slow for the sound.
    #[error("the disk is too slow")]
    TooSlow,
    /// The name is not safe, or is taken.
    #[error("the file cannot be made: {0}")]
    BadName(String),
    /// Too many recordings were begun at once, or the recorder is going down.
    #[error("the recorder takes no more")]
    Refused,
}

impl StopReason {
    /// The stable name used in records.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::DiskFailed(_) | Self::BadName(_) => "disk_failed",
            Self::TooSlow => "too_slow",
            Self::Refused => "too_many",
        }
    }
}

/// How a recording came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// File name below the recordings' folder.
    pub file: String,
    /// The complete file; `None`: there is none, or it will only be completed at the next start.
    pub finished: Option<Finished>,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
}

impl Outcome {
    fn refused(file: String) -> Self {
        Self {
            file,
            finished: None,
            stopped: Some(StopReason::Refused),
        }
    }
}

/// Is told once how a recording came out, on the recorder's thread; must not block.
pub type Done = Box<dyn FnOnce(Outcome) + Send>;

/// The way to the recorder; clones share it.
#[derive(Clone)]
pub struct RecorderHandle {
    jobs: SyncSender<Job>,
    health: Arc<StoreHealth>,
}

/// The recorder itself: ends when it is closed or dropped, with all recordings complete.
pub struct Recorder {
    handle: RecorderHandle,
    thread: Option<JoinHandle<()>>,
}

/// One recording, in the hands of whoever has the sound. Finished when dropped.
pub struct Recording {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    samples: Vec<u8>,
    max_bytes: usize,
    finished: bool,
    /// Set when no more sound is wanted.
    stopped: Option<StopReason>,
}

enum Job {
    Open {
        file: String,
        channels: Channels,
        shared: Arc<Shared>,
        done: Done,
    },
    /// Some recording is finished: look now, not at the next flush.
    Look,
    Close,
}

impl Recorder {
    /// Starts the recorder on a folder. What it writes is sealed if the vault has a key.
    pub fn start(dir: &Path, health: Arc<StoreHealth>, vault: Arc<Vault>) -> io::Result<Self> {
        Self::start_on(Arc::new(RealDisk), dir, health, vault)
    }

    /// The same on any disk.
    pub fn start_on(disk: Arc<dyn Disk>, dir: &Path, health: Arc<StoreHealth>, vault: Arc<Vault>) -> io::Result<Self> {
        let (jobs, inbox) = sync_channel(OPENINGS_MAX);
        let worker = Worker::new(disk, dir, health.clone(), vault);
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || worker.run(&inbox))?;
        Ok(Self {
            handle: RecorderHandle { jobs, health },
            thread: Some(thread),
        })
    }

    /// A way to it.
    pub fn handle(&self) -> RecorderHandle {
        self.handle.clone()
    }

    /// Completes all recordings and ends the thread.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.handle.jobs.send(Job::Close);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recorder's thread panicked");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
        }
    }
}

impl RecorderHandle {
    /// Begins a recording of A-law sound in 1 or 2 interleaved channels. Never blocks; `done` is told how it came out.
    ///
    /// # Errors
    /// [`StopReason::Refused`]; `done` is not told then.
    pub fn open(&self, file: &str, channels: u16, done: Done) -> Result<Recording, StopReason> {
        let channels = match channels {
            0 | 1 => Channels::One,
            2.. => Channels::Two,
        };
        let waiting = Waiting {
            max_bytes: WAITING_MAX_BYTES * usize::from(channels.count()),
            ..Waiting::default()
        };
        let shared = Arc::new(Shared {
            waiting: Mutex::new(waiting),
        });
        let job = Job::Open {
            file: file.to_owned(),
            channels,
            shared: shared.clone(),
            done,
        };
        if self.jobs.try_send(job).is_err() {
            self.health.recordings_failed.add(1);
            return Err(StopReason::Refused);
        }
        Ok(Recording {
            shared,
            jobs: self.jobs.clone(),
        })
    }
}

impl Recording {
    /// Adds sound (A-law, channels interleaved; usually one frame of 160). Never blocks. False: no more is wanted.
    pub fn frames(&self, samples: &[u8]) -> bool {
        let mut waiting = lock(&self.shared.waiting);
        if waiting.stopped.is_some() || waiting.finished {
            return false;
        }
        if waiting.samples.len() + samples.len() > waiting.max_bytes {
            waiting.stopped = Some(StopReason::TooSlow);
            return false;
        }
        waiting.samples.extend_from_slice(samples);
        true
    }

    /// Ends it; `done` is told soon. The same as dropping it.
    pub fn finish(self) {}
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock(&self.shared.waiting).finished = true;
        let _ = self.jobs.try_send(Job::Look); // if it is full, the thread is awake anyway
    }
}

fn reason(error: &io::Error) -> StopReason {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StopReason::DiskFull,
        io::ErrorKind::InvalidInput | io::ErrorKind::AlreadyExists => StopReason::BadName(error.to_string()),
        _ => StopReason::DiskFailed(error.to_string()),
    }
}
