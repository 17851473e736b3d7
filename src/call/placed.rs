//! Calls that agents place, by order or for a debt: the agent's telephone rings first, then the other's, with the hotline's number
//! shown. A colleague is called in the same way.

use crate::ivr::spoken::Piece;
use crate::kernel::{AgentId, CallId, EndReason, EndedBy, EventKind, Now, OfferEnd, Part, PhoneNumber, PlayId};
use crate::media::MediaCommand;
use crate::queue::{Debt, OfferId};

use super::desk::{Command, Desk};
use super::dial::NoWay;
use super::ending::After;
use super::exchange::{Exchange, Shared};
use super::gateway::ways_to;
use super::live::{Call, Phase};
use super::order::{Denied, Done, Place};
use super::party::{Errand, Party, PartyId, Stage, Who};
use super::ring::{Why, reason_of_offer};

/// What an agent hears while it rings at the other's.
const RINGBACK: &str = "tone/ringback";
/// What he hears before, if the floor gave him a debt.
const DEBT: &str = "callback/agent";
/// Its playlist: no walk counts so far.
pub(super) const AGENT_PLAY: PlayId = PlayId(u64::MAX - 3);

/// How a call came about that nobody made to us.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub by: AgentId,
    pub to: Place,
    /// The debt that it pays.
    pub debt: Option<CallId>,
}

impl Exchange {
    /// An agent calls somebody.
    pub(super) fn place(&mut self, agent: &AgentId, to: Place, debt: Option<CallId>, now: Now) -> Result<Done, Denied> {
        self.desk.floor.profile(agent).ok_or(Denied::Unknown)?;
        self.may_be_called(&to)?;
        if self.desk.devices_of(agent).is_empty() {
            return Err(Denied::Unreachable);
        }
        if self.shared().draining || self.calls.len() >= self.shared().limits.calls_max {
            return Err(Denied::Full);
        }
        let id = self.desk.new_call_id(now);
        self.desk.floor.engage(agent, id, debt, now)?;
        let ring_timeout = self.desk.manners.ring_timeout;
        let placed = Placed {
            by: agent.clone(),
            to,
            debt,
        };
        self.begin_placed(id, placed, now, |call, desk| {
            call.ring(agent, Why::Placing, ring_timeout, now, desk);
        });
        Ok(Done::Call { call: id, slot: None })
    }

    /// The floor has given an agent a debt: his telephone rings, then the citizen's.
    pub(super) fn call_back(
        &mut self,
        offer: OfferId,
        agent: &AgentId,
        debt: &Debt,
        ring_timeout: std::time::Duration,
        now: Now,
    ) {
        let to = Place::Number(debt.number.clone());
        if self.may_be_called(&to).is_err() {
            self.desk.floor.callback_tried(debt.call, false, now); // takes the offer back, too
            let outcome = "failed".to_owned();
            let by_call = debt.call; // no call came of it
            self.desk
                .note(debt.call, EventKind::CallbackTried { by_call, outcome }, now);
            return;
        }
        let id = self.desk.new_call_id(now);
        let placed = Placed {
            by: agent.clone(),
            to,
            debt: Some(debt.call),
        };
        self.begin_placed(id, placed, now, |call, desk| {
            call.last_queue = Some(debt.queue.clone());
            call.offer_to(offer, agent, ring_timeout, now, desk);
        });
    }

    /// Whether a place can be called from a telephone of ours.
    pub(super) fn may_be_called(&self, to: &Place) -> Result<(), Denied> {
        match to {
            Place::Queue(_) => Err(Denied::Unknown), // nobody waits to be served by himself
            Place::Agent(colleague) => {
                self.desk.floor.profile(colleague).ok_or(Denied::Unknown)?;
                let there = !self.desk.devices_of(colleague).is_empty();
                there.then_some(()).ok_or(Denied::Unreachable)
            }
            Place::Number(number) => {
                let ways = ways_to(number.reveal(), &self.shared().routes, &self.desk);
                let ways = ways.ok_or(Denied::NumberNotAllowed)?;
                (!ways.is_empty()).then_some(()).ok_or(Denied::Unreachable)
            }
        }
    }

    pub(super) fn begin_placed(
        &mut self,
        id: CallId,
        placed: Placed,
        now: Now,
        begin: impl FnOnce(&mut Call, &mut Desk),
    ) {
        let from = PhoneNumber::new(&self.desk.manners.hotline_number);
        let to = match &placed.to {
            Place::Number(number) => number.clone(),
            Place::Agent(name) => PhoneNumber::new(name.as_str()),
            Place::Queue(name) => PhoneNumber::new(name),
        };
        let invite = EventKind::Invite {
            from: from.clone(),
            to: to.clone(),
            hotline: None,
            trunk: None,
            sip_call_id: String::new(),
            source: String::new(),
            placed_by: Some(placed.by.clone()),
        };
        self.desk.note(id, invite, now);
        let citizen = Party::new(PartyId::CITIZEN, Who::Citizen, Errand::Citizen, &mut self.desk);
        let mut call = Call::new(id, from, to, citizen, now);
        call.phase = Phase::Placing;
        call.placed = Some(Box::new(placed));
        call.deadline = Some(now.mono + self.shared().call_max);
        self.calls.insert(id, call);
        self.with_call(id, |call, desk, _| begin(call, desk));
    }
}

