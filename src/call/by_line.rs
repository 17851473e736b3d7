//! An agent has dialled, and his telephone is the beginning of a call, or comes into one: the sound is agreed on, the 200 leaves
//! when the ledger has what it says, and with its ACK whoever was dialled is called.

use crate::kernel::{AgentId, EndReason, EndedBy, LegId, Now};
use crate::sip::Flow;
use crate::sip::sdp::{self, Sdp};

use super::desk::{Desk, LocalRtp};
use super::exchange::Shared;
use super::live::Call;
use super::party::{Errand, PartyId, Stage, Who};

/// One of ours who has called us.
#[derive(Debug)]
pub(super) struct Arriving {
    /// His offer, until it is answered.
    offer: Option<Sdp>,
}

impl Call {
    /// He is there, without sound so far. Whatever becomes of him, he counts as one who is in the call.
    pub(super) fn comes_by_line(
        &mut self,
        agent: &AgentId,
        (leg, flow): (LegId, Flow),
        offer: Option<Sdp>,
        errand: Errand,
        desk: &mut Desk,
    ) {
        let id = self.invite_in(Who::Agent(agent.clone()), errand, desk);
        let remote = offer.as_ref().and_then(sdp::audio_address);
        desk.by_leg.insert(leg, self.id);
        if let Some(party) = self.party_mut(id) {
            party.leg = Some(leg);
            party.stage = Stage::Talking;
            party.arriving = Some(Box::new(Arriving { offer }));
        }
        self.open_sound(id, flow, remote, desk);
    }

    /// His ports are there, or there are none.
    pub(super) fn line_opened(
        &mut self,
        id: PartyId,
        local: Option<LocalRtp>,
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) {
        let Some(leg) = self.party(id).and_then(|p| p.leg) else {
            return;
        };
        match self.agree_by_line(id, local, desk, shared) {
            Ok(answer) => desk.welcome(leg, answer, now),
            Err(status) => {
                if let Some(party) = self.party_mut(id) {
                    party.leg = None;
                }
                desk.ua.reject(leg, status, &[], now);
                self.party_over(id, (EndedBy::System, EndReason::NotAcceptable), now, desk);
            }
        }
    }

    /// Our side of the sound, or the status to refuse with.
    fn agree_by_line(
        &mut self,
        id: PartyId,
        local: Option<LocalRtp>,
        desk: &mut Desk,
        shared: &Shared,
    ) -> Result<Sdp, u16> {
        let party = self.party_mut(id).ok_or(500_u16)?;
        let Some(rtp) = local else {
            party.media = None;
            return Err(503);
        };
        if let Some(media) = &mut party.media {
            media.local = local;
        }
        match party.arriving.as_mut().and_then(|it| it.offer.take()) {
            None => party.make_offer(None, shared).ok_or(500),
            Some(offer) => {
                let audio = shared.audio(rtp, party.sdp_session, party.sdp_version);
                let (answer, params) = sdp::answer(&offer, &audio).map_err(|_| 488_u16)?;
                party.agree(params, desk);
                Ok(answer)
            }
        }
    }

    /// He hears us: whom he has dialled is called.
    pub(super) fn line_confirmed(&mut self, id: PartyId, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(party) = self.party_mut(id) else { return };
        if party.arriving.take().is_none() {
            return;
        }
        party.watch(desk);
        match party.errand.clone() {
            Errand::SecondLine(to) => self.second_line_confirmed(id, to, now, desk, shared),
            Errand::Citizen
            | Errand::Transfer
            | Errand::Ring(_)
            | Errand::Colleague
            | Errand::SentOn
            | Errand::Consult => self.ready_to_call(id, now, desk),
        }
    }
}
