//! An agent's telephone sends a call on: REFER becomes the order that a page would give, and the telephone hears how it went.
//! Nobody else's REFER is listened to.

use crate::kernel::{AgentId, LegId, Now, Part};
use crate::sip::message::NameAddr;
use crate::sip::transaction::ServerKey;
use crate::sip::ua::Replaces;

use super::arrival::dialled_number;
use super::desk::Desk;
use super::exchange::Exchange;
use super::live::Call;
use super::order::{Denied, Order, Place};
use crate::queue::Refused;

impl Exchange {
    /// A REFER in one of our dialogs. `None`: it is refused, and nothing has happened.
    pub(super) fn referred(
        &mut self,
        leg: LegId,
        key: ServerKey,
        refer_to: &NameAddr,
        replaces: Option<&Replaces>,
        now: Now,
    ) -> Option<()> {
        if let Some(replaces) = replaces {
            return self.brought_together(leg, key, replaces, now);
        }
        let agent = self.speaks_with_a_citizen(leg)?;
        let to = self.place_named(&dialled_number(&refer_to.uri))?;
        self.may_be_sent_on(&to).ok()?;
        // 202 and the first news go before the BYE.
        let refer = self.desk.ua.accept_refer(key, now)?;
        let order = Order::SendOn { agent, to: to.clone() };
        let call = self.desk.by_leg.get(&leg).copied();
        match self.carry_out_order(order, now) {
            Err(denied) => self.desk.ua.refer_progress(refer, status_of(denied), now),
            Ok(_) => match (to, call) {
                // He waits there: that is all that was asked for.
                (Place::Queue(_), _) | (_, None) => self.desk.ua.refer_progress(refer, 200, now),
                (Place::Agent(_) | Place::Number(_), Some(call)) => {
                    self.with_call(call, |call, _, _| call.referral = Some(refer));
                }
            },
        }
        Some(())
    }

    /// The telephone wants its two lines brought together: whoever was asked takes the citizen over.
    fn brought_together(&mut self, leg: LegId, key: ServerKey, replaces: &Replaces, now: Now) -> Option<()> {
        let other = self.desk.ua.replaced(replaces).ok()?;
        let call = self.calls.get(self.desk.by_leg.get(&leg)?)?;
        let (first, second) = (call.agent()?, call.second_line()?);
        let lines = [first.leg, second.leg];
        if leg == other || !lines.contains(&Some(leg)) || !lines.contains(&Some(other)) {
            return None;
        }
        let agent = first.agent().cloned()?;
        call.consulted()?;
        let refer = self.desk.ua.accept_refer(key, now)?;
        let done = self.carry_out_order(Order::HandOver { agent }, now);
        let status = done.map_or_else(status_of, |_| 200);
        self.desk.ua.refer_progress(refer, status, now);
        Some(())
    }

    /// The agent whose telephone this is, if he has a citizen and asks nobody.
    fn speaks_with_a_citizen(&self, leg: LegId) -> Option<AgentId> {
        let call = self.calls.get(self.desk.by_leg.get(&leg)?)?;
        let party = call.by_leg(leg).and_then(|id| call.party(id))?;
        let alone = call.second_line().is_none() && party.part == Some(Part::Agent);
        party.agent().filter(|_| alone).cloned()
    }

    /// What somebody of ours means by a number: a queue, a colleague, somebody outside. `None` for a number of the plan, which
    /// belongs to citizens.
    pub(super) fn place_named(&self, dialled: &str) -> Option<Place> {
        if self.desk.floor.has_queue(dialled) {
            return Some(Place::Queue(dialled.to_owned()));
        }
        if let Some(agent) = AgentId::parse(dialled)
            && self.desk.floor.profile(&agent).is_some()
        {
            return Some(Place::Agent(agent));
        }
        let of_the_plan = self.shared.plan.number(dialled).is_some();
        (!of_the_plan).then(|| Place::Number(crate::kernel::PhoneNumber::new(dialled)))
    }

    fn may_be_sent_on(&self, to: &Place) -> Result<(), Denied> {
        match to {
            Place::Queue(_) => Ok(()), // there is one of this name
            Place::Agent(_) | Place::Number(_) => self.may_be_called(to),
        }
    }
}

impl Call {
    /// How the way on has ended, for the telephone that asked.
    pub(super) fn referral_over(&mut self, status: u16, now: Now, desk: &mut Desk) {
        if let Some(refer) = self.referral.take() {
            desk.ua.refer_progress(refer, status, now);
        }
    }
}

/// What a telephone is told about an order that was not carried out.
pub(super) fn status_of(denied: Denied) -> u16 {
    match denied {
        Denied::NotAllowed | Denied::NumberNotAllowed | Denied::Floor(Refused::NotSignedIn) => 403,
        Denied::Unknown | Denied::NoCall | Denied::Floor(Refused::UnknownAgent | Refused::UnknownQueue) => 404,
        Denied::Unreachable => 480,
        Denied::NotNow | Denied::Floor(Refused::NotNow | Refused::TooLate | Refused::NoMoreTime) => 486,
        Denied::Full => 503,
    }
}
