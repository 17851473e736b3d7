//! Who is given to whom: the agent for a caller, the caller for an agent. Changes nothing.

use std::time::Duration;

use rand::Rng;

use crate::kernel::Mono;
use crate::kernel::Now;

use super::agent::{Agent, AgentNo};
use super::floor::Floor;
use super::line::Line;
use super::types::{Requirement, Strategy};
use super::waiting::{Place, QueueNo, Slot, Waiting, Who, level_after};

/// Telephones that ring at once for one caller at most.
pub const RING_ALL_MAX: usize = 64;

/// Whether the agent may take a call that asks this and has waited so long.
pub(super) fn able(agent: &Agent, requires: &[Requirement], waited: Duration) -> bool {
    let mut must = requires.iter().filter(|r| !r.preferred);
    must.all(|r| agent.level(&r.skill) >= level_after(r, waited))
}

/// Whether he might take it after any wait.
pub(super) fn able_ever(agent: &Agent, requires: &[Requirement]) -> bool {
    let mut must = requires.iter().filter(|r| !r.preferred && r.widens_every.is_none());
    must.all(|r| agent.level(&r.skill) >= r.level)
}

/// How many wishes he does not fulfil.
fn unmet(agent: &Agent, requires: &[Requirement]) -> usize {
    let wishes = requires.iter().filter(|r| r.preferred);
    wishes.filter(|r| agent.level(&r.skill) < r.level.max(1)).count()
}

impl Waiting {
    /// Whether the agent did not take him a moment ago.
    fn rests(&self, agent: AgentNo, now: Mono) -> bool {
        let mut declined = self.declined.iter();
        declined.any(|declined| declined.agent == agent && now < declined.until)
    }

    fn times_declined(&self, agent: AgentNo) -> u32 {
        let declined = self.declined.iter().find(|declined| declined.agent == agent);
        declined.map_or(0, |declined| declined.times)
    }
}

impl Floor {
    /// The agents to be rung for one who waits: one, or for "ring all" all that are free.
    pub(super) fn agents_for(&mut self, slot: Slot, now: Now) -> Vec<AgentNo> {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return Vec::new();
        };
        let Some(line) = self.lines.get(waiting.queue.0) else {
            return Vec::new();
        };
        if line.free.is_empty() || !self.may_be_served(waiting, line, now) {
            return Vec::new();
        }
        let requires = &line.classes.0[waiting.class].requires;
        let waited = waiting.waited_here(now.mono);
        let wishes = requires.iter().any(|r| r.preferred);
        let by_lot = line.config.strategy == Strategy::Random;
        let ring_all = line.config.strategy == Strategy::RingAll && waiting.who == Who::Caller;

        // The list is in the order of tier and strategy: the first without a flaw is the one.
        let mut found: Vec<((u32, usize, u8), AgentNo)> = Vec::new();
        for (tier, _, _, no) in &line.free {
            let Some(agent) = self.agents.get(no.0) else { continue };
            if !able(agent, requires, waited) || waiting.rests(*no, now.mono) {
                continue;
            }
            let unmet = if wishes { unmet(agent, requires) } else { 0 };
            let flaw = (waiting.times_declined(*no), unmet);
            if flaw == (0, 0) && !by_lot && !ring_all {
                return vec![*no];
            }
            found.push(((flaw.0, flaw.1, *tier), *no));
        }
        if ring_all {
            found.truncate(RING_ALL_MAX);
            return found.into_iter().map(|(_, no)| no).collect();
        }
        let Some(best) = found.iter().map(|(flaws, _)| *flaws).min() else {
            return Vec::new();
        };
        found.retain(|(flaws, _)| *flaws == best);
        let index = if by_lot {
            self.rng.random_range(0..found.len())
        } else {
            0
        };
        vec![found[index].1]
    }

    /// The agent for a debt that nobody waits for on the line.
    pub(super) fn agent_for_debt(&mut self, queue: QueueNo, waited: Duration) -> Option<AgentNo> {
        let line = self.lines.get(queue.0)?;
        let requires = &line.classes.0[0].requires;
        let able = |no: &AgentNo| self.agents.get(no.0).is_some_and(|agent| able(agent, requires, waited));
        let mut free = line.free.iter().map(|(_, _, _, no)| *no).filter(able);
        if line.config.strategy == Strategy::Random {
            let all: Vec<AgentNo> = free.collect();
            let index = self.rng.random_range(0..all.len().max(1));
            return all.get(index).copied();
        }
        free.next()
    }

    /// The first in all of the agent's queues whom he may serve.
    pub(super) fn first_for(&self, no: AgentNo, now: Now) -> Option<Slot> {
        let agent = self.agents.get(no.0)?;
        let mut first: Option<(Place, Slot)> = None;
        for serves in &agent.serves {
            let Some(line) = self.lines.get(serves.queue.0) else {
                continue;
            };
            for class in &line.classes.0 {
                let widens = class.widens();
                if class.open.is_empty() || !widens && !able(agent, &class.requires, Duration::ZERO) {
                    continue;
                }
                let fits = |waiting: &Waiting| {
                    let able = !widens || able(agent, &class.requires, waiting.waited_here(now.mono));
                    able && !waiting.rests(no, now.mono) && self.may_be_served(waiting, line, now)
                };
                let beaten = |place: &Place| first.is_some_and(|(best, _)| best < *place);
                let found = class
                    .open
                    .iter()
                    .take_while(|(place, _)| !beaten(place))
                    .find(|(_, slot)| self.waiting.get(slot.0).is_some_and(fits));
                if let Some((place, slot)) = found {
                    first = Some((*place, *slot));
                }
            }
        }
        first.map(|(_, slot)| slot)
    }

    /// The first caller whom all are being rung for, and the agent not yet.
    pub(super) fn joins(&self, no: AgentNo, now: Now) -> Option<Slot> {
        let agent = self.agents.get(no.0)?;
        let lines = agent.serves.iter().filter_map(|serves| self.lines.get(serves.queue.0));
        let all = lines.filter(|line| line.config.strategy == Strategy::RingAll);
        let fits = |line: &Line, slot: &Slot| {
            self.waiting.get(slot.0).is_some_and(|waiting| {
                let requires = &line.classes.0[waiting.class].requires;
                (1..RING_ALL_MAX).contains(&waiting.offers.len())
                    && !waiting.overdue
                    && waiting.times_declined(no) == 0
                    && able(agent, requires, waiting.waited_here(now.mono))
            })
        };
        let ringing = all.filter_map(|line| line.callers.iter().find(|(_, slot)| fits(line, slot)));
        ringing.min().map(|(_, slot)| *slot)
    }

    /// A citizen who hung up is only called in the hours for it.
    fn may_be_served(&self, waiting: &Waiting, line: &Line, now: Now) -> bool {
        match waiting.who {
            Who::Caller => true,
            Who::Ghost => self.in_hours(&line.config.callback, now.wall),
        }
    }

    /// Whether anybody is signed in who could take such a call some day.
    pub(super) fn somebody_could(&self, queue: QueueNo, requires: &[Requirement]) -> bool {
        self.agents.iter().any(|(_, agent)| {
            agent.is_in() && !agent.gone && agent.serves.iter().any(|s| s.queue == queue) && able_ever(agent, requires)
        })
    }
}
