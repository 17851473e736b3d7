//! The user agent of one shard: all its INVITE dialogs, in both roles, over its transactions. Knows no media, no dialplan, no socket.
//!
//! The files follow a session's life. Every request passes `checks`; one without dialog goes through `outside`, one within a
//! dialog through `within`, which hands it to the file that knows it:
//!
//! | file               | what                                                        | RFC                |
//! |--------------------|-------------------------------------------------------------|--------------------|
//! | `incoming.rs`      | a call to us until its ACK                                  | 3261 §13.3         |
//! | `outgoing.rs`      | a call of ours until its ACK: forks, challenges, CANCEL     | 3261 §13.2, §9     |
//! | `reliable.rs`      | provisional responses and PRACK                             | 3262               |
//! | `reoffer.rs`       | re-INVITE and UPDATE, glare, the application's answers      | 3261 §14, 3311     |
//! | `session_timer.rs` | refreshes and expiry                                        | 4028               |
//! | `refer.rs`         | REFER to us, and the news about it                          | 3515, 4488         |
//! | `referring.rs`     | REFER of ours                                               | 3515               |
//! | `replaces.rs`      | which dialog a call takes the place of                      | 3891               |
//! | `info.rs`          | keys by INFO                                                | 6086               |
//! | `hangup.rs`        | the ways out                                                | 3261 §15           |
//! | `farewell.rs`      | goodbye after a restart, in a dialog without a leg          | 3261 §15           |
//! | `dialog.rs`        | tags, numbers, routes: requests within a dialog             | 3261 §12           |
//!
//! One turn: call an input function, drain [`UserAgent::next_command`], re-arm at [`UserAgent::poll_timeout`].

mod checks;
mod core;
mod dialog;
mod farewell;
mod hangup;
mod incoming;
mod info;
mod leg;
mod outgoing;
mod outside;
mod refer;
mod referring;
mod reliable;
mod reoffer;
mod replaces;
mod session_timer;
mod timers;
mod types;
mod within;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::kernel::{Digit, LegId, Mono, Now};
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Malformed, Message, Method, Request, Response};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::{self, ClientKey, Failure, Layer, ServerKey, TransactionConfig};

use self::core::{Core, Purpose, Use};
use self::leg::Leg;

pub use self::checks::Refusal;
pub use self::farewell::FarewellError;
pub use self::refer::ReferId;
pub use self::replaces::Replaces;
pub use self::types::{Command, Credentials, LegEnd, OutgoingCall, Side, UaConfig, UaEvent};

/// The user agent of one shard.
pub struct UserAgent {
    core: Core,
    legs: BTreeMap<LegId, Box<Leg>>,
    timers: BTreeSet<(Mono, LegId)>,
    last_leg: u64,
}

/// Life and input.
impl UserAgent {
    /// Without calls. `rng` yields tags, branches and Call-IDs: seed it from the system in production.
    pub fn new(config: UaConfig, transactions: TransactionConfig, mut rng: StdRng) -> Self {
        let layer = Layer::new(transactions, StdRng::from_seed(rng.random()));
        Self {
            core: Core::new(config, transactions.t1, transactions.t2, layer, rng),
            legs: BTreeMap::new(),
            timers: BTreeSet::new(),
            last_leg: 0,
        }
    }

    /// A message from the network, or what could not be read as one.
    pub fn receive(&mut self, message: Result<Message, Malformed>, flow: Flow, now: Now) {
        self.core.now = now;
        match message {
            Ok(message) => self.core.layer.receive(message, flow, now.mono),
            Err(malformed) => self.core.layer.reject_malformed(malformed, flow),
        }
        self.pump();
    }

    /// A path failed: its connection is closed or nobody listens there.
    pub fn flow_failed(&mut self, flow: &Flow, now: Now) {
        self.core.now = now;
        self.core.layer.flow_failed(flow, now.mono);
        self.pump();
    }

