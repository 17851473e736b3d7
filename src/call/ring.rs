//! Ringing at an agent's: all his telephones at once. The first to be picked up is his, the others fall silent with "Call
//! completed elsewhere"; if none is, that is told once, in the most telling words. What he is rung for is an errand of others.

use std::time::Duration;

use crate::kernel::{AgentId, EndReason, Now, OfferEnd};
use crate::queue::OfferId;

use super::desk::Desk;
use super::live::Call;
use super::party::{Errand, PartyId, Stage, Who};

/// Telephones of one agent that ring at once.
const DEVICES_MAX: usize = 8;

/// One ringing, within one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RingId(u32);

/// What an agent is rung for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The floor offers him the call, or a debt.
    Offer(OfferId),
    /// He wants to call somebody: when he has picked up, the other is called.
    Placing,
    /// A colleague calls him.
    Called,
    /// A colleague has sent the citizen on to him.
    SentOn,
}

/// A ringing under way.
#[derive(Debug)]
pub(super) struct Ring {
    pub id: RingId,
    pub agent: AgentId,
    pub why: Why,
    /// The most telling of what his telephones have said.
    worst: OfferEnd,
}

/// What the telephones that fall silent are told (RFC 3326; SIP's 200 means that somebody answered).
pub(super) fn elsewhere() -> (u16, String) {
    (200, "Call completed elsewhere".to_owned())
}

impl Call {
    /// Rings at an agent's. Whoever has no telephone is unreachable at once.
    pub(super) fn ring(&mut self, agent: &AgentId, why: Why, ring_timeout: Duration, now: Now, desk: &mut Desk) {
        self.parties_made += 1;
        let id = RingId(self.parties_made);
        self.rings.push(Ring {
            id,
            agent: agent.clone(),
            why,
            worst: OfferEnd::Unreachable,
        });
        let shown = self.shown_to_agents();
        for device in desk.devices_of(agent).into_iter().take(DEVICES_MAX) {
            let party = self.invite_in(Who::Agent(agent.clone()), Errand::Ring(id), desk);
            self.dial_device(party, &device, &shown, ring_timeout, desk);
        }
        self.end_ring_without_forks(id, now, desk);
    }

    /// One of his telephones was picked up.
    pub(super) fn picked_up(&mut self, party: PartyId, id: RingId, now: Now, desk: &mut Desk) {
        let Some(ring) = self.rings.iter().find(|ring| ring.id == id) else {
            return self.drop_party(party, Some(&elsewhere()), now, desk);
        };
        let why = ring.why.clone();
        if let Why::Offer(offer) = why
            && desk.floor.offer_answered(offer, now).is_err()
        {
            return self.drop_party(party, Some(&elsewhere()), now, desk); // his other telephones are told by the floor
        }
        if let Some(party) = self.party_mut(party) {
            party.errand = Errand::Colleague;
        }
        self.rings.retain(|ring| ring.id != id);
        match why {
            Why::Offer(offer) => self.offer_accepted(party, offer, now, desk),
            Why::Placing => self.ready_to_call(party, now, desk),
            Why::Called => self.colleague_answered(party, now, desk),
            Why::SentOn => self.taken_over(party, now, desk),
        }
        self.silence_forks(id, Some(&elsewhere()), now, desk); // after the bridge: that waits for nothing
    }

    /// One of his telephones will not be picked up.
    pub(super) fn fork_failed(&mut self, party: PartyId, id: RingId, reason: EndReason, now: Now, desk: &mut Desk) {
        self.drop_party(party, None, now, desk);
        let outcome = outcome_of(reason);
        if let Some(ring) = self.rings.iter_mut().find(|ring| ring.id == id) {
            ring.worst = more_telling(ring.worst, outcome);
        }
        if outcome == OfferEnd::Rejected {
            self.silence_forks(id, None, now, desk); // a person said no, not a telephone
        }
        self.end_ring_without_forks(id, now, desk);
    }

