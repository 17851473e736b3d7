//! The walk's timers. Knows only when each is due.

use crate::kernel::Mono;

/// What a walk waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// When to stop waiting for a key.
    Keys,
    /// When a `wait_s` is over.
    Pause,
    /// When to stop believing that something is still being said: its `Played` was lost.
    Sound,
    /// When to say the next comforting words to someone in a queue.
    Comfort,
    /// When someone has waited in a queue for as long as the plan allows.
    Patience,
}

const ALL: [Timer; 5] = [Timer::Keys, Timer::Pause, Timer::Sound, Timer::Comfort, Timer::Patience];

/// When each is due.
#[derive(Default)]
pub(super) struct Timers([Option<Mono>; ALL.len()]);

impl Timers {
    pub fn set(&mut self, timer: Timer, at: Mono) {
        self.0[timer as usize] = Some(at);
    }

    pub fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub fn next(&self) -> Option<Mono> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes the timer that expired first, if any has.
    pub fn expired(&mut self, now: Mono) -> Option<Timer> {
        let due = |timer: &Timer| self.0[*timer as usize].filter(|at| *at <= now);
        let timer = ALL.into_iter().filter(|t| due(t).is_some()).min_by_key(due)?;
        self.clear(timer);
        Some(timer)
    }
}
