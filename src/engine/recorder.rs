//! Recordings under way: from a media worker's frames to the recorder's files, and the news of each back to its shard. Each is
//! held by the session that fills it: no frame waits for a lock that another recording has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::Recorded;
use crate::config;
use crate::kernel::MediaId;
use crate::store::StoreHealth;
use crate::store::recordings::{Outcome, RecorderHandle, Recording, StopReason};

use super::media::FrameSink;
use super::shard::Input;

/// All recordings of the server.
pub(super) struct Recordings {
    recorder: RecorderHandle,
    health: Arc<StoreHealth>,
    bounds: config::Store,
    open: Arc<AtomicU32>,
}

/// A file under way.
struct File {
    recording: Recording,
    open: Arc<AtomicU32>,
}

impl Recordings {
    pub(super) fn new(recorder: RecorderHandle, health: Arc<StoreHealth>, bounds: config::Store) -> Self {
        Self {
            recorder,
            health,
            bounds,
            open: Arc::default(),
        }
    }

    /// Longest message.
    pub(super) fn longest(&self) -> Duration {
        Duration::from_secs(u64::from(self.bounds.recording_max_s))
    }

    /// Begins a file of one or two channels; the shard is told when it is complete. The error is what becomes of a recording that
    /// cannot begin.
    pub(super) fn begin(
        &self,
        id: MediaId,
        file: &str,
        channels: u16,
        shard: mpsc::WeakSender<Input>,
    ) -> Result<Box<dyn FrameSink>, Recorded> {
        let done = move |outcome: Outcome| {
            if let Some(shard) = shard.upgrade() {
                // On the recorder's own thread: a shard that is busy may be waited for.
                let _ = shard.blocking_send(Input::Recorded(id, news(outcome)));
            }
        };
        let begun = self
            .allowed()
            .and_then(|()| self.recorder.open(file, channels, Box::new(done)));
        let recording = begun.map_err(|why| {
            tracing::error!(file, %why, "ALARM: a recording cannot begin");
            Recorded {
                duration_ms: 0,
                sha256: String::new(),
                cut_short: Some(why.as_str()),
            }
        })?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(File {
            recording,
            open: Arc::clone(&self.open),
        }))
    }

    /// The journal's room is not for recordings.
    fn allowed(&self) -> Result<(), StopReason> {
        if self.health.disk_free_bytes.get() < u64::from(self.bounds.recording_free_mb) << 20 {
            return Err(StopReason::DiskFull);
        }
        match self.open.load(Ordering::Relaxed) < self.bounds.recordings_at_once {
            true => Ok(()),
            false => Err(StopReason::Refused),
        }
    }
}

impl FrameSink for File {
    fn frames(&mut self, samples: &[u8]) {
        self.recording.frames(samples); // a recorder that takes no more says why when it is done
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn news(outcome: Outcome) -> Recorded {
    let why = outcome.stopped.as_ref().map(StopReason::as_str);
    match outcome.finished {
        Some(finished) => Recorded {
            duration_ms: finished.duration_ms,
            sha256: finished.sha256,
            cut_short: why,
        },
        None => Recorded {
            duration_ms: 0,
            sha256: String::new(),
            cut_short: why.or(Some("disk_failed")),
        },
    }
}
