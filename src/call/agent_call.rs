//! Somebody calls us: a citizen, by a trunk or as a stranger; or an agent, who dials a code, a number of the plan to hear it as
//! citizens do, a colleague, or a number outside.

use std::sync::Arc;

use crate::kernel::{AgentId, CallId, Now};
use crate::sip::registrar::Accounts;
use crate::sip::ua::{Refusal, Replaces};

use super::accounts::Caller;
use super::arrival::{Arrival, dialled_number};
use super::exchange::Exchange;
use super::live::Call;
use super::order::{Denied, Place};
use super::party::Errand;
use super::placed::Placed;
use super::refer::status_of;

impl Exchange {
    /// The passwords of all accounts as they are from now on.
    pub fn set_accounts(&mut self, accounts: Arc<Accounts>) {
        self.doorkeeper.set_accounts(accounts);
    }

    /// An INVITE that begins a dialog.
    pub(super) fn incoming(&mut self, mut arrival: Arrival<'_>, now: Now) {
        let source = arrival.flow.remote.ip().to_canonical();
        let of_a_trunk = self
            .shared
            .peers
            .iter()
            .any(|peer| peer.networks.iter().any(|n| n.contains(source)));
        if arrival.refusal.is_some() || of_a_trunk {
            return self.citizen_calls(arrival, now);
        }
        let strangers = self.shared.limits.strangers_may_call;
        let leg = arrival.leg;
        match self.doorkeeper.ask(arrival.invite, &arrival.flow, strangers, now) {
            Caller::Refused(Refusal { status, headers }) => self.desk.ua.reject(leg, status, &headers, now),
            Caller::Stranger => self.citizen_calls(arrival, now),
            Caller::Agent(agent) => match Replaces::of(arrival.invite).map(|it| self.desk.ua.replaced(&it)) {
                // Nothing of ours is there to be replaced by telephones: calls move by REFER and by orders.
                Some(found) => {
                    arrival.refusal = Some(Refusal::plain(found.err().unwrap_or(603)));
                    self.citizen_calls(arrival, now);
                }
                None => self.agent_calls(agent, arrival, now),
            },
        }
    }

    fn citizen_calls(&mut self, mut arrival: Arrival<'_>, now: Now) {
        // Who is no agent may take the place of nobody (RFC 3891 §3).
        if let Some(replaces) = Replaces::of(arrival.invite)
            && arrival.refusal.is_none()
        {
            let status = self.desk.ua.replaced(&replaces).err().unwrap_or(603);
            arrival.refusal = Some(Refusal::plain(status));
        }
        let call = Call::arrive(arrival, now, &mut self.desk, &self.shared);
        self.touched.push(call.id);
        self.calls.insert(call.id, call);
    }

    fn agent_calls(&mut self, agent: AgentId, arrival: Arrival<'_>, now: Now) {
        let dialled = dialled_number(&arrival.invite.uri);
        if let Some(order) = self.shared.codes.order(&agent, &dialled) {
            return self.short_call((arrival.leg, arrival.flow), agent, arrival.offer, order, now);
        }
        match self.place_named(&dialled) {
            // A number of the plan: he hears what citizens hear.
            None => self.citizen_calls(arrival, now),
            Some(to) if self.call_of(&agent).is_some() => self.agent_asks(&agent, to, arrival, now),
            Some(to) => self.agent_places(&agent, to, arrival, now),
        }
    }

    /// His telephone is there already; the other one is called when the ledger knows of it.
    fn agent_places(&mut self, agent: &AgentId, to: Place, arrival: Arrival<'_>, now: Now) {
        let Arrival { leg, flow, offer, .. } = arrival;
        let id = self.desk.new_call_id(now);
        if let Err(denied) = self.may_place(agent, &to, id, now) {
            return self.desk.ua.reject(leg, status_of(denied), &[], now);
        }
        let placed = Placed {
            by: agent.clone(),
            to,
            debt: None,
        };
        self.begin_placed(id, placed, now, |call, desk| {
            call.comes_by_line(agent, (leg, flow), offer, Errand::Colleague, desk);
        });
    }

    fn may_place(&mut self, agent: &AgentId, to: &Place, id: CallId, now: Now) -> Result<(), Denied> {
        self.may_be_called(to)?;
        if self.shared.draining || self.calls.len() >= self.shared.limits.calls_max {
            return Err(Denied::Full);
        }
        self.desk.floor.engage(agent, id, None, now)?;
        Ok(())
    }
}
