//! `[dialplan]`: where plans and calendars lie, and how far a call may go.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[dialplan]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialplan {
    /// Folder of the plans, `*.toml`.
    pub dir: PathBuf,
    /// Folder of the working calendars, one JSON file a year.
    pub calendar_dir: PathBuf,
    /// Numbers that calls may be transferred to: exact (`110`), with holes (`0391XXXXXXX`), or a beginning (`0391*`).
    pub transfer_allow: Vec<String>,
    /// Trunk that carries transfers; the first one if not set.
    pub transfer_trunk: Option<String>,
    /// Longest call, seconds.
    pub max_call_s: u32,
}

impl Default for Dialplan {
    fn default() -> Self {
        Self {
            dir: "dialplans".into(),
            calendar_dir: "config/calendar".into(),
            transfer_allow: ["110", "119", "120", "122"].map(String::from).into(),
            transfer_trunk: None,
            max_call_s: 7_200,
        }
    }
}

impl Dialplan {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![bound("max_call_s", self.max_call_s, 10..=86_400)]
    }
}
