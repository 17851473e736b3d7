//! The allowed range of every number. A number without a range does not exist (a test counts them).

use std::ops::RangeInclusive;

use super::{Config, Queue, Trunk};

/// One number, its key and the range it must lie in.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) key: String,
    pub(super) value: u64,
    pub(super) allowed: RangeInclusive<u64>,
}

impl Bound {
    /// What to tell when the value lies outside.
    pub(super) fn broken(&self) -> Option<(String, String)> {
        (!self.allowed.contains(&self.value)).then(|| {
            let message = format!("{} = {} is out of range: {}", self.key, self.value, self.allowed_text());
            (self.key.clone(), message)
        })
    }

    /// `allowed is 1 to 10`
    pub(super) fn allowed_text(&self) -> String {
        format!("allowed is {} to {}", self.allowed.start(), self.allowed.end())
    }
}

/// A bound of one section; its key gets the section's name later.
pub(super) fn bound(key: &str, value: impl Into<u64>, allowed: RangeInclusive<u64>) -> Bound {
    Bound {
        key: key.to_owned(),
        value: value.into(),
        allowed,
    }
}

impl Config {
    /// Every number of the configuration with its full key (`sip.t1_ms`, `trunk[0].expires_s`).
    pub(super) fn bounds(&self) -> Vec<Bound> {
        let mut all = Vec::new();
        let mut section = |name: &str, bounds: Vec<Bound>| {
            all.extend(bounds.into_iter().map(|bound| Bound {
                key: format!("{name}.{}", bound.key),
                ..bound
            }));
        };
        section("sip", self.sip.bounds());
        section("registrar", self.registrar.bounds());
        section("calls", self.calls.bounds());
        section("media", self.media.bounds());
        section("dialplan", self.dialplan.bounds());
        section("prompts", self.prompts.bounds());
        section("store", self.store.bounds());
        section("recordings", self.recordings.bounds());
        section("callbacks", self.callbacks.bounds());
        section("http", self.http.bounds());
        section("drain", self.drain.bounds());
        section("floor", self.floor.bounds());
        for (index, queue) in self.queue.iter().enumerate() {
            section(&format!("queue[{index}]"), queue.bounds());
        }
        for (index, trunk) in self.trunk.iter().enumerate() {
            section(&format!("trunk[{index}]"), trunk.bounds());
        }
        all
    }

    /// The defaults with one empty trunk and one empty queue: the shape of everything that can be set.
    pub(super) fn shape() -> Self {
        Self {
            trunk: vec![Trunk::default()],
            queue: vec![Queue::shape()],
            ..Self::default()
        }
    }
}
