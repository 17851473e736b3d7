//! A call back that we owe (mission row N1): since when, to whom, what was tried, how it was settled.

use serde::{Deserialize, Serialize};

use crate::kernel::{CallId, PhoneNumber, Wall};

use super::{CallRecord, keep};

/// Debts that are kept of one call: one at a time, a new one only after the last was settled.
const DEBTS_MAX: usize = 20;
/// Attempts that are kept of one debt; more are counted.
const TRIES_MAX: usize = 50;

/// One debt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// Whom to call.
    pub to: PhoneNumber,
    /// Why: `message_left`, `abandoned`, `rejected`, `overflow`, `interrupted`, `requested`.
    pub because: String,
    /// Since when.
    pub owed_at: Wall,
    /// Attempts in all.
    #[serde(default)]
    pub attempts: u32,
    /// The attempts, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// How it was settled; `None` while it is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settlement>,
}

/// One attempt to reach the citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When it was over.
    pub at: Wall,
    /// The call that was placed.
    pub by_call: CallId,
    /// `reached`, `no_answer`, `busy`, `failed`.
    pub outcome: String,
}

/// The end of a debt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// When.
    pub at: Wall,
    /// `reached`, `called_again`, `decided`.
    pub how: String,
    /// The call in which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_call: Option<CallId>,
    /// By whom.
    pub by: String,
    /// Why, for a decision.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl CallRecord {
    pub(super) fn tried(&mut self, attempt: Try) {
        if let Some(debt) = self.debts.last_mut() {
            debt.attempts = debt.attempts.saturating_add(1);
            keep(&mut debt.tries, attempt, TRIES_MAX, &mut self.left_out);
        }
    }

    /// Who settles first, settles: a second word does not change who it was.
    pub(super) fn settle(&mut self, settlement: Settlement) {
        if let Some(debt) = self.debts.last_mut().filter(|debt| debt.settled.is_none()) {
            debt.settled = Some(settlement);
        }
    }

    /// Never two debts for one call: while one is open, a further reason only tells more about it.
    pub(super) fn owe(&mut self, at: Wall, to: &PhoneNumber, because: &str) {
        if let Some(open) = self.debts.last_mut().filter(|debt| debt.settled.is_none()) {
            because.clone_into(&mut open.because);
            return;
        }
        let debt = Debt {
            to: to.clone(),
            because: because.to_owned(),
            owed_at: at,
            attempts: 0,
            tries: Vec::new(),
            settled: None,
        };
        keep(&mut self.debts, debt, DEBTS_MAX, &mut self.left_out);
    }

    /// The latest debt, open or settled.
    pub fn debt(&self) -> Option<&Debt> {
        self.debts.last()
    }

    /// The debt that nobody has settled yet.
    pub fn open_debt(&self) -> Option<&Debt> {
        self.debts.last().filter(|debt| debt.settled.is_none())
    }

    /// Why a call back is or was owed.
    pub fn callback_owed(&self) -> Option<&str> {
        self.debts.last().map(|debt| debt.because.as_str())
    }
}
