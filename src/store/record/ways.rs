//! The five ways in which a call can end (mission row N7), and the calls that ended in none: the proof that nobody is lost.
//! Pure: a record in, a verdict out.

use serde::Serialize;

use crate::kernel::{EndReason, EndedBy, Part, Wall};

use super::{CallRecord, Debt, Presence, QueueVisit, span};

/// Numbers of direct emergency transfer (mission row N8).
const EMERGENCY: [&str; 4] = ["110", "119", "120", "122"];
/// A message shorter than this is a breath or a click: it is kept, but nobody is owed a call for it.
const SHORTEST_MESSAGE_MS: u64 = 1_000;

/// What the proof says of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It has not ended.
    Open,
    /// An agent placed it: it is somebody else's answer, and no question.
    Outbound,
    /// It ended in this way.
    Settled(Way),
    /// It ended, and nobody did or owes anything.
    Orphan {
        /// What became of the caller.
        lost: Lost,
    },
}

/// The five ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Way {
    /// A person answered, or the line that the caller was put through to.
    Answered {
        /// Who.
        by: Answerer,
        /// The agent's outcome code, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// A case was opened.
    Case,
    /// A call back is owed, with its date, or was settled.
    CallBack {
        /// Since when.
        owed_at: Wall,
        /// Whether it is settled.
        settled: bool,
    },
    /// Put through to an emergency number.
    Emergency,
    /// There was nothing to answer.
    Invalid {
        /// Why.
        because: Invalid,
    },
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    /// An agent.
    Person(String),
    /// A line outside, masked as numbers are.
    Line(String),
}

/// Why there was nothing to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// The number is none of ours.
    UnknownNumber,
    /// The source may not call.
    Stranger,
    /// It never became a call: broken protocol, no codec in common, an answer that nobody confirmed.
    NoCall,
    /// Hung up before anybody could have answered.
    ShortAbandon,
    /// The caller never asked for a person, and heard what he wanted from the machine.
    SelfService,
    /// An agent says so.
    Marked,
}

/// What became of a caller for whom nobody did or owes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// Waited, and hung up.
    Abandoned,
    /// Refused before he heard a word.
    Rejected,
    /// The queue had no place or no person for him.
    Overflowed,
    /// The server stopped.
    Interrupted,
    /// Parked, and never picked up.
    Parked,
    /// An agent promised to call back, and nothing says when.
    Promised,
    /// Left a message that nobody is to answer.
    Message,
}

impl Verdict {
    /// Every way and every loss, for tables; the parts of a way are not told apart.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Outbound => "outbound",
            Self::Settled(Way::Answered { .. }) => "answered",
            Self::Settled(Way::Case) => "case",
            Self::Settled(Way::CallBack { settled: false, .. }) => "callback_owed",
            Self::Settled(Way::CallBack { settled: true, .. }) => "callback_settled",
            Self::Settled(Way::Emergency) => "emergency",
            Self::Settled(Way::Invalid { because }) => because.as_str(),
            Self::Orphan { .. } => "orphan",
        }
    }
}

impl Invalid {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownNumber => "unknown_number",
            Self::Stranger => "stranger",
            Self::NoCall => "no_call",
            Self::ShortAbandon => "short_abandon",
            Self::SelfService => "self_service",
            Self::Marked => "marked",
        }
    }
}

impl Lost {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Rejected => "rejected",
            Self::Overflowed => "overflowed",
            Self::Interrupted => "interrupted",
            Self::Parked => "parked",
            Self::Promised => "promised",
            Self::Message => "message",
        }
    }
}

impl CallRecord {
    /// How the call ended. `short_abandon_ms`: who hangs up earlier could not have been answered (5 s in the definitions).
    pub fn verdict(&self, short_abandon_ms: u64) -> Verdict {
        let Some(ended_at) = self.ended_at else {
            return Verdict::Open;
        };
        let cut_off = self.end_reason == Some(EndReason::Interrupted) && self.spoke_at(ended_at);
        if self.placed_by.is_some() && !cut_off {
            return self.debt_as_way().map_or(Verdict::Outbound, Verdict::Settled);
        }
        let way = match self.lost(ended_at) {
            Some((lost, since)) => self.made_good(lost, since, short_abandon_ms),
            None => self.served_or_settled(),
        };
        match way {
            Ok(way) => Verdict::Settled(way),
            Err(lost) => Verdict::Orphan { lost },
        }
    }

