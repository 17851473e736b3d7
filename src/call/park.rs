//! Parking: the citizen hears music under a number until a colleague takes him. Who is forgotten there rings at whoever parked
//! him, and at last waits in a queue again: nobody stays parked for ever.

use std::time::Duration;

use crate::kernel::{AgentId, CallId, EventKind, Mono, Now};

use super::desk::Desk;
use super::exchange::Exchange;
use super::live::{Call, Phase};
use super::order::{Denied, Done};
use super::party::{Party, PartyId};
use super::ring::{Ring, Why, elsewhere};

/// Numbers that parked calls get.
const SLOTS: std::ops::RangeInclusive<u16> = 701..=799;
/// How long a call is parked before it rings at whoever parked it, and then before it goes to the queue.
const PATIENCE: Duration = Duration::from_secs(120);

/// A parked call's place.
#[derive(Debug)]
pub(super) struct Parked {
    pub slot: u16,
    by: AgentId,
    /// It has rung at `by` already.
    reminded: bool,
    /// When something is done about it.
    pub until: Mono,
}

impl Exchange {
    /// Parks the citizen; the agent is free to write up.
    pub(super) fn park(&mut self, agent: &AgentId, now: Now) -> Result<Done, Denied> {
        let id = self.own_call(agent)?;
        let free = SLOTS.into_iter().find(|slot| !self.desk.slots.contains_key(slot));
        let slot = free.ok_or(Denied::Full)?;
        let mut done = Err(Denied::NoCall);
        self.with_call(id, |call, desk, _| done = call.park(slot, agent, now, desk));
        done
    }

    /// Takes a parked call by its number, or one that rings at a colleague's by his name. The agent's telephone rings.
    pub(super) fn pick_up(&mut self, agent: &AgentId, from: &str, now: Now) -> Result<Done, Denied> {
        self.desk.floor.profile(agent).ok_or(Denied::Unknown)?;
        if self.desk.devices_of(agent).is_empty() {
            return Err(Denied::Unreachable);
        }
        let parked = from
            .parse()
            .ok()
            .and_then(|slot: u16| self.desk.slots.get(&slot).copied());
        let id = parked.or_else(|| self.rings_at(from)).ok_or(Denied::Unknown)?;
        self.desk.floor.engage(agent, id, None, now)?;
        self.with_call(id, |call, desk, _| {
            let ring_timeout = desk.manners.ring_timeout;
            call.ring(agent, Why::PickingUp, ring_timeout, now, desk);
        });
        Ok(Done::Call { call: id, slot: None })
    }

    fn rings_at(&self, colleague: &str) -> Option<CallId> {
        let rings = |call: &&Call| {
            let offered =
                |ring: &Ring| ring.agent.as_str() == colleague && matches!(ring.why, Why::Offer(_) | Why::SentOn);
            call.phase != Phase::Ending && call.rings.iter().any(offered)
        };
        self.calls.values().find(rings).map(|call| call.id)
    }
}

impl Call {
    fn park(&mut self, slot: u16, by: &AgentId, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let alone_with_citizen = self.in_conversation && self.talkers() == 2 && self.rings.is_empty();
        let agent = self
            .agent()
            .map(|p| p.id)
            .filter(|_| alone_with_citizen)
            .ok_or(Denied::NotNow)?;
        let parked = EventKind::Parked {
            slot: slot.to_string(),
            by: by.clone(),
        };
        desk.note(self.id, parked, now);
        desk.slots.insert(slot, self.id);
        self.parked = Some(Box::new(Parked {
            slot,
            by: by.clone(),
            reminded: false,
            until: now.mono + PATIENCE,
        }));
        self.step_aside(agent, now, desk);
        Ok(Done::Call {
            call: self.id,
            slot: Some(slot.to_string()),
        })
    }

    /// Somebody picks the call up.
    pub(super) fn taken_from_place(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let Some(by) = self.party(id).and_then(Party::agent).cloned() else {
            return;
        };
        desk.note(self.id, EventKind::PickedUp { by: by.clone() }, now);
        self.leave_place(desk);
        if self.place.as_ref().is_some_and(|place| !place.served) {
            desk.floor.leave(self.id, now);
        }
        self.stop_ringing(now, desk);
        if let Some(queue) = &self.last_queue {
            desk.floor.takes_over(&by, queue, now);
        }
        self.joins_as_agent(id, now, desk);
    }

    /// The agent for whom it rang was faster than the colleague who wanted to pick it up.
    pub(super) fn nobody_picks_up(&mut self, now: Now, desk: &mut Desk) {
        let rings = |ring: &&Ring| ring.why == Why::PickingUp;
        while let Some(id) = self.rings.iter().find(rings).map(|ring| ring.id) {
            if let Some(ring) = self.stop_ring(id, Some(&elsewhere()), now, desk) {
                desk.floor.part_over(&ring.agent, self.id, now);
            }
        }
    }

    /// Nobody is parked here any more.
    pub(super) fn leave_place(&mut self, desk: &mut Desk) {
        if let Some(parked) = self.parked.take() {
            desk.slots.remove(&parked.slot);
        }
    }

    /// Parked for too long: rings at whoever parked him; then waits in his queue again.
    pub(super) fn parked_too_long(&mut self, now: Now, desk: &mut Desk) {
        let Some(parked) = self.parked.as_mut().filter(|parked| parked.until <= now.mono) else {
            return;
        };
        parked.until = now.mono + PATIENCE;
        let by = parked.by.clone();
        let first = !std::mem::replace(&mut parked.reminded, true);
        let reminds = first && !desk.devices_of(&by).is_empty() && desk.floor.engage(&by, self.id, None, now).is_ok();
        if reminds {
            let ring_timeout = desk.manners.ring_timeout;
            self.ring(&by, Why::PickingUp, ring_timeout, now, desk);
        } else if self.rings.is_empty() {
            self.leave_place(desk);
            self.come_back(now, desk);
        }
    }
}
