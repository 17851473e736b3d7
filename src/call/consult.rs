//! Asking somebody while the citizen hears music: a colleague, a unit, an interpreter. Then the one who was asked takes over,
//! joins, or is thanked and leaves (GB/T 33358 §3.7: three-party calls).

use crate::ivr::spoken::Piece;
use crate::kernel::{AgentId, CallId, EndReason, EndedBy, EventKind, Now, OfferEnd, Part, PhoneNumber};
use crate::media::MediaCommand;

use super::desk::{Command, Desk};
use super::exchange::{Exchange, Shared};
use super::live::Call;
use super::order::{Denied, Done, Place};
use super::party::{Errand, Party, PartyId, Stage, Who};
use super::ring::{Why, reason_of_offer};
use super::transfer::{RINGBACK, RINGBACK_PLAY};

impl Exchange {
    /// Asks somebody first.
    pub(super) fn consult(&mut self, agent: &AgentId, to: Place, now: Now) -> Result<Done, Denied> {
        let id = self.own_call(agent)?;
        if let Place::Agent(colleague) = &to {
            self.desk.floor.profile(colleague).ok_or(Denied::Unknown)?;
            if self.desk.devices_of(colleague).is_empty() {
                return Err(Denied::Unreachable);
            }
        }
        let mut done = Err(Denied::NoCall);
        self.with_call(id, |call, desk, shared| done = call.consult(to, now, desk, shared));
        done
    }

    /// The call of which the agent is the agent: of others' calls he does not dispose.
    pub(super) fn own_call(&self, agent: &AgentId) -> Result<CallId, Denied> {
        self.desk.floor.profile(agent).ok_or(Denied::Unknown)?;
        let id = self.call_of(agent).ok_or(Denied::NoCall)?;
        let own = self.calls.get(&id).and_then(Call::agent).and_then(Party::agent) == Some(agent);
        own.then_some(id).ok_or(Denied::NotNow)
    }

    /// Does something to the call of which the agent is the agent.
    pub(super) fn of_own_call(
        &mut self,
        agent: &AgentId,
        f: impl FnOnce(&mut Call, &mut Desk) -> Result<Done, Denied>,
    ) -> Result<Done, Denied> {
        let id = self.own_call(agent)?;
        let mut done = Err(Denied::NoCall);
        self.with_call(id, |call, desk, _| done = f(call, desk));
        done
    }
}

impl Call {
    pub(super) fn consult(&mut self, to: Place, now: Now, desk: &mut Desk, shared: &Shared) -> Result<Done, Denied> {
        if !self.in_conversation || self.asked().is_some() {
            return Err(Denied::NotNow);
        }
        match to {
            Place::Agent(colleague) => {
                desk.floor.engage(&colleague, self.id, None, now)?;
                self.hold_for_question(now, desk);
                self.ring(&colleague, Why::Consulted, desk.manners.ring_timeout, now, desk);
            }
            Place::Number(number) => {
                let party = self.invite_in(Who::Number(number.clone()), Errand::Consult, desk);
                let (shown, ring_timeout) = (self.shown_outside(&number), desk.manners.ring_timeout);
                let begun = self.dial_number(party, number.reveal(), &shown, ring_timeout, desk, shared);
                if let Err(no_way) = begun {
                    self.drop_party(party, None, now, desk);
                    return Err(match no_way.0 {
                        EndReason::Forbidden => Denied::NumberNotAllowed,
                        EndReason::Overload => Denied::Full,
                        _unreachable => Denied::Unreachable,
                    });
                }
                self.hold_for_question(now, desk);
            }
            Place::Queue(_) => return Err(Denied::NotNow), // somebody is asked, not a crowd
        }
        self.ring_back_to_agent(desk);
        Ok(Done::Accepted)
    }

    /// Asked from a second line, the telephone keeps the citizen on hold.
    fn hold_for_question(&mut self, now: Now, desk: &mut Desk) {
        if self.second_line().is_some() {
            return;
        }
        self.hold = true;
        self.hold_changed(now, desk);
    }

    /// Who was asked, or is being called to be asked, or has joined.
    fn asked(&self) -> Option<PartyId> {
        let ringing = self
            .rings
            .iter()
            .find(|ring| ring.why == Why::Consulted)
            .map(|ring| ring.id);
        let asked = |p: &&Party| {
            matches!(p.part, Some(Part::Consulted | Part::Third))
                || p.errand == Errand::Consult
                || ringing.is_some_and(|ring| p.errand == Errand::Ring(ring))
        };
        self.others.iter().find(asked).map(|p| p.id)
    }

    pub(super) fn consulted(&self) -> Option<PartyId> {
        self.others
            .iter()
            .find(|p| p.part == Some(Part::Consulted))
            .map(|p| p.id)
    }

    /// He who is asked has answered: the agent and he speak, the citizen hears music.
    pub(super) fn consultation_begins(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        self.stop_ring_back_to_agent(desk);
        let Some(party) = self.party_mut(id) else { return };
        party.part = Some(Part::Consulted);
        let joined = party.joined(Part::Consulted);
        desk.note(self.id, joined, now);
        self.arrange(desk);
    }

