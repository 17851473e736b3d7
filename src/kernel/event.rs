//! The ledger's events: what happened to a call, in the order it happened. Every record, figure and metric is derived from these.

use serde::{Deserialize, Serialize};

use super::{CallId, EndReason, EndedBy, PhoneNumber, Wall};

/// One fact about one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The call.
    pub call: CallId,
    /// When it happened.
    pub at: Wall,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen to a call. New kinds are added, old ones never change their meaning: they stand in old ledgers.
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
        /// Address that the INVITE came from, `ip:port`.
        source: String,
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
        /// SHA-256 of the file, hex; empty if there is no file.
        sha256: String,
        /// Why it is shorter than it was to be, if it is: `disk_full`, `disk_failed`, `too_slow`, `too_many`, `interrupted`
        /// (the server stopped), `missing` (there is no file).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_short: Option<String>,
    },
    /// We owe the citizen a call back (mission row N1).
    CallbackOwed {
        /// Number to call.
        to: PhoneNumber,
        /// Why: `message_left`, `abandoned`, `rejected`, `overflow`.
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
    /// recording brings, and `Quality`.
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
