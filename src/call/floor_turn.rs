//! What the floor says is done here: agents' telephones ring and fall silent, callers are told, statuses go on record.

use std::collections::BTreeSet;

use crate::kernel::{AgentId, CallId, EventKind, Now, OfferEnd, PhoneNumber, Wall};
use crate::queue::{
    AgentView, Command as FloorCommand, Debt, FloorConfig, Profile, QueueView, Restored, Returning, Task,
};
use crate::sip::registrar::BindingChange;

use super::exchange::Exchange;
use super::live::Phase;

/// What others tell the floor, and see of it.
impl Exchange {
    /// New queues. Callers and agents stay as they are.
    pub fn set_floor(&mut self, config: FloorConfig, now: Now) {
        self.desk.floor.reconfigure(config, now);
        self.turn(now);
    }

    /// All accounts as they are from now on.
    pub fn set_agents(&mut self, profiles: Vec<Profile>, now: Now) {
        self.desk.floor.set_agents(profiles, now);
        self.turn(now);
    }

    /// What was true before a restart: once, before the first call.
    pub fn restore(&mut self, agents: Vec<Restored>, returning: Vec<Returning>, debts: Vec<Debt>, now: Now) {
        self.desk.floor.restore(agents, returning, debts, now);
        self.turn(now);
    }

    /// Numbers that were asked for a rating before a restart, and when: nobody is asked twice in four hours.
    pub fn restore_asked(&mut self, asked: Vec<(PhoneNumber, Wall)>) {
        self.desk.asked.restore(asked);
    }

    /// The registrar has news of an account's telephones.
    pub fn bound(&mut self, change: BindingChange, now: Now) {
        let reachable = !change.bindings.is_empty();
        self.desk.bind(&change.user, change.bindings);
        if let Some(agent) = AgentId::parse(&change.user) {
            self.desk.floor.reachable(&agent, reachable, now);
        }
        self.turn(now);
    }

    /// All agents by name.
    pub fn agents(&self, now: Now) -> Vec<AgentView> {
        self.desk.floor.agents(now)
    }

    /// All queues by name.
    pub fn queues(&self, now: Now) -> Vec<QueueView> {
        self.desk.floor.queues(now)
    }

    /// All debts, the oldest first.
    pub fn debts(&self) -> Vec<Debt> {
        self.desk.floor.debts()
    }

    /// Agents who speak with somebody, by what the calls know: to be compared with what the floor says.
    pub fn speaking(&self) -> BTreeSet<AgentId> {
        let calls = self.calls.values().filter(|call| call.phase != Phase::Ending);
        let people = calls.flat_map(|call| call.others.iter().filter(|party| party.part.is_some()));
        people.filter_map(|party| party.agent().cloned()).collect()
    }
}

/// What the floor wants.
impl Exchange {
    /// Does the next thing that the floor says. False if it says nothing.
    pub(super) fn floor_turn(&mut self, now: Now) -> bool {
        let Some(command) = self.desk.floor.next_command() else {
            return false;
        };
        match command {
            FloorCommand::Offer {
                offer,
                agent,
                task: Task::Call(id),
                ring_timeout,
                waited: _,
            } => match self.is_live(id) {
                true => self.with_call(id, |call, desk, _| {
                    call.offer_to(offer, &agent, ring_timeout, now, desk)
                }),
                false => self.desk.floor.offer_ended(offer, OfferEnd::Withdrawn, now),
            },
            FloorCommand::Offer {
                offer,
                agent,
                task: Task::CallBack(debt),
                ring_timeout,
                waited: _,
            } => self.call_back(offer, &agent, &debt, ring_timeout, now),
            FloorCommand::Withdraw { offer } => {
                if let Some(id) = self.desk.by_offer.get(&offer).copied() {
                    self.with_call(id, |call, desk, _| call.withdraw(offer, now, desk));
                }
            }
            FloorCommand::Done { call, outcome } => {
                self.with_call(call, |call, desk, _| call.queue_done(&outcome, now, desk));
            }
            FloorCommand::Announce { call, words } => {
                self.with_call(call, |call, desk, _| call.announce(words, now, desk));
            }
            FloorCommand::Changed {
                agent,
                status,
                reason,
                call,
                queue,
                until,
                by,
            } => {
                let changed = EventKind::AgentChanged {
                    status,
                    reason,
                    call_id: call,
                    queue,
                    until,
                    by,
                };
                self.desk.note_agent(agent, changed, now);
            }
            FloorCommand::OfferEnded { call, agent, outcome } => {
                // A call that is over has noted it before its end.
                if self.is_live(call) {
                    let agent = agent.to_string();
                    self.desk.note(call, EventKind::OfferEnded { agent, outcome }, now);
                }
            }
        }
        true
    }

    fn is_live(&self, id: CallId) -> bool {
        self.calls.get(&id).is_some_and(|call| call.phase != Phase::Ending)
    }
}
