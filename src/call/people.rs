//! The people in a call: who is there, who comes, who goes. What happens to a leg is handed to what its person was called
//! for, and whoever hears whom is kept in order.

use crate::ivr::spoken::Piece;
use crate::kernel::{AgentId, Digit, EndReason, EndedBy, EventKind, LegId, MediaId, Now, Part, PlayId};
use crate::media::{MediaCommand, MediaOutput};
use crate::sip::sdp::Sdp;
use crate::sip::ua::LegEnd;

use super::bridge::{Scene, Seat};
use super::desk::{Command, Desk};
use super::ending::reason_of;
use super::exchange::Shared;
use super::live::{Call, Phase};
use super::party::{Errand, Party, PartyId, Stage, Who};

/// The playlist of music on hold: no walk counts so far.
pub(super) const MUSIC_PLAY: PlayId = PlayId(u64::MAX - 1);

/// Who is there.
impl Call {
    /// Adds somebody.
    pub(super) fn invite_in(&mut self, who: Who, errand: Errand, desk: &mut Desk) -> PartyId {
        self.parties_made += 1;
        let id = PartyId(self.parties_made);
        self.others.push(Party::new(id, who, errand, desk));
        id
    }

    /// Everybody.
    pub(super) fn parties_mut(&mut self) -> impl Iterator<Item = &mut Party> {
        [&mut self.citizen].into_iter().chain(self.others.iter_mut())
    }

    pub(super) fn party(&self, id: PartyId) -> Option<&Party> {
        [&self.citizen].into_iter().chain(&self.others).find(|p| p.id == id)
    }

    pub(super) fn party_mut(&mut self, id: PartyId) -> Option<&mut Party> {
        self.parties_mut().find(|p| p.id == id)
    }

    pub(super) fn by_leg(&self, leg: LegId) -> Option<PartyId> {
        let all = [&self.citizen].into_iter().chain(&self.others);
        all.into_iter().find(|p| p.leg == Some(leg)).map(|p| p.id)
    }

    pub(super) fn by_media(&self, media: MediaId) -> Option<PartyId> {
        let mut all = [&self.citizen].into_iter().chain(&self.others);
        all.find(|p| p.media.is_some_and(|m| m.id == media)).map(|p| p.id)
    }

    /// The agent whose call it is.
    pub(super) fn agent(&self) -> Option<&Party> {
        self.others.iter().find(|p| p.part == Some(Part::Agent))
    }

    /// A colleague of ours in this call.
    pub(super) fn colleague(&self, agent: &AgentId) -> Option<&Party> {
        let speaks = |p: &&Party| p.agent() == Some(agent) && p.stage == Stage::Talking;
        self.others.iter().find(speaks)
    }

    /// Takes somebody out. The sound is arranged anew before his session ends.
    pub(super) fn drop_party(&mut self, id: PartyId, cause: Option<&(u16, String)>, now: Now, desk: &mut Desk) {
        if let Some(at) = self.others.iter().position(|p| p.id == id) {
            let party = self.others.remove(at);
            self.arrange(desk);
            party.drop_it(cause, now, desk);
        }
    }

    /// Everybody but the citizen leaves.
    pub(super) fn drop_others(&mut self, now: Now, desk: &mut Desk) {
        self.stop_ringing(now, desk);
        for party in std::mem::take(&mut self.others) {
            if let (Some(agent), Some(_)) = (party.agent(), party.part) {
                desk.floor.part_over(agent, self.id, now);
            }
            party.drop_it(None, now, desk);
        }
    }

