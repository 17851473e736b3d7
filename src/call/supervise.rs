//! A supervisor in a call: listens, whispers to the agent, speaks with both, takes the call over. Only with the role; each
//! use stands in the call's record.

use crate::kernel::{AgentId, EventKind, Now, Part, Role};

use super::desk::Desk;
use super::exchange::Exchange;
use super::live::Call;
use super::order::{Denied, Done};
use super::party::PartyId;
use super::ring::Why;

impl Exchange {
    /// Brings a supervisor into an agent's call, or gives him another part in it.
    pub(super) fn supervise(
        &mut self,
        supervisor: &AgentId,
        agent: &AgentId,
        part: Part,
        now: Now,
    ) -> Result<Done, Denied> {
        let role = self.desk.floor.profile(supervisor).ok_or(Denied::Unknown)?.role;
        self.desk.floor.profile(agent).ok_or(Denied::Unknown)?;
        if role < Role::Supervisor || supervisor == agent {
            return Err(Denied::NotAllowed);
        }
        match part {
            Part::Listening | Part::Whispering | Part::Barging => {}
            Part::Agent | Part::Consulted | Part::Third => return Err(Denied::NotNow),
        }
        let id = self.call_of(agent).ok_or(Denied::NoCall)?;
        if self.desk.devices_of(supervisor).is_empty() {
            return Err(Denied::Unreachable);
        }
        let mut done = Err(Denied::NoCall);
        self.with_call(id, |call, desk, _| done = call.supervise(supervisor, part, now, desk));
        done
    }

    /// The supervisor who is in the call takes it over.
    pub(super) fn take_over(&mut self, supervisor: &AgentId, now: Now) -> Result<Done, Denied> {
        self.desk.floor.profile(supervisor).ok_or(Denied::Unknown)?;
        let id = self.call_of(supervisor).ok_or(Denied::NoCall)?;
        let mut done = Err(Denied::NotNow);
        self.with_call(id, |call, desk, _| done = call.take_over(supervisor, now, desk));
        done
    }
}

impl Call {
    fn supervise(&mut self, supervisor: &AgentId, part: Part, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let here = self.colleague(supervisor).map(|p| (p.id, p.part));
        match here {
            Some((id, Some(Part::Listening | Part::Whispering | Part::Barging))) => {
                self.changes_part(id, part, now, desk);
                return Ok(Done::Accepted);
            }
            Some(_) => return Err(Denied::NotNow), // he speaks in it as something else
            None => {}
        }
        if !self.in_conversation || self.rings.iter().any(|ring| &ring.agent == supervisor) {
            return Err(Denied::NotNow);
        }
        desk.floor.engage(supervisor, self.id, None, now)?;
        self.ring(supervisor, Why::Supervising(part), desk.manners.ring_timeout, now, desk);
        Ok(Done::Accepted)
    }

    /// He has picked up.
    pub(super) fn supervisor_comes(&mut self, id: PartyId, part: Part, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        party.part = Some(part);
        let joined = party.joined(part);
        desk.note(self.id, joined, now);
        self.arrange(desk);
    }

    fn changes_part(&mut self, id: PartyId, part: Part, now: Now, desk: &mut Desk) {
        self.leaves_part(id, now, desk);
        self.supervisor_comes(id, part, now, desk);
    }

    fn leaves_part(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let Some(party) = self.party(id) else { return };
        let who = party.who.name();
        if let Some(part) = party.part {
            desk.note(self.id, EventKind::PartLeft { who, part }, now);
        }
    }

    fn take_over(&mut self, supervisor: &AgentId, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let Some(party) = self.colleague(supervisor) else {
            return Err(Denied::NotNow);
        };
        match party.part {
            Some(Part::Listening | Part::Whispering | Part::Barging) => {}
            Some(Part::Agent | Part::Consulted | Part::Third) | None => return Err(Denied::NotNow),
        }
        let id = party.id;
        let agent = self.agent().map(|p| (p.id, p.agent().cloned()));
        self.leaves_part(id, now, desk);
        if let Some((agent, name)) = agent {
            if let Some(name) = name {
                let sent = EventKind::SentOn {
                    by: supervisor.clone(),
                    to: format!("agent:{supervisor}"),
                    attended: true,
                };
                desk.note(self.id, sent, now);
                desk.floor.hand_over(&name, supervisor, now);
            }
            // Barging for this moment, so that the citizen is not alone when the agent goes.
            if let Some(party) = self.party_mut(id) {
                party.part = Some(Part::Barging);
            }
            self.agent_goes(agent, now, desk);
        }
        self.joins_as_agent(id, now, desk);
        Ok(Done::Accepted)
    }
}
