//! An agent asks somebody from the second line of his telephone: the first one keeps the citizen on hold, the second one speaks with
//! whoever is asked. Both belong to one call, so that REFER, or an order, can bring citizen and asked together.

use crate::kernel::{AgentId, LegId, Now, Part};
use crate::sip::Flow;
use crate::sip::sdp::Sdp;

use super::arrival::Arrival;
use super::bridge::Line;
use super::desk::Desk;
use super::exchange::{Exchange, Shared};
use super::live::Call;
use super::order::{Denied, Place};
use super::party::{Errand, Party, PartyId};
use super::refer::status_of;

impl Exchange {
    /// An agent who is in a call has dialled.
    pub(super) fn agent_asks(&mut self, agent: &AgentId, to: Place, arrival: Arrival<'_>, now: Now) {
        let Arrival { leg, flow, offer, .. } = arrival;
        let may = self.may_be_called(&to).and_then(|()| self.own_call(agent));
        let begun = may.and_then(|id| {
            let mut begun = Err(Denied::NoCall);
            self.with_call(id, |call, desk, _| {
                begun = call.comes_by_second_line(agent, (leg, flow), offer, to, desk);
            });
            begun
        });
        if let Err(denied) = begun {
            self.desk.ua.reject(leg, status_of(denied), &[], now);
        }
    }
}

impl Call {
    fn comes_by_second_line(
        &mut self,
        agent: &AgentId,
        line: (LegId, Flow),
        offer: Option<Sdp>,
        to: Place,
        desk: &mut Desk,
    ) -> Result<(), Denied> {
        if !self.in_conversation || self.second_line().is_some() {
            return Err(Denied::NotNow);
        }
        self.comes_by_line(agent, line, offer, Errand::SecondLine(to), desk);
        Ok(())
    }

    /// The agent's second line.
    pub(super) fn second_line(&self) -> Option<&Party> {
        let is_second = |p: &&Party| matches!(p.errand, Errand::SecondLine(_));
        self.others.iter().find(is_second)
    }

    /// He hears us on it: whom he has dialled is called.
    pub(super) fn second_line_confirmed(&mut self, id: PartyId, to: Place, now: Now, desk: &mut Desk, shared: &Shared) {
        self.arrange(desk);
        if self.consult(to, now, desk, shared).is_err() {
            self.drop_party(id, None, now, desk);
        }
    }

    /// He has hung it up: who is being asked is thanked. Who has joined stays.
    pub(super) fn second_line_hung_up(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        let joined = self.joined_by_second_line();
        self.drop_party(id, None, now, desk);
        if joined {
            self.hold_changed(now, desk);
        } else {
            let _nobody_was_asked_yet = self.send_away(now, desk);
        }
    }

    /// Nobody is at its other end any more.
    pub(super) fn second_line_over(&mut self, now: Now, desk: &mut Desk) {
        if let Some(id) = self.second_line().map(|p| p.id) {
            self.drop_party(id, None, now, desk);
        }
    }

    /// Whether whoever was asked from it is with the citizen: then both lines are the agent's, whichever he holds in his hand.
    fn joined_by_second_line(&self) -> bool {
        let has = |part| self.others.iter().any(|p| p.part == Some(part));
        self.second_line().is_some() && has(Part::Third) && !has(Part::Consulted)
    }

    /// The agent's telephone keeps the citizen on hold.
    pub(super) fn keeps_away(&self) -> bool {
        let second = self.second_line().filter(|_| self.joined_by_second_line());
        self.agent().is_some_and(|p| p.held) && second.is_none_or(|p| p.held)
    }

    /// Which of the agent's lines somebody is, for the sound.
    pub(super) fn line_of(&self, party: &Party) -> Line {
        let two = self.second_line().is_some() && !self.joined_by_second_line();
        match (&party.errand, party.part) {
            (Errand::SecondLine(_), _) if two => Line::Second,
            (_, Some(Part::Agent)) if two => Line::First,
            (_, _) => Line::Only,
        }
    }

    /// The session by which the agent hears what is only for him.
    pub(super) fn ear_of_agent(&self) -> Option<&Party> {
        self.second_line().or_else(|| self.agent())
    }
}