    /// Whether the end found the caller with nobody, though he had asked for somebody; how that came about, and since when he
    /// was without anybody.
    fn lost(&self, ended_at: Wall) -> Option<(Lost, Wall)> {
        let interrupted = self.end_reason == Some(EndReason::Interrupted);
        if self.is_parked() {
            let lost = if interrupted { Lost::Interrupted } else { Lost::Parked };
            return Some((lost, self.moves.last().map_or(ended_at, |parked| parked.at)));
        }
        if let Some(visit) = self.unserved_visit() {
            let lost = match visit.outcome.as_deref() {
                _ if interrupted => Lost::Interrupted,
                Some("ended" | "abandoned" | "transferred") | None => Lost::Abandoned,
                Some("callback") => Lost::Promised,
                Some("menu") => return None, // he chose to hear it from the machine
                Some(_full_or_late) => Lost::Overflowed,
            };
            return Some((lost, visit.entered_at));
        }
        if interrupted {
            let put_through = self
                .transfer
                .as_ref()
                .is_some_and(|t| t.answered_at.is_none() && t.failed.is_none());
            let heard_nothing = self.last_step.is_none() && self.people.is_empty();
            return (self.spoke_at(ended_at) || put_through || heard_nothing).then_some((Lost::Interrupted, ended_at));
        }
        if self.answered_by_machine_at.is_none() && self.people.is_empty() {
            return self.refused().map(|lost| (lost, self.invite_at.unwrap_or(ended_at)));
        }
        None
    }

    /// The last stay in a queue, if neither a person nor a line outside came after it.
    fn unserved_visit(&self) -> Option<&QueueVisit> {
        let visit = self.queues.last().filter(|visit| !visit.was_answered())?;
        let person = self
            .people
            .iter()
            .any(|p| p.until.is_none_or(|until| until > visit.entered_at) && speaks(p));
        let line = self
            .transfer
            .as_ref()
            .and_then(|t| t.answered_at)
            .is_some_and(|at| at >= visit.entered_at);
        (!person && !line).then_some(visit)
    }

    /// Somebody spoke with the citizen when the call ended.
    fn spoke_at(&self, ended_at: Wall) -> bool {
        self.people
            .iter()
            .any(|p| speaks(p) && p.until.is_none_or(|until| until >= ended_at))
    }

    /// Why a call that was never answered came to nothing, if that is our affair.
    fn refused(&self) -> Option<Lost> {
        match self.end_reason? {
            EndReason::UnknownNumber
            | EndReason::Forbidden
            | EndReason::NotAcceptable
            | EndReason::ProtocolError
            | EndReason::NoAck => None,
            EndReason::Interrupted => Some(Lost::Interrupted),
            EndReason::Abandoned | EndReason::Hangup => Some(Lost::Abandoned),
            EndReason::PlanFinished
            | EndReason::Overload
            | EndReason::Draining
            | EndReason::DeadMedia
            | EndReason::SessionExpired
            | EndReason::Unreachable
            | EndReason::MaxDuration
            | EndReason::Busy
            | EndReason::NoAnswer
            | EndReason::InternalError => Some(Lost::Rejected),
        }
    }

