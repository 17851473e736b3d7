//! What was done with the call and what came of it: parked, sent on, masked, rated, coded. Decides nothing.

use serde::{Deserialize, Serialize};

use crate::kernel::{AgentId, Wall};

use super::{CallRecord, keep};

/// Moves, masks and outcomes that are kept of one call, of each; more are counted and left out.
const EACH_MAX: usize = 100;

/// The call was moved by an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When.
    pub at: Wall,
    /// By whom.
    pub by: AgentId,
    /// How.
    #[serde(flatten)]
    pub how: Moved,
}

/// How a call was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Moved {
    /// Put where anybody can pick it up.
    Parked {
        /// Where.
        slot: String,
    },
    /// Picked up, from its slot or from where it rang.
    PickedUp,
    /// Sent to a queue, a colleague, a number.
    SentOn {
        /// `queue:NAME`, `agent:NAME` or `number:NUMBER`.
        to: String,
        /// Whether the target was spoken to first.
        attended: bool,
    },
}

/// A time in which the recording kept silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// Since when.
    pub from: Wall,
    /// Until when; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Wall>,
    /// Who began it.
    pub by: String,
}

/// What the citizen thought of it (好差评).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// The agent whom it is about.
    pub agent: AgentId,
    /// When he was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Wall>,
    /// 5 very satisfied … 1 very dissatisfied; `None` if he did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u8>,
}

/// What came of the call, as somebody says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When it was said.
    pub at: Wall,
    /// Code of the catalogue.
    pub code: String,
    /// Note, if any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// By whom.
    pub by: String,
}

impl CallRecord {
    pub(super) fn moved(&mut self, at: Wall, by: &AgentId, how: Moved) {
        if matches!(how, Moved::Parked { .. }) {
            self.agents_leave(at);
        }
        let by = by.clone();
        keep(&mut self.moves, Move { at, by, how }, EACH_MAX, &mut self.left_out);
    }

    pub(super) fn mask(&mut self, at: Wall, on: bool, by: &str) {
        let open = self.masks.iter_mut().rev().find(|mask| mask.until.is_none());
        match (open, on) {
            (None, true) => {
                let by = by.to_owned();
                let mask = Mask {
                    from: at,
                    until: None,
                    by,
                };
                keep(&mut self.masks, mask, EACH_MAX, &mut self.left_out);
            }
            (Some(mask), false) => mask.until = Some(at),
            (Some(_), true) | (None, false) => {}
        }
    }

    pub(super) fn rating_asked(&mut self, at: Wall, agent: &AgentId) {
        self.rating = Some(Rating {
            agent: agent.clone(),
            asked_at: Some(at),
            stars: None,
        });
    }

    pub(super) fn rated(&mut self, agent: &AgentId, stars: u8) {
        let asked = self.rating.as_ref().filter(|rating| rating.agent == *agent);
        self.rating = Some(Rating {
            agent: agent.clone(),
            asked_at: asked.and_then(|rating| rating.asked_at),
            stars: Some(stars),
        });
    }

    pub(super) fn said(&mut self, outcome: Outcome) {
        keep(&mut self.outcomes, outcome, EACH_MAX, &mut self.left_out);
    }

    /// The word that counts: the last.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcomes.last()
    }

    /// The call stands in a slot and nobody has picked it up.
    pub fn is_parked(&self) -> bool {
        let last = self.moves.last();
        last.is_some_and(|last| {
            matches!(last.how, Moved::Parked { .. }) && self.people.iter().all(|p| p.from <= last.at)
        })
    }
}
