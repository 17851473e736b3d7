//! The timers of all transactions in one queue, by due time. Knows nothing of what they mean to a machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::Mono;

/// Every timer a transaction can have, by its letter in RFC 3261 table 4 where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// When to send our INVITE again (UDP only): T1, doubled each time.
    A,
    /// When to give up an INVITE of ours that nobody has answered at all: 64·T1.
    B,
    /// When to forget a refused INVITE of ours and stop repeating its ACK: 32 s on UDP.
    D,
    /// When to send our non-INVITE request again (UDP only): T1, doubled up to T2.
    E,
    /// When to give up our non-INVITE request: 64·T1.
    F,
    /// When to repeat our refusal of an INVITE (UDP only): T1, doubled up to T2.
    G,
    /// When to stop waiting for the ACK to our refusal: 64·T1.
    H,
    /// When to stop absorbing repeated ACKs: T4 on UDP.
    I,
    /// When to forget how we answered a non-INVITE request: 64·T1 on UDP.
    J,
    /// When to stop absorbing repeated answers to our non-INVITE request: T4 on UDP.
    K,
    /// When to forget an INVITE that we accepted: 64·T1 (RFC 6026 §8.7).
    L,
    /// When to forget an INVITE of ours that was accepted; until then forked 2xx are passed on: 64·T1 (RFC 6026 §8.4).
    M,
    /// When to give up an INVITE of ours that we cancelled and that still rings: 64·T1 (RFC 3261 §9.1).
    Cancelled,
    /// When to forget a non-INVITE request that our own user never answered: 64·T1, since the
    /// peer has given up too and an answer would only confuse (RFC 4320 §4.2).
    Unanswered,
}

/// Deadlines of many transactions, each named by a number.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Mono, u64, Timer)>,
    armed: BTreeMap<(u64, Timer), Mono>,
}

impl Timers {
    /// Arms or re-arms one timer.
    pub fn start(&mut self, owner: u64, timer: Timer, at: Mono) {
        if let Some(before) = self.armed.insert((owner, timer), at) {
            self.due.remove(&(before, owner, timer));
        }
        self.due.insert((at, owner, timer));
    }

    /// Disarms one timer, if it runs.
    pub fn stop(&mut self, owner: u64, timer: Timer) {
        if let Some(at) = self.armed.remove(&(owner, timer)) {
            self.due.remove(&(at, owner, timer));
        }
    }

    /// Disarms whatever runs for `owner`.
    pub fn stop_all(&mut self, owner: u64) {
        let all = (owner, Timer::A)..=(owner, Timer::Unanswered);
        while let Some((&(_, timer), _)) = self.armed.range(all.clone()).next() {
            self.stop(owner, timer);
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Mono> {
        self.due.first().map(|&(at, _, _)| at)
    }

    /// Takes the earliest timer that is due: its owner and name.
    pub fn pop_due(&mut self, now: Mono) -> Option<(u64, Timer)> {
        let &(_, owner, timer) = self.due.first().filter(|&&(at, _, _)| at <= now)?;
        self.due.pop_first();
        self.armed.remove(&(owner, timer));
        Some((owner, timer))
    }

    /// How many timers run.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(ms: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn timers_fire_in_the_order_of_their_deadlines() {
        let mut timers = Timers::default();
        timers.start(1, Timer::B, at(32_000));
        timers.start(1, Timer::A, at(500));
        timers.start(2, Timer::E, at(400));
        assert_eq!(timers.next(), Some(at(400)));
        assert_eq!(timers.pop_due(at(399)), None);
        assert_eq!(timers.pop_due(at(600)), Some((2, Timer::E)));
        assert_eq!(timers.pop_due(at(600)), Some((1, Timer::A)));
        assert_eq!(timers.pop_due(at(600)), None);
    }

    #[test]
    fn a_timer_armed_again_fires_once_at_the_later_time() {
        let mut timers = Timers::default();
        timers.start(1, Timer::A, at(500));
        timers.start(1, Timer::A, at(900));
        assert_eq!(timers.len(), 1);
        assert_eq!(timers.next(), Some(at(900)));
    }

    #[test]
    fn a_stopped_owner_leaves_nothing_behind() {
        let mut timers = Timers::default();
        for timer in [Timer::A, Timer::B, Timer::Unanswered] {
            timers.start(7, timer, at(10));
        }
        timers.start(8, Timer::A, at(20));
        timers.stop_all(7);
        assert_eq!(timers.len(), 1);
        assert_eq!(timers.next(), Some(at(20)));
    }
}