impl Call {
    /// The agent holds his receiver: now the other is called.
    pub(super) fn ready_to_call(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let Some(placed) = self.placed.clone() else { return };
        if let Some(party) = self.party_mut(id) {
            party.part = Some(Part::Agent);
        }
        if placed.debt.is_some() {
            let engaged = desk.floor.engage(&placed.by, self.id, placed.debt, now);
            let _already = engaged; // by order it is this call's already
        }
        self.say_to(id, if placed.debt.is_some() { DEBT } else { RINGBACK }, desk);
        desk.to_call.push(self.id);
    }

    /// Calls whom the agent wants to speak with.
    pub(super) fn call_target(&mut self, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(placed) = self.placed.clone().filter(|_| self.phase == Phase::Placing) else {
            return;
        };
        let ring_timeout = desk.manners.ring_timeout;
        match placed.to {
            Place::Number(number) => {
                let shown = self.from.clone();
                let begun = self.dial_number(PartyId::CITIZEN, number.reveal(), &shown, ring_timeout, desk, shared);
                if let Err(NoWay(reason)) = begun {
                    self.target_failed(reason, now, desk);
                }
            }
            Place::Agent(colleague) => match desk.floor.engage(&colleague, self.id, None, now) {
                Ok(()) => self.ring(&colleague, Why::Called, ring_timeout, now, desk),
                Err(_) => self.target_failed(EndReason::Busy, now, desk),
            },
            Place::Queue(_) => self.target_failed(EndReason::UnknownNumber, now, desk),
        }
    }

    /// It rings at the other's, or makes a sound there that the agent is to hear.
    pub(super) fn target_rings(&mut self, desk: &mut Desk) {
        if self.citizen.stage == Stage::Early {
            self.silence_agent(desk);
        }
        self.arrange(desk);
    }

    /// The citizen answers.
    pub(super) fn target_answered(&mut self, now: Now, desk: &mut Desk) {
        self.phase = Phase::Talking;
        let Some(placed) = self.placed.clone() else { return };
        self.silence_agent(desk);
        let agent = placed.by.to_string();
        desk.note(self.id, EventKind::AnsweredByPerson { agent }, now);
        self.converse(now, desk);
        if let Some(debt) = placed.debt {
            desk.floor.callback_tried(debt, true, now);
            self.note_tried(debt, "reached", now, desk);
            self.note_settled(debt, "reached", &placed.by, now, desk);
        }
        self.settle_by_speaking(&placed.by, now, desk);
    }

    /// The colleague answers.
    pub(super) fn colleague_answered(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        self.phase = Phase::Talking;
        self.silence_agent(desk);
        if let Some(placed) = &self.placed {
            let agent = placed.by.to_string();
            desk.note(self.id, EventKind::AnsweredByPerson { agent }, now);
        }
        if let Some(party) = self.party_mut(id) {
            party.part = Some(Part::Third);
            let joined = party.joined(Part::Third);
            desk.note(self.id, joined, now);
        }
        self.converse(now, desk);
    }

    /// The colleague does not answer.
    pub(super) fn colleague_did_not_answer(&mut self, colleague: &AgentId, why: OfferEnd, now: Now, desk: &mut Desk) {
        desk.floor.part_over(colleague, self.id, now);
        self.target_failed(reason_of_offer(why), now, desk);
    }

    /// The other cannot be reached: the agent is told so by the end of the call.
    pub(super) fn target_failed(&mut self, reason: EndReason, now: Now, desk: &mut Desk) {
        if let Some(debt) = self.placed.as_ref().and_then(|placed| placed.debt) {
            let outcome = match reason {
                EndReason::Busy => "busy",
                EndReason::NoAnswer => "no_answer",
                _unreachable => "failed",
            };
            desk.floor.callback_tried(debt, false, now);
            self.note_tried(debt, outcome, now, desk);
        }
        self.end(EndedBy::System, reason, None, After::HangUp { cause: 16 }, now, desk);
    }

    /// The agent did not pick up his own telephone.
    pub(super) fn nobody_placed(&mut self, agent: &AgentId, why: OfferEnd, now: Now, desk: &mut Desk) {
        desk.floor.part_over(agent, self.id, now);
        self.over((EndedBy::Callee, reason_of_offer(why)), now, desk);
    }

    /// The agent hung up before anybody answered.
    pub(super) fn left_before_anybody_spoke(&mut self, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        if self.phase == Phase::Placing {
            self.over(how, now, desk);
        }
    }

    /// Of those who were to place this call nobody is left.
    pub(super) fn over_without_anybody(&mut self, now: Now, desk: &mut Desk) {
        if self.phase == Phase::Placing && !self.has_people() {
            self.over((EndedBy::Callee, EndReason::NoAnswer), now, desk);
        }
    }

    /// A call without a plan is over when nobody speaks any more.
    pub(super) fn over(&mut self, (by, reason): (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        self.end(by, reason, None, After::HangUp { cause: 16 }, now, desk);
    }

    /// A prompt to somebody who is not the citizen has ended.
    pub(super) fn said_to(&self, id: PartyId, play: PlayId, desk: &mut Desk) {
        if play == AGENT_PLAY && self.phase == Phase::Placing && self.citizen.stage < Stage::Early {
            self.say_to(id, RINGBACK, desk);
        }
    }

    fn say_to(&self, id: PartyId, prompt: &str, desk: &mut Desk) {
        if let Some(media) = self.party(id).and_then(|p| p.media) {
            desk.push(Command::Play {
                id: media.id,
                play: AGENT_PLAY,
                pieces: vec![Piece::Prompt(prompt.to_owned())],
                language: self.language,
                repeat: prompt == RINGBACK,
            });
        }
    }

    fn silence_agent(&self, desk: &mut Desk) {
        if let Some(agent) = self.agent() {
            agent.command(MediaCommand::StopPlaying, desk);
        }
    }
}