    /// What was done for a caller who was lost: a debt, a person's decision, or nothing because he was gone at once. A debt
    /// that was settled before he was lost settles nothing.
    fn made_good(&self, lost: Lost, since: Wall, short_abandon_ms: u64) -> Result<Way, Lost> {
        let settled_before = |debt: &Debt| debt.settled.as_ref().is_some_and(|s| s.at < since);
        if let Some(way) = self.debt_as_way()
            && !self.debt().is_some_and(settled_before)
        {
            return Ok(way);
        }
        if let Some(way) = self.decided() {
            return way;
        }
        let begun = self.person_requested_at.or(self.invite_at);
        let short = span(begun, self.ended_at).is_some_and(|ms| ms < short_abandon_ms);
        let by_caller = self.ended_by == Some(EndedBy::Caller);
        match lost {
            Lost::Abandoned if short && by_caller => Ok(Way::Invalid {
                because: Invalid::ShortAbandon,
            }),
            Lost::Abandoned
            | Lost::Rejected
            | Lost::Overflowed
            | Lost::Interrupted
            | Lost::Parked
            | Lost::Promised
            | Lost::Message => Err(lost),
        }
    }

    fn served_or_settled(&self) -> Result<Way, Lost> {
        if let Some(way) = self.decided() {
            return way;
        }
        if let Some(to) = self
            .transfer
            .as_ref()
            .filter(|t| t.answered_at.is_some())
            .map(|t| &t.to)
        {
            return Ok(match EMERGENCY.contains(&to.reveal()) {
                true => Way::Emergency,
                false => Way::Answered {
                    by: Answerer::Line(to.masked()),
                    code: None,
                },
            });
        }
        if let Some(by) = self.answerer() {
            return Ok(Way::Answered { by, code: None });
        }
        if let Some(way) = self.debt_as_way() {
            return Ok(way);
        }
        if self.left_a_message() {
            return Err(Lost::Message);
        }
        Ok(Way::Invalid {
            because: self.end_reason.map_or(Invalid::SelfService, nothing_to_answer),
        })
    }

    /// What the agent's last word makes of it. A promise to call back needs its debt.
    fn decided(&self) -> Option<Result<Way, Lost>> {
        let code = self.outcome()?.code.as_str();
        Some(match code {
            "case" => Ok(Way::Case),
            "emergency" => Ok(Way::Emergency),
            "invalid" => Ok(Way::Invalid {
                because: Invalid::Marked,
            }),
            "callback" => self.debt_as_way().ok_or(Lost::Promised),
            _an_answer => Ok(Way::Answered {
                by: self.answerer()?,
                code: Some(code.to_owned()),
            }),
        })
    }

    fn answerer(&self) -> Option<Answerer> {
        let last = self.people.iter().rev().find(|presence| speaks(presence));
        let who = last
            .map(|presence| presence.who.clone())
            .or_else(|| self.agent.clone())?;
        Some(Answerer::Person(who))
    }

    fn debt_as_way(&self) -> Option<Way> {
        let debt = self.debt()?;
        Some(Way::CallBack {
            owed_at: debt.owed_at,
            settled: debt.settled.is_some(),
        })
    }

    /// A message that somebody should hear.
    pub fn left_a_message(&self) -> bool {
        let long_enough = |ms: u64| ms >= SHORTEST_MESSAGE_MS;
        self.recordings
            .iter()
            .any(|r| r.purpose == "message" && r.finished.as_ref().is_some_and(|facts| long_enough(facts.duration_ms)))
    }
}

/// Speaks with the citizen.
const fn speaks(presence: &Presence) -> bool {
    match presence.part {
        Part::Agent | Part::Third | Part::Barging => true,
        Part::Consulted | Part::Listening | Part::Whispering => false,
    }
}

/// Why there was nothing to answer in a call that asked for nobody.
const fn nothing_to_answer(reason: EndReason) -> Invalid {
    match reason {
        EndReason::UnknownNumber => Invalid::UnknownNumber,
        EndReason::Forbidden => Invalid::Stranger,
        EndReason::NotAcceptable | EndReason::ProtocolError | EndReason::NoAck => Invalid::NoCall,
        EndReason::Hangup
        | EndReason::PlanFinished
        | EndReason::Abandoned
        | EndReason::Overload
        | EndReason::Draining
        | EndReason::DeadMedia
        | EndReason::SessionExpired
        | EndReason::Unreachable
        | EndReason::MaxDuration
        | EndReason::Interrupted
        | EndReason::Busy
        | EndReason::NoAnswer
        | EndReason::InternalError => Invalid::SelfService,
    }
}
