//! What the user agent takes and gives: configuration, outgoing calls, commands, events. Plain data; decides nothing.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::{Digit, LegId};
use crate::sip::digest::{Account, Answerer};
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Method, NameAddr, Request, Response, Uri};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::{ClientKey, Failure, ServerKey};

use super::checks::Refusal;
use super::replaces::Replaces;

/// How this user agent presents itself and how patient it is.
#[derive(Clone, Debug)]
pub struct UaConfig {
    /// Value of `User-Agent` and `Server`.
    pub user_agent: String,
    /// Session interval that we ask for, seconds (RFC 4028 §4; 1,800 recommended).
    pub session_expires_s: u32,
    /// Shortest session interval that we accept, seconds (RFC 4028 §5; never below 90).
    pub min_se_s: u32,
    /// How long a 2xx waits for its ACK: 64·T1 (RFC 3261 §13.3.1.4).
    pub ack_timeout: Duration,
    /// Methods handed to the application when they come outside of a dialog. OPTIONS is answered here.
    pub allow_out_of_dialog: Vec<Method>,
    /// Whether calls can be referred: REFER within a dialog reaches the application (otherwise 405), and so does the `Replaces`
    /// of an INVITE.
    pub allow_refer: bool,
    /// Addresses written into our Contact instead of the flow's own, for flows of the same address family: one of each.
    pub advertised: Vec<IpAddr>,
    /// Port written into our Contact on TCP: a connection that we opened has a local port nobody can call.
    pub tcp_listen_port: Option<u16>,
    /// What `Retry-After` says while draining, seconds.
    pub retry_after_s: u32,
}

impl Default for UaConfig {
    fn default() -> Self {
        Self {
            user_agent: "yihao".to_owned(),
            session_expires_s: 1800,
            min_se_s: 90,
            ack_timeout: Duration::from_secs(32),
            allow_out_of_dialog: Vec::new(),
            allow_refer: false,
            advertised: Vec::new(),
            tcp_listen_port: None,
            retry_after_s: 30,
        }
    }
}

/// What answers a challenge of the far side.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name of the digest.
    pub username: String,
    /// Its password; never shown.
    pub password: String,
    /// Answers this realm only; `None` answers any.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.username)
    }
}

impl Credentials {
    /// What answers challenges with them.
    pub(super) fn into_answerer(self) -> Answerer {
        Answerer::new(Account {
            username: self.username,
            password: self.password,
            realm: self.realm,
        })
    }
}

/// A call that we place.
#[derive(Clone, Debug)]
pub struct OutgoingCall {
    /// The path to the next hop.
    pub flow: Flow,
    /// Whom we call.
    pub request_uri: Uri,
    /// Who we are; a tag is added.
    pub from: NameAddr,
    /// Whom we call, as shown.
    pub to: NameAddr,
    /// Route set preloaded for an outbound proxy (RFC 3261 §8.1.2).
    pub route: Vec<NameAddr>,
    /// Our offer; without it the far side offers in its answer.
    pub offer: Option<Sdp>,
    /// For one 401 or 407.
    pub credentials: Option<Credentials>,
    /// Further headers (`P-Asserted-Identity` …).
    pub headers: Vec<(HeaderName, String)>,
    /// How long it may ring before we cancel.
    pub ring_timeout: Duration,
    /// How long the next hop may say nothing at all, not even 100, before the call ends with [`LegEnd::Timeout`];
    /// `None` waits for the transaction's own 64·T1.
    pub silence_timeout: Option<Duration>,
    /// Call-ID to use, for an engine that finds its shard by it; made here otherwise.
    pub call_id: Option<String>,
}

/// What the user agent wants done.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "handed on at once, never kept in numbers")]
pub enum Command {
    /// Send these octets.
    Transmit {
        /// The path.
        flow: Flow,
        /// One whole message.
        bytes: Arc<[u8]>,
    },
    /// Tell the application.
    Event(UaEvent),
}

/// Which side did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// We.
    Us,
    /// The far side.
    Them,
}

/// How a leg came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// BYE (or CANCEL's equal) by this side.
    Hangup(Side),
    /// The INVITE was answered with this final status, by us or by them.
    Rejected {
        /// 4xx, 5xx or 6xx.
        status: u16,
    },
    /// The far side sent us elsewhere. Never followed here: a redirection to a toll number is a fraud.
    Redirected {
        /// Where to, in the order of the answer.
        contacts: Vec<NameAddr>,
    },
    /// No final answer in time.
    Timeout,
    /// Our answer (or reliable provisional) was never acknowledged.
    NoAck,
    /// The session timer ran out (RFC 4028 §10).
    SessionExpired,
    /// The path failed.
    TransportFailed,
    /// Given up before the answer: by the caller's CANCEL, or by us.
    Cancelled,
    /// The far side left the protocol: no answer to an offer, an unreadable one.
    ProtocolError,
}

