//! The carrier's addresses in order, and which of them are resting after a failure (RFC 3263 §4.3). Sends nothing.

use std::time::Duration;

use super::locate::Target;
use crate::kernel::Mono;

/// How long an address that failed is left alone, unless it names a time itself.
pub(super) const REST: Duration = Duration::from_secs(60);

/// Addresses to try, best first.
#[derive(Debug, Default)]
pub(super) struct Targets(Vec<(Target, Option<Mono>)>);

impl Targets {
    /// Takes a new list. What rests goes on resting.
    pub fn replace(&mut self, list: Vec<Target>) {
        let rests = |target: &Target| {
            let known = self.0.iter().find(|(it, _)| it == target);
            known.and_then(|(_, until)| *until)
        };
        let list = list.into_iter().map(|it| (it, rests(&it))).collect();
        self.0 = list;
    }

    /// Puts an address to rest.
    pub fn fail(&mut self, target: Target, until: Mono) {
        for (it, rest) in &mut self.0 {
            if *it == target {
                *rest = Some(until);
            }
        }
    }

    /// The best address that does not rest.
    pub fn fresh(&self, now: Mono) -> Option<Target> {
        let awake = |until: &Option<Mono>| until.is_none_or(|it| it <= now);
        let found = self.0.iter().find(|(_, until)| awake(until));
        found.map(|&(target, _)| target)
    }

    /// The best address; if all rest, the one that wakes first: a new try is better than none.
    pub fn best(&self, now: Mono) -> Option<Target> {
        let first_to_wake = || self.0.iter().min_by_key(|(_, until)| *until);
        self.fresh(now).or_else(|| first_to_wake().map(|&(target, _)| target))
    }

    /// All addresses: those that are awake, then the others as they wake.
    pub fn in_order(&self, now: Mono) -> Vec<Target> {
        let mut list: Vec<_> = self
            .0
            .iter()
            .map(|&(it, until)| (until.filter(|at| *at > now), it))
            .collect();
        list.sort_by_key(|(rest, _)| *rest);
        list.into_iter().map(|(_, it)| it).collect()
    }

    /// When the next address wakes.
    pub fn next_wake(&self, now: Mono) -> Option<Mono> {
        let rests = self.0.iter().filter_map(|(_, until)| *until);
        rests.filter(|at| *at > now).min()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