    /// Lets everybody hear whom he should hear, and the citizen music if he hears nobody.
    pub(super) fn arrange(&mut self, desk: &mut Desk) {
        let seat = |party: &Party, part| {
            Some(Seat {
                session: party.media?.id,
                part,
                away: party.held,
                line: self.line_of(party),
            })
        };
        let others = self.others.iter().filter_map(|p| match (p.part, &p.errand) {
            (None, Errand::SecondLine(_)) if p.arriving.is_none() => seat(p, Some(Part::Agent)),
            (None, _) => None,
            (part, _) => seat(p, part),
        });
        let citizen = seat(&self.citizen, None).map(|seat| Seat { away: false, ..seat });
        let heard = match self.placed {
            Some(_) => self.citizen.stage >= Stage::Early,
            None => self.phase == Phase::Talking,
        };
        let seats: Vec<Seat> = citizen.filter(|_| heard).into_iter().chain(others).collect();
        let scene = Scene::of(&seats, self.hold);
        let music = scene.music.is_some() && self.in_conversation;
        if self.music && !music {
            self.citizen.command(MediaCommand::StopPlaying, desk);
        }
        for command in self.scene.change_to(&scene) {
            desk.push(command);
        }
        if music && !self.music {
            self.play_music(desk);
        }
        (self.scene, self.music) = (scene, music);
    }

    fn play_music(&self, desk: &mut Desk) {
        let Some(media) = self.citizen.media else { return };
        let pieces = vec![Piece::Prompt(desk.manners.hold_music.clone())];
        desk.push(Command::Play {
            id: media.id,
            play: MUSIC_PLAY,
            pieces,
            language: self.language,
            repeat: true,
        });
    }
}

/// What happens to a leg.
impl Call {
    /// 101–199 for an INVITE of ours.
    pub(super) fn party_rings(&mut self, id: PartyId, status: u16, sdp: Option<&Sdp>, desk: &mut Desk) {
        if self.phase == Phase::Ending {
            return;
        }
        let Some(party) = self.party_mut(id) else { return };
        let sounds = sdp.is_some_and(|sdp| party.take_answer(sdp, desk));
        let stage = match (sounds, status) {
            (true, _) => Stage::Early,
            (false, 180) => Stage::Ringing,
            (false, _) => party.stage,
        };
        party.stage = party.stage.max(stage);
        match party.errand {
            Errand::Transfer => self.transfer_rings(id, desk),
            Errand::SentOn => self.sent_on_rings(id, desk),
            Errand::Citizen => self.target_rings(desk),
            Errand::Ring(_) | Errand::Colleague | Errand::SecondLine(_) | Errand::Consult => {}
        }
    }

    /// 2xx for an INVITE of ours.
    pub(super) fn party_answered(&mut self, id: PartyId, sdp: Option<&Sdp>, now: Now, desk: &mut Desk) {
        if self.phase == Phase::Ending {
            return; // he is hung up on as soon as the end is on record
        }
        let Some(party) = self.party_mut(id) else { return };
        let agreed = match sdp {
            Some(sdp) => party.take_answer(sdp, desk),
            None => party.law.is_some(),
        };
        if !agreed {
            return self.party_failed(id, EndReason::NotAcceptable, Some(488), now, desk);
        }
        if party.stage == Stage::Talking {
            return;
        }
        party.stage = Stage::Talking;
        party.our_offer = None;
        party.dialling = None;
        party.watch(desk);
        match party.errand.clone() {
            Errand::Transfer => self.transfer_answered(id, now, desk),
            Errand::Ring(ring) => self.picked_up(id, ring, now, desk),
            Errand::SentOn => self.sent_on_answered(id, now, desk),
            Errand::Consult => self.consultation_begins(id, now, desk),
            Errand::Citizen => self.target_answered(now, desk),
            Errand::Colleague | Errand::SecondLine(_) => {} // they called us
        }
    }

    /// Nobody answered, and nobody will.
    pub(super) fn party_failed(
        &mut self,
        id: PartyId,
        reason: EndReason,
        status: Option<u16>,
        now: Now,
        desk: &mut Desk,
    ) {
        match self.party(id).map(|p| p.errand.clone()) {
            Some(Errand::Transfer) => self.transfer_failed(Some(id), reason, status, now, desk),
            Some(Errand::Ring(ring)) => self.fork_failed(id, ring, reason, now, desk),
            Some(Errand::SentOn) => self.sent_on_failed(id, reason, status, now, desk),
            Some(Errand::Consult) => self.number_not_consulted(id, reason, status, now, desk),
            Some(Errand::Citizen) => self.target_failed(reason, now, desk),
            Some(Errand::Colleague | Errand::SecondLine(_)) | None => {}
        }
    }

