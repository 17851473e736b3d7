//! The machine: what it holds, how it speaks, and how an agent's state changes. What it decides stands in the files beside it:
//! `callers`, `actions`, `offers`, `callback`, `choose`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::kernel::{AgentId, CallId, Mono, Now, Wall};

use super::agent::{After, Agent, AgentNo, Rank, State};
use super::callback::Owed;
use super::line::Line;
use super::offers::Offer;
use super::slab::Slab;
use super::timer::{Timer, Timers};
use super::types::{Command, FloorConfig, OfferId, Returning};
use super::waiting::{QueueNo, Slot, Waiting};

/// A step of the wall clock that is noticed.
const CLOCK_STEP_MS: u64 = 5_000;

/// All queues and agents.
pub struct Floor {
    pub(super) config: FloorConfig,
    pub(super) lines: Slab<Line>,
    pub(super) queue_names: BTreeMap<String, QueueNo>,
    pub(super) agents: Slab<Agent>,
    pub(super) agent_names: BTreeMap<AgentId, AgentNo>,
    pub(super) waiting: Slab<Waiting>,
    /// Live callers by their call.
    pub(super) calls: BTreeMap<CallId, Slot>,
    pub(super) offers: BTreeMap<OfferId, Offer>,
    pub(super) debts: BTreeMap<CallId, Owed>,
    /// Callers whom a restart cut off, and until when they may come back to their place.
    pub(super) returning: Vec<Returning>,
    pub(super) returning_until: Mono,
    pub(super) timers: Timers,
    pub(super) debts_alarm: Option<Mono>,
    pub(super) deserted_alarm: Option<Mono>,
    pub(super) commands: VecDeque<Command>,
    pub(super) rng: SmallRng,
    /// Counts arrivals, turns and times of becoming free: who was first is never left to a clock.
    sequence: u64,
    last_offer: u64,
    /// The local day, in days since 1970.
    pub(super) day: i64,
    /// The wall's time at the start of the monotonic clock: it moves when somebody sets the wall clock.
    started_ms: i64,
}

impl Floor {
    /// A floor without agents. `seed` is for choices by lot.
    pub fn new(config: FloorConfig, seed: u64) -> Self {
        let mut floor = Self {
            config: FloorConfig {
                queues: BTreeMap::new(),
                ..config.clone()
            },
            lines: Slab::new(),
            queue_names: BTreeMap::new(),
            agents: Slab::new(),
            agent_names: BTreeMap::new(),
            waiting: Slab::new(),
            calls: BTreeMap::new(),
            offers: BTreeMap::new(),
            debts: BTreeMap::new(),
            returning: Vec::new(),
            returning_until: Mono::ZERO,
            timers: Timers::default(),
            debts_alarm: None,
            deserted_alarm: None,
            commands: VecDeque::new(),
            rng: SmallRng::seed_from_u64(seed),
            sequence: 0,
            last_offer: 0,
            day: i64::MIN,
            started_ms: 0,
        };
        floor.reconfigure(config, Now::default());
        floor
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.timers.next()
    }

