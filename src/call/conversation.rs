//! The conversation with the citizen: from the moment when somebody answers until the last one leaves him. Hold, too.

use std::time::Duration;

use crate::ivr::walk::Input as WalkInput;
use crate::kernel::{EndReason, EndedBy, EventKind, Now, Part};
use crate::media::MediaCommand;

use super::desk::Desk;
use super::live::Call;
use super::party::{PartyId, Stage};
use super::survey::Spoken;

impl Call {
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

    /// The citizen has somebody to speak with: the plan falls silent, and they are bridged at once.
    pub(super) fn converse(&mut self, now: Now, desk: &mut Desk) {
        self.in_conversation = true;
        self.hold = false;
        self.hold_on_record = false;
        self.served_end = None;
        self.prompt = None;
        if !self.music {
            self.citizen.command(MediaCommand::StopPlaying, desk);
        }
        self.arrange(desk);
        self.record_conversation(now, desk);
        if let Some(place) = &mut self.place
            && !std::mem::replace(&mut place.served, true)
        {
            self.waited = place.waited(now);
            if let Some(hook) = place.hook {
                self.walk_on(WalkInput::HookConnected(hook), now, desk);
            }
        }
    }

    /// Somebody leaves the conversation.
    pub(super) fn leaves(&mut self, id: PartyId, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
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
            self.hold_on_record = false;
            self.second_line_over(now, desk);
        }
        self.drop_party(id, None, now, desk);
        if part == Some(Part::Third) {
            self.second_line_over(now, desk);
        }
        if let Some(agent) = agent {
            desk.floor.part_over(&agent, self.id, now);
        }
        if part == Some(Part::Consulted) && self.agent().is_some() {
            return self.question_over(now, desk);
        }
        if self.in_conversation && speaks(part) && self.talkers() < 2 {
            self.conversation_over(how, now, desk);
        } else if !self.in_conversation {
            self.left_before_anybody_spoke(how, now, desk);
        }
    }

    /// Those who speak with one another: the citizen and whoever is with him.
    pub(super) fn talkers(&self) -> usize {
        let citizen = self.citizen.leg.is_some() && self.citizen.stage == Stage::Talking;
        usize::from(citizen) + self.others.iter().filter(|p| speaks(p.part)).count()
    }

    /// The last one who spoke with the citizen has left: the plan goes on with him. Without a plan, it is over.
    pub(super) fn conversation_over(&mut self, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        self.in_conversation = false;
        self.served_end = Some(how);
        self.waited = Duration::ZERO;
        self.drop_others(now, desk);
        self.arrange(desk);
        self.end_conversation_recording(desk);
        if how.0 == EndedBy::System && self.placed.is_none() {
            self.owe_interrupted(now, desk);
        }
        match self.place.take().and_then(|place| place.hook) {
            Some(hook) => self.hook_done(hook, "answered", now, desk),
            None => self.over(how, now, desk),
        }
    }

    /// The agent's telephone or his order has put the citizen on hold, or taken him back.
    pub(super) fn hold_changed(&mut self, now: Now, desk: &mut Desk) {
        let Some(party) = self.agent() else { return };
        let on = self.keeps_away() || self.hold;
        let Some(agent) = party.agent().cloned() else { return };
        if std::mem::replace(&mut self.hold_on_record, on) != on {
            desk.floor.hold(&agent, on, now);
            desk.note(self.id, EventKind::AgentHeld { agent, on }, now);
        }
        self.arrange(desk);
    }
}

/// Whether somebody with this part speaks with the citizen.
fn speaks(part: Option<Part>) -> bool {
    match part {
        Some(Part::Agent | Part::Third | Part::Barging) => true,
        Some(Part::Consulted | Part::Listening | Part::Whispering) | None => false,
    }
}
