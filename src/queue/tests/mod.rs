//! A floor with people in it: agents by number, callers by number, virtual time. Each test says what somebody lives through.
//!
//! What broke others: two agents win one call (`race`, `choice`), the caller is gone and the agent still rings or stays
//! reserved (`common_path`), the eighth caller first, freed agents who wait (`common_path`, `working`, `chaos`), clocks and
//! pauses lost at a restart or reload (`restart`, `working`), call-backs that flood the queue or come at 2 a.m. (`callbacks`).

mod announcements;
mod callbacks;
mod chaos;
mod choice;
mod common_path;
mod fairness;
mod invariants;
mod overflow;
mod race;
mod restart;
mod working;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::kernel::{AgentId, AgentStatus, CallId, Mono, Now, OfferEnd, PhoneNumber, Role, Wall};

/// Noon of a Monday in UTC+8.
pub const NOON: Wall = Wall::from_millis(1_764_561_600_000);

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn agent(no: u32) -> AgentId {
    AgentId::parse(&format!("{}", 8000 + no)).unwrap()
}

pub fn call(no: u32) -> CallId {
    CallId::new(Wall::from_millis(i64::from(no)), u128::from(no))
}

pub fn number(no: u32) -> PhoneNumber {
    PhoneNumber::new(&format!("138{no:08}"))
}

/// A queue with nothing special.
pub fn queue(name: &str) -> QueueConfig {
    QueueConfig {
        name: name.into(),
        strategy: Strategy::LongestIdle,
        ring_timeout: s(15),
        wrap_up: s(30),
        wrap_up_max: s(120),
        rona_after: 2,
        length_max: 1_000,
        wait_max: None,
        estimate_max: None,
        needs_agents: true,
        priority: 0,
        ageing: s(60),
        requires: Vec::new(),
        announce_every: None,
        callback: CallbackRules {
            automatic: true,
            attempts_max: 3,
            retry_after: s(1_800),
            window_minutes: (8 * 60, 20 * 60),
        },
    }
}

pub fn config(queues: impl IntoIterator<Item = QueueConfig>) -> FloorConfig {
    FloorConfig {
        queues: queues.into_iter().map(|q| (q.name.clone(), q)).collect(),
        redial_within: s(120),
        utc_offset_s: 8 * 3_600,
    }
}

pub fn profile(no: u32, queues: &[&str]) -> Profile {
    Profile {
        id: agent(no),
        name: format!("坐席{no}"),
        role: Role::Agent,
        queues: queues.iter().map(|name| ((*name).to_owned(), 1)).collect(),
        skills: BTreeMap::new(),
        wrap_up: None,
    }
}

pub fn debt(no: u32, name: &str, at: Wall) -> Debt {
    Debt {
        call: call(no),
        number: number(no),
        queue: name.into(),
        because: "abandoned".into(),
        owed_at: at,
        attempts: 0,
        not_before: None,
    }
}

/// A floor, its clock, and everything that it said and nobody has looked at yet.
pub struct Room {
    pub floor: Floor,
    pub now: Now,
    pub said: Vec<Command>,
}

impl Room {
    /// With `agents` agents of all these queues, all of them free.
    pub fn new(queues: impl IntoIterator<Item = QueueConfig>, agents: u32) -> Self {
        let config = config(queues);
        let names: Vec<String> = config.queues.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let profiles = (1..=agents).map(|no| profile(no, &names)).collect();
        Self::with(config, profiles)
    }

    /// With these accounts, all of them free.
    pub fn with(config: FloorConfig, profiles: Vec<Profile>) -> Self {
        let mut room = Self::closed(config, profiles.clone());
        for profile in profiles {
            room.ready(&profile.id);
        }
        room.said.clear();
        room
    }

    /// With these accounts, and nobody at work.
    pub fn closed(config: FloorConfig, profiles: Vec<Profile>) -> Self {
        let now = Now {
            mono: Mono::from_nanos(1_000_000_000),
            wall: NOON,
        };
        let mut floor = Floor::new(config, 1);
        floor.set_agents(profiles, now);
        let mut room = Self {
            floor,
            now,
            said: Vec::new(),
        };
        room.hear();
        room
    }

    fn ready(&mut self, id: &AgentId) {
        self.floor.reachable(id, true, self.now);
        self.floor
            .act(id, Action::SignIn { ready: true }, None, self.now)
            .unwrap();
        self.hear();
    }

