//! The ledger's events: what happened to a call, in the order it happened. Every record, figure and metric is derived from these.

use serde::{Deserialize, Serialize};

use super::{AgentId, AgentStatus, CallId, EndReason, EndedBy, PhoneNumber, Wall};

/// Whom or what a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// An agent.
    Agent(AgentId),
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whom or what it is about.
    #[serde(flatten)]
    pub about: Subject,
    /// When it happened.
    pub at: Wall,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// A fact about a call.
    pub const fn of_call(call: CallId, at: Wall, kind: EventKind) -> Self {
        Self {
            about: Subject::Call(call),
            at,
            kind,
        }
    }

    /// The call that it is about, if it is about one.
    pub const fn call(&self) -> Option<CallId> {
        match &self.about {
            Subject::Call(call) => Some(*call),
            Subject::Agent(_) => None,
        }
    }

    /// The agent that it is about, if it is about one.
    pub const fn agent(&self) -> Option<&AgentId> {
        match &self.about {
            Subject::Call(_) => None,
            Subject::Agent(agent) => Some(agent),
        }
    }
}

/// How an offer to an agent ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    /// The agent's telephone rang to the end (RONA).
    NoAnswer,
    /// The agent refused.
    Rejected,
    /// The telephone is engaged with something that we do not know of.
    Busy,
    /// The telephone cannot be reached.
    Unreachable,
    /// The caller is gone, or another agent was faster.
    Withdrawn,
}

/// The part that somebody plays in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The agent whose call it is.
    Agent,
    /// Another agent, a unit or an interpreter who was asked first, away from the citizen.
    Consulted,
    /// A third who speaks with both (GB/T 33358 §3.7).
    Third,
    /// A supervisor who only hears.
    Listening,
    /// A supervisor whom only the agent hears.
    Whispering,
    /// A supervisor whom all hear.
    Barging,
}

/// What is needed to say goodbye in a dialog after a restart (RFC 3261 §12): a telephone whose server died is told, and does
/// not wait in silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Theirs.
    pub remote_tag: String,
    /// Our URI, as in our From.
    pub local_uri: String,
    /// Theirs, as in our To.
    pub remote_uri: String,
    /// Their Contact.
    pub target: String,
    /// Route set, in our order.
    pub routes: Vec<String>,
    /// CSeq of our next request.
    pub cseq: u32,
    /// `udp` or `tcp`.
    pub transport: String,
    /// Their address.
    pub remote: String,
}

