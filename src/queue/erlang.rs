//! How many agents a demand needs: the formulas of Erlang and Palm. Pure arithmetic; knows no floor.
//!
//! - *B*: nobody waits, who finds all busy is lost (M/M/n/n).
//! - *C*: everybody waits as long as it takes (M/M/n).
//! - *A*: everybody waits as long as his patience lasts, which is exponential (M/M/n+M, Palm 1957).
//!
//! All three take calls that come independently of one another, at one rate, for agents who can all do the same. Handling
//! is the whole time that a call keeps an agent: ringing, talk, hold and writing up. `queue::day` shows how far a real day
//! is from this.

use std::time::Duration;

/// Most agents that are ever proposed.
pub const AGENTS_MAX: u32 = 10_000;
/// States of the queue with less than this share of the likeliest one's probability are left out.
const NEGLIGIBLE: f64 = 1e-15;

/// What has to be handled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Calls in an hour.
    pub calls_per_hour: f64,
    /// Time that a call keeps an agent.
    pub handling: Duration,
    /// How long callers wait on average before they give up; `None`: for ever.
    pub patience: Option<Duration>,
}

/// What callers and agents can expect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Share of callers who wait at all.
    pub waits: f64,
    /// Share of callers who give up.
    pub abandons: f64,
    /// Wait of all callers on average, of those who give up too.
    pub mean_wait: Duration,
    /// Share of their time that agents are busy.
    pub occupancy: f64,
}

/// Erlang B: the share of calls that finds all busy, at a load in erlangs.
pub fn blocking(load: f64, agents: u32) -> f64 {
    // B(0) = 1; 1/B(n) = 1 + n / (load · B(n − 1)): no factorials, no overflow.
    (1..=agents).fold(1.0, |b, n| load * b / (f64::from(n) + load * b))
}

/// Erlang C: the share of calls that waits; 1 if the agents cannot cope.
pub fn waiting(load: f64, agents: u32) -> f64 {
    let n = f64::from(agents);
    if load >= n {
        return 1.0;
    }
    let b = blocking(load, agents);
    n * b / (n - load * (1.0 - b))
}

impl Demand {
    /// Agents who would be busy if nobody ever waited: the load in erlangs.
    pub fn load(&self) -> f64 {
        self.calls_per_hour / 3_600.0 * self.handling.as_secs_f64()
    }

    /// What so many agents make of it: Erlang A, or Erlang C for callers who wait for ever. `None`: the queue would grow
    /// without end.
    pub fn outlook(&self, agents: u32) -> Option<Outlook> {
        let load = self.load();
        if agents == 0 || load <= 0.0 {
            return None;
        }
        let n = f64::from(agents);
        let Some(patience) = self.patience else {
            let waits = waiting(load, agents);
            let mean_wait = waits * self.handling.as_secs_f64() / (n - load);
            return (load < n).then(|| Outlook {
                waits,
                abandons: 0.0,
                mean_wait: Duration::try_from_secs_f64(mean_wait).unwrap_or(Duration::MAX),
                occupancy: load / n,
            });
        };
        let queue = Queue::new(self, agents, patience);
        let waits = queue.states.iter().sum::<f64>();
        let in_line: f64 = (0_u32..).zip(&queue.states).map(|(j, p)| f64::from(j) * p).sum();
        let mean_wait = in_line / (self.calls_per_hour / 3_600.0);
        let abandons = mean_wait / patience.as_secs_f64();
        Some(Outlook {
            waits,
            abandons,
            mean_wait: Duration::try_from_secs_f64(mean_wait).unwrap_or(Duration::MAX),
            occupancy: load * (1.0 - abandons) / n,
        })
    }

    /// Share of all callers who speak with an agent within this time: `sl_3` of the definitions.
    pub fn answered_within(&self, agents: u32, time: Duration) -> f64 {
        let (load, n, t) = (self.load(), f64::from(agents), time.as_secs_f64());
        if agents == 0 {
            return 0.0;
        }
        if load <= 0.0 {
            return 1.0;
        }
        match self.patience {
            Some(patience) => Queue::new(self, agents, patience).answered_within(t),
            None if load < n => 1.0 - waiting(load, agents) * (-(n - load) * t / self.handling.as_secs_f64()).exp(),
            None => 0.0,
        }
    }

