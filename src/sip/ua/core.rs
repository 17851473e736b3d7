//! What all legs of one user agent share: transactions, randomness, the way out, and who waits for which answer.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use crate::kernel::{LegId, Mono, Now};
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Request, Response};
use crate::sip::transaction::{ClientKey, Layer, ServerKey};

use super::checks::{self, Refusal};
use super::leg::Pending;
use super::refer::{ReferId, Referrals};
use super::referring::Followed;
use super::types::{Command, UaConfig, UaEvent};

/// Shared by all legs.
pub(super) struct Core {
    /// Configuration.
    pub config: UaConfig,
    /// T1 of RFC 3261.
    pub t1: Duration,
    /// T2 of RFC 3261.
    pub t2: Duration,
    /// Transactions.
    pub layer: Layer,
    /// Tags, Call-IDs, glare.
    pub rng: StdRng,
    /// What is to be done and told.
    pub out: VecDeque<Command>,
    /// Our tag → leg.
    pub tags: HashMap<String, LegId>,
    /// INVITEs to us without a final answer → leg.
    pub invites: HashMap<ServerKey, LegId>,
    /// Requests of ours without a final answer (INVITEs: until their 2xx can no longer be repeated).
    pub clients: HashMap<ClientKey, Use>,
    /// REFERs to us that are not over.
    pub referrals: Referrals,
    /// Calls that are over and have sent a REFER, by our tag.
    pub followed: HashMap<String, Followed>,
    /// No new calls.
    pub draining: bool,
    /// The moment of this turn.
    pub now: Now,
    acks: HashMap<ClientKey, Vec<KeptAck>>,
    acks_until: VecDeque<(Mono, ClientKey)>,
}

/// What a request of ours is for.
#[derive(Debug)]
pub(super) enum Use {
    /// Of the application, outside of dialogs.
    Outside,
    /// Of a leg.
    Leg {
        /// The leg.
        leg: LegId,
        /// What for.
        purpose: Purpose,
        /// The request itself, kept if credentials might have to be added.
        request: Option<Box<Request>>,
    },
    /// A NOTIFY about a REFER.
    Notify {
        /// Which.
        refer: ReferId,
    },
    /// The BYE to a fork that lost: nobody waits.
    Stray,
}

/// What a leg's request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The first INVITE.
    Invite,
    /// A later INVITE.
    Reinvite,
    /// UPDATE, with an offer or only to refresh.
    Update {
        /// It has an offer.
        offers: bool,
    },
    /// PRACK.
    Prack,
    /// INFO.
    Info,
    /// REFER.
    Refer,
    /// BYE.
    Bye,
}

/// An ACK, to be sent again for each repetition of its 2xx (RFC 3261 §13.2.2.4).
#[derive(Debug)]
struct KeptAck {
    remote_tag: String,
    /// `None` while the application still thinks about the answer it has to carry.
    ack: Option<(Request, Flow)>,
}

impl Core {
    /// Empty.
    pub fn new(config: UaConfig, t1: Duration, t2: Duration, layer: Layer, rng: StdRng) -> Self {
        Self {
            config,
            t1,
            t2,
            layer,
            rng,
            out: VecDeque::new(),
            tags: HashMap::new(),
            invites: HashMap::new(),
            clients: HashMap::new(),
            referrals: Referrals::default(),
            followed: HashMap::new(),
            draining: false,
            now: Now::default(),
            acks: HashMap::new(),
            acks_until: VecDeque::new(),
        }
    }

    /// Tells the application.
    pub fn event(&mut self, event: UaEvent) {
        self.out.push_back(Command::Event(event));
    }