    /// While draining, OPTIONS is answered 503 with Retry-After, so that peers look elsewhere. New calls still come to the
    /// application, which has to put them on record before it refuses them.
    pub fn set_draining(&mut self, draining: bool) {
        self.core.draining = draining;
    }

    /// What to do or tell next.
    pub fn next_command(&mut self) -> Option<Command> {
        self.core.out.pop_front()
    }

    /// When `handle_timeout` is to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let legs = self.timers.first().map(|(at, _)| *at);
        let referrals = self.core.referrals.poll_timeout();
        [
            legs,
            self.core.layer.poll_timeout(),
            self.core.poll_timeout(),
            referrals,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        self.core.now = now;
        self.core.layer.handle_timeout(now.mono);
        self.pump();
        while let Some((_, leg)) = self.timers.first().filter(|(at, _)| *at <= now.mono).copied() {
            self.with(leg, Leg::on_timeout);
        }
        self.core.handle_timeout();
        self.end_old_subscriptions();
        self.pump();
    }

    /// Number of legs that have not ended.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Number of transactions that have not ended.
    pub fn transactions(&self) -> usize {
        self.core.layer.len()
    }
}

/// What the application asks for. Each does what the leg's state allows, and nothing for a leg that has ended.
impl UserAgent {
    /// Rings: 101–199, with our answer or offer as early media. Reliable where the peer insists on it, or can do it and
    /// there is a session description.
    pub fn provisional(&mut self, leg: LegId, status: u16, sdp: Option<&Sdp>, now: Now) {
        let body = sdp.map(|sdp| sdp.to_string().into_bytes());
        self.turn(leg, now, |leg, core| leg.provisional(core, status, body));
    }

    /// Answers: 200 with our answer, or our offer if the INVITE had none; repeated until its ACK.
    pub fn accept(&mut self, leg: LegId, sdp: &Sdp, now: Now) {
        let body = sdp.to_string().into_bytes();
        self.turn(leg, now, |leg, core| leg.accept(core, body));
    }

    /// Refuses a call with a status of 300–699.
    pub fn reject(&mut self, leg: LegId, status: u16, extra: &[(HeaderName, String)], now: Now) {
        self.turn(leg, now, |leg, core| leg.reject(core, status, extra));
    }

    /// Places a call.
    pub fn invite(&mut self, out: OutgoingCall, now: Now) -> LegId {
        self.core.now = now;
        let id = LegId(self.last_leg + 1);
        self.last_leg = id.0;
        let leg = Leg::calling(id, &mut self.core, out);
        self.add(leg);
        self.pump();
        id
    }

    /// Ends a leg in whatever state it is: refusal, CANCEL or BYE, with a Reason (RFC 3326; SIP status, or Q.850 below 200).
    pub fn hangup(&mut self, leg: LegId, cause: Option<&(u16, String)>, now: Now) {
        self.turn(leg, now, |leg, core| leg.hangup(core, cause));
    }

    /// Offers anew: by re-INVITE, or by UPDATE before the answer; as soon as nothing else is open. Ends in `Answer` or
    /// `OfferRefused`.
    pub fn reoffer(&mut self, leg: LegId, sdp: &Sdp, now: Now) {
        let body = sdp.to_string().into_bytes();
        self.turn(leg, now, |leg, core| leg.reoffer(core, body));
    }

    /// Answers an `Offer` or `OfferWanted`, or refuses it with a status (488).
    pub fn answer(&mut self, leg: LegId, sdp: Result<&Sdp, u16>, now: Now) {
        self.turn(leg, now, |leg, core| leg.answer(core, sdp));
    }

    /// Lets the answer to their BYE or CANCEL go, once the end is in the ledger.
    pub fn confirm_bye(&mut self, leg: LegId, now: Now) {
        self.turn(leg, now, Leg::confirm_bye);
    }

    /// Sends a key by INFO.
    pub fn send_info_dtmf(&mut self, leg: LegId, digit: Digit, now: Now) {
        self.turn(leg, now, |leg, core| leg.send_key(core, digit));
    }

