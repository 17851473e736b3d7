//! How people are: when they call, how patient they are, how long they speak, when they work. Everything is drawn.

use std::time::Duration;

use rand::Rng;
use rand::rngs::SmallRng;

/// Calls by hour of a working day, in thousandths. An assumption in the shape that hotlines report: little at night, a peak
/// before and one after noon. It is no measurement; put your own in its place.
pub const HOURLY: [f64; 24] = [
    8.0, 5.0, 4.0, 3.0, 4.0, 7.0, 15.0, 32.0, 72.0, 95.0, 92.0, 74.0, 45.0, 48.0, 80.0, 86.0, 80.0, 68.0, 46.0, 40.0,
    36.0, 28.0, 19.0, 13.0,
];

/// A length of time by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// Always the same.
    Always(Duration),
    /// Exponential with this mean: nobody knows when it ends.
    Exponential(Duration),
    /// Log-normal with this mean and coefficient of variation, as conversations are (Brown et al., "Statistical Analysis of
    /// a Telephone Call Center", JASA 100, 2005, §4.3).
    LogNormal(Duration, f64),
}

impl Draw {
    /// The mean.
    pub const fn mean(self) -> Duration {
        match self {
            Self::Always(mean) | Self::Exponential(mean) | Self::LogNormal(mean, _) => mean,
        }
    }

    pub(super) fn draw(self, rng: &mut SmallRng) -> Duration {
        let seconds = match self {
            Self::Always(time) => return time,
            Self::Exponential(mean) => mean.as_secs_f64() * exponential(rng),
            Self::LogNormal(mean, variation) => {
                let variance = (1.0 + variation * variation).ln();
                let location = mean.as_secs_f64().max(1e-9).ln() - variance / 2.0;
                (location + variance.sqrt() * normal(rng)).exp()
            }
        };
        Duration::from_micros((seconds * 1e6) as u64)
    }
}

fn exponential(rng: &mut SmallRng) -> f64 {
    -(1.0 - rng.random::<f64>()).ln()
}

/// Box and Muller.
fn normal(rng: &mut SmallRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

/// The moments of so many calls in a day, in order. Given their number, the calls of a Poisson process whose rate changes by
/// the hour are independent draws from its profile.
pub(super) fn arrivals(calls: u32, hourly: &[f64; 24], rng: &mut SmallRng) -> Vec<Duration> {
    let total: f64 = hourly.iter().sum();
    let mut at: Vec<u64> = Vec::with_capacity(calls as usize);
    for _ in 0..calls {
        let mut where_ = rng.random::<f64>() * total;
        let mut hour = 0;
        while hour < 23 && where_ >= hourly[hour] {
            where_ -= hourly[hour];
            hour += 1;
        }
        let within = where_ / hourly[hour].max(f64::MIN_POSITIVE);
        at.push(((hour as f64 + within.min(0.999_999)) * 3.6e9) as u64);
    }
    at.sort_unstable();
    at.into_iter().map(Duration::from_micros).collect()
}

/// Hours of so many agents that follow the profile: 8 hours with a break of 30 minutes in the middle, each agent where the
/// most calls for each agent are. Minutes after midnight; a shift may go over midnight.
pub fn shifts(agents: usize, hourly: &[f64; 24]) -> Vec<Vec<(u16, u16)>> {
    const HOURS: usize = 8;
    let mut staffed = [0.0_f64; 24];
    let mut all = Vec::with_capacity(agents);
    for no in 0..agents {
        let need = |hour: usize| hourly[hour % 24] / (staffed[hour % 24] + 0.5);
        let gain = |start: usize| (start..start + HOURS).map(need).sum::<f64>();
        let best = (0..24).max_by(|a, b| gain(*a).total_cmp(&gain(*b))).unwrap_or(8);
        (best..best + HOURS).for_each(|hour| staffed[hour % 24] += 1.0);
        // Breaks are spread over two hours, or everybody would be at table at once.
        let start = u16::try_from(best * 60).unwrap_or(0);
        let pause = start + 180 + u16::try_from(no % 8 * 15).unwrap_or(0);
        all.push(vec![(start, pause), (pause + 30, start + 480)]);
    }
    all
}
