//! `[callbacks]`: what is promised to citizens who did not reach anybody.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[callbacks]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Callbacks {
    /// Within how many hours a citizen who is owed a call is to be called: 24, as GB/T 33358 wants it of mailboxes.
    pub promise_h: u32,
    /// Who hangs up sooner, seconds, could not have been answered: such calls are told apart, and owed nothing.
    pub short_abandon_s: u32,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            promise_h: 24,
            short_abandon_s: 5,
        }
    }
}

impl Callbacks {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("promise_h", self.promise_h, 1..=720),
            bound("short_abandon_s", self.short_abandon_s, 0..=60),
        ]
    }
}
