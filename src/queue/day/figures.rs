//! The figures of the definitions over the calls of a day. Each carries its id where it is shown.

use std::time::Duration;

/// What became of the calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Waits of those who were answered.
    pub answered: Waits,
    /// Waits of those who gave up.
    pub abandoned: Waits,
    /// Calls that the queue turned away.
    pub turned_away: usize,
    /// Calls back that reached the citizen.
    pub called_back: usize,
    /// Time that agents spoke, without hold.
    pub talk: Duration,
    /// Time that agents had citizens on hold.
    pub hold: Duration,
    /// Time that agents wrote up.
    pub wrap_up: Duration,
    /// Time that agents' telephones rang.
    pub ringing: Duration,
    /// Time that agents were free.
    pub available: Duration,
}

/// Waits, counted by hundredths of a second, rounded up: a thousand days fit into little room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waits {
    counts: Vec<u32>,
    count: usize,
    sum: Duration,
}

/// What waits are rounded up to.
const STEP_MS: u128 = 10;

impl Waits {
    /// From waits in any order.
    pub fn new(waits: &[Duration]) -> Self {
        let mut all = Self::default();
        for wait in waits {
            let step = usize::try_from(wait.as_micros().div_ceil(STEP_MS * 1_000)).unwrap_or(usize::MAX);
            if step >= all.counts.len() {
                all.counts.resize(step + 1, 0);
            }
            all.counts[step] += 1;
            all.sum += *wait;
        }
        all.count = waits.len();
        all
    }

    fn add(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// How many.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How many of them were no longer than this.
    pub fn within(&self, time: Duration) -> usize {
        let steps = usize::try_from(time.as_millis() / STEP_MS).unwrap_or(usize::MAX);
        let counts = self.counts.iter().take(steps.saturating_add(1));
        counts.map(|count| *count as usize).sum()
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.sum.checked_div(count).unwrap_or_default()
    }

    /// The wait that this share of them did not exceed.
    pub fn percentile(&self, share: f64) -> Duration {
        let rank = ((share * self.count as f64).ceil() as usize).max(1);
        let mut seen = 0;
        for (step, count) in (0..).zip(&self.counts) {
            seen += *count as usize;
            if seen >= rank {
                return Duration::from_millis(step * 10);
            }
        }
        Duration::ZERO
    }
}

fn ratio(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

impl Figures {
    /// Calls that asked for a person.
    pub const fn requests(&self) -> usize {
        self.answered.count() + self.abandoned.count() + self.turned_away
    }

    /// `connect_rate`: answered ÷ requests.
    pub fn connect_rate(&self) -> f64 {
        ratio(self.answered.count(), self.requests())
    }

    /// `answer_15s`: answered within 15 s ÷ requests.
    pub fn answer_15s(&self) -> f64 {
        ratio(self.answered.within(Duration::from_secs(15)), self.requests())
    }

    /// `sl_1`: (answered ≤ T + abandoned ≤ T) ÷ (answered + abandoned).
    pub fn sl_1(&self, t: Duration) -> f64 {
        ratio(
            self.answered.within(t) + self.abandoned.within(t),
            self.answered.count() + self.abandoned.count(),
        )
    }

    /// `sl_2`: answered ≤ T ÷ answered.
    pub fn sl_2(&self, t: Duration) -> f64 {
        ratio(self.answered.within(t), self.answered.count())
    }

    /// `sl_3`: answered ≤ T ÷ (answered + abandoned).
    pub fn sl_3(&self, t: Duration) -> f64 {
        ratio(self.answered.within(t), self.answered.count() + self.abandoned.count())
    }

    /// `sl_4`: answered ≤ T ÷ (answered + abandoned > T).
    pub fn sl_4(&self, t: Duration) -> f64 {
        let late = self.abandoned.count() - self.abandoned.within(t);
        ratio(self.answered.within(t), self.answered.count() + late)
    }

    /// `abandon_rate`: abandoned ÷ queued.
    pub fn abandon_rate(&self) -> f64 {
        ratio(self.abandoned.count(), self.answered.count() + self.abandoned.count())
    }

    /// `aht`: talk + hold + wrap-up for each handled call, calls back included.
    pub fn aht(&self) -> Duration {
        let handled = u32::try_from(self.answered.count() + self.called_back).unwrap_or(u32::MAX);
        (self.talk + self.hold + self.wrap_up)
            .checked_div(handled)
            .unwrap_or_default()
    }

    /// `occupancy`: handling ÷ (handling + available); a telephone that rings keeps its agent busy.
    pub fn occupancy(&self) -> f64 {
        let handling = (self.talk + self.hold + self.wrap_up + self.ringing).as_secs_f64();
        let all = handling + self.available.as_secs_f64();
        if all > 0.0 { handling / all } else { 0.0 }
    }

    /// Several days as one.
    pub fn of_days(days: Vec<Self>) -> Self {
        let mut all = Self::default();
        for day in days {
            all.add(&day);
        }
        all
    }

    /// One more day.
    pub fn add(&mut self, day: &Self) {
        self.answered.add(&day.answered);
        self.abandoned.add(&day.abandoned);
        self.turned_away += day.turned_away;
        self.called_back += day.called_back;
        self.talk += day.talk;
        self.hold += day.hold;
        self.wrap_up += day.wrap_up;
        self.ringing += day.ringing;
        self.available += day.available;
    }
}
