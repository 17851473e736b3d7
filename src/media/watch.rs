//! The dead-media watch: nothing came for too long although something should. Knows moments, nothing of packets.
//!
//! It is armed only from the answer on and looks only while both sides may send: ringing and hold are silent by right, and a watch
//! that counted them killed calls just after their answer.

use std::time::Duration;

use crate::kernel::Mono;

/// What the watch has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Dead,
    Alive,
}

#[derive(Debug)]
pub(super) struct Watch {
    dead_after: Duration,
    armed: bool,
    expecting: bool,
    dead: bool,
    last_heard: Mono,
}

impl Watch {
    pub(super) fn new(dead_after: Duration, now: Mono) -> Self {
        Self {
            dead_after,
            armed: false,
            expecting: false,
            dead: false,
            last_heard: now,
        }
    }

    /// Arms or disarms; the clock starts here.
    pub(super) fn arm(&mut self, on: bool, now: Mono) -> Option<Change> {
        self.armed = on;
        self.heard(now)
    }

    /// After each negotiation: whether the far side is to send. The clock starts here again.
    pub(super) fn expect(&mut self, expecting: bool, now: Mono) -> Option<Change> {
        self.expecting = expecting;
        self.heard(now)
    }

    /// Anything from the believed source: sound, comfort noise, keys or reports.
    pub(super) fn heard(&mut self, now: Mono) -> Option<Change> {
        self.last_heard = now;
        std::mem::take(&mut self.dead).then_some(Change::Alive)
    }

    pub(super) fn tick(&mut self, now: Mono) -> Option<Change> {
        let due = self.armed && self.expecting && !self.dead && now.since(self.last_heard) >= self.dead_after;
        self.dead |= due;
        due.then_some(Change::Dead)
    }
}
