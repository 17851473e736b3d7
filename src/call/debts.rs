//! Calls back that are owed: each is on record and known to the floor, until the citizen was reached or called again and was
//! served, or somebody decided.

use crate::kernel::{AgentId, CallId, EventKind, Now, PhoneNumber};
use crate::queue::Debt;

use super::desk::Desk;
use super::gateway::is_number;
use super::live::Call;

impl Call {
    /// Tells the floor of a debt that is being noted. Nobody can be called back who has no number.
    pub(super) fn note_owed(&self, kind: &EventKind, now: Now, desk: &mut Desk) {
        let EventKind::CallbackOwed { to, because } = kind else {
            return;
        };
        if is_number(to.reveal()) {
            let queue = self.last_queue.clone();
            let debt = Debt {
                call: self.id,
                number: to.clone(),
                queue: queue.unwrap_or_else(|| desk.manners.debts_queue.clone()),
                because: because.clone(),
                owed_at: now.wall,
                attempts: 0,
                not_before: None,
            };
            desk.floor.owe(debt, now);
        }
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
