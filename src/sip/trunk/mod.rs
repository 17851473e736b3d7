//! A carrier's trunk: who may call us through it, where its servers are, our registration there, and whether it is alive.
//! Knows no socket and resolves no name; calls through it are made elsewhere.

mod cidr;
mod locate;
mod machine;
mod registration;
mod targets;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::sip::digest::Account;
use crate::sip::message::{Request, Response, Uri};
use crate::sip::transaction::Failure;

pub use cidr::{Cidr, CidrError};
pub use locate::{Answer, Question, SrvRecord, Target, in_order};
pub use machine::{Timer, Trunk};

/// What is configured of a trunk.
#[derive(Clone, Debug)]
pub struct TrunkConfig {
    /// Name in logs and figures.
    pub name: String,
    /// Addresses that may send us calls as this trunk.
    pub peers: Vec<Cidr>,
    /// The carrier's domain or server: where registrations, OPTIONS and calls are addressed.
    pub server: Uri,
    /// Whether SRV records are asked for where a URI names no port (RFC 3263 §4.2).
    pub srv: bool,
    /// Sent to first, if set, with a Route that names it.
    pub outbound_proxy: Option<Uri>,
    /// Who we are at the carrier (address of record), in From and To.
    pub identity: Uri,
    /// Where the carrier reaches us.
    pub contact: Uri,
    /// For 401 and 407.
    pub account: Option<Account>,
    /// How long a registration should last, seconds; `None`: the carrier wants none.
    pub expires_s: Option<u32>,
    /// Pause between OPTIONS, seconds; `None`: send none and take the trunk for alive.
    pub options_interval_s: Option<u32>,
}

impl TrunkConfig {
    /// Whether calls from this address come through this trunk.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.peers.iter().any(|it| it.contains(address))
    }
}

/// Names a request of a trunk until its final answer or failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// What happens to a trunk.
#[derive(Clone, Debug)]
pub enum Input {
    /// A question has its answer.
    Resolved {
        /// The question as it was asked.
        question: Question,
        /// Empty if there is none.
        answer: Answer,
    },
    /// A request has an answer. Provisional ones may be left out.
    Response {
        /// Which request.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A request failed without an answer.
    Failed {
        /// Which request.
        id: RequestId,
        /// Why.
        error: Failure,
    },
    /// A call through the trunk failed in a way that lies with the server: a time-out, a broken flow, or 503.
    TargetFailed(Target),
    /// The house closes: give the registration back and ask for nothing any more.
    Stop,
}

/// What a trunk wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Send this request in a new transaction, and report its end as [`Input::Response`] or [`Input::Failed`].
    Request {
        /// To name it in the report.
        id: RequestId,
        /// Where to send it.
        target: Target,
        /// The request, complete but for Via and Max-Forwards.
        request: Box<Request>,
    },
    /// Ask the domain name system, and report as [`Input::Resolved`].
    Resolve(Question),
    /// Something that people and figures should know.
    Event(TrunkEvent),
}

/// What people and figures should know of a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkEvent {
    /// Calls can be made through it.
    Up,
    /// They cannot.
    Down,
    /// The carrier has taken our registration, for so many seconds.
    Registered {
        /// What the carrier granted.
        expires_s: u32,
    },
    /// A registration failed.
    RegistrationFailed {
        /// The carrier's answer; `None` if there was none.
        status: Option<u16>,
        /// When it is tried again.
        retry_in_s: u64,
    },
    /// The registration ran out before it could be renewed.
    RegistrationLapsed,
    /// No target could be found for the carrier's name.
    NotFound,
}