    /// He has hung up.
    pub(super) fn party_bye(&mut self, id: PartyId, leg: LegId, now: Now, desk: &mut Desk) {
        if let Some(party) = self.party_mut(id) {
            party.leg = None; // its BYE is answered when his leaving is on record
        }
        self.party_over(id, (EndedBy::Callee, EndReason::Hangup), now, desk);
        desk.confirm_when_durable(leg, now);
    }

    /// His dialog is gone.
    pub(super) fn party_ended(&mut self, id: PartyId, end: &LegEnd, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        if party.stage < Stage::Talking {
            return self.unanswered(id, end, now, desk);
        }
        party.leg = None;
        let how = match reason_of(end) {
            (EndedBy::Caller, reason) => (EndedBy::Callee, reason), // "they" are not the citizen here
            other => other,
        };
        self.party_over(id, how, now, desk);
    }

    /// Something the media worker reports about his session.
    pub(super) fn party_heard(&mut self, id: PartyId, output: &MediaOutput, now: Now, desk: &mut Desk) {
        let talks = self.party(id).is_some_and(|p| p.stage == Stage::Talking);
        match output {
            MediaOutput::Dead if talks => {
                desk.note(self.id, EventKind::MediaLost { lost: true }, now);
                self.party_over(id, (EndedBy::System, EndReason::DeadMedia), now, desk);
            }
            MediaOutput::Digit { digit, .. } => self.party_pressed(id, *digit, now, desk),
            MediaOutput::PlayFinished(play) => self.said_to(id, *play, desk),
            MediaOutput::Dead
            | MediaOutput::Alive
            | MediaOutput::RecordingStopped(_)
            | MediaOutput::RecordingFrame(_)
            | MediaOutput::Forward(_)
            | MediaOutput::StrangerDropped => {}
        }
    }

    /// He pressed a key: it crosses the bridge as it is, and means nothing to us.
    #[expect(clippy::unused_self, reason = "feature codes will be heard here")]
    pub(super) fn party_pressed(&mut self, id: PartyId, digit: Digit, now: Now, desk: &mut Desk) {
        let _ = (id, digit, now, desk);
    }

    /// He spoke with us, and no longer does.
    pub(super) fn party_over(&mut self, id: PartyId, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        let Some(party) = self.party(id) else { return };
        match party.errand {
            Errand::Transfer => self.transfer_over(id, how, now, desk),
            Errand::Citizen => {}
            Errand::SecondLine(_) => self.second_line_hung_up(id, now, desk),
            Errand::Ring(_) | Errand::Colleague | Errand::SentOn | Errand::Consult => self.leaves(id, how, now, desk),
        }
    }

    /// An offer within his dialog: hold, a new address, another codec.
    pub(super) fn party_reoffered(&mut self, id: PartyId, offer: &Sdp, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(party) = self.party_mut(id) else { return };
        let lines = party.part == Some(Part::Agent) || matches!(party.errand, Errand::SecondLine(_));
        if party.reoffered(offer, now, desk, shared).is_some() && lines {
            self.hold_changed(now, desk);
        }
        self.arrange(desk);
    }

    /// He asks for our offer within his dialog.
    pub(super) fn party_offer_wanted(&mut self, id: PartyId, now: Now, desk: &mut Desk, shared: &Shared) {
        if let Some(party) = self.party_mut(id) {
            party.offer_wanted(now, desk, shared);
        }
    }

    /// His answer to an offer that he asked for.
    pub(super) fn party_late_answer(&mut self, id: PartyId, answer: &Sdp, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        let before = party.held;
        party.take_answer(answer, desk);
        party.our_offer = None;
        if party.held != before && party.part == Some(Part::Agent) {
            self.hold_changed(now, desk);
        }
        self.arrange(desk);
    }
}