/// What happened to a leg, or beside all legs.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "handed on at once, never kept in numbers")]
pub enum UaEvent {
    /// A new call. The application accepts or rejects it.
    Incoming {
        /// The new leg.
        leg: LegId,
        /// The whole INVITE; not kept here.
        invite: Box<Request>,
        /// Where it came from.
        flow: Flow,
        /// Its offer; `None` means that we shall offer in `accept`.
        offer: Option<Sdp>,
        /// A generic check failed (RFC 3261 §8.2): the application must reject the call so, and has the chance to put it
        /// on record first.
        refusal: Option<Refusal>,
    },
    /// The far side offers: `answer` must follow.
    Offer {
        /// The leg.
        leg: LegId,
        /// Their offer.
        sdp: Sdp,
    },
    /// The far side asks for an offer of ours (re-INVITE without a body): `answer` must follow, with our offer.
    OfferWanted {
        /// The leg.
        leg: LegId,
    },
    /// The far side answered an offer of ours.
    Answer {
        /// The leg.
        leg: LegId,
        /// Their answer.
        sdp: Sdp,
    },
    /// The far side refused a re-offer; the session goes on as it was.
    OfferRefused {
        /// The leg.
        leg: LegId,
        /// Its status, 408 when it never answered.
        status: u16,
    },
    /// 101–199 for an INVITE of ours.
    Provisional {
        /// The leg.
        leg: LegId,
        /// Its status.
        status: u16,
        /// Early answer, if any.
        sdp: Option<Sdp>,
    },
    /// 2xx for an INVITE of ours.
    Answered {
        /// The leg.
        leg: LegId,
        /// Their answer, unless it came before; with a late offer an `Offer` event follows.
        sdp: Option<Sdp>,
    },
    /// The ACK for our answer arrived.
    Confirmed {
        /// The leg.
        leg: LegId,
    },
    /// The caller gave up before the answer: `confirm_bye` must follow.
    Cancelled {
        /// The leg.
        leg: LegId,
    },
    /// The far side hung up: `confirm_bye` must follow.
    ByeReceived {
        /// The leg.
        leg: LegId,
        /// Its `Reason` header (RFC 3326).
        cause: Option<String>,
    },
    /// Last event of a leg.
    Ended {
        /// The leg.
        leg: LegId,
        /// How.
        end: LegEnd,
    },
    /// A key, by INFO.
    Digit {
        /// The leg.
        leg: LegId,
        /// The key.
        digit: Digit,
        /// How long it was held, milliseconds.
        duration_ms: u32,
    },
    /// The far side asks us to call somebody: `accept_refer` must follow, or a refusal through `respond`.
    Refer {
        /// The leg.
        leg: LegId,
        /// To answer it.
        key: ServerKey,
        /// `Refer-To`.
        refer_to: NameAddr,
        /// The call of theirs that the new one is to take the place of: the `Replaces` within the Refer-To.
        replaces: Option<Replaces>,
        /// `Referred-By` (RFC 3892): who they say they are.
        referred_by: Option<NameAddr>,
        /// The request, to build a refusal from.
        request: Box<Request>,
    },
    /// The answer to a REFER of ours.
    ReferAnswered {
        /// The leg.
        leg: LegId,
        /// Its status; 408 when there was none.
        status: u16,
    },
    /// News about a REFER of ours. They may come after the leg's `Ended`.
    ReferNotified {
        /// The leg.
        leg: LegId,
        /// What the far side met.
        status: u16,
        /// There will be no more.
        last: bool,
    },
    /// A request outside of any dialog; to be answered through `respond`.
    OutOfDialog {
        /// To answer it.
        key: ServerKey,
        /// The request.
        request: Box<Request>,
        /// Where it came from.
        flow: Flow,
    },
    /// An answer to a request sent with `request`.
    Response {
        /// That request.
        key: ClientKey,
        /// Provisional or final.
        response: Response,
    },
    /// A request sent with `request` came to nothing.
    RequestFailed {
        /// That request.
        key: ClientKey,
        /// Why.
        error: Failure,
    },
}
