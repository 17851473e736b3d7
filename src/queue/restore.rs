//! After a restart: agents do what they did, debts stand, and callers who were cut off get their places back.

use std::time::Duration;

use crate::kernel::{AgentStatus, Now, PhoneNumber};

use super::agent::{State, Today, WrapUp};
use super::callback::mono_of;
use super::floor::Floor;
use super::timer::Timer;
use super::types::{Debt, Restored, Returning};
use super::waiting::Place;

/// What a caller brings who comes back.
pub(super) struct Back {
    /// Waited in all when the server died.
    pub(super) waited: Duration,
    /// Time since he entered, the time without a server included: for his place.
    pub(super) stood: Duration,
    /// Waited in this same queue.
    pub(super) here: Duration,
}

impl Floor {
    /// What was true before a restart: once, after [`Self::set_agents`] and before the first call. Accounts that are gone
    /// are passed over.
    ///
    /// Who was speaking writes up from now on; who was being rung is free; a wrap-up ends when it was to end; a pause stays,
    /// with its reason and since when. Only what is different from before is said.
    pub fn restore(&mut self, agents: Vec<Restored>, returning: Vec<Returning>, debts: Vec<Debt>, now: Now) {
        self.note_time(now);
        let mut agents = agents;
        agents.sort_by(|a, b| (a.since, &a.agent).cmp(&(b.since, &b.agent)));
        for agent in agents {
            self.restore_agent(agent, now);
        }
        self.returning = returning;
        self.returning.sort_by_key(|caller| caller.entered);
        self.returning_until = now.mono + self.config.redial_within;
        let mut debts = debts;
        debts.sort_by_key(|debt| (debt.owed_at, debt.call));
        for debt in debts {
            self.restore_debt(debt, now);
        }
    }

    fn restore_agent(&mut self, restored: Restored, now: Now) {
        let (order, day) = (self.next_in_sequence(), self.day);
        let Some(no) = self.agent_no(&restored.agent) else {
            return;
        };
        let queue = restored
            .queue
            .as_ref()
            .and_then(|name| self.queue_names.get(name).copied());
        let line = queue.and_then(|queue| self.lines.get(queue.0));
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        agent.idle = order;
        agent.today = Today {
            day,
            talked: restored.talked_today,
            calls: restored.calls_today,
        };
        let write_up = |from_now: bool| {
            let (call, line) = (restored.call?, line?);
            let most = line.wrap_up_limit(now.mono);
            let until = if from_now {
                now.mono + line.wrap_up(agent)
            } else {
                mono_of(restored.until?, now).min(most)
            };
            (until > now.mono).then(|| WrapUp {
                call,
                queue,
                until,
                until_wall: now.wall + until.since(now.mono),
                limit: most.max(until),
                began: None,
            })
        };
        let wrap_up = match restored.status {
            AgentStatus::Talking | AgentStatus::Holding => write_up(true),
            AgentStatus::WrapUp => write_up(false),
            AgentStatus::SignedOut | AgentStatus::Available | AgentStatus::Paused | AgentStatus::Ringing => None,
        };
        let state = match (restored.status, wrap_up) {
            (AgentStatus::SignedOut, _) => State::Out,
            (AgentStatus::Paused, _) => State::Paused {
                reason: restored.reason.unwrap_or_default(),
            },
            (_, Some(wrap_up)) => State::WrapUp(wrap_up),
            (
                AgentStatus::Available
                | AgentStatus::Ringing
                | AgentStatus::Talking
                | AgentStatus::Holding
                | AgentStatus::WrapUp,
                None,
            ) => State::Free,
        };
        agent.state = state;
        agent.since = restored.since;
        if let State::WrapUp(wrap_up) = &agent.state {
            self.timers.set(Timer::WrapUp(no), wrap_up.until);
        }
        if agent.status() != restored.status {
            agent.since = now.wall;
            self.tell(no, None);
        }
        self.list(no);
        self.serve(no, now);
    }

    /// A citizen who had asked for the call keeps his place among the callers, as well as it is known.
    fn restore_debt(&mut self, debt: Debt, now: Now) {
        let queue = self.queue_names.get(&debt.queue).copied();
        let line = queue.and_then(|queue| self.lines.get(queue.0));
        let asked = debt.because == "requested" && debt.attempts == 0;
        if let (true, Some(queue), Some(line)) = (asked, queue, line) {
            let (priority, ageing) = (line.config.priority, line.config.ageing);
            let arrival = self.next_in_sequence();
            let place = Place::new(now.mono, Self::ago(now, debt.owed_at), priority, ageing, arrival);
            self.add_ghost(debt, queue, place, Vec::new(), now);
        } else {
            self.owe(debt, now);
        }
    }

    /// Whether this caller was cut off by the restart a moment ago, and what he had waited. He is known by his number, once
    /// for each time that he was cut off.
    pub(super) fn comes_back(&mut self, number: &PhoneNumber, queue: &str, now: Now) -> Option<Back> {
        if self.returning.is_empty() {
            return None;
        }
        if now.mono > self.returning_until {
            self.returning.clear();
            return None;
        }
        if !Self::tells_who(number) {
            return None;
        }
        let is_his = |caller: &Returning| caller.number == *number;
        let same = self
            .returning
            .iter()
            .position(|caller| is_his(caller) && caller.queue == queue);
        let found = same.or_else(|| self.returning.iter().position(is_his))?;
        let caller = self.returning.remove(found);
        // The wall clock may have been stepped while the server was away: then what he had waited is what counts.
        let longest = caller.waited + self.config.redial_within * 2;
        Some(Back {
            waited: caller.waited,
            stood: Self::ago(now, caller.entered).clamp(caller.waited, longest),
            here: if caller.queue == queue {
                caller.waited
            } else {
                Duration::ZERO
            },
        })
    }
}