    fn hear(&mut self) {
        while let Some(command) = self.floor.next_command() {
            self.said.push(command);
        }
    }

    pub fn waiter(no: u32, queue: &str) -> Waiter {
        Waiter {
            call: call(no),
            queue: queue.into(),
            number: number(no),
            requires: Vec::new(),
            priority: 0,
            carried: Duration::ZERO,
        }
    }

    pub fn enter(&mut self, no: u32, queue: &str) {
        self.enter_as(Self::waiter(no, queue));
    }

    pub fn enter_as(&mut self, waiter: Waiter) -> Duration {
        let waited = self.floor.enter(waiter, self.now).unwrap();
        self.hear();
        waited
    }

    pub fn leave(&mut self, no: u32) -> Duration {
        let waited = self.floor.leave(call(no), self.now);
        self.hear();
        waited
    }

    pub fn act(&mut self, no: u32, action: Action) {
        self.floor.act(&agent(no), action, None, self.now).unwrap();
        self.hear();
    }

    pub fn pause(&mut self, no: u32) {
        self.act(no, Action::Pause { reason: "meal".into() });
    }

    pub fn answer(&mut self, offer: OfferId) -> Result<(), Refused> {
        let done = self.floor.offer_answered(offer, self.now);
        self.hear();
        done
    }

    pub fn end(&mut self, offer: OfferId, outcome: OfferEnd) {
        self.floor.offer_ended(offer, outcome, self.now);
        self.hear();
    }

    pub fn part_over(&mut self, agent_no: u32, call_no: u32) {
        self.floor.part_over(&agent(agent_no), call(call_no), self.now);
        self.hear();
    }

    pub fn do_with(&mut self, what: impl FnOnce(&mut Floor, Now)) {
        what(&mut self.floor, self.now);
        self.hear();
    }

    /// Time passes, alarm by alarm.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.later(time);
        while let Some(at) = self.floor.poll_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            self.floor.handle_timeout(self.now);
            self.hear();
        }
        self.now = self.now.later(end.mono.since(self.now.mono));
    }

    /// Everything said since the last look.
    pub fn heard(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.said)
    }

    /// Offers since the last look: who for which call. Forgets the rest.
    pub fn offers(&mut self) -> Vec<(OfferId, u32, u32)> {
        let offers = self.heard().into_iter().filter_map(|command| match command {
            Command::Offer { offer, agent, task, .. } => {
                let (Task::Call(about) | Task::CallBack(Debt { call: about, .. })) = task;
                let agent: u32 = agent.as_str().parse().unwrap();
                let about = (1..10_000).find(|no| call(*no) == about).unwrap();
                Some((offer, agent - 8000, about))
            }
            Command::Withdraw { .. }
            | Command::Done { .. }
            | Command::Announce { .. }
            | Command::Changed { .. }
            | Command::OfferEnded { .. } => None,
        });
        offers.collect()
    }

    /// The one offer since the last look: which, to whom, for which call.
    pub fn offer(&mut self) -> (OfferId, u32, u32) {
        let offers = self.offers();
        assert_eq!(offers.len(), 1, "one offer was expected: {offers:?}");
        offers[0]
    }

    /// Who is offered which call, since the last look.
    pub fn pairs(&mut self) -> Vec<(u32, u32)> {
        self.offers()
            .into_iter()
            .map(|(_, agent, call)| (agent, call))
            .collect()
    }

    /// How the queue has ended with callers since the last look.
    pub fn done(&mut self) -> Vec<String> {
        let done = self.heard().into_iter().filter_map(|command| match command {
            Command::Done { outcome, .. } => Some(outcome),
            Command::Offer { .. }
            | Command::Withdraw { .. }
            | Command::Announce { .. }
            | Command::Changed { .. }
            | Command::OfferEnded { .. } => None,
        });
        done.collect()
    }

    pub fn view(&self, no: u32) -> AgentView {
        let all = self.floor.agents(self.now);
        all.into_iter().find(|view| view.profile.id == agent(no)).unwrap()
    }

    pub fn status(&self, no: u32) -> AgentStatus {
        self.view(no).status
    }

    /// A caller is answered by the agent who is offered him; both are named.
    pub fn connect(&mut self, no: u32, queue: &str) -> u32 {
        self.heard();
        self.enter(no, queue);
        let (offer, agent, _) = self.offer();
        self.answer(offer).unwrap();
        agent
    }
}