    /// A colleague did not pick up: the agent is with the citizen again.
    pub(super) fn consultation_failed(
        &mut self,
        colleague: Option<&AgentId>,
        outcome: OfferEnd,
        now: Now,
        desk: &mut Desk,
    ) {
        if let Some(colleague) = colleague {
            desk.floor.part_over(colleague, self.id, now);
        }
        let reason = reason_of_offer(outcome);
        self.question_over(now, desk);
        desk.note(self.id, EventKind::TransferFailed { reason, status: None }, now);
    }

    /// A number did not answer.
    pub(super) fn number_not_consulted(
        &mut self,
        id: PartyId,
        reason: EndReason,
        status: Option<u16>,
        now: Now,
        desk: &mut Desk,
    ) {
        self.drop_party(id, None, now, desk);
        self.question_over(now, desk);
        desk.note(self.id, EventKind::TransferFailed { reason, status }, now);
    }

    /// Nobody is asked any more: the citizen is taken back.
    pub(super) fn question_over(&mut self, now: Now, desk: &mut Desk) {
        self.stop_ring_back_to_agent(desk);
        self.second_line_over(now, desk);
        self.hold = false;
        self.hold_changed(now, desk);
    }

    /// The one who was asked takes the citizen; the agent leaves.
    pub(super) fn hand_over(&mut self, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let (Some(id), Some(agent)) = (self.consulted(), self.agent().map(|p| p.id)) else {
            return Err(Denied::NotNow);
        };
        let by = self.agent().and_then(Party::agent).cloned().ok_or(Denied::NotNow)?;
        let Some(party) = self.party(id) else {
            return Err(Denied::NotNow);
        };
        let (who, colleague) = (party.who.name(), party.agent().cloned());
        let to = match colleague {
            Some(_) => format!("agent:{who}"),
            None => format!("number:{who}"),
        };
        let sent = EventKind::SentOn {
            by: by.clone(),
            to,
            attended: true,
        };
        desk.note(self.id, sent, now);
        desk.note(
            self.id,
            EventKind::PartLeft {
                who,
                part: Part::Consulted,
            },
            now,
        );
        match colleague {
            Some(colleague) => {
                desk.floor.hand_over(&by, &colleague, now);
                // With the citizen from this moment, so that he is not alone when the agent goes.
                if let Some(party) = self.party_mut(id) {
                    party.part = Some(Part::Third);
                }
                self.agent_goes(agent, now, desk);
                self.joins_as_agent(id, now, desk);
            }
            None => {
                self.becomes(id, Part::Third, now, desk);
                self.agent_goes(agent, now, desk);
            }
        }
        Ok(Done::Accepted)
    }

    /// The one who was asked joins: all three speak.
    pub(super) fn join(&mut self, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let id = self.consulted().ok_or(Denied::NotNow)?;
        let who = self.party(id).map(|p| p.who.name()).ok_or(Denied::NotNow)?;
        desk.note(
            self.id,
            EventKind::PartLeft {
                who,
                part: Part::Consulted,
            },
            now,
        );
        self.becomes(id, Part::Third, now, desk);
        self.hold = false;
        self.hold_changed(now, desk);
        Ok(Done::Accepted)
    }

    /// The third, or whoever is being asked or called to be asked, leaves.
    pub(super) fn send_away(&mut self, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let ringing = self
            .rings
            .iter()
            .find(|ring| ring.why == Why::Consulted)
            .map(|ring| ring.id);
        if let Some(ring) = ringing {
            if let Some(ring) = self.stop_ring(ring, None, now, desk) {
                desk.floor.part_over(&ring.agent, self.id, now);
            }
            self.question_over(now, desk);
            return Ok(Done::Accepted);
        }
        let id = self.asked().ok_or(Denied::NotNow)?;
        match self.party(id).map(|p| p.stage) {
            Some(Stage::Talking) => self.leaves(id, (EndedBy::System, EndReason::Hangup), now, desk),
            Some(Stage::Calling | Stage::Ringing | Stage::Early) | None => {
                self.drop_party(id, None, now, desk);
                self.question_over(now, desk);
            }
        }
        Ok(Done::Accepted)
    }

    fn becomes(&mut self, id: PartyId, part: Part, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        party.part = Some(part);
        let joined = party.joined(part);
        desk.note(self.id, joined, now);
        self.arrange(desk);
    }

    /// The agent leaves and others stay with the citizen.
    pub(super) fn agent_goes(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        self.leaves(id, (EndedBy::Callee, EndReason::Hangup), now, desk);
    }

    /// While it rings there, the agent hears that it rings.
    fn ring_back_to_agent(&self, desk: &mut Desk) {
        let still_rings = self.asked().is_some() && self.consulted().is_none();
        if let Some(media) = self.ear_of_agent().and_then(|p| p.media).filter(|_| still_rings) {
            desk.push(Command::Play {
                id: media.id,
                play: RINGBACK_PLAY,
                pieces: vec![Piece::Prompt(RINGBACK.to_owned())],
                language: self.language,
                repeat: true,
            });
        }
    }

    fn stop_ring_back_to_agent(&self, desk: &mut Desk) {
        if let Some(ear) = self.ear_of_agent() {
            ear.command(MediaCommand::StopPlaying, desk);
        }
    }

    /// Who is shown to somebody outside: emergencies see the citizen, all others the hotline.
    pub(super) fn shown_outside(&self, number: &PhoneNumber) -> PhoneNumber {
        match number.reveal() {
            "110" | "119" | "120" | "122" => self.from.clone(),
            _ => self.to.clone(),
        }
    }
}
