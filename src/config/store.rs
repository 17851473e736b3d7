//! `[store]`: sizes and limits of what is kept. The folders all lie in `data_dir`.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Store {
    /// Size of one journal segment, megabytes.
    pub journal_segment_mb: u32,
    /// Events that wait in memory at most while the disk does not take them.
    pub journal_buffer_events: u32,
    /// Size of all SIP traces together, megabytes; the oldest go first. 0: no traces.
    pub trace_mb: u32,
    /// Longest recording, seconds.
    pub recording_max_s: u32,
    /// Recordings at once.
    pub recordings_at_once: u32,
    /// Free space that must remain for recordings to start, megabytes.
    pub recording_free_mb: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            journal_segment_mb: 16,
            journal_buffer_events: 100_000,
            trace_mb: 256,
            recording_max_s: 600,
            recordings_at_once: 500,
            recording_free_mb: 512,
        }
    }
}

impl Store {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("journal_segment_mb", self.journal_segment_mb, 1..=1_024),
            bound("journal_buffer_events", self.journal_buffer_events, 1_000..=10_000_000),
            bound("trace_mb", self.trace_mb, 0..=100_000),
            bound("recording_max_s", self.recording_max_s, 5..=86_400),
            bound("recordings_at_once", self.recordings_at_once, 1..=100_000),
            bound("recording_free_mb", self.recording_free_mb, 0..=1_000_000),
        ]
    }
}
