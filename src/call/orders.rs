//! Orders from outside of a call, whoever says them. Each is checked, done at once or begun, and answered; what follows is told
//! by events.

use crate::kernel::{AgentId, CallId, Digit, EndReason, EndedBy, EventKind, Now, Part};
use crate::media::MediaCommand;

use super::desk::Desk;
use super::exchange::{Exchange, Shared};
use super::live::{Call, Phase};
use super::order::{Denied, Done, Order};
use super::party::{Party, PartyId};

impl Exchange {
    /// Carries out an order.
    ///
    /// # Errors
    /// [`Denied`]: nothing has happened then.
    pub fn order(&mut self, order: Order, now: Now) -> Result<Done, Denied> {
        let done = self.carry_out_order(order, now);
        self.turn(now);
        done
    }

    /// The ticket of what an order wrote, to be asked for right after it: its answer may leave when the ledger has that. `None`
    /// if it wrote nothing.
    pub fn ticket_of_the_last(&mut self) -> Option<u64> {
        self.desk.ticket_of_the_last()
    }

    pub(super) fn carry_out_order(&mut self, order: Order, now: Now) -> Result<Done, Denied> {
        match order {
            Order::Act { agent, action, by } => {
                self.desk.floor.act(&agent, action, by.as_deref(), now)?;
                Ok(Done::Accepted)
            }
            Order::HangUp { agent } => self.of_agent(&agent, |call, id, desk| {
                call.leaves(id, (EndedBy::Callee, EndReason::Hangup), now, desk);
                Ok(Done::Accepted)
            }),
            Order::Hold { agent, on } => self.of_agent(&agent, |call, id, desk| call.hold_by_order(id, on, now, desk)),
            Order::Keys { agent, keys } => self.of_agent(&agent, |call, _, desk| call.send_keys(keys, desk)),
            Order::Mask { agent, on } => self.of_agent(&agent, |call, _, desk| {
                let done = call.mask(on, agent.as_str(), now, desk);
                done.then_some(Done::Accepted).ok_or(Denied::NotNow)
            }),
            Order::Outcome { call, code, note, by } => {
                if !self.knows(call, now) {
                    return Err(Denied::Unknown);
                }
                self.desk.note(call, EventKind::Outcome { code, note, by }, now);
                Ok(Done::Accepted)
            }
            Order::SettleDebt { debt, note, by } => {
                self.desk.floor.settle(debt, now).ok_or(Denied::Unknown)?;
                let settled = EventKind::CallbackSettled {
                    how: "decided".to_owned(),
                    by_call: None,
                    by,
                    note,
                };
                self.desk.note(debt, settled, now);
                Ok(Done::Accepted)
            }
            Order::Dial { agent, to, debt } => self.place(&agent, to, debt, now),
            Order::SendOn { agent, to } => self.of_agent_with(&agent, |call, id, desk, shared| {
                call.send_on(id, &to, now, desk, shared)
            }),
            Order::Consult { agent, to } => self.consult(&agent, to, now),
            Order::HandOver { agent } => self.of_own_call(&agent, |call, desk| call.hand_over(now, desk)),
            Order::Join { agent } => self.of_own_call(&agent, |call, desk| call.join(now, desk)),
            Order::Drop { agent } => self.of_own_call(&agent, |call, desk| call.send_away(now, desk)),
            Order::Park { agent } => self.park(&agent, now),
            Order::PickUp { agent, from } => self.pick_up(&agent, &from, now),
            Order::Supervise {
                supervisor,
                agent,
                part,
            } => self.supervise(&supervisor, &agent, part, now),
            Order::TakeOver { supervisor } => self.take_over(&supervisor, now),
        }
    }

    /// The call that an agent is in.
    pub(super) fn call_of(&self, agent: &AgentId) -> Option<CallId> {
        let live = self.calls.values().filter(|call| call.phase != Phase::Ending);
        live.filter(|call| call.colleague(agent).is_some())
            .map(|call| call.id)
            .next()
    }

    /// Does something to the call that an agent is in; he himself is named by his place in it.
    pub(super) fn of_agent(
        &mut self,
        agent: &AgentId,
        f: impl FnOnce(&mut Call, PartyId, &mut Desk) -> Result<Done, Denied>,
    ) -> Result<Done, Denied> {
        self.of_agent_with(agent, |call, id, desk, _| f(call, id, desk))
    }

    /// The same with the settings in force.
    pub(super) fn of_agent_with(
        &mut self,
        agent: &AgentId,
        f: impl FnOnce(&mut Call, PartyId, &mut Desk, &Shared) -> Result<Done, Denied>,
    ) -> Result<Done, Denied> {
        self.desk.floor.profile(agent).ok_or(Denied::Unknown)?;
        let id = self.call_of(agent).ok_or(Denied::NoCall)?;
        let mut done = Err(Denied::NoCall);
        self.with_call(id, |call, desk, shared| {
            if let Some(party) = call.colleague(agent).map(|p| p.id) {
                done = f(call, party, desk, shared);
            }
        });
        done
    }

    /// Whether there is, or was lately, such a call.
    fn knows(&self, call: CallId, now: Now) -> bool {
        let written_up = |view: &crate::queue::AgentView| view.call == Some(call);
        self.calls.contains_key(&call)
            || self.recent.contains(&call)
            || self.desk.floor.agents(now).iter().any(written_up)
    }
}

impl Call {
    fn hold_by_order(&mut self, id: PartyId, on: bool, now: Now, desk: &mut Desk) -> Result<Done, Denied> {
        let mine = self.party(id).is_some_and(|p| p.part == Some(Part::Agent));
        if !mine || !self.in_conversation {
            return Err(Denied::NotNow);
        }
        self.hold = on;
        self.hold_changed(now, desk);
        Ok(Done::Accepted)
    }

    /// Keys to whoever is outside: the one being asked, the third, else the citizen.
    fn send_keys(&self, keys: Vec<Digit>, desk: &mut Desk) -> Result<Done, Denied> {
        let playing = |part| {
            self.others
                .iter()
                .find(move |p: &&Party| p.part == Some(part) && p.agent().is_none())
        };
        let outside = playing(Part::Consulted).or_else(|| playing(Part::Third));
        let party = outside.unwrap_or(&self.citizen);
        if party.media.is_none() {
            return Err(Denied::NotNow);
        }
        party.command(MediaCommand::SendDigits(keys), desk);
        Ok(Done::Accepted)
    }
}