    /// Answers an `OutOfDialog`, or refuses a `Refer`.
    pub fn respond(&mut self, key: ServerKey, response: Response, now: Now) {
        self.core.now = now;
        self.core.referrals.refused(key);
        self.core.respond(key, response);
        self.pump();
    }

    /// Where a peer reaches us that we reach by this path.
    pub fn contact(&self, flow: &Flow) -> String {
        self.core.contact(flow)
    }

    /// Sends a request outside of dialogs. Ends in `Response` or `RequestFailed`.
    pub fn request(&mut self, request: Request, flow: Flow, now: Now) -> ClientKey {
        self.core.now = now;
        let client = self.core.layer.request(request, flow, now.mono);
        self.core.clients.insert(client, Use::Outside);
        self.pump();
        client
    }
}

/// Between the transactions and the legs.
impl UserAgent {
    fn turn(&mut self, leg: LegId, now: Now, step: impl FnOnce(&mut Leg, &mut Core)) {
        self.core.now = now;
        self.with(leg, step);
        self.pump();
    }

    /// Lets one leg act, then arms its timer anew or removes it.
    fn with(&mut self, id: LegId, step: impl FnOnce(&mut Leg, &mut Core)) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        step(leg, &mut self.core);
        let next = if leg.is_gone() { None } else { leg.timers.next() };
        if next != leg.armed {
            leg.armed.map(|at| self.timers.remove(&(at, id)));
            next.map(|at| self.timers.insert((at, id)));
            leg.armed = next;
        }
        if leg.is_gone() {
            self.core.tags.remove(&leg.dialog.local_tag);
            if let Some(leg) = self.legs.remove(&id) {
                self.core.keep_remnant(&leg);
                self.core.keep_following(&leg);
            }
        }
    }

    fn add(&mut self, leg: Leg) {
        let id = leg.id;
        self.core.tags.insert(leg.dialog.local_tag.clone(), id);
        self.legs.insert(id, Box::new(leg));
        self.with(id, |_, _| {});
    }

    /// Carries out what the transactions say until they are silent.
    fn pump(&mut self) {
        while let Some(command) = self.core.layer.next_command() {
            match command {
                transaction::Command::Transmit { flow, bytes } => {
                    self.core.out.push_back(Command::Transmit { flow, bytes });
                }
                transaction::Command::Request { key, request, flow } => {
                    self.on_request(key, request, flow);
                }
                transaction::Command::Ack { request, flow } => self.on_ack(&request, flow),
                transaction::Command::Cancelled { key, reason: _ } => {
                    if let Some(leg) = self.core.invites.get(&key).copied() {
                        self.with(leg, |leg, core| leg.on_cancelled(core, key));
                    }
                }
                transaction::Command::Response { key, response, flow } => {
                    self.on_response(key, response, &flow);
                }
                transaction::Command::ClientFailed { key, error } => self.on_failed(key, error),
                transaction::Command::ServerFailed { key, error: _ } => {
                    if let Some(leg) = self.core.invites.get(&key).copied() {
                        self.with(leg, |leg, core| leg.on_server_failed(core, key));
                    }
                }
            }
        }
    }

    fn on_request(&mut self, key: ServerKey, request: Request, flow: Flow) {
        let within_dialog = to_tag(&request).is_some();
        let checked = checks::method(&request, within_dialog, &self.core.config)
            .and_then(|()| checks::uri(&request))
            .and_then(|()| checks::extensions(&request, &self.core.config));
        if let Err(refusal) = checked {
            return match (&request.method, within_dialog) {
                (Method::Invite, false) => self.on_refused_invite(key, request, flow, refusal),
                _no_new_call => self.core.refuse(key, &request, refusal),
            };
        }
        if !within_dialog {
            return self.on_outside(key, request, flow);
        }
        match self.leg_of(&request) {
            Some(leg) => self.with(leg, |leg, core| leg.on_request(core, key, &request, flow)),
            None if request.method == Method::Notify => {
                let our_tag = to_tag(&request).unwrap_or_default();
                self.core.on_late_notify(key, &request, &our_tag);
            }
            None => self.core.reply(key, &request, 481),
        }
    }

    fn on_ack(&mut self, request: &Request, flow: Flow) {
        if let Some(leg) = self.leg_of(request) {
            self.with(leg, |leg, core| {
                leg.flow = flow;
                leg.on_ack(core, request);
            });
        }
    }

    /// The leg of a request within a dialog: both tags and the Call-ID must agree (RFC 3261 §12.2.2).
    fn leg_of(&mut self, request: &Request) -> Option<LegId> {
        let id = *self.core.tags.get(&to_tag(request)?)?;
        let leg = self.legs.get_mut(&id)?;
        let from = request.headers.from().ok()?;
        let known = request.headers.call_id().ok()? == leg.dialog.call_id
            && leg.dialog_mut(from.tag().unwrap_or_default()).is_some();
        known.then_some(id)
    }

    fn on_response(&mut self, key: ClientKey, response: Response, flow: &Flow) {
        let is_final = !response.is_provisional();
        match self.core.clients.get(&key) {
            Some(Use::Leg { leg, purpose, .. }) => {
                let (leg, purpose) = (*leg, *purpose);
                self.on_leg_response(key, leg, purpose, &response, flow);
            }
            Some(Use::Outside) => {
                if is_final {
                    self.core.clients.remove(&key);
                }
                self.core.event(UaEvent::Response { key, response });
            }
            Some(Use::Stray) if is_final => {
                self.core.clients.remove(&key);
            }
            Some(Use::Notify { refer }) if is_final => {
                let refer = *refer;
                self.core.clients.remove(&key);
                self.on_notified(refer, Some(response.status));
            }
            Some(Use::Stray | Use::Notify { .. }) | None => {}
        }
    }

    fn on_leg_response(&mut self, key: ClientKey, id: LegId, purpose: Purpose, response: &Response, flow: &Flow) {
        if response.is_provisional() {
            if purpose == Purpose::Invite {
                self.with(id, |leg, core| leg.on_provisional(core, response));
            }
            return;
        }
        let is_invite = matches!(purpose, Purpose::Invite | Purpose::Reinvite);
        if !(is_invite && response.is_success()) {
            if let Some(Use::Leg { request, .. }) = self.core.clients.remove(&key) {
                self.with(id, |leg, core| leg.on_final(core, purpose, request, response));
            }
            return;
        }
        let remote = response.headers.to().ok();
        let remote_tag = remote.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        if !self.core.first_answer(key, remote_tag) {
            return; // repeated: its ACK has been repeated as well
        }
        let leg = self.legs.get(&id);
        if !leg.is_some_and(|leg| leg.expects(key, purpose)) {
            return self.core.bury(key, response, flow, purpose == Purpose::Invite);
        }
        self.with(id, |leg, core| match purpose {
            Purpose::Invite => leg.on_answer(core, key, response),
            Purpose::Reinvite
            | Purpose::Update { .. }
            | Purpose::Prack
            | Purpose::Info
            | Purpose::Refer
            | Purpose::Bye => leg.on_reinvite_answer(core, key, response),
        });
    }

    fn on_failed(&mut self, key: ClientKey, error: Failure) {
        match self.core.clients.remove(&key) {
            Some(Use::Outside) => self.core.event(UaEvent::RequestFailed { key, error }),
            Some(Use::Leg { leg, purpose, .. }) => {
                self.with(leg, |leg, core| leg.on_failed(core, key, purpose, error));
            }
            Some(Use::Notify { refer }) => self.on_notified(refer, None),
            Some(Use::Stray) | None => {}
        }
    }
}

fn to_tag(request: &Request) -> Option<String> {
    request.headers.to().ok()?.tag().map(str::to_owned)
}