    fn end_ring_without_forks(&mut self, id: RingId, now: Now, desk: &mut Desk) {
        if self.others.iter().any(|p| p.errand == Errand::Ring(id)) {
            return;
        }
        let Some(at) = self.rings.iter().position(|ring| ring.id == id) else {
            return;
        };
        let ring = self.rings.remove(at);
        match ring.why {
            Why::Offer(offer) => self.offer_failed(offer, ring.worst, now, desk),
            Why::Placing => self.nobody_placed(&ring.agent, ring.worst, now, desk),
            Why::Called => self.colleague_did_not_answer(&ring.agent, ring.worst, now, desk),
            Why::SentOn => self.not_taken_over(&ring.agent, now, desk),
        }
    }

    /// Takes a ringing back.
    pub(super) fn stop_ring(
        &mut self,
        id: RingId,
        cause: Option<&(u16, String)>,
        now: Now,
        desk: &mut Desk,
    ) -> Option<Ring> {
        let at = self.rings.iter().position(|ring| ring.id == id)?;
        let ring = self.rings.remove(at);
        self.silence_forks(id, cause, now, desk);
        Some(ring)
    }

    /// Nobody rings for this call any more; who was engaged for it is free.
    pub(super) fn stop_ringing(&mut self, now: Now, desk: &mut Desk) {
        while let Some(id) = self.rings.first().map(|ring| ring.id) {
            let Some(ring) = self.stop_ring(id, None, now, desk) else {
                return;
            };
            match ring.why {
                Why::Offer(offer) => {
                    desk.by_offer.remove(&offer);
                    desk.floor.offer_ended(offer, OfferEnd::Withdrawn, now);
                }
                Why::Placing | Why::Called | Why::SentOn => desk.floor.part_over(&ring.agent, self.id, now),
            }
        }
    }

    fn silence_forks(&mut self, id: RingId, cause: Option<&(u16, String)>, now: Now, desk: &mut Desk) {
        let forks = self.others.iter().filter(|p| p.errand == Errand::Ring(id));
        for (party, leg) in forks.map(|p| (p.id, (p.agent().cloned(), p.leg))).collect::<Vec<_>>() {
            if let (Some(agent), Some(leg)) = leg {
                desk.falls_silent(agent, leg);
            }
            self.drop_party(party, cause, now, desk);
        }
    }

    /// Whether somebody of ours is being rung, or spoken with.
    pub(super) fn has_people(&self) -> bool {
        !self.rings.is_empty() || self.others.iter().any(|p| p.stage == Stage::Talking)
    }
}

/// The ledger's word for why a telephone was not picked up.
fn outcome_of(reason: EndReason) -> OfferEnd {
    match reason {
        EndReason::Busy => OfferEnd::Busy,
        EndReason::NoAnswer => OfferEnd::NoAnswer,
        EndReason::Forbidden => OfferEnd::Rejected,
        EndReason::Hangup
        | EndReason::PlanFinished
        | EndReason::Abandoned
        | EndReason::UnknownNumber
        | EndReason::NotAcceptable
        | EndReason::Overload
        | EndReason::Draining
        | EndReason::DeadMedia
        | EndReason::NoAck
        | EndReason::SessionExpired
        | EndReason::Unreachable
        | EndReason::MaxDuration
        | EndReason::ProtocolError
        | EndReason::Interrupted
        | EndReason::InternalError => OfferEnd::Unreachable,
    }
}

/// The record's word for a call that nobody picked up.
pub(super) fn reason_of_offer(end: OfferEnd) -> EndReason {
    match end {
        OfferEnd::NoAnswer => EndReason::NoAnswer,
        OfferEnd::Rejected => EndReason::Forbidden,
        OfferEnd::Busy => EndReason::Busy,
        OfferEnd::Unreachable => EndReason::Unreachable,
        OfferEnd::Withdrawn => EndReason::Abandoned,
    }
}

/// What a person did says more than what a telephone did, and that more than what the network did.
fn more_telling(a: OfferEnd, b: OfferEnd) -> OfferEnd {
    let weight = |end: OfferEnd| match end {
        OfferEnd::Unreachable => 0,
        OfferEnd::Withdrawn => 1,
        OfferEnd::NoAnswer => 2,
        OfferEnd::Busy => 3,
        OfferEnd::Rejected => 4,
    };
    if weight(b) > weight(a) { b } else { a }
}
