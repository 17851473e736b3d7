//! New settings and new accounts while people wait and speak.

use std::collections::BTreeMap;

use crate::kernel::{AgentId, CallId, Now};

use super::agent::{After, Agent, AgentNo, Serves, State};
use super::callback::Stage;
use super::floor::Floor;
use super::line::Line;
use super::timer::Timer;
use super::types::{FloorConfig, Profile, QueueConfig};
use super::waiting::{Classes, QueueNo, Slot};

impl Floor {
    /// New settings; callers and agents stay as they are. Callers of a queue that is gone leave with `no_agents`, debts of it
    /// wait for a person. Places keep what they were given; a new limit holds for those who enter from now on.
    pub fn reconfigure(&mut self, config: FloorConfig, now: Now) {
        let gone: Vec<QueueNo> = self
            .queue_names
            .iter()
            .filter(|(name, _)| !config.queues.contains_key(*name))
            .map(|(_, no)| *no)
            .collect();
        let queues = config.queues.clone();
        self.config = config;
        for queue in gone {
            self.close_queue(queue, now);
        }
        for (name, queue) in queues {
            match self.queue_names.get(&name) {
                Some(no) => self.change_queue(*no, queue),
                None => {
                    let no = QueueNo(self.lines.insert(Line::new(queue)));
                    self.queue_names.insert(name, no);
                }
            }
        }
        let all: Vec<AgentNo> = self.agent_names.values().copied().collect();
        for no in all {
            self.enrol(no);
        }
        self.match_all(now);
    }

    /// All accounts as they are from now on. Who is gone is signed out, after the call that he is in.
    pub fn set_agents(&mut self, profiles: Vec<Profile>, now: Now) {
        self.note_time(now);
        let profiles: BTreeMap<AgentId, Profile> = profiles.into_iter().map(|p| (p.id.clone(), p)).collect();
        let gone: Vec<AgentNo> = self
            .agent_names
            .iter()
            .filter(|(id, _)| !profiles.contains_key(*id))
            .map(|(_, no)| *no)
            .collect();
        for no in gone {
            if let Some(agent) = self.agents.get_mut(no.0) {
                agent.gone = true;
                if agent.state == State::Out {
                    let id = agent.profile.id.clone();
                    self.agents.remove(no.0);
                    self.agent_names.remove(&id);
                } else {
                    self.stop_work(no, After::SignOut { by: None }, now);
                }
            }
        }
        for (id, profile) in profiles {
            match self.agent_no(&id).and_then(|no| self.agents.get_mut(no.0)) {
                Some(agent) => {
                    agent.profile = profile;
                    agent.gone = false;
                }
                None => {
                    let no = AgentNo(self.agents.insert(Agent::new(profile, now)));
                    self.agent_names.insert(id, no);
                }
            }
        }
        let all: Vec<AgentNo> = self.agent_names.values().copied().collect();
        for (position, no) in all.iter().enumerate() {
            if let Some(agent) = self.agents.get_mut(no.0) {
                agent.position = position as u64;
            }
            self.enrol(*no);
        }
        self.match_all(now);
    }

    /// The queues that the agent serves, anew.
    fn enrol(&mut self, no: AgentNo) {
        self.unlist(no);
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        let names = &self.queue_names;
        let serves = agent.profile.queues.iter().filter_map(|(name, tier)| {
            names.get(name).map(|queue| Serves {
                queue: *queue,
                tier: *tier,
                rank: None,
            })
        });
        agent.serves = serves.collect();
        self.list(no);
    }

    fn close_queue(&mut self, queue: QueueNo, now: Now) {
        let Some(line) = self.lines.get_mut(queue.0) else {
            return;
        };
        let callers: Vec<Slot> = line.callers.iter().map(|(_, slot)| *slot).collect();
        let leaving: Vec<AgentNo> = self.agent_names.values().copied().collect();
        // Nobody is given anything of it while it is being emptied.
        for no in leaving {
            self.unlist(no);
            if let Some(agent) = self.agents.get_mut(no.0) {
                agent.serves.retain(|serves| serves.queue != queue);
            }
            self.list(no);
        }
        for slot in callers {
            self.dismiss(slot, "no_agents", now);
        }
        let debts: Vec<CallId> = self
            .debts
            .iter()
            .filter(|(_, owed)| owed.queue == Some(queue))
            .map(|(call, _)| *call)
            .collect();
        for debt in debts {
            let stage = self.debts.get(&debt).map(|owed| owed.stage);
            // An agent who is calling goes on; afterwards a person has to decide.
            if !matches!(stage, Some(Stage::Trying(_))) {
                self.debt_out(debt, now);
            }
            if let Some(owed) = self.debts.get_mut(&debt) {
                (owed.queue, owed.flying) = (None, false);
            }
        }
        let all: Vec<AgentNo> = self.agent_names.values().copied().collect();
        for no in all {
            let Some(agent) = self.agents.get_mut(no.0) else {
                continue;
            };
            match &mut agent.state {
                State::Speaking(speaking) if speaking.queue == Some(queue) => speaking.queue = None,
                State::WrapUp(wrap_up) if wrap_up.queue == Some(queue) => wrap_up.queue = None,
                State::Out
                | State::Free
                | State::Paused { .. }
                | State::Ringing { .. }
                | State::Speaking(_)
                | State::WrapUp(_) => {}
            }
        }
        if let Some(line) = self.lines.remove(queue.0) {
            self.queue_names.remove(&line.config.name);
        }
    }

    fn change_queue(&mut self, queue: QueueNo, config: QueueConfig) {
        let Some(line) = self.lines.get_mut(queue.0) else {
            return;
        };
        if line.config.requires != config.requires {
            let mut classes = Classes::new(config.requires.clone());
            for (place, slot) in line.callers.iter().chain(&line.ghosts) {
                let Some(waiting) = self.waiting.get_mut(slot.0) else {
                    continue;
                };
                waiting.class = classes.of(&waiting.more);
                let class = &mut classes.0[waiting.class];
                class.members += 1;
                if waiting.offers.is_empty() {
                    class.open.insert(*place, *slot);
                }
            }
            line.classes = classes;
        }
        line.config = config;
    }

    /// After a change of everything: all who wait are looked at in their order, then all debts.
    fn match_all(&mut self, now: Now) {
        let mut waiting: Vec<_> = self.waiting.iter().map(|(no, w)| (w.place, Slot(no))).collect();
        waiting.sort_unstable();
        for (_, slot) in waiting {
            // The requirements may have changed, and so the moments at which they sink.
            let widen = self.waiting.get_mut(slot.0).and_then(|w| w.alarms.widen.take());
            if let Some(at) = widen {
                self.timers.stop(Timer::Widen(slot), at);
            }
            let idle = self.waiting.get(slot.0).is_some_and(|w| w.offers.is_empty());
            if idle {
                self.begin_to_wait(slot, now);
                self.seek(slot, now);
            }
        }
        let debts: Vec<CallId> = self.debts.keys().copied().collect();
        for debt in debts {
            let Some(owed) = self.debts.get_mut(&debt) else {
                continue;
            };
            if owed.queue.is_none() {
                owed.queue = self.queue_names.get(&owed.debt.queue).copied();
            }
            match owed.stage {
                Stage::Listed | Stage::Kept => {
                    self.debt_out(debt, now);
                    self.enlist(debt, now);
                }
                Stage::Ghost(_) | Stage::Offered(_) | Stage::Trying(_) => {}
            }
        }
        self.watch_deserted(now);
    }
}
