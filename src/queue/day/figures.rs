//! The figures of the definitions over the calls of a day. Each carries its id where it is shown.

use std::time::Duration;

/// What became of the calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Waits of those who were answered, shortest first.
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

/// Waits in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// From waits in any order.
    pub fn new(mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        Self(waits)
    }

    /// How many.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them were no longer than this.
    pub fn within(&self, time: Duration) -> usize {
        self.0.partition_point(|wait| *wait <= time)
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        let sum: Duration = self.0.iter().sum();
        sum.checked_div(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
            .unwrap_or_default()
    }

    /// The wait that this share of them did not exceed.
    pub fn percentile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
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

    /// The two days as one.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let join = |mut a: Waits, b: Waits| {
            a.0.extend(b.0);
            Waits::new(a.0)
        };
        Self {
            answered: join(self.answered, other.answered),
            abandoned: join(self.abandoned, other.abandoned),
            turned_away: self.turned_away + other.turned_away,
            called_back: self.called_back + other.called_back,
            talk: self.talk + other.talk,
            hold: self.hold + other.hold,
            wrap_up: self.wrap_up + other.wrap_up,
            ringing: self.ringing + other.ringing,
            available: self.available + other.available,
        }
    }
}