    /// Everything that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.note_time(now);
        while let Some(timer) = self.timers.due(now.mono) {
            match timer {
                Timer::RingGuard(offer) => self.ring_guard(offer, now),
                Timer::WrapUp(agent) => self.wrap_up_over(agent, now),
                Timer::WaitMax(slot) => self.wait_max(slot, now),
                Timer::Widen(slot) => self.widen(slot, now),
                Timer::Rest(slot) => self.rest_over(slot, now),
                Timer::Announce(slot) => self.announce(slot, now),
                Timer::Debts => self.debts_due(now),
                Timer::Deserted => self.deserted(now),
            }
        }
    }

    // ── for the files beside ──

    /// A number that was never given before.
    pub(super) const fn next_in_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) const fn next_offer(&mut self) -> OfferId {
        self.last_offer += 1;
        OfferId(self.last_offer)
    }

    pub(super) fn queue_name(&self, queue: QueueNo) -> Option<String> {
        self.lines.get(queue.0).map(|line| line.config.name.clone())
    }

    pub(super) fn agent_no(&self, agent: &AgentId) -> Option<AgentNo> {
        self.agent_names.get(agent).copied()
    }

    /// The local day, and how much of it has passed.
    pub(super) fn local(&self, wall: Wall) -> (i64, Duration) {
        const DAY_MS: i64 = 86_400_000;
        let millis = wall
            .as_millis()
            .saturating_add(i64::from(self.config.utc_offset_s) * 1_000);
        let into = u64::try_from(millis.rem_euclid(DAY_MS)).unwrap_or(0);
        (millis.div_euclid(DAY_MS), Duration::from_millis(into))
    }

    /// Before each input. At midnight all begin with nothing again: the lists that count calls or talk time are put in order.
    /// If somebody has put the wall clock right, the hours for calling back may have begun.
    pub(super) fn note_time(&mut self, now: Now) {
        let (day, _) = self.local(now.wall);
        if day != self.day {
            self.day = day;
            let all: Vec<AgentNo> = self.agents.iter().map(|(no, _)| AgentNo(no)).collect();
            for no in all {
                self.unlist(no);
                self.list(no);
            }
        }
        let uptime = i64::try_from(now.mono.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let started = now.wall.as_millis().saturating_sub(uptime);
        if started.abs_diff(self.started_ms) > CLOCK_STEP_MS {
            self.started_ms = started;
            self.debts_due(now);
        }
    }

    /// The agent does something else now. Says so, and keeps the lists of free agents right.
    pub(super) fn change(&mut self, no: AgentNo, state: State, by: Option<String>, now: Now) {
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        agent.state = state;
        agent.since = now.wall;
        self.tell(no, by);
        self.list(no);
    }

    /// Says what the agent does.
    pub(super) fn tell(&mut self, no: AgentNo, by: Option<String>) {
        let Some(agent) = self.agents.get(no.0) else { return };
        let (call, queue) = agent.call();
        self.commands.push_back(Command::Changed {
            agent: agent.profile.id.clone(),
            status: agent.status(),
            reason: agent.reason(),
            call,
            queue: queue.and_then(|queue| self.queue_name(queue)),
            until: agent.until(),
            by,
        });
    }

    /// Puts the agent into the lists of free agents, or takes him out.
    pub(super) fn list(&mut self, no: AgentNo) {
        let Some(agent) = self.agents.get(no.0) else { return };
        let free = agent.is_free();
        let count = agent.serves.len();
        for index in 0..count {
            let Some(agent) = self.agents.get(no.0) else { return };
            let serves = agent.serves[index];
            if serves.rank.is_some() == free {
                continue;
            }
            let Some(line) = self.lines.get_mut(serves.queue.0) else {
                continue;
            };
            let rank = match serves.rank {
                Some(rank) => {
                    line.free.remove(&rank);
                    None
                }
                None => {
                    let rank: Rank = line.rank(no, serves.tier, agent, self.day);
                    line.free.insert(rank);
                    Some(rank)
                }
            };
            if let Some(agent) = self.agents.get_mut(no.0) {
                agent.serves[index].rank = rank;
            }
        }
    }

    /// Takes the agent out of all lists of free agents.
    pub(super) fn unlist(&mut self, no: AgentNo) {
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        for serves in &mut agent.serves {
            if let (Some(rank), Some(line)) = (serves.rank.take(), self.lines.get_mut(serves.queue.0)) {
                line.free.remove(&rank);
            }
        }
    }

    /// The agent has nothing more to do: he does what he wanted to do after it, or is free and is given work at once.
    /// `fresh`: he stands last among the free; otherwise where he stood before.
    pub(super) fn rest(&mut self, no: AgentNo, fresh: bool, now: Now) {
        let order = self.next_in_sequence();
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        if fresh || agent.idle == 0 {
            agent.idle = order;
        }
        match std::mem::replace(&mut agent.after, After::Nothing) {
            After::Nothing => {
                self.change(no, State::Free, None, now);
                self.serve(no, now);
            }
            After::Pause { reason, by } => self.change(no, State::Paused { reason }, by, now),
            After::SignOut { by } => self.sign_out(no, by, now),
        }
    }

    /// The agent goes home.
    pub(super) fn sign_out(&mut self, no: AgentNo, by: Option<String>, now: Now) {
        self.change(no, State::Out, by, now);
        if let Some(agent) = self.agents.get(no.0)
            && agent.gone
        {
            let id = agent.profile.id.clone();
            self.agents.remove(no.0);
            self.agent_names.remove(&id);
        }
        self.watch_deserted(now);
    }

    /// Gives work to a free agent: who waits, then a telephone that rings for all, then a debt.
    pub(super) fn serve(&mut self, no: AgentNo, now: Now) {
        if !self.agents.get(no.0).is_some_and(Agent::is_free) {
            return;
        }
        if let Some(slot) = self.first_for(no, now) {
            let mut agents = self.agents_for(slot, now);
            if agents.is_empty() {
                agents.push(no);
            }
            self.offer_waiting(slot, &agents, now);
        } else if let Some(slot) = self.joins(no, now) {
            self.offer_waiting(slot, &[no], now);
        } else {
            let queues = self.agents.get(no.0).map(|a| a.serves.len()).unwrap_or_default();
            for index in 0..queues {
                let queue = self
                    .agents
                    .get(no.0)
                    .and_then(|agent| agent.serves.get(index))
                    .map(|s| s.queue);
                if let Some(queue) = queue {
                    self.pay(queue, now);
                }
            }
        }
    }
}
