//! How a call ended. One list feeds the call record, the metric label, the dashboards and the wallboard.

use serde::{Deserialize, Serialize};

/// Who ended the call (mission row N4: recorded for every call).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The citizen hung up.
    Caller,
    /// The agent, or the party that a call was transferred to, hung up.
    Callee,
    /// The system ended it: plan finished, limit reached, drained, failed.
    System,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Hung up after it was answered.
    Hangup,
    /// The dialplan came to its end.
    PlanFinished,
    /// CANCEL, or hung up before anyone answered.
    Abandoned,
    /// The dialled number is none of ours.
    UnknownNumber,
    /// The source is not allowed to call.
    Forbidden,
    /// No codec in common, or the offer cannot be served.
    NotAcceptable,
    /// A limit was reached (calls, calls of one source).
    Overload,
    /// The server was draining for a restart.
    Draining,
    /// The far side stopped sending sound and signalling.
    DeadMedia,
    /// The far side never confirmed our answer (no ACK).
    NoAck,
    /// A session timer ran out (RFC 4028).
    SessionExpired,
    /// The transport failed or a request of ours was never answered.
    Unreachable,
    /// The call's or the plan's longest duration was reached.
    MaxDuration,
    /// The far side broke the protocol.
    ProtocolError,
    /// The server stopped without ending the call (found after a restart).
    Interrupted,
    /// The transfer's target was busy.
    Busy,
    /// The transfer's target did not answer.
    NoAnswer,
    /// Something of ours failed.
    InternalError,
}

impl EndReason {
    /// Every reason, for metric labels and tables.
    pub const ALL: [Self; 18] = [
        Self::Hangup,
        Self::PlanFinished,
        Self::Abandoned,
        Self::UnknownNumber,
        Self::Forbidden,
        Self::NotAcceptable,
        Self::Overload,
        Self::Draining,
        Self::DeadMedia,
        Self::NoAck,
        Self::SessionExpired,
        Self::Unreachable,
        Self::MaxDuration,
        Self::ProtocolError,
        Self::Interrupted,
        Self::Busy,
        Self::NoAnswer,
        Self::InternalError,
    ];

    /// The stable name used in records, metrics and APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hangup => "hangup",
            Self::PlanFinished => "plan_finished",
            Self::Abandoned => "abandoned",
            Self::UnknownNumber => "unknown_number",
            Self::Forbidden => "forbidden",
            Self::NotAcceptable => "not_acceptable",
            Self::Overload => "overload",
            Self::Draining => "draining",
            Self::DeadMedia => "dead_media",
            Self::NoAck => "no_ack",
            Self::SessionExpired => "session_expired",
            Self::Unreachable => "unreachable",
            Self::MaxDuration => "max_duration",
            Self::ProtocolError => "protocol_error",
            Self::Interrupted => "interrupted",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::InternalError => "internal_error",
        }
    }
}

impl EndedBy {
    /// The stable name used in records, metrics and APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::System => "system",
        }
    }
}
