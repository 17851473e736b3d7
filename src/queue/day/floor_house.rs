//! The house that is the floor alone: telephones that always ring, lines that are never busy.

use std::collections::{BTreeMap, VecDeque};

use crate::kernel::{AgentId, CallId, Mono, Now, OfferEnd};

use super::super::floor::Floor;
use super::super::types::{Action, Command, Debt, OfferId, Task, Waiter};
use super::{Caller, Heard, House, Town};

/// See the file.
pub struct FloorHouse {
    floor: Floor,
    agents: Vec<AgentId>,
    numbers: BTreeMap<AgentId, usize>,
    queues: Vec<String>,
    calls_back: bool,
    heard: VecDeque<Heard>,
    /// Looks at the floor when it has nothing more to say, every eighth time.
    #[cfg(test)]
    pub(super) watch: Option<fn(&Floor, Now)>,
    #[cfg(test)]
    turns: u32,
    #[cfg(test)]
    now: Now,
}

impl FloorHouse {
    /// With the town's queues and accounts; nobody is at work yet.
    pub fn new(town: &Town, seed: u64, now: Now) -> Self {
        let mut floor = Floor::new(town.floor.clone(), seed);
        let profiles: Vec<_> = town.agents.iter().map(|(profile, _)| profile.clone()).collect();
        let agents: Vec<AgentId> = profiles.iter().map(|profile| profile.id.clone()).collect();
        floor.set_agents(profiles, now);
        for agent in &agents {
            floor.reachable(agent, true, now);
        }
        Self {
            floor,
            numbers: agents.iter().cloned().enumerate().map(|(no, id)| (id, no)).collect(),
            agents,
            queues: town.queues.iter().map(|(name, _)| name.clone()).collect(),
            calls_back: town.calls_back,
            heard: VecDeque::new(),
            #[cfg(test)]
            watch: None,
            #[cfg(test)]
            turns: 0,
            #[cfg(test)]
            now,
        }
    }

    fn number(&self, agent: &AgentId) -> usize {
        self.numbers.get(agent).copied().unwrap_or(usize::MAX)
    }

    fn say(&mut self, command: Command) {
        let heard = match command {
            Command::Offer {
                offer,
                agent,
                task,
                ring_timeout,
                ..
            } => {
                let (call, back) = match task {
                    Task::Call(call) => (call, false),
                    Task::CallBack(debt) => (debt.call, true),
                };
                Heard::Rings {
                    ring: offer.0,
                    agent: self.number(&agent),
                    call,
                    back,
                    ring_timeout,
                }
            }
            Command::Withdraw { offer } => Heard::Stops { ring: offer.0 },
            Command::Done { call, .. } => Heard::TurnedAway { call },
            Command::Changed { agent, status, .. } => Heard::Shows {
                agent: self.number(&agent),
                status,
            },
            Command::Announce { .. } | Command::OfferEnded { .. } => return,
        };
        self.heard.push_back(heard);
    }
}

impl House for FloorHouse {
    fn dials(&mut self, caller: &Caller, now: Now) {
        let waiter = Waiter {
            call: caller.call,
            queue: self.queues[caller.queue].clone(),
            number: caller.number.clone(),
            requires: Vec::new(),
            priority: 0,
            carried: std::time::Duration::ZERO,
        };
        if self.floor.enter(waiter, now).is_err() {
            self.heard.push_back(Heard::TurnedAway { call: caller.call });
        }
    }

    fn gives_up(&mut self, caller: &Caller, now: Now) {
        self.floor.leave(caller.call, now);
        if self.calls_back {
            let debt = Debt {
                call: caller.call,
                number: caller.number.clone(),
                queue: self.queues[caller.queue].clone(),
                because: "abandoned".into(),
                owed_at: now.wall,
                attempts: 0,
                not_before: None,
            };
            self.floor.owe(debt, now);
        }
    }

    fn picks_up(&mut self, ring: u64, now: Now) {
        // A ring that is over is picked up by nobody: the day was told that it stopped.
        let _ = self.floor.offer_answered(OfferId(ring), now);
    }

    fn refuses(&mut self, ring: u64, now: Now) {
        self.floor.offer_ended(OfferId(ring), OfferEnd::Rejected, now);
    }

    fn rings_out(&mut self, ring: u64, now: Now) {
        self.floor.offer_ended(OfferId(ring), OfferEnd::NoAnswer, now);
    }

    fn ends(&mut self, agent: usize, call: CallId, now: Now) {
        self.floor.part_over(&self.agents[agent], call, now);
    }

    fn called_back(&mut self, agent: usize, call: CallId, reached: bool, now: Now) {
        self.floor.callback_tried(call, reached, now);
        if !reached {
            self.floor.part_over(&self.agents[agent], call, now);
        }
    }

    fn acts(&mut self, agent: usize, action: Action, now: Now) {
        // A key that means nothing now is pressed in vain.
        let _ = self.floor.act(&self.agents[agent], action, None, now);
    }

    fn next_heard(&mut self) -> Option<Heard> {
        while self.heard.is_empty() {
            let Some(command) = self.floor.next_command() else {
                #[cfg(test)]
                {
                    self.turns += 1;
                    if let Some(watch) = self.watch.filter(|_| self.turns.is_multiple_of(8)) {
                        watch(&self.floor, self.now);
                    }
                }
                return None;
            };
            self.say(command);
        }
        self.heard.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        self.floor.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Now) {
        #[cfg(test)]
        {
            self.now = now;
        }
        self.floor.handle_timeout(now);
    }

    fn remains(&self) -> Vec<String> {
        self.floor.remains()
    }
}