/// What can happen. New kinds are added, old ones never change their meaning: they stand in old ledgers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// An INVITE arrived (or, for `outbound`, was sent).
    Invite {
        /// Number of the caller as presented.
        from: PhoneNumber,
        /// Number that was dialled.
        to: PhoneNumber,
        /// Hotline that the dialled number belongs to; `None` if it is none of ours.
        hotline: Option<String>,
        /// Trunk or peer that the call came by.
        trunk: Option<String>,
        /// SIP Call-ID of the caller's leg, to find its trace.
        sip_call_id: String,
        /// Address that the INVITE came from, `ip:port`; empty where we placed the call.
        source: String,
        /// The agent who placed the call, where one did: then `from` is the hotline's number and `to` the citizen's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        placed_by: Option<AgentId>,
    },
    /// First 180 or 183 sent.
    Ringing,
    /// 200 OK sent with a prompt behind it: never counted as a person's answer. Written before the 200 leaves; if the call
    /// ends before that, its `Ended` has a status of 400 or above, and the call was not answered.
    AnsweredByMachine {
        /// Codec agreed on.
        codec: String,
    },
    /// The caller entered the queue.
    PersonRequested {
        /// Name of the queue.
        queue: String,
        /// What the caller has waited in earlier queues of this matter, or before the server was killed, milliseconds.
        #[serde(default, skip_serializing_if = "is_zero")]
        carried_ms: u64,
    },
    /// The caller left the queue without a person: `abandoned`, `timeout`, `full`, `long_wait`, `no_agents`, `callback`,
    /// `transferred`, `menu` …
    QueueLeft {
        /// Name of the queue.
        queue: String,
        /// How.
        outcome: String,
    },
    /// The call was offered to an agent.
    Offered {
        /// The agent.
        agent: String,
    },
    /// A person answered.
    AnsweredByPerson {
        /// The agent, or the place that was called.
        agent: String,
    },
    /// An offer came to nothing.
    OfferEnded {
        /// The agent.
        agent: String,
        /// How.
        outcome: OfferEnd,
    },
    /// Somebody joined the conversation, besides the citizen. The agent who answered joins with `AnsweredByPerson`.
    Joined {
        /// The agent's name, or the number.
        who: String,
        /// As what.
        part: Part,
    },
    /// Somebody left it, and the citizen stays. Talk time of an agent ends here.
    PartLeft {
        /// The agent's name, or the number.
        who: String,
        /// What he was.
        part: Part,
    },
    /// The agent put the citizen on hold with music, or came back.
    AgentHeld {
        /// The agent.
        agent: AgentId,
        /// True while on hold.
        on: bool,
    },
    /// The call was parked.
    Parked {
        /// Where: what is dialled to pick it up.
        slot: String,
        /// By whom.
        by: AgentId,
    },
    /// The parked (or ringing) call was picked up.
    PickedUp {
        /// By whom.
        by: AgentId,
    },
    /// The agent sent the call on: to a queue, a colleague, a number.
    SentOn {
        /// By whom.
        by: AgentId,
        /// `queue:NAME`, `agent:NAME` or `number:NUMBER` (masked as numbers are).
        to: String,
        /// Whether the target was spoken to first.
        attended: bool,
    },
    /// Private data is being spoken: the recording keeps silence in its place, or takes sound again.
    RecordingMasked {
        /// True while masked.
        on: bool,
        /// By whom.
        by: String,
    },
    /// The citizen was asked how it was (好差评).
    RatingAsked {
        /// The agent whom it is about.
        agent: AgentId,
    },
    /// The citizen answered.
    Rated {
        /// The agent whom it is about.
        agent: AgentId,
        /// 5 very satisfied … 1 very dissatisfied.
        stars: u8,
    },
    /// What came of the call, in the agent's words.
    Outcome {
        /// Code of the catalogue: `answered`, `case`, `callback`, `emergency`, `invalid`, `no_policy` … (mission rows N5–N7, N14).
        code: String,
        /// Note, if any.
        note: String,
        /// By whom.
        by: String,
    },
    /// We tried to call back for a debt of this call.
    CallbackTried {
        /// The call that was placed.
        by_call: CallId,
        /// `reached`, `no_answer`, `busy`, `failed`.
        outcome: String,
    },
    /// A debt of this call is settled: the citizen was reached, or somebody decided.
    CallbackSettled {
        /// `reached` (we called), `called_again` (the citizen did, and spoke with a person), `decided`.
        how: String,
        /// The call in which it happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by_call: Option<CallId>,
        /// By whom.
        by: String,
        /// Why, for a decision.
        note: String,
    },
    /// A dialog of this call stands: whoever finds the call interrupted can say goodbye.
    DialogOpened {
        /// How.
        dialog: Box<Dialog>,
    },
    /// An agent's new status, whole: the last such event is the truth.
    AgentChanged {
        /// What the agent does now.
        status: AgentStatus,
        /// Reason code of a pause: `meal`, `training`, `no_answer` (put there by the system) …
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The call that it is about, for `ringing`, `talking`, `holding`, `wrap_up`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<CallId>,
        /// The queue that the call came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
        /// When the wrap-up ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Wall>,
        /// Who did it, if not the agent or the system.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The dialplan came to this step.
    Step {
        /// `flow.step`.
        step: String,
    },
    /// The caller pressed keys in a menu or for a question.
    Keys {
        /// The step that asked.
        step: String,
        /// The keys; replaced by `*` per key where the plan marks the question private.
        keys: String,
    },
    /// A direct transfer began.
    TransferStarted {
        /// Where to.
        to: PhoneNumber,
        /// SIP Call-ID of the new leg.
        sip_call_id: String,
    },
    /// The transfer's target answered.
    TransferAnswered,
    /// The transfer did not come about.
    TransferFailed {
        /// Why.
        reason: EndReason,
        /// Last SIP status of the target, if it gave one.
        status: Option<u16>,
    },
    /// A recording began.
    RecordingStarted {
        /// File name below the recordings' folder.
        file: String,
        /// `message` (left by the citizen) or `call`.
        purpose: String,
    },
    /// A recording is complete.
    RecordingEnded {
        /// File name below the recordings' folder.
        file: String,
        /// Length in milliseconds.
        duration_ms: u64,
        /// SHA-256 of the stored file, hex (of an encrypted one: of all behind its key slots); empty if there is no file.
        sha256: String,
        /// Why it is shorter than it was to be, if it is: `disk_full`, `disk_failed`, `too_slow`, `too_many`, `interrupted`
        /// (the server stopped), `missing` (there is no file).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_short: Option<String>,
    },
    /// The call's recordings must be kept whatever their age (legal hold), or need not be any more. The last one holds.
    RetentionHeld {
        /// True: kept.
        on: bool,
        /// By whom.
        by: String,
        /// Why: a file number, an order.
        note: String,
    },
    /// A recording is past its time: its file is deleted once this is on record.
    RecordingPurged {
        /// File name below the recordings' folder.
        file: String,
        /// Why: `kept N days`.
        why: String,
    },
    /// We owe the citizen a call back (mission row N1).
    CallbackOwed {
        /// Number to call.
        to: PhoneNumber,
        /// Why: `message_left`, `abandoned`, `rejected`, `overflow`, `interrupted`, `requested`.
        because: String,
    },
    /// The far side put the call on hold, or took it back.
    Held {
        /// True while on hold.
        on: bool,
    },
    /// No sound came for a while, or it came back.
    MediaLost {
        /// True when lost, false when back.
        lost: bool,
    },
    /// The call's quality as RTCP and our own counters saw it, noted at its end.
    Quality {
        /// Packets sent.
        sent: u64,
        /// Packets received.
        received: u64,
        /// Packets missing.
        lost: u64,
        /// Interarrival jitter (RFC 3550 §6.4.1), milliseconds.
        jitter_ms: u32,
    },
    /// The call ended. Exactly one for each call, and nothing after it but `RecordingEnded`, the `CallbackOwed` that a
    /// recording brings, `Quality`, `Outcome`, `Revealed`, `RetentionHeld`, `RecordingPurged`, and what becomes of a debt.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// Why.
        reason: EndReason,
        /// SIP status that refused the INVITE, if it was refused or cancelled: such a call was never answered.
        status: Option<u16>,
    },
    /// A person looked at what is private.
    Revealed {
        /// Who.
        by: String,
        /// What.
        what: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_old_ledgers_is_still_read() {
        let old = r#"{"call":"01KAKBZ2T10000000000000000","at":5,"type":"person_requested","queue":"general"}"#;
        let event: Event = serde_json::from_str(old).unwrap();
        assert_eq!(
            event.kind,
            EventKind::PersonRequested {
                queue: "general".into(),
                carried_ms: 0
            }
        );
        assert_eq!(serde_json::to_string(&event).unwrap(), old);
    }

    #[test]
    fn an_agents_event_names_the_agent() {
        let event = Event {
            about: Subject::Agent(AgentId::parse("8001").unwrap()),
            at: Wall::from_millis(5),
            kind: EventKind::AgentChanged {
                status: AgentStatus::Available,
                reason: None,
                call_id: None,
                queue: None,
                until: None,
                by: None,
            },
        };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"agent":"8001","at":5,"type":"agent_changed","status":"available"}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        assert_eq!(event.call(), None);
    }
}
