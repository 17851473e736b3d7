//! One queue: its settings, who waits in it, who is free for it, and what it owes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::kernel::{CallId, Mono, Wall};

use super::agent::{Agent, AgentNo, Rank};
use super::estimate::Experience;
use super::types::{QueueConfig, Strategy};
use super::waiting::{Classes, Place, Slot};

/// One queue.
pub(super) struct Line {
    pub(super) config: QueueConfig,
    pub(super) classes: Classes,
    /// Live callers, those included for whom somebody is being rung.
    pub(super) callers: BTreeSet<(Place, Slot)>,
    /// Those who are called back and keep their place.
    pub(super) ghosts: BTreeSet<(Place, Slot)>,
    /// Agents who may be offered something, the next one first.
    pub(super) free: BTreeSet<Rank>,
    /// Debts that may be paid now, the oldest first.
    pub(super) ready: BTreeSet<(Wall, CallId)>,
    /// Debts whose next attempt is later, the next first.
    pub(super) later: BTreeSet<(Wall, CallId)>,
    /// Debts that an agent is being rung for, or whose citizen is being called.
    pub(super) in_flight: usize,
    /// What waiting was like lately.
    pub(super) experience: Experience,
}

impl Line {
    pub(super) fn new(config: QueueConfig) -> Self {
        Self {
            classes: Classes::new(config.requires.clone()),
            config,
            callers: BTreeSet::new(),
            ghosts: BTreeSet::new(),
            free: BTreeSet::new(),
            ready: BTreeSet::new(),
            later: BTreeSet::new(),
            in_flight: 0,
            experience: Experience::default(),
        }
    }

    /// Where a free agent stands, by the queue's strategy.
    pub(super) fn rank(&self, no: AgentNo, tier: u8, agent: &Agent, day: i64) -> Rank {
        let today = agent.today.on(day);
        let counted = match self.config.strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Random => 0,
            Strategy::RoundRobin => agent.turn,
            Strategy::TopDown => agent.position,
            Strategy::LeastTalk => u64::try_from(today.talked.as_millis()).unwrap_or(u64::MAX),
            Strategy::FewestCalls => u64::from(today.calls),
        };
        (tier, counted, agent.idle, no)
    }

    /// How many stand before a place; those for whom somebody is being rung are as good as served.
    pub(super) fn ahead(&self, place: Place) -> usize {
        let open = self.classes.0.iter().map(|class| class.open.range(..place).count());
        open.sum()
    }

    /// How many wait and nobody is being rung for them.
    pub(super) fn open(&self) -> usize {
        self.classes.0.iter().map(|class| class.open.len()).sum()
    }

    /// The time that an agent of this queue has to write up.
    pub(super) fn wrap_up(&self, agent: &Agent) -> Duration {
        let wanted = agent.profile.wrap_up.unwrap_or(self.config.wrap_up);
        wanted.min(self.config.wrap_up_max.max(self.config.wrap_up))
    }

    /// The longest wrap-up that begins now ends then.
    pub(super) fn wrap_up_limit(&self, now: Mono) -> Mono {
        now + self.config.wrap_up_max.max(self.config.wrap_up)
    }
}
