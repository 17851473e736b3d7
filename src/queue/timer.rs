//! The floor's alarms. Monotonic time only: a step of the wall clock moves none of them.

use std::collections::BTreeSet;

use crate::kernel::Mono;

use super::agent::AgentNo;
use super::types::OfferId;
use super::waiting::Slot;

/// What the floor waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// When to take an offer back of which nobody has said anything: no agent stays reserved, whatever else goes wrong.
    RingGuard(OfferId),
    /// When to end an agent's wrap-up.
    WrapUp(AgentNo),
    /// When to give up a caller who has waited as long as his queue allows.
    WaitMax(Slot),
    /// When to ask less of the agents for a caller.
    Widen(Slot),
    /// When to offer a caller again to agents who did not take him.
    Rest(Slot),
    /// When to tell a caller how long it may take.
    Announce(Slot),
    /// When to look for debts that are due, or whose hours begin.
    Debts,
    /// When to turn callers away whom nobody can serve any more.
    Deserted,
}

/// All alarms that are set.
#[derive(Default)]
pub(super) struct Timers {
    set: BTreeSet<(Mono, Timer)>,
}

impl Timers {
    /// Sets an alarm.
    pub(super) fn set(&mut self, timer: Timer, at: Mono) {
        self.set.insert((at, timer));
    }

    /// Takes an alarm back; its owner knows when it was to ring.
    pub(super) fn stop(&mut self, timer: Timer, at: Mono) {
        self.set.remove(&(at, timer));
    }

    /// The next one.
    pub(super) fn next(&self) -> Option<Mono> {
        self.set.first().map(|(at, _)| *at)
    }

    /// Takes out one that is due.
    pub(super) fn due(&mut self, now: Mono) -> Option<Timer> {
        let first = self.set.first().filter(|(at, _)| *at <= now)?;
        let (at, timer) = *first;
        self.set.remove(&(at, timer));
        Some(timer)
    }

    /// Everything that is set, for those who count.
    #[cfg(test)]
    pub(super) fn all(&self) -> BTreeSet<(Mono, Timer)> {
        self.set.clone()
    }
}
