//! `[recordings]`: under which keys recordings lie, and for how long. Knows no file format.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// Whether recordings may lie unencrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encrypt {
    /// Encrypted if there is a key; without one the start warns.
    #[default]
    Auto,
    /// No start without a key.
    Required,
}

/// `[recordings]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recordings {
    /// File of the master keys.
    pub key_file: Option<PathBuf>,
    /// Whether recordings may lie unencrypted.
    pub encrypt: Encrypt,
    /// How long messages of citizens are kept, days; 0: for ever.
    pub keep_message_days: u32,
    /// How long recordings of calls are kept, days; 0: for ever.
    pub keep_call_days: u32,
    /// When each day what is past its time is deleted: local time, `HH:MM`.
    pub purge_at: String,
}

impl Default for Recordings {
    fn default() -> Self {
        Self {
            key_file: None,
            encrypt: Encrypt::default(),
            keep_message_days: 0,
            keep_call_days: 0,
            purge_at: "03:30".into(),
        }
    }
}

impl Recordings {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("keep_message_days", self.keep_message_days, 0..=36_500),
            bound("keep_call_days", self.keep_call_days, 0..=36_500),
        ]
    }

    /// [`Self::purge_at`] as hour and minute; `None` if it is no time of day.
    pub fn purge_time(&self) -> Option<(i8, i8)> {
        let (hour, minute) = self.purge_at.split_once(':')?;
        let two_digits = |text: &str, below: i8| {
            let shaped = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<i8>().ok().filter(|n| shaped && *n < below)
        };
        Some((two_digits(hour, 24)?, two_digits(minute, 60)?))
    }
}