    /// The fewest agents with whom `share` of all callers speaks within this time; `None` if not even [`AGENTS_MAX`] will do.
    pub fn agents_for(&self, share: f64, within: Duration) -> Option<u32> {
        // More agents never answer fewer: halve the interval.
        let enough = |agents: u32| self.answered_within(agents, within) >= share;
        let (mut too_few, mut most) = (0, 1);
        while !enough(most) {
            if most >= AGENTS_MAX {
                return None;
            }
            (too_few, most) = (most, (most * 2).min(AGENTS_MAX));
        }
        while most - too_few > 1 {
            let middle = too_few + (most - too_few) / 2;
            if enough(middle) {
                most = middle;
            } else {
                too_few = middle;
            }
        }
        Some(most)
    }
}

/// The stationary states of M/M/n+M in which all agents are busy.
struct Queue {
    /// Probability that j callers wait and all are busy.
    states: Vec<f64>,
    /// Probability that somebody is free.
    somebody_free: f64,
    /// Rate at which all agents together finish calls, a second.
    serving: f64,
    /// Rate at which one caller gives up, a second.
    giving_up: f64,
}

impl Queue {
    fn new(demand: &Demand, agents: u32, patience: Duration) -> Self {
        let arriving = demand.calls_per_hour / 3_600.0;
        let serving = f64::from(agents) / demand.handling.as_secs_f64();
        let giving_up = 1.0 / patience.as_secs_f64().max(1e-9);
        // Relative to the state in which all are busy and nobody waits: upwards by rates, downwards by Erlang B, whose
        // value is exactly the share of that state among those in which nobody waits.
        let mut states = vec![1.0];
        let (mut p, mut j, mut likeliest) = (1.0, 0.0, 1.0_f64);
        while p > NEGLIGIBLE * likeliest {
            j += 1.0;
            p *= arriving / (serving + j * giving_up);
            likeliest = likeliest.max(p);
            states.push(p);
        }
        let somebody_free = 1.0 / blocking(demand.load(), agents).max(f64::MIN_POSITIVE) - 1.0;
        let total = somebody_free + states.iter().sum::<f64>();
        states.iter_mut().for_each(|p| *p /= total);
        Self {
            states,
            somebody_free: somebody_free / total,
            serving,
            giving_up,
        }
    }

