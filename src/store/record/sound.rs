//! A call's recordings and the quality of its line.

use serde::{Deserialize, Serialize};

use crate::kernel::Wall;

use super::CallRecord;

/// One recording of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// File name below the recordings' folder.
    pub file: String,
    /// `message` or `call`.
    pub purpose: String,
    /// When it began.
    pub started_at: Wall,
    /// Length in milliseconds and SHA-256; `None` while it is being written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<RecordingFacts>,
    /// When its file was given up because its time was over; `None`: it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged_at: Option<Wall>,
}

impl Recording {
    /// Whether there should be a file.
    pub fn is_kept(&self) -> bool {
        self.purged_at.is_none() && self.finished.as_ref().is_none_or(|facts| !facts.sha256.is_empty())
    }
}

/// Why a call's recordings are kept beyond their time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// Since when.
    pub at: Wall,
    /// By whom.
    pub by: String,
    /// Why.
    pub note: String,
}

/// What is known of a complete recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFacts {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// SHA-256 of the file, hex; empty if there is no file.
    pub sha256: String,
    /// Why it is shorter than it was to be, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

/// What RTCP and our counters saw of a call's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Packets sent.
    pub sent: u64,
    /// Packets received.
    pub received: u64,
    /// Packets missing.
    pub lost: u64,
    /// Interarrival jitter, milliseconds.
    pub jitter_ms: u32,
}

impl CallRecord {
    pub(super) fn finish_recording(&mut self, file: &str, facts: RecordingFacts) {
        let open = self
            .recordings
            .iter_mut()
            .find(|r| r.file == file && r.finished.is_none());
        if let Some(recording) = open {
            recording.finished = Some(facts);
        }
    }

    pub(super) fn hold(&mut self, at: Wall, on: bool, by: &str, note: &str) {
        self.legal_hold = on.then(|| LegalHold {
            at,
            by: by.to_owned(),
            note: note.to_owned(),
        });
    }

    pub(super) fn purge(&mut self, at: Wall, file: &str) {
        for recording in self.recordings.iter_mut().filter(|r| r.file == file) {
            recording.purged_at.get_or_insert(at);
        }
    }

    /// Recordings that have begun and not ended.
    pub fn open_recordings(&self) -> impl Iterator<Item = &Recording> {
        self.recordings.iter().filter(|r| r.finished.is_none())
    }
}
