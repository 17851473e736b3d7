//! The floor's offers: a waiting caller, or a debt, for an agent. Whatever fails, the floor hears of it: nobody is left reserved.

use std::time::Duration;

use crate::kernel::{AgentId, EventKind, Now, OfferEnd};
use crate::queue::OfferId;

use super::desk::Desk;
use super::live::Call;
use super::party::PartyId;
use super::ring::{RingId, Why, elsewhere};

impl Call {
    /// Rings at an agent's for the floor.
    pub(super) fn offer_to(
        &mut self,
        offer: OfferId,
        agent: &AgentId,
        ring_timeout: Duration,
        now: Now,
        desk: &mut Desk,
    ) {
        let name = agent.to_string();
        desk.note(self.id, EventKind::Offered { agent: name }, now);
        desk.by_offer.insert(offer, self.id);
        self.ring(agent, Why::Offer(offer), ring_timeout, now, desk);
    }

    /// The floor takes the offer back: somebody else was faster, or it has another use for the agent.
    pub(super) fn withdraw(&mut self, offer: OfferId, now: Now, desk: &mut Desk) {
        desk.by_offer.remove(&offer);
        if let Some(ring) = self.ring_of(offer) {
            let cause = self.in_conversation.then(elsewhere);
            self.stop_ring(ring, cause.as_ref(), now, desk);
            self.over_without_anybody(now, desk);
        }
    }

    fn ring_of(&self, offer: OfferId) -> Option<RingId> {
        let found = self.rings.iter().find(|ring| ring.why == Why::Offer(offer));
        found.map(|ring| ring.id)
    }

    /// The agent has it. No sound waits for the disk: the event is on its way while they are bridged.
    pub(super) fn offer_accepted(&mut self, party: PartyId, offer: OfferId, now: Now, desk: &mut Desk) {
        desk.by_offer.remove(&offer);
        self.nobody_picks_up(now, desk);
        match self.placed.is_some() {
            true => self.ready_to_call(party, now, desk),
            false => self.joins_as_agent(party, now, desk),
        }
    }

    /// Nobody picked up: the caller keeps his place.
    pub(super) fn offer_failed(&mut self, offer: OfferId, outcome: OfferEnd, now: Now, desk: &mut Desk) {
        desk.by_offer.remove(&offer);
        desk.floor.offer_ended(offer, outcome, now);
        self.over_without_anybody(now, desk);
    }

    /// How the offers that ring will have ended when the call is over: nothing may be noted after its end.
    pub(super) fn rings_withdrawn(&self) -> Vec<EventKind> {
        let offers = self.rings.iter().filter(|ring| matches!(ring.why, Why::Offer(_)));
        let ended = offers.map(|ring| EventKind::OfferEnded {
            agent: ring.agent.to_string(),
            outcome: OfferEnd::Withdrawn,
        });
        ended.collect()
    }
}
