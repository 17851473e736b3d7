//! Sending the citizen on without asking first: to a queue (the total wait is kept), to a colleague, to a number. Whoever cannot
//! be reached there comes back to the queue that he came from: nobody is lost on the way.

use crate::ivr::walk::Input as WalkInput;
use crate::kernel::{AgentId, EndReason, EndedBy, EventKind, Now, Part, PhoneNumber};

use super::desk::Desk;
use super::dial::NoWay;
use super::exchange::Shared;
use super::live::Call;
use super::order::{Denied, Done, Place};
use super::party::{Errand, Party, PartyId, Stage, Who};
use super::ring::Why;

impl Call {
    /// The agent sends the citizen there and leaves.
    pub(super) fn send_on(
        &mut self,
        id: PartyId,
        to: &Place,
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) -> Result<Done, Denied> {
        let party = self.party(id).filter(|p| p.part == Some(Part::Agent));
        let by = party.and_then(|p| p.agent().cloned()).ok_or(Denied::NotNow)?;
        if !self.in_conversation || self.citizen.stage != Stage::Talking || self.citizen.leg.is_none() {
            return Err(Denied::NotNow);
        }
        let name = match to {
            Place::Queue(queue) => {
                if !desk.floor.has_queue(queue) {
                    return Err(Denied::Unknown);
                }
                format!("queue:{queue}")
            }
            Place::Agent(colleague) => {
                desk.floor.profile(colleague).ok_or(Denied::Unknown)?;
                if desk.devices_of(colleague).is_empty() {
                    return Err(Denied::Unreachable);
                }
                desk.floor.engage(colleague, self.id, None, now)?;
                format!("agent:{colleague}")
            }
            Place::Number(number) => {
                self.call_number_on(number, desk, shared)?;
                format!("number:{}", number.masked())
            }
        };
        let sent = EventKind::SentOn {
            by,
            to: name,
            attended: false,
        };
        desk.note(self.id, sent, now);
        self.step_aside(id, now, desk);
        match to {
            Place::Queue(queue) => self.wait_again(queue, now, desk),
            Place::Agent(colleague) => {
                let ring_timeout = desk.manners.ring_timeout;
                self.ring(colleague, Why::SentOn, ring_timeout, now, desk);
            }
            Place::Number(_) => {}
        }
        Ok(Done::Accepted)
    }

    fn call_number_on(&mut self, number: &PhoneNumber, desk: &mut Desk, shared: &Shared) -> Result<(), Denied> {
        let target = self.invite_in(Who::Number(number.clone()), Errand::SentOn, desk);
        let shown = self.citizen_number().clone();
        let ring_timeout = desk.manners.ring_timeout;
        let begun = self.dial_number(target, number.reveal(), &shown, ring_timeout, desk, shared);
        begun.map_err(|NoWay(reason)| {
            self.others.retain(|p| p.id != target);
            match reason {
                EndReason::Forbidden => Denied::NumberNotAllowed,
                _unreachable_or_no_line => Denied::Unreachable,
            }
        })
    }

    /// The agent leaves the conversation, and the citizen stays in it: he hears music until somebody answers.
    pub(super) fn step_aside(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let Some(party) = self.party(id) else { return };
        let (who, agent) = (party.who.name(), party.agent().cloned());
        let part = Part::Agent;
        desk.note(self.id, EventKind::PartLeft { who, part }, now);
        self.hold = false;
        self.hold_on_record = false;
        self.drop_party(id, None, now, desk);
        if let Some(agent) = agent {
            desk.floor.part_over(&agent, self.id, now);
        }
        self.supervisors_leave(now, desk);
    }

    /// Who listened to the agent or whispered to him has nothing more to do here.
    fn supervisors_leave(&mut self, now: Now, desk: &mut Desk) {
        let supervises = |p: &&Party| matches!(p.part, Some(Part::Listening | Part::Whispering));
        while let Some(id) = self.others.iter().find(supervises).map(|p| p.id) {
            self.leaves(id, (EndedBy::System, EndReason::Hangup), now, desk);
        }
    }

    /// He waits in a queue, with all that he has waited before. Under a plan it is the plan that speaks to him meanwhile.
    pub(super) fn wait_again(&mut self, queue: &str, now: Now, desk: &mut Desk) {
        let hook = self.place.as_ref().and_then(|place| place.hook);
        self.in_conversation = hook.is_none();
        if let Some(hook) = hook {
            self.arrange(desk);
            self.walk_on(WalkInput::HookWaiting(hook), now, desk);
        }
        self.enter_queue(hook, queue, now, desk);
    }

    /// Where he was sent on to nobody answers: he waits where he came from.
    pub(super) fn come_back(&mut self, now: Now, desk: &mut Desk) {
        let queue = self.last_queue.clone();
        let queue = queue.unwrap_or_else(|| desk.manners.debts_queue.clone());
        self.wait_again(&queue, now, desk);
    }

    /// The colleague takes him over.
    pub(super) fn taken_over(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let agent = self.party(id).and_then(|p| p.agent().cloned());
        if let (Some(agent), Some(queue)) = (agent, &self.last_queue) {
            desk.floor.takes_over(&agent, queue, now);
        }
        self.referral_over(200, now, desk);
        self.joins_as_agent(id, now, desk);
    }

    /// The colleague does not.
    pub(super) fn not_taken_over(&mut self, colleague: &AgentId, now: Now, desk: &mut Desk) {
        desk.floor.part_over(colleague, self.id, now);
        self.referral_over(480, now, desk);
        self.come_back(now, desk);
    }

    /// The number answers: they speak.
    pub(super) fn sent_on_answered(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        desk.note(self.id, EventKind::TransferAnswered, now);
        self.referral_over(200, now, desk);
        if let Some(party) = self.party_mut(id) {
            party.part = Some(Part::Third);
            let joined = party.joined(Part::Third);
            desk.note(self.id, joined, now);
        }
        self.arrange(desk);
    }

    /// It makes a sound that the citizen is to hear.
    pub(super) fn sent_on_rings(&mut self, id: PartyId, desk: &mut Desk) {
        if let Some(party) = self.party_mut(id)
            && party.stage == Stage::Early
        {
            party.part = Some(Part::Third);
            self.arrange(desk);
        }
    }

    /// Nobody answers there.
    pub(super) fn sent_on_failed(
        &mut self,
        id: PartyId,
        reason: EndReason,
        status: Option<u16>,
        now: Now,
        desk: &mut Desk,
    ) {
        desk.note(self.id, EventKind::TransferFailed { reason, status }, now);
        self.referral_over(status.unwrap_or(480), now, desk);
        self.drop_party(id, None, now, desk);
        if self.talkers() < 2 {
            self.come_back(now, desk);
        }
    }

    /// A queue that he was sent on to, outside of any plan, has nobody for him.
    pub(super) fn nobody_for_him(&mut self, now: Now, desk: &mut Desk) {
        self.in_conversation = false;
        self.owe(self.citizen_number().clone(), "overflow", now, desk);
        self.over((EndedBy::System, EndReason::NoAnswer), now, desk);
    }
}
