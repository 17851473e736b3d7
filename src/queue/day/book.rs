//! What was seen of the day, written down and judged at once: who waits, who speaks, since when. Nothing of it comes from
//! the house's own lists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::kernel::{AgentStatus, CallId, Mono};

use super::figures::{Figures, Waits};
use super::{Caller, Report};

/// Broken promises that are kept; one is enough to look for the mistake.
const BROKEN_MAX: usize = 20;

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not yet called.
    Ahead,
    Waits,
    With(usize),
    Gone,
}

/// What an agent is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    No,
    Rings(u64),
    Speaks(CallId),
}

pub(super) struct Book {
    places: Vec<Place>,
    numbers: BTreeMap<CallId, usize>,
    pub(super) agents: Vec<Busy>,
    shown: Vec<(AgentStatus, Mono)>,
    /// Those for whom no telephone rings, by queue in the order of calling.
    lines: Vec<BTreeSet<usize>>,
    /// Of whom somebody was rung without effect: he is not offered to the same agent again at once, so he may be passed.
    missed: BTreeSet<usize>,
    answered: Vec<Duration>,
    abandoned: Vec<Duration>,
    figures: Figures,
    broken: Vec<String>,
}

impl Book {
    pub(super) fn new(callers: &[Caller], agents: usize, queues: usize) -> Self {
        Self {
            places: vec![Place::Ahead; callers.len()],
            numbers: callers
                .iter()
                .enumerate()
                .map(|(no, caller)| (caller.call, no))
                .collect(),
            agents: vec![Busy::No; agents],
            shown: vec![(AgentStatus::SignedOut, Mono::ZERO); agents],
            lines: vec![BTreeSet::new(); queues],
            missed: BTreeSet::new(),
            answered: Vec::with_capacity(callers.len()),
            abandoned: Vec::new(),
            figures: Figures::default(),
            broken: Vec::new(),
        }
    }

    fn broken(&mut self, what: impl FnOnce() -> String) {
        if self.broken.len() < BROKEN_MAX {
            self.broken.push(what());
        }
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken(what);
        }
    }

    pub(super) fn no(&self, call: CallId) -> Option<usize> {
        self.numbers.get(&call).copied()
    }

    pub(super) fn place(&self, no: usize) -> Place {
        self.places[no]
    }

    pub(super) fn dials(&mut self, no: usize, caller: &Caller) {
        self.places[no] = Place::Waits;
        self.lines[caller.queue].insert(no);
    }

    /// A telephone rings for one who waits, or for one who is owed a call.
    pub(super) fn rings(&mut self, ring: u64, agent: usize, caller: Option<(usize, &Caller)>) {
        let busy = self.agents[agent];
        self.must(busy == Busy::No, || {
            format!("agent {agent} is offered a call and is {busy:?}")
        });
        self.agents[agent] = Busy::Rings(ring);
        let Some((no, caller)) = caller else { return };
        let place = self.places[no];
        self.must(place == Place::Waits, || {
            format!("{} is offered and is {place:?}", caller.call)
        });
        let line = &mut self.lines[caller.queue];
        let before = line.range(..no).find(|other| !self.missed.contains(other)).copied();
        line.remove(&no);
        if let Some(before) = before
            && !self.missed.contains(&no)
        {
            self.broken(|| format!("call {no} is offered before call {before}, who has waited longer"));
        }
    }

    /// It stops without effect: the caller stands where he stood, if he is still there.
    pub(super) fn stops(&mut self, agent: usize, caller: Option<(usize, &Caller)>) {
        self.agents[agent] = Busy::No;
        if let Some((no, caller)) = caller
            && self.places[no] == Place::Waits
        {
            self.missed.insert(no);
            self.lines[caller.queue].insert(no);
        }
    }

    pub(super) fn connected(&mut self, agent: usize, caller: (usize, &Caller), now: Mono) {
        let (no, caller) = caller;
        let place = self.places[no];
        self.must(place == Place::Waits, || {
            format!("{} is answered and is {place:?}", caller.call)
        });
        self.places[no] = Place::With(agent);
        self.agents[agent] = Busy::Speaks(caller.call);
        self.answered.push(now.since(caller.at));
    }

    pub(super) fn speaks(&mut self, agent: usize, call: CallId) {
        self.agents[agent] = Busy::Speaks(call);
    }

    pub(super) const fn called_back(&mut self) {
        self.figures.called_back += 1;
    }

    pub(super) fn ends(&mut self, agent: usize, no: usize) {
        self.agents[agent] = Busy::No;
        if self.places[no] == Place::With(agent) {
            self.places[no] = Place::Gone;
        }
    }

    pub(super) fn gives_up(&mut self, no: usize, caller: &Caller, now: Mono) {
        self.leaves(no, caller);
        self.abandoned.push(now.since(caller.at));
    }

    pub(super) fn turned_away(&mut self, no: usize, caller: &Caller) {
        self.leaves(no, caller);
        self.figures.turned_away += 1;
    }

    fn leaves(&mut self, no: usize, caller: &Caller) {
        let place = self.places[no];
        self.must(place == Place::Waits, || {
            format!("{} leaves and is {place:?}", caller.call)
        });
        self.places[no] = Place::Gone;
        self.lines[caller.queue].remove(&no);
        self.missed.remove(&no);
    }

    pub(super) fn shows(&mut self, agent: usize, status: AgentStatus, now: Mono) {
        let (before, since) = std::mem::replace(&mut self.shown[agent], (status, now));
        let time = now.since(since);
        match before {
            AgentStatus::Available => self.figures.available += time,
            AgentStatus::Ringing => self.figures.ringing += time,
            AgentStatus::Talking => self.figures.talk += time,
            AgentStatus::Holding => self.figures.hold += time,
            AgentStatus::WrapUp => self.figures.wrap_up += time,
            AgentStatus::SignedOut | AgentStatus::Paused => {}
        }
    }

    pub(super) fn status(&self, agent: usize) -> AgentStatus {
        self.shown[agent].0
    }

    /// The end of the day: everybody has been somewhere, and nobody is left anywhere.
    pub(super) fn close(mut self, remains: Vec<String>) -> Report {
        let ended = self.answered.len() + self.abandoned.len() + self.figures.turned_away;
        let calls = self.places.len();
        self.must(ended == calls, || {
            format!("{calls} called, and {ended} of them came to an end")
        });
        let left = self.places.iter().position(|place| *place != Place::Gone);
        if let Some(no) = left {
            let place = self.places[no];
            self.broken(|| format!("call {no} is still {place:?}"));
        }
        for agent in 0..self.agents.len() {
            let (busy, shown) = (self.agents[agent], self.shown[agent].0);
            let home = busy == Busy::No && shown == AgentStatus::SignedOut;
            self.must(home, || format!("agent {agent} is stuck: {busy:?}, {shown:?}"));
        }
        self.broken.extend(remains);
        self.figures.answered = Waits::new(self.answered);
        self.figures.abandoned = Waits::new(self.abandoned);
        Report {
            figures: self.figures,
            broken: self.broken,
        }
    }
}
