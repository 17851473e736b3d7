//! The caller's way through the queues: where he waited, for how long, and whom he was offered to.

use serde::{Deserialize, Serialize};

use crate::kernel::{OfferEnd, Wall};

use super::{CallRecord, keep, span};

/// Queues that a call is followed through; more are counted and left out.
const VISITS_MAX: usize = 50;
/// Offers that are kept of one call; more are counted and left out.
const OFFERS_MAX: usize = 200;

/// One stay in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueVisit {
    /// The queue.
    pub queue: String,
    /// Since when.
    pub entered_at: Wall,
    /// What he had waited before: in earlier queues of this matter, or before the server was killed. Milliseconds.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub carried_ms: u64,
    /// Until when; `None` while he waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Wall>,
    /// How it ended: `answered`, `ended` (the call did), or what the queue said: `abandoned`, `timeout`, `full` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl QueueVisit {
    /// The caller still stands there.
    pub const fn is_open(&self) -> bool {
        self.left_at.is_none()
    }

    /// A person came.
    pub fn was_answered(&self) -> bool {
        self.outcome.as_deref() == Some(ANSWERED)
    }

    /// What he had waited in all at `at` (or when he left), milliseconds.
    pub fn waited_ms(&self, at: Wall) -> u64 {
        let here = span(Some(self.entered_at), Some(self.left_at.unwrap_or(at)));
        self.carried_ms.saturating_add(here.unwrap_or(0))
    }
}

/// How an offer to an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    /// The agent has the call.
    Answered,
    /// The telephone rang to the end.
    NoAnswer,
    /// The agent refused.
    Rejected,
    /// The telephone was engaged.
    Busy,
    /// The telephone could not be reached.
    Unreachable,
    /// The caller was gone, or another agent was faster.
    Withdrawn,
}

impl OfferOutcome {
    /// The stable name used in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl From<OfferEnd> for OfferOutcome {
    fn from(end: OfferEnd) -> Self {
        match end {
            OfferEnd::NoAnswer => Self::NoAnswer,
            OfferEnd::Rejected => Self::Rejected,
            OfferEnd::Busy => Self::Busy,
            OfferEnd::Unreachable => Self::Unreachable,
            OfferEnd::Withdrawn => Self::Withdrawn,
        }
    }
}

/// One offer of the call to one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The agent.
    pub agent: String,
    /// When the telephone began to ring.
    pub at: Wall,
    /// When it stopped; `None` while it rings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Wall>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OfferOutcome>,
}

const ANSWERED: &str = "answered";
const ENDED: &str = "ended";

impl CallRecord {
    /// Enters a queue. Who stands in one already has left it for this one.
    pub(super) fn enter_queue(&mut self, at: Wall, queue: &str, carried_ms: u64) {
        self.leave_queues(at, None, "transferred");
        let visit = QueueVisit {
            queue: queue.to_owned(),
            entered_at: at,
            carried_ms,
            left_at: None,
            outcome: None,
        };
        keep(&mut self.queues, visit, VISITS_MAX, &mut self.left_out);
    }

    /// Leaves this queue, or any.
    pub(super) fn leave_queues(&mut self, at: Wall, queue: Option<&str>, outcome: &str) {
        let open = self.queues.iter_mut().filter(|visit| visit.is_open());
        for visit in open.filter(|visit| queue.is_none_or(|name| visit.queue == name)) {
            visit.left_at = Some(at);
            visit.outcome = Some(outcome.to_owned());
        }
    }

    pub(super) fn offer(&mut self, at: Wall, agent: &str) {
        let offer = Offer {
            agent: agent.to_owned(),
            at,
            ended_at: None,
            outcome: None,
        };
        keep(&mut self.offers, offer, OFFERS_MAX, &mut self.left_out);
    }

    /// The latest open offer to this agent is over.
    pub(super) fn end_offer(&mut self, at: Wall, agent: &str, outcome: OfferOutcome) {
        let mut open = self.offers.iter_mut().rev().filter(|offer| offer.outcome.is_none());
        if let Some(offer) = open.find(|offer| offer.agent == agent) {
            offer.ended_at = Some(at);
            offer.outcome = Some(outcome);
        }
    }

    /// A person answered: nobody waits and nothing rings there any more.
    pub(super) fn served(&mut self, at: Wall, agent: &str) {
        self.end_offer(at, agent, OfferOutcome::Answered);
        self.leave_queues(at, None, ANSWERED);
    }

    /// The call is over: so are its stays and its offers.
    pub(super) fn stop_waiting(&mut self, at: Wall) {
        self.leave_queues(at, None, ENDED);
        for offer in self.offers.iter_mut().filter(|offer| offer.outcome.is_none()) {
            offer.ended_at = Some(at);
            offer.outcome = Some(OfferOutcome::Withdrawn);
        }
    }

    /// The stay that the caller stands in now.
    pub fn waiting_in(&self) -> Option<&QueueVisit> {
        self.queues.iter().rev().find(|visit| visit.is_open())
    }

    /// The stay that the call's end found him in: he waited until then and nobody came.
    pub fn waited_to_the_end(&self) -> Option<&QueueVisit> {
        let last = self.queues.last()?;
        (last.outcome.as_deref() == Some(ENDED)).then_some(last)
    }
}