    /// A new tag, Call-ID or the like: 64 random bits.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.rng.random::<u64>())
    }

    /// 64·T1.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// Our Contact on a flow.
    pub fn contact(&self, flow: &Flow) -> String {
        let mut address = flow.local;
        let mut advertised = self.config.advertised.iter();
        if let Some(ip) = advertised.find(|ip| ip.is_ipv4() == address.is_ipv4()) {
            address.set_ip(*ip);
        }
        if !flow.transport.is_reliable() {
            return format!("<sip:{address}>");
        }
        address.set_port(self.config.tcp_listen_port.unwrap_or(address.port()));
        format!("<sip:{address};transport=tcp>")
    }

    /// Headers that tell what we can do, for INVITEs and their 2xx (RFC 3261 §13.2.1).
    pub fn capabilities(&self) -> [(HeaderName, String); 2] {
        [
            (HeaderName::Allow, checks::allow(&self.config)),
            (HeaderName::Supported, checks::supported(&self.config).join(", ")),
        ]
    }

    /// An answer to a request, with the dialog's tag; without one the transaction adds a tag (RFC 3261 §8.2.6.2).
    pub fn response(&self, request: &Request, status: u16, tag: Option<&str>) -> Response {
        let mut response = request.reply(status);
        let untagged = request.headers.to().is_ok_and(|to| to.tag().is_none());
        if let Some(tag) = tag.filter(|_| untagged) {
            let mut to = request.headers.get(&HeaderName::To).unwrap_or_default().to_vec();
            to.extend_from_slice(b";tag=");
            to.extend_from_slice(tag.as_bytes());
            response.headers.set(HeaderName::To, to);
        }
        response
            .headers
            .push(HeaderName::Server, self.config.user_agent.clone());
        response
    }

    /// Answers a request with a bare status.
    pub fn answer(&mut self, pending: &Pending, status: u16) {
        let response = self.response(&pending.request, status, None);
        self.respond(pending.key, response);
    }

    /// Answers a request as it stands with a bare status.
    pub fn reply(&mut self, key: ServerKey, request: &Request, status: u16) {
        let response = self.response(request, status, None);
        self.respond(key, response);
    }

    /// Answers a request with an error.
    pub fn refuse(&mut self, key: ServerKey, request: &Request, refusal: Refusal) {
        let mut response = self.response(request, refusal.status, None);
        for (name, value) in refusal.headers {
            response.headers.push(name, value);
        }
        self.respond(key, response);
    }

    /// 500 for a request that comes while another is open: to be tried again within ten seconds (RFC 3261 §14.2).
    pub fn refuse_for_now(&mut self, key: ServerKey, request: &Request) {
        let seconds = self.rng.random_range(0..=10_u32).to_string();
        self.refuse(key, request, Refusal::because(500, HeaderName::RetryAfter, seconds));
    }

    /// Sends an ACK for a 2xx and keeps it for repetitions.
    pub fn send_ack(&mut self, client: ClientKey, remote_tag: &str, ack: Request, hop: Flow) {
        let kept = self.acks.entry(client).or_default();
        match kept.iter_mut().find(|kept| kept.remote_tag == remote_tag) {
            Some(kept) => kept.ack = Some((ack.clone(), hop)),
            None => kept.push(KeptAck {
                remote_tag: remote_tag.to_owned(),
                ack: Some((ack.clone(), hop)),
            }),
        }
        self.layer.transmit(ack, hop);
    }

    /// Notes that a 2xx has been taken; true for the first with this tag. Repetitions get their ACK here.
    pub fn first_answer(&mut self, client: ClientKey, remote_tag: &str) -> bool {
        if !self.acks.contains_key(&client) {
            self.acks_until.push_back((self.now.mono + self.patience(), client));
        }
        let kept = self.acks.entry(client).or_default();
        let Some(known) = kept.iter().find(|kept| kept.remote_tag == remote_tag) else {
            kept.push(KeptAck {
                remote_tag: remote_tag.to_owned(),
                ack: None,
            });
            return true;
        };
        if let Some((ack, hop)) = known.ack.clone() {
            self.layer.transmit(ack, hop);
        }
        false
    }

    /// When the next ACK, or call that is over, may be forgotten.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let acks = self.acks_until.front().map(|(until, _)| *until);
        acks.into_iter().chain(self.follows_until()).min()
    }

    /// Forgets ACKs whose 2xx can no longer be repeated, and calls that have told what they had to tell.
    pub fn handle_timeout(&mut self) {
        self.follow_no_longer();
        let now = self.now;
        while let Some((_, client)) = self.acks_until.pop_front_if(|(until, _)| *until <= now.mono) {
            self.acks.remove(&client);
            self.clients.remove(&client);
        }
    }

    /// Answers a request.
    pub fn respond(&mut self, key: ServerKey, response: Response) {
        self.layer.respond(key, response, self.now.mono);
    }
}
