//! The floor offers a call to an agent: all his telephones ring, the first to answer has it, the others fall silent with
//! "Call completed elsewhere". Whatever fails, the floor hears of it: nobody is left reserved.

use std::time::Duration;

use crate::ivr::walk::Input as WalkInput;
use crate::kernel::{AgentId, EndReason, EndedBy, EventKind, Now, OfferEnd, Part};
use crate::queue::OfferId;

use super::desk::Desk;
use super::live::Call;
use super::party::{Errand, PartyId, Who};
use super::survey::Spoken;

/// Telephones of one agent that ring at once.
const DEVICES_MAX: usize = 8;

/// An offer that rings.
#[derive(Debug)]
pub(super) struct Ring {
    offer: OfferId,
    agent: AgentId,
    /// The most telling of what his telephones have said.
    worst: OfferEnd,
}

/// What the telephones that fall silent are told (RFC 3326; SIP's 200 means that somebody answered).
pub(super) fn elsewhere() -> (u16, String) {
    (200, "Call completed elsewhere".to_owned())
}

impl Call {
    /// Rings at an agent's.
    pub(super) fn offer_to(
        &mut self,
        offer: OfferId,
        agent: AgentId,
        ring_timeout: Duration,
        now: Now,
        desk: &mut Desk,
    ) {
        let name = agent.to_string();
        desk.note(self.id, EventKind::Offered { agent: name }, now);
        desk.by_offer.insert(offer, self.id);
        self.rings.push(Ring {
            offer,
            agent: agent.clone(),
            worst: OfferEnd::Unreachable,
        });
        for device in desk.devices_of(&agent).into_iter().take(DEVICES_MAX) {
            let id = self.invite_in(Who::Agent(agent.clone()), Errand::Offer(offer), desk);
            let shown = self.shown_to_agents();
            self.dial_device(id, &device, &shown, ring_timeout, desk);
        }
        self.end_offer_without_forks(offer, now, desk);
    }

    /// The floor takes the offer back: somebody else was faster, or it has another use for the agent.
    pub(super) fn withdraw(&mut self, offer: OfferId, now: Now, desk: &mut Desk) {
        desk.by_offer.remove(&offer);
        self.rings.retain(|ring| ring.offer != offer);
        self.silence_forks(offer, now, desk);
    }

    /// Nobody is offered this call any more.
    pub(super) fn withdraw_all(&mut self, now: Now, desk: &mut Desk) {
        for ring in std::mem::take(&mut self.rings) {
            desk.by_offer.remove(&ring.offer);
            self.silence_forks(ring.offer, now, desk);
            desk.floor.offer_ended(ring.offer, OfferEnd::Withdrawn, now);
        }
    }

    /// How the offers that ring will have ended when the call is over: nothing may be noted after its end.
    pub(super) fn rings_withdrawn(&self) -> Vec<EventKind> {
        let ended = |ring: &Ring| EventKind::OfferEnded {
            agent: ring.agent.to_string(),
            outcome: OfferEnd::Withdrawn,
        };
        self.rings.iter().map(ended).collect()
    }

    fn silence_forks(&mut self, offer: OfferId, now: Now, desk: &mut Desk) {
        let cause = self.in_conversation.then(elsewhere);
        let forks = self
            .others
            .iter()
            .filter(|p| p.errand == Errand::Offer(offer) && p.part.is_none());
        for id in forks.map(|p| p.id).collect::<Vec<_>>() {
            self.drop_party(id, cause.as_ref(), now, desk);
        }
    }

    /// One of his telephones was picked up. No sound waits for the disk: the event is on its way while they are bridged.
    pub(super) fn offer_answered(&mut self, id: PartyId, offer: OfferId, now: Now, desk: &mut Desk) {
        if desk.floor.offer_answered(offer, now).is_err() {
            self.drop_party(id, Some(&elsewhere()), now, desk);
            return;
        }
        self.joins_as_agent(id, now, desk);
        self.withdraw(offer, now, desk); // his other telephones
    }