    /// Who finds j in line is served before his patience ends with c / (c + j + 1), where c = serving / giving up; and then
    /// within t with the regularised incomplete beta function I(j + 1, c + 1) at 1 − e^(−t · giving up), because the times
    /// between the steps of the line are exponential with the rates serving + k · giving up, k = 0 … j. The beta function
    /// goes from one j to the next by its recurrence (DLMF 8.17.20).
    fn answered_within(&self, t: f64) -> f64 {
        let c = self.serving / self.giving_up;
        let (x, b) = (-(-t * self.giving_up).exp_m1(), c + 1.0);
        if x <= 0.0 {
            return self.somebody_free;
        }
        let rest = b * -t * self.giving_up; // ln (1 − x)^b
        let (mut beta, mut ln_step) = (-rest.exp_m1(), x.ln() + rest + b.ln());
        let mut answered = self.somebody_free;
        let mut a = 1.0;
        for p in &self.states {
            answered += p * c / (c + a) * beta.max(0.0);
            beta -= ln_step.exp();
            ln_step += (x * (a + b) / (a + 1.0)).ln();
            a += 1.0;
        }
        answered.min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn near(value: f64, published: f64, by: f64) {
        assert!((value - published).abs() <= by, "{value} is not {published}");
    }

    #[test]
    fn erlang_b_as_published() {
        // "30 call lines and 25 erlangs: about 0.05" (Wolfram, Compute Loss Probabilities for a Queue).
        near(blocking(25.0, 30), 0.05, 0.005);
        near(blocking(1.0, 1), 0.5, 1e-12);
        near(blocking(2.0, 2), 0.4, 1e-12); // (2²/2) / (1 + 2 + 2)
        assert!(blocking(500.0, 600) < 1e-4 && blocking(500.0, 10) > 0.97);
    }

    /// Garnett, Mandelbaum and Reiman, "Designing a Call Center with Impatient Customers" (M&SOM 4(3), 2002), compare 50
    /// agents at 48 calls a minute, 1 minute each, without abandonment and with a patience of 2 minutes.
    fn of_garnett(patience: Option<Duration>) -> Demand {
        Demand {
            calls_per_hour: 48.0 * 60.0,
            handling: s(60.0),
            patience,
        }
    }

    #[test]
    fn erlang_c_as_published() {
        let outlook = of_garnett(None).outlook(50).unwrap();
        near(outlook.mean_wait.as_secs_f64(), 20.8, 0.05);
        near(outlook.occupancy, 0.96, 1e-9);
        near(1.0 - of_garnett(None).answered_within(50, s(58.1)), 0.10, 0.001); // 90th percentile
        // 360 calls in half an hour of 4 minutes each, 55 agents, 15 seconds: a worked example that many handbooks repeat.
        let handbook = Demand {
            calls_per_hour: 720.0,
            handling: s(240.0),
            patience: None,
        };
        near(handbook.load(), 48.0, 1e-9);
        near(waiting(48.0, 55), 0.239, 0.0005);
        near(handbook.answered_within(55, s(15.0)), 0.846, 0.0005);
        assert_eq!(handbook.outlook(48), None, "the queue would grow without end");
    }

    #[test]
    fn erlang_a_as_published() {
        let outlook = of_garnett(Some(s(120.0))).outlook(50).unwrap();
        near(outlook.abandons, 0.031, 0.0005);
        near(outlook.mean_wait.as_secs_f64(), 3.7, 0.05);
        near(outlook.occupancy, 0.93, 0.005);
        // 100 calls in 30 minutes, 3 minutes each, patience 5 minutes, 13 agents, 20 seconds
        // (https://rodrigo-arenas.github.io/pyworkforce/, Modeling abandonment).
        let published = Demand {
            calls_per_hour: 200.0,
            handling: s(180.0),
            patience: Some(s(300.0)),
        };
        let outlook = published.outlook(13).unwrap();
        near(outlook.abandons, 0.025, 0.0005);
        near(outlook.waits, 0.226, 0.0005);
        near(outlook.mean_wait.as_secs_f64(), 0.125 * 60.0, 0.03);
        near(published.answered_within(13, s(20.0)), 0.858, 0.001);
    }

    #[test]
    fn staffing_as_published() {
        // 250 calls an hour of 330 s, 80 % in 30 s: 28 (jonesthenet.com, Erlang uplift).
        let hour = Demand {
            calls_per_hour: 250.0,
            handling: s(330.0),
            patience: None,
        };
        assert_eq!(hour.agents_for(0.8, s(30.0)), Some(28));
        // 100 calls in 30 minutes, 3 minutes each, 80 % in 20 s: 14, which give 0.888 (the same documentation as above).
        let half_hour = Demand {
            calls_per_hour: 200.0,
            handling: s(180.0),
            patience: None,
        };
        assert_eq!(half_hour.agents_for(0.8, s(20.0)), Some(14));
        near(half_hour.answered_within(14, s(20.0)), 0.888_350_019, 1e-8);
        let impossible = Demand {
            calls_per_hour: 1e9,
            ..hour
        };
        assert_eq!(impossible.agents_for(0.95, s(15.0)), None);
        let none = Demand {
            calls_per_hour: 0.0,
            ..hour
        };
        assert_eq!(none.agents_for(0.95, s(15.0)), Some(1));
    }

    #[test]
    fn patience_without_end_is_c_and_no_patience_is_b() {
        let demand = |patience| Demand {
            calls_per_hour: 400.0,
            handling: s(200.0),
            patience: Some(s(patience)),
        };
        let load = demand(1.0).load();
        let (long, short) = (demand(1e8), demand(1e-4));
        near(long.outlook(25).unwrap().waits, waiting(load, 25), 1e-5);
        let endless = Demand { patience: None, ..long };
        near(
            long.answered_within(25, s(15.0)),
            endless.answered_within(25, s(15.0)),
            1e-5,
        );
        near(short.outlook(25).unwrap().abandons, blocking(load, 25), 1e-5);
        near(short.answered_within(25, s(15.0)), 1.0 - blocking(load, 25), 1e-5);
    }

    #[test]
    fn more_agents_and_more_time_never_answer_fewer() {
        for patience in [None, Some(s(90.0))] {
            let demand = Demand {
                calls_per_hour: 3_000.0,
                handling: s(240.0),
                patience,
            };
            let mut before = 0.0;
            for agents in 150..320 {
                let share = demand.answered_within(agents, s(15.0));
                assert!(
                    share >= before - 1e-9 && share <= 1.0,
                    "{agents}: {share} after {before}"
                );
                assert!(demand.answered_within(agents, s(600.0)) >= share - 1e-9);
                before = share;
            }
        }
    }
}
