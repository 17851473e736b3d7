//! Calls back that are owed: each is on record and known to the floor, until the citizen was reached or called again and was
//! served, or somebody decided.

use crate::ivr::walk::HookId;
use crate::kernel::{AgentId, CallId, EndReason, EventKind, Now, PhoneNumber};
use crate::queue::Debt;

use super::desk::Desk;
use super::exchange::Shared;
use super::gateway::is_number;
use super::live::Call;

impl Call {
    /// Tells the floor of a debt that is being noted. Nobody can be called back who has no number.
    pub(super) fn note_owed(&self, kind: &EventKind, now: Now, desk: &mut Desk) {
        let EventKind::CallbackOwed { to, because } = kind else {
            return;
        };
        if is_number(to.reveal()) {
            let debt = self.debt(to.clone(), because, now, desk);
            desk.floor.owe(debt, now);
        }
    }

    /// The citizen would rather be called back than wait: the debt takes his place in the queue. A number that he typed has to
    /// be one that we may call.
    pub(super) fn book_call_back(
        &mut self,
        hook: HookId,
        params: &[(String, String)],
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) {
        let typed = params
            .iter()
            .find(|(name, _)| name == "number")
            .map(|(_, number)| number.as_str());
        let own = self.citizen_number().reveal();
        let number = typed.filter(|number| !number.is_empty()).unwrap_or(own);
        let allowed = number == own || shared.routes.iter().any(|route| route.numbers.allows(number));
        if !is_number(number) || !allowed {
            return self.hook_done(hook, "failed", now, desk);
        }
        let (to, because) = (PhoneNumber::new(number), "requested".to_owned());
        let debt = self.debt(to.clone(), &because, now, desk);
        desk.floor.leave_for_callback(self.id, debt, now);
        if let Some(left) = self.give_up_place("callback", now, desk) {
            desk.note(self.id, left, now);
        }
        desk.note(self.id, EventKind::CallbackOwed { to, because }, now);
        self.hook_done(hook, "booked", now, desk);
    }

    fn debt(&self, number: PhoneNumber, because: &str, now: Now, desk: &Desk) -> Debt {
        let queue = self.last_queue.clone();
        Debt {
            call: self.id,
            number,
            queue: queue.unwrap_or_else(|| desk.manners.debts_queue.clone()),
            because: because.to_owned(),
            owed_at: now.wall,
            attempts: 0,
            not_before: None,
        }
    }

    /// What is owed to a caller whom the house itself turned away before he heard a word (mission row N1).
    pub(super) fn owed_for_refusal(&self, reason: EndReason, now: Now, desk: &mut Desk) -> Option<EventKind> {
        let ours = match reason {
            EndReason::Overload | EndReason::Draining => self.hotline.is_some() && self.placed.is_none(),
            EndReason::Hangup
            | EndReason::PlanFinished
            | EndReason::Abandoned
            | EndReason::UnknownNumber
            | EndReason::Forbidden
            | EndReason::NotAcceptable
            | EndReason::DeadMedia
            | EndReason::NoAck
            | EndReason::SessionExpired
            | EndReason::Unreachable
            | EndReason::MaxDuration
            | EndReason::ProtocolError
            | EndReason::Interrupted
            | EndReason::Busy
            | EndReason::NoAnswer
            | EndReason::InternalError => false,
        };
        let kind = ours.then(|| EventKind::CallbackOwed {
            to: self.from.clone(),
            because: "rejected".to_owned(),
        })?;
        self.note_owed(&kind, now, desk);
        Some(kind)
    }

    /// A conversation broke off by no wish of the citizen's.
    pub(super) fn owe_interrupted(&mut self, now: Now, desk: &mut Desk) {
        self.owe(self.citizen_number().clone(), "interrupted", now, desk);
    }

    /// A call back is owed.
    pub(super) fn owe(&self, to: PhoneNumber, because: &str, now: Now, desk: &mut Desk) {
        let because = because.to_owned();
        let kind = EventKind::CallbackOwed { to, because };
        self.note_owed(&kind, now, desk);
        desk.note(self.id, kind, now);
    }

    /// The citizen has somebody to speak with: whatever was owed to him is settled.
    pub(super) fn settle_by_speaking(&self, agent: &AgentId, now: Now, desk: &mut Desk) {
        let how = if self.placed.is_some() {
            "reached"
        } else {
            "called_again"
        };
        for debt in desk.floor.debts_to(self.citizen_number()) {
            if desk.floor.settle(debt, now).is_some() {
                self.note_settled(debt, how, agent, now, desk);
            }
        }
    }

    /// A debt of another call is settled by this one.
    pub(super) fn note_settled(&self, debt: CallId, how: &str, by: &AgentId, now: Now, desk: &mut Desk) {
        let settled = EventKind::CallbackSettled {
            how: how.to_owned(),
            by_call: Some(self.id),
            by: by.to_string(),
            note: String::new(),
        };
        desk.note(debt, settled, now);
    }

    /// This call was placed for a debt.
    pub(super) fn note_tried(&self, debt: CallId, outcome: &str, now: Now, desk: &mut Desk) {
        let tried = EventKind::CallbackTried {
            by_call: self.id,
            outcome: outcome.to_owned(),
        };
        desk.note(debt, tried, now);
    }

    /// The citizen's number.
    pub(super) fn citizen_number(&self) -> &PhoneNumber {
        match self.placed {
            Some(_) => &self.to,
            None => &self.from,
        }
    }
}
