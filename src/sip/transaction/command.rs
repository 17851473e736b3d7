//! What the transaction layer says to its user, and how it is set up. No behaviour.

use std::sync::Arc;
use std::time::Duration;

use crate::sip::Flow;
use crate::sip::message::{Request, Response};

/// Timers and bounds of a [`super::Layer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionConfig {
    /// Estimate of the round trip (RFC 3261 §17.1.1.1); every other interval is a multiple of it.
    pub t1: Duration,
    /// Longest interval between retransmissions of a non-INVITE request or an INVITE's answer.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
    /// Transactions kept at once. Over it, a new request is answered 503 and forgotten; requests
    /// inside a dialog and CANCEL have a quarter more, so that running calls can still end.
    pub max_transactions: usize,
}

impl Default for TransactionConfig {
    /// The RFC's values (RFC 3261, table 4) and room for some 3,000 transactions a second.
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            max_transactions: 100_000,
        }
    }
}

impl TransactionConfig {
    /// 64·T1: how long either side tries before it gives up (timers B, F, H, J, L, M).
    pub const fn give_up_after(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

/// Names a transaction in which we answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerKey(pub(super) u64);

/// Names a transaction in which we ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(pub(super) u64);

/// Why a transaction ended without its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    /// The peer was silent for 64·T1; to be treated as a 408 (RFC 3261 §8.1.3.1).
    #[error("no answer in time")]
    Timeout,
    /// The flow broke; to be treated as a 503 (RFC 3261 §8.1.3.1).
    #[error("the transport failed")]
    Transport,
}

/// What the layer wants done, or tells its user (the RFC's "transaction user").
#[derive(Clone, Debug)]
pub enum Command {
    /// Send these bytes.
    Transmit {
        /// The way out.
        flow: Flow,
        /// One whole message.
        bytes: Arc<[u8]>,
    },
    /// A new request has come. An INVITE has already been answered with 100 Trying.
    Request {
        /// For [`super::Layer::respond`].
        key: ServerKey,
        /// The request, `received` and `rport` filled in its top Via.
        request: Request,
        /// Where it came from.
        flow: Flow,
    },
    /// An ACK that belongs to no refusal of ours, so to a 2xx (or to nothing).
    Ack {
        /// The ACK.
        request: Request,
        /// Where it came from.
        flow: Flow,
    },
    /// The caller gives up. The CANCEL has been answered; the user now owes the INVITE a 487.
    Cancelled {
        /// The INVITE's transaction.
        key: ServerKey,
        /// Text of the CANCEL's Reason header (RFC 3326), such as `SIP;cause=200;text="Call completed elsewhere"`.
        reason: Option<String>,
    },
    /// A provisional or final answer to a request of ours. A 2xx to INVITE comes once for every
    /// time it arrives, also from other branches of a fork (RFC 6026 §7.2).
    Response {
        /// The request's transaction.
        key: ClientKey,
        /// The answer.
        response: Response,
        /// Where it came from.
        flow: Flow,
    },
    /// A request of ours failed without a final answer. The transaction is gone.
    ClientFailed {
        /// The request's transaction.
        key: ClientKey,
        /// Why.
        error: Failure,
    },
    /// An answer of ours may never have arrived (no ACK, broken flow), or its user never gave one.
    ServerFailed {
        /// The request's transaction.
        key: ServerKey,
        /// Why.
        error: Failure,
    },
}
