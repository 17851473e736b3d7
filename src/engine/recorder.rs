//! Recordings under way: from a media worker's frames to the recorder's files, and the news of each back to its shard.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::kernel::MediaId;
use crate::store::recordings::{Outcome, RecorderHandle, Recording};

use super::media::FrameSink;
use super::shard::Input;

/// All recordings of the server.
pub(super) struct Recordings {
    recorder: RecorderHandle,
    open: Mutex<HashMap<MediaId, Recording>>,
}

impl Recordings {
    pub(super) fn new(recorder: RecorderHandle) -> Self {
        Self { recorder, open: Mutex::default() }
    }

    /// Begins a file; the shard is told when it is complete, or why it is not.
    pub(super) fn begin(&self, id: MediaId, file: &str, shard: mpsc::WeakSender<Input>) {
        let done = move |outcome: Outcome| {
            if let Some(shard) = shard.upgrade() {
                // On the recorder's own thread: a shard that is busy may be waited for.
                let _ = shard.blocking_send(news(id, outcome));
            }
        };
        let recording = self.recorder.open(file, 1, Box::new(done));
        self.lock().insert(id, recording);
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

fn news(id: MediaId, outcome: Outcome) -> Input {
    if let Some(why) = &outcome.stopped {
        tracing::error!(file = outcome.file, %why, "ALARM: a recording stopped early");
        metrics::counter!("yihao_recordings_total", "outcome" => "cut_short").increment(1);
    }
    match outcome.finished {
        Some(finished) => Input::RecordingSaved { id, duration_ms: finished.duration_ms, sha256: finished.sha256 },
        None => Input::RecordingFailed(id),
    }
}