    /// From now on it is this agent's call.
    pub(super) fn joins_as_agent(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        party.part = Some(Part::Agent);
        let (name, agent) = (party.who.name(), party.agent().cloned());
        self.spoken = agent.clone().map(|agent| Spoken {
            agent,
            since: now.mono,
            until: None,
        });
        desk.note(self.id, EventKind::AnsweredByPerson { agent: name }, now);
        self.converse(now, desk);
        if let Some(agent) = agent {
            self.settle_by_speaking(&agent, now, desk);
        }
    }

    /// The citizen has somebody to speak with: the plan falls silent, and the two are bridged at once.
    pub(super) fn converse(&mut self, now: Now, desk: &mut Desk) {
        self.in_conversation = true;
        self.served_end = None;
        self.hold = false;
        self.prompt = None;
        self.citizen.command(crate::media::MediaCommand::StopPlaying, desk);
        self.arrange(desk);
        self.record_conversation(now, desk);
        if let Some(place) = &mut self.place
            && !std::mem::replace(&mut place.served, true)
        {
            let hook = place.hook;
            self.walk_on(WalkInput::HookConnected(hook), now, desk);
        }
    }

    /// One of his telephones will not be picked up.
    pub(super) fn fork_failed(&mut self, id: PartyId, offer: OfferId, reason: EndReason, now: Now, desk: &mut Desk) {
        self.drop_party(id, None, now, desk);
        let outcome = outcome_of(reason);
        if let Some(ring) = self.rings.iter_mut().find(|ring| ring.offer == offer) {
            ring.worst = more_telling(ring.worst, outcome);
        }
        if outcome == OfferEnd::Rejected {
            self.silence_forks(offer, now, desk); // a person said no, not a telephone
        }
        self.end_offer_without_forks(offer, now, desk);
    }

    fn end_offer_without_forks(&mut self, offer: OfferId, now: Now, desk: &mut Desk) {
        let rings = self
            .others
            .iter()
            .any(|p| p.errand == Errand::Offer(offer) && p.part.is_none());
        let Some(at) = self.rings.iter().position(|ring| ring.offer == offer) else {
            return;
        };
        if !rings {
            let ring = self.rings.remove(at);
            desk.by_offer.remove(&offer);
            desk.floor.offer_ended(offer, ring.worst, now);
        }
    }

    /// Somebody of ours leaves the conversation.
    pub(super) fn colleague_left(&mut self, id: PartyId, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        let Some(party) = self.party(id) else { return };
        let (who, part, agent) = (party.who.name(), party.part, party.agent().cloned());
        if let Some(part) = part {
            desk.note(self.id, EventKind::PartLeft { who, part }, now);
        }
        if part == Some(Part::Agent) {
            if let Some(spoken) = &mut self.spoken {
                spoken.until = Some(now.mono);
            }
            self.hold = false; // who was on hold is with the others again
        }
        self.drop_party(id, None, now, desk);
        if let Some(agent) = agent {
            desk.floor.part_over(&agent, self.id, now);
        }
        let with_citizen = |part: Option<Part>| match part {
            Some(Part::Agent | Part::Third | Part::Barging) => true,
            Some(Part::Consulted | Part::Listening | Part::Whispering) | None => false,
        };
        if with_citizen(part) && !self.others.iter().any(|p| with_citizen(p.part)) {
            self.conversation_over(how, now, desk);
        }
    }

    /// The last one who spoke with the citizen has left: the plan goes on with him.
    pub(super) fn conversation_over(&mut self, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        self.in_conversation = false;
        self.served_end = Some(how);
        self.drop_others(now, desk);
        self.arrange(desk);
        self.end_conversation_recording(desk);
        if how.0 == EndedBy::System {
            self.owe_interrupted(now, desk);
        }
        if let Some(place) = self.place.take() {
            self.hook_done(place.hook, "answered", now, desk);
        }
    }

    /// The agent's telephone or his order has put the citizen on hold, or taken him back.
    pub(super) fn hold_changed(&mut self, now: Now, desk: &mut Desk) {
        let Some(party) = self.agent() else { return };
        let on = party.held || self.hold;
        let Some(agent) = party.agent().cloned() else { return };
        if std::mem::replace(&mut self.hold_on_record, on) != on {
            desk.floor.hold(&agent, on, now);
            desk.note(self.id, EventKind::AgentHeld { agent, on }, now);
        }
        self.arrange(desk);
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
