//! The timers of one leg: a small table, at most one of each kind. Knows no clock and no meaning.

use crate::kernel::Mono;

/// The kinds of timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// When to repeat a reliable provisional response (RFC 3262 §3).
    ResendProvisional,
    /// When to give up on its PRACK (RFC 3262 §3: 64·T1).
    NoPrack,
    /// When to repeat a provisional response so that no proxy gives up (RFC 3261 §13.3.1.1: each minute).
    RefreshProvisional,
    /// When an unanswered INVITE runs out: its Expires for a caller, our patience for a callee.
    Ring,
    /// When to take a callee for dead that has said nothing at all.
    Silence,
    /// When to repeat a 2xx (RFC 3261 §13.3.1.4).
    ResendAnswer,
    /// When to give up on its ACK (RFC 3261 §13.3.1.4: 64·T1).
    NoAck,
    /// When to offer again after 491 (RFC 3261 §14.1).
    Glare,
    /// When to cancel a re-INVITE of ours that the far side only says 100 to: 64·T1.
    Reoffer,
    /// When to refresh the session (RFC 4028 §10: half of the interval).
    SessionRefresh,
    /// When the session is dead (RFC 4028 §10).
    SessionExpires,
    /// When to answer a BYE or CANCEL that the application left lying.
    Confirm,
}

const ALL: [Timer; 12] = [
    Timer::ResendProvisional,
    Timer::NoPrack,
    Timer::RefreshProvisional,
    Timer::Ring,
    Timer::Silence,
    Timer::ResendAnswer,
    Timer::NoAck,
    Timer::Glare,
    Timer::Reoffer,
    Timer::SessionRefresh,
    Timer::SessionExpires,
    Timer::Confirm,
];

/// The table.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<Mono>; ALL.len()]);

impl Timers {
    /// Sets or moves one.
    pub fn set(&mut self, timer: Timer, at: Mono) {
        self.0[timer as usize] = Some(at);
    }

    /// Stops one.
    pub fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Stops all.
    pub fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// Whether one runs.
    pub fn runs(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    /// The next moment of any.
    pub fn next(&self) -> Option<Mono> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes one that is due, the earliest first.
    pub fn take_due(&mut self, now: Mono) -> Option<Timer> {
        let due = ALL
            .into_iter()
            .filter_map(|t| self.0[t as usize].map(|at| (at, t)))
            .filter(|(at, _)| *at <= now)
            .min_by_key(|(at, _)| *at)?
            .1;
        self.stop(due);
        Some(due)
    }
}
