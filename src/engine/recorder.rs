//! Recordings under way: from a media worker's frames to the recorder's files, and the news of each back to its shard.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    open: Mutex<HashMap<MediaId, Recording>>,
}

impl Recordings {
    pub(super) fn new(recorder: RecorderHandle, health: Arc<StoreHealth>, bounds: config::Store) -> Self {
        Self {
            recorder,
            health,
            bounds,
            open: Mutex::default(),
        }
    }

    /// Longest recording.
    pub(super) fn longest(&self) -> Duration {
        Duration::from_secs(u64::from(self.bounds.recording_max_s))
    }

    /// Begins a file; the shard is told when it is complete. The error is what becomes of a recording that cannot begin.
    pub(super) fn begin(&self, id: MediaId, file: &str, shard: mpsc::WeakSender<Input>) -> Result<(), Recorded> {
        let done = move |outcome: Outcome| {
            if let Some(shard) = shard.upgrade() {
                // On the recorder's own thread: a shard that is busy may be waited for.
                let _ = shard.blocking_send(Input::Recorded(id, news(outcome)));
            }
        };
        let begun = self
            .allowed()
            .and_then(|()| self.recorder.open(file, 1, Box::new(done)));
        let recording = begun.map_err(|why| {
            tracing::error!(file, %why, "ALARM: a recording cannot begin");
            Recorded {
                duration_ms: 0,
                sha256: String::new(),
                cut_short: Some(why.as_str()),
            }
        })?;
        self.lock().insert(id, recording);
        Ok(())
    }

    /// The journal's room is not for recordings.
    fn allowed(&self) -> Result<(), StopReason> {
        if self.health.disk_free_bytes.get() < u64::from(self.bounds.recording_free_mb) << 20 {
            return Err(StopReason::DiskFull);
        }
        match self.lock().len() < self.bounds.recordings_at_once as usize {
            true => Ok(()),
            false => Err(StopReason::Refused),
        }
    }

    /// Ends the file of a session, if it has one.
    pub(super) fn finish(&self, id: MediaId) {
        let recording = self.lock().remove(&id);
        if let Some(recording) = recording {
            recording.finish();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MediaId, Recording>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FrameSink for Recordings {
    fn frame(&self, id: MediaId, frame: &[u8; 160]) {
        if let Some(recording) = self.lock().get(&id) {
            recording.frames(frame); // a recorder that takes no more says why when it is done
        }
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
