//! How long a newcomer will wait, from what the last half hour was like. Says nothing when it knows too little.
//!
//! Two ways, the better first:
//! 1. From those who waited: their wait divided by the places that they had to move up (their own included), times the
//!    places of the newcomer. It holds for agents who serve several queues, for callers who give up, and for priorities,
//!    because all of that is in it.
//! 2. Before anybody has waited: places × mean handling time ÷ agents at work, which is what a queue with one kind of
//!    callers and patient ones would need (mean of the Erlang C delay of one who finds all busy).

use std::time::Duration;

use crate::kernel::Mono;

/// Fewer answers than this in the last half hour are too thin to tell anybody anything.
pub const ANSWERS_MIN: u32 = 10;
/// What lies further back than so many steps does not count.
const STEPS: usize = 30;
/// One step.
const STEP: Duration = Duration::from_secs(60);

/// Sums of one minute.
#[derive(Clone, Copy, Default)]
struct Minute {
    /// Which: minutes of the monotonic clock.
    number: u64,
    answered: u32,
    queued: u32,
    queued_wait: Duration,
    queued_places: u64,
    handled: u32,
    handling: Duration,
    judged: u32,
    error: Duration,
}

/// What waiting and handling were like lately.
#[derive(Default)]
pub(super) struct Experience {
    minutes: Vec<Minute>,
}

impl Experience {
    fn minute(&mut self, now: Mono) -> &mut Minute {
        if self.minutes.is_empty() {
            self.minutes = vec![Minute::default(); STEPS];
        }
        let number = now.as_nanos() / u64::try_from(STEP.as_nanos()).unwrap_or(u64::MAX);
        let index = usize::try_from(number % STEPS as u64).unwrap_or(0);
        let minute = &mut self.minutes[index];
        if minute.number != number {
            *minute = Minute {
                number,
                ..Minute::default()
            };
        }
        minute
    }

    /// Somebody was answered after `waited` here, having entered behind `ahead` others, when `estimate` was thought.
    pub(super) fn answered(
        &mut self,
        waited: Duration,
        ahead: usize,
        at_once: bool,
        estimate: Option<Duration>,
        now: Mono,
    ) {
        let minute = self.minute(now);
        minute.answered += 1;
        if !at_once {
            minute.queued += 1;
            minute.queued_wait += waited;
            minute.queued_places += ahead as u64 + 1;
        }
        if let Some(estimate) = estimate {
            minute.judged += 1;
            minute.error += estimate.abs_diff(waited);
        }
    }

    /// An agent was busy with one call of this queue for so long, writing up included.
    pub(super) fn handled(&mut self, took: Duration, now: Mono) {
        let minute = self.minute(now);
        minute.handled += 1;
        minute.handling += took;
    }

    fn recent(&self, now: Mono) -> Minute {
        let number = now.as_nanos() / u64::try_from(STEP.as_nanos()).unwrap_or(u64::MAX);
        let mut sum = Minute::default();
        let recent = self.minutes.iter().filter(|m| m.number + STEPS as u64 > number);
        for minute in recent {
            sum.answered += minute.answered;
            sum.queued += minute.queued;
            sum.queued_wait += minute.queued_wait;
            sum.queued_places += minute.queued_places;
            sum.handled += minute.handled;
            sum.handling += minute.handling;
            sum.judged += minute.judged;
            sum.error += minute.error;
        }
        sum
    }

    /// The wait of one who enters behind `ahead` others, with so many agents at work; `None` when data is thin.
    pub(super) fn estimate(&self, ahead: usize, agents: usize, now: Mono) -> Option<Duration> {
        let recent = self.recent(now);
        if recent.answered < ANSWERS_MIN {
            return None;
        }
        let places = ahead as f64 + 1.0;
        let seconds = if recent.queued >= ANSWERS_MIN && recent.queued_places > 0 {
            recent.queued_wait.as_secs_f64() / recent.queued_places as f64 * places
        } else if recent.handled >= ANSWERS_MIN && agents > 0 {
            recent.handling.as_secs_f64() / f64::from(recent.handled) / agents as f64 * places
        } else {
            return None;
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// By how much estimates were wrong lately, on average.
    pub(super) fn error(&self, now: Mono) -> Option<Duration> {
        let recent = self.recent(now);
        recent.error.checked_div(recent.judged)
    }
}

/// What may be said of an estimate: whole minutes, from–to.
pub(super) fn band(estimate: Duration) -> (u32, u32) {
    const EDGES: [u32; 10] = [0, 1, 2, 3, 5, 10, 15, 20, 30, 45];
    let minutes = estimate.as_secs() / 60;
    let passed = EDGES.iter().filter(|edge| u64::from(**edge) <= minutes).count();
    match (EDGES.get(passed.saturating_sub(1)), EDGES.get(passed)) {
        (Some(from), Some(to)) => (*from, *to),
        (Some(_) | None, None) | (None, Some(_)) => (45, 60),
    }
}
