//! How many agents each half hour needs, by formula; and a town that has exactly these, to see whether it is true.

use std::time::Duration;

use super::super::erlang::Demand;
use super::Town;

/// Half hours of a day.
pub const HALF_HOURS: usize = 48;

/// What one half hour brings and needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfHour {
    /// Calls expected.
    pub calls: f64,
    /// Agents who answer the wanted share in the wanted time, if they can all take every call; `None`: nobody could.
    pub agents: Option<u32>,
    /// Agents who are there by the town's hours.
    pub on_duty: u32,
}

/// The answer for a town: with so many agents, `share` of all callers speaks with one `within` this time, by Erlang A. The
/// time in which a telephone is picked up (twice its mean, for the late ones) is taken off what callers may wait, and its
/// mean belongs to the handling.
pub fn staffing(town: &Town, share: f64, within: Duration) -> Vec<HalfHour> {
    let total: f64 = town.hourly.iter().sum();
    let handling = town.pick_up.mean() + town.talk.mean() + town.wrap_up.mean();
    // Who is offered to an agent who does not hear it is not answered in time, however many agents there are.
    let share = (share / (1.0 - town.deaf)).min(0.999_9);
    let in_queue = within.saturating_sub(town.pick_up.mean() * 2);
    let half_hour = |index: usize| {
        let calls = f64::from(town.calls) * town.hourly[index / 2] / total / 2.0;
        let demand = Demand {
            calls_per_hour: calls * 2.0,
            handling,
            patience: Some(town.patience.mean()),
        };
        HalfHour {
            calls,
            agents: demand.agents_for(share, in_queue),
            on_duty: on_duty(town, u32::try_from(index * 30 + 15).unwrap_or(0)),
        }
    };
    (0..HALF_HOURS).map(half_hour).collect()
}

/// Agents at work at this minute of the day.
fn on_duty(town: &Town, minute: u32) -> u32 {
    let there = |hours: &[(u16, u16)]| {
        let mut duties = hours.iter().map(|(from, to)| (u32::from(*from), u32::from(*to)));
        duties.any(|(from, to)| (from..to).contains(&minute) || (from..to).contains(&(minute + 24 * 60)))
    };
    let count = town.agents.iter().filter(|(_, hours)| there(hours)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Town {
    /// The same town with exactly the agents of the answer in each half hour, who can all take every call.
    #[must_use]
    pub fn staffed_by(mut self, answer: &[HalfHour]) -> Self {
        let most = answer
            .iter()
            .filter_map(|half_hour| half_hour.agents)
            .max()
            .unwrap_or(0);
        let all = (0..most).filter_map(|no| {
            let mut duties: Vec<(u16, u16)> = Vec::new();
            for (index, half_hour) in answer.iter().enumerate() {
                if half_hour.agents.unwrap_or(0) <= no {
                    continue;
                }
                let from = u16::try_from(index * 30).unwrap_or(0);
                match duties.last_mut().filter(|(_, to)| *to == from) {
                    Some((_, to)) => *to += 30,
                    None => duties.push((from, from + 30)),
                }
            }
            let queues: Vec<&str> = self.queues.iter().map(|(name, _)| name.as_str()).collect();
            Some((super::town::agent(no as usize, &queues, 10)?, duties))
        });
        self.agents = all.collect();
        self
    }
}
