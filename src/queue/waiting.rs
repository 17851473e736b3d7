//! Who waits, and in which order. Knows no agent.
//!
//! # Order
//! Whoever waits has a [`Place`], fixed for as long as he waits: the moment at which he entered, less what he had waited
//! before, less `ageing` for each step of priority. The earliest place is served first, over all queues that an agent
//! serves. So one step of priority is worth `ageing` of waiting, and a caller who has waited `ageing` longer makes up for
//! one step: that is the ageing, and it needs no clock.
//!
//! # Nobody starves
//! Let P be the highest value of `priority × ageing` that any caller brings, and p a caller's own. Whoever enters more than
//! P − p after him comes behind him, whatever his priority. So once he has waited P − p, the callers before him only become
//! fewer: he is the next to be served by an agent who is able to, after at most those who entered within P − p of him.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::kernel::{CallId, Mono, PhoneNumber, Wall};

use super::agent::AgentNo;
use super::types::{OfferId, Requirement};

/// A place among those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot(pub(super) u32);

/// The number of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct QueueNo(pub(super) u32);

/// Where somebody stands: virtual moment of entering in microseconds, then the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(i64, u64);

impl Place {
    /// The place of somebody who comes now, has waited already, and brings a priority.
    pub(super) fn new(now: Mono, waited: Duration, priority: i32, ageing: Duration, arrival: u64) -> Self {
        let entered = i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX);
        let worth = micros(ageing).saturating_mul(i64::from(priority));
        Self(entered.saturating_sub(micros(waited)).saturating_sub(worth), arrival)
    }
}

fn micros(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX)
}

/// Who stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A caller on the line.
    Caller,
    /// A citizen who hung up and is called when it is his turn.
    Ghost,
}

/// Alarms of one who waits, as they are set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Alarms {
    pub(super) wait_max: Option<Mono>,
    pub(super) widen: Option<Mono>,
    pub(super) rest: Option<Mono>,
    pub(super) announce: Option<Mono>,
}

/// An agent who did not take him.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declined {
    pub(super) agent: AgentNo,
    /// When he may be asked again.
    pub(super) until: Mono,
    pub(super) times: u32,
}

/// One who waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) who: Who,
    /// The call, or the call that owes the debt.
    pub(super) call: CallId,
    pub(super) number: PhoneNumber,
    pub(super) queue: QueueNo,
    /// Which of the queue's classes: those who ask the same.
    pub(super) class: usize,
    /// What he asks besides what his queue asks.
    pub(super) more: Vec<Requirement>,
    pub(super) place: Place,
    pub(super) entered: Mono,
    pub(super) entered_at: Wall,
    /// Waited before he entered, in all.
    pub(super) before: Duration,
    /// Waited before in this same queue (a restart cut him off): counts for widening.
    pub(super) here_before: Duration,
    /// Offers that ring for him.
    pub(super) offers: Vec<OfferId>,
    /// Agents who were offered him and did not take him.
    pub(super) declined: Vec<Declined>,
    pub(super) alarms: Alarms,
    /// The longest wait is over; he stays only while somebody is being rung for him.
    pub(super) overdue: bool,
    /// How many stood before him when he entered, and what was estimated then.
    pub(super) ahead: usize,
    /// He was offered to somebody at once.
    pub(super) at_once: bool,
    pub(super) estimate: Option<Duration>,
}

impl Waiting {
    /// Waited in all.
    pub(super) fn waited(&self, now: Mono) -> Duration {
        self.before + now.since(self.entered)
    }

    /// Waited in this queue.
    pub(super) fn waited_here(&self, now: Mono) -> Duration {
        self.here_before + now.since(self.entered)
    }
}

/// Those who ask the same of an agent. `open` are the ones for whom nobody is being rung.
#[derive(Default)]
pub(super) struct Class {
    pub(super) requires: Vec<Requirement>,
    /// How many belong to it, open or not.
    pub(super) members: usize,
    pub(super) open: BTreeMap<Place, Slot>,
}

impl Class {
    /// Whether the older ones ask less than the younger.
    pub(super) fn widens(&self) -> bool {
        self.requires.iter().any(|r| r.widens_every.is_some() && !r.preferred)
    }
}

/// The classes of a queue. The first is that of callers who ask no more than the queue.
pub(super) struct Classes(pub(super) Vec<Class>);

impl Classes {
    pub(super) fn new(requires: Vec<Requirement>) -> Self {
        Self(vec![Class {
            requires,
            ..Class::default()
        }])
    }

    /// The class of those who ask `more` besides what the queue asks.
    pub(super) fn of(&mut self, more: &[Requirement]) -> usize {
        if more.is_empty() {
            return 0;
        }
        let requires: Vec<Requirement> = self.0[0].requires.iter().chain(more).cloned().collect();
        if let Some(found) = self.0.iter().position(|class| class.requires == requires) {
            return found;
        }
        let class = Class {
            requires,
            ..Class::default()
        };
        match self.0.iter().skip(1).position(|class| class.members == 0) {
            Some(empty) => {
                self.0[empty + 1] = class;
                empty + 1
            }
            None => {
                self.0.push(class);
                self.0.len() - 1
            }
        }
    }
}

/// What is asked of one skill after a wait: the level sinks by one each time `widens_every` has passed.
pub(super) fn level_after(requirement: &Requirement, waited: Duration) -> u8 {
    let every = requirement.widens_every.map_or(0, |every| every.as_millis());
    let steps = waited.as_millis().checked_div(every).unwrap_or(0);
    requirement.level.saturating_sub(u8::try_from(steps).unwrap_or(u8::MAX))
}

/// How long until the requirements sink next, for one who has waited so long.
pub(super) fn next_widening(requires: &[Requirement], waited: Duration) -> Option<Duration> {
    let sinking = requires
        .iter()
        .filter(|r| !r.preferred && level_after(r, waited) > 0)
        .filter_map(|r| r.widens_every.filter(|every| !every.is_zero()));
    sinking
        .map(|every| {
            let passed = waited.as_millis() % every.as_millis().max(1);
            every.saturating_sub(Duration::from_millis(u64::try_from(passed).unwrap_or(0)))
        })
        .min()
}
