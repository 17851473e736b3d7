//! Traffic within a dialog: requests of theirs to the file that knows them, requests of ours out and their answers back.

use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Method, Request, Response};
use crate::sip::transaction::{ClientKey, Failure, ServerKey};

use super::checks;
use super::core::{Core, Purpose};
use super::leg::{Exchange, Leg, Pending, Phase, Theirs};
use super::timers::Timer;
use super::types::LegEnd;

impl Leg {
    /// A request of theirs that belongs to this leg (RFC 3261 §12.2.2).
    pub fn on_request(&mut self, core: &mut Core, key: ServerKey, request: &Request, flow: Flow) {
        let from = request.headers.from().ok();
        let remote_tag = from.as_ref().and_then(|from| from.tag()).unwrap_or_default();
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let Some(dialog) = self.dialog_mut(remote_tag) else {
            return core.reply(key, request, 481);
        };
        if dialog.remote_cseq.is_some_and(|last| number < last) {
            return core.reply(key, request, 500); // out of order
        }
        dialog.remote_cseq = Some(number);
        if !matches!(self.phase, Phase::Calling(_)) {
            self.flow = flow;
        }
        match &request.method {
            Method::Invite => self.on_reinvite(core, key, request),
            Method::Bye => self.on_bye(core, key, request),
            Method::Update => self.on_update(core, key, request),
            Method::Prack => self.on_prack(core, key, request),
            Method::Info => self.on_info(core, key, request),
            Method::Refer => self.on_refer(core, key, request),
            Method::Notify => self.on_notify(core, key, request),
            Method::Subscribe => self.on_subscribe(core, key, request),
            Method::Options => core.answer_options(key, request, &flow),
            // The transaction layer and `checks::method` keep these away.
            Method::Ack | Method::Cancel | Method::Register | Method::Message | Method::Publish | Method::Other(_) => {
                core.reply(key, request, 405)
            }
        }
    }

    /// A request of ours within the leg's dialog; UPDATE refreshes the target and so has a Contact, REFER begins a
    /// subscription and so has one too.
    pub fn request(&mut self, core: &Core, method: Method) -> Request {
        let has_contact = matches!(method, Method::Update | Method::Refer);
        let mut request = self.dialog.request(method);
        if has_contact {
            request.headers.push(HeaderName::Contact, core.contact(&self.flow));
        }
        request
            .headers
            .push(HeaderName::UserAgent, core.config.user_agent.clone());
        request
    }

    /// Sends a request the dialog's way.
    pub fn send(&mut self, core: &mut Core, request: Request, purpose: Purpose) {
        let hop = self.dialog.next_hop(&self.flow);
        self.send_to(core, request, hop, purpose);
    }

    /// Sends a request to a place.
    pub fn send_to(&mut self, core: &mut Core, mut request: Request, hop: Flow, purpose: Purpose) {
        self.sign(core, &mut request);
        let kept = self.answerer.is_some().then(|| Box::new(request.clone()));
        let client = core.layer.request(request, hop, core.now.mono);
        core.expect(client, self.id, purpose, kept);
        if purpose == Purpose::Reinvite {
            self.reinvite = Some(client);
            self.timers.set(Timer::Reoffer, core.now.mono + core.patience());
        }
    }

    /// Adds the credentials that the far side has asked for so far.
    pub fn sign(&mut self, core: &mut Core, request: &mut Request) {
        if let Some(answerer) = &mut self.answerer {
            answerer.authorize(request, &mut core.rng);
        }
    }

    /// Learns from a challenge; true if the request may be tried once more (RFC 3261 §22.1).
    pub fn learn(&mut self, response: &Response) -> bool {
        self.answerer
            .as_mut()
            .is_some_and(|answerer| answerer.challenged(response).is_ok())
    }

    /// Whether this 2xx is one that the leg still waits for.
    pub fn expects(&self, client: ClientKey, purpose: Purpose) -> bool {
        match (&self.phase, purpose) {
            (Phase::Calling(calling), Purpose::Invite) => calling.client == client,
            (Phase::Talking | Phase::PeerLeft(_) | Phase::Leaving { .. }, Purpose::Reinvite) => true,
            (_, _) => false,
        }
    }

    /// The final answer to a request of ours; for INVITEs only a refusal.
    pub fn on_final(&mut self, core: &mut Core, purpose: Purpose, request: Option<Box<Request>>, response: &Response) {
        self.reinvite_done(purpose);
        let challenged = matches!(response.status, 401 | 407) && purpose != Purpose::Invite;
        let leaving = matches!(self.phase, Phase::Leaving { .. } | Phase::PeerLeft(_));
        if let Some(request) = request.filter(|_| challenged)
            && (!leaving || purpose == Purpose::Bye)
            && self.learn(response)
        {
            return self.repeat(core, *request, purpose);
        }
        match purpose {
            Purpose::Invite => self.on_refusal(core, response),
            Purpose::Bye => self.bye_done(core),
            Purpose::Update { offers } if response.is_success() => {
                self.on_update_answer(core, response, offers);
            }
            Purpose::Reinvite | Purpose::Update { .. } => {
                self.on_reoffer_refused(core, response, purpose);
            }
            Purpose::Refer => self.on_refer_answered(core, response.status),
            Purpose::Prack | Purpose::Info => {}
        }
    }

    /// The same request under the next number, with credentials.
    fn repeat(&mut self, core: &mut Core, mut request: Request, purpose: Purpose) {
        let flow = self.flow;
        let to = request.headers.to().ok();
        let remote_tag = to.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        let Some(dialog) = self.dialog_mut(remote_tag) else {
            return;
        };
        dialog.local_cseq = dialog.local_cseq.saturating_add(1);
        let number = format!("{} {}", dialog.local_cseq, request.method);
        let hop = dialog.next_hop(&flow);
        request.headers.set(HeaderName::CSeq, number);
        self.send_to(core, request, hop, purpose);
    }

    /// A request of ours was never answered, or could not be sent.
    pub fn on_failed(&mut self, core: &mut Core, client: ClientKey, purpose: Purpose, error: Failure) {
        self.reinvite_done(purpose);
        match purpose {
            Purpose::Invite => self.on_invite_failed(core, client, error),
            Purpose::Bye => self.bye_done(core),
            Purpose::Reinvite | Purpose::Update { .. } => self.on_reoffer_failed(core),
            Purpose::Refer => self.on_refer_answered(core, 408),
            Purpose::Prack | Purpose::Info => {}
        }
    }

    /// A re-INVITE of ours has its final answer, or never will.
    pub fn reinvite_done(&mut self, purpose: Purpose) {
        if purpose == Purpose::Reinvite {
            self.reinvite = None;
            self.timers.stop(Timer::Reoffer);
        }
    }

    /// An INVITE of theirs is cancelled: the first one, or a re-INVITE that nobody has answered yet.
    pub fn on_cancelled(&mut self, core: &mut Core, key: ServerKey) {
        if matches!(&self.phase, Phase::Ringing(ringing) if ringing.invite.key == key) {
            return self.withdrawn(core);
        }
        if let Some(pending) = self.take_reinvite(key) {
            core.answer(&pending, 487);
            core.invites.remove(&key);
            self.offer_if_possible(core);
        }
    }

    /// An INVITE of theirs can no longer be answered: its connection is gone.
    pub fn on_server_failed(&mut self, core: &mut Core, key: ServerKey) {
        core.invites.remove(&key);
        if matches!(&self.phase, Phase::Ringing(ringing) if ringing.invite.key == key) {
            self.finish(core, LegEnd::TransportFailed);
        } else {
            self.take_reinvite(key);
        }
    }

    fn take_reinvite(&mut self, key: ServerKey) -> Option<Box<Pending>> {
        match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Theirs(Theirs::Reinvite { pending, .. }) if pending.key == key => Some(pending),
            other => {
                self.exchange = other;
                None
            }
        }
    }

    /// Fires what is due.
    pub fn on_timeout(&mut self, core: &mut Core) {
        while let Some(timer) = self.timers.take_due(core.now.mono) {
            match timer {
                Timer::ResendProvisional => self.resend_provisional(core),
                Timer::NoPrack => self.no_prack(core),
                Timer::RefreshProvisional => self.refresh_provisional(core),
                Timer::Ring => match &self.phase {
                    Phase::Ringing(_) => self.withdrawn(core),
                    Phase::Calling(_) | Phase::Talking | Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone => {
                        self.rang_too_long(core)
                    }
                },
                Timer::Silence => self.met_silence(core),
                Timer::ResendAnswer => self.resend_answer(core),
                Timer::NoAck => self.no_ack(core),
                Timer::Glare => self.offer_if_possible(core),
                Timer::Reoffer => self.reoffer_unanswered(core),
                Timer::SessionRefresh => self.refresh_session(core),
                Timer::SessionExpires => self.session_expired(core),
                Timer::Confirm => self.confirm_bye(core),
            }
        }
    }
}

impl Core {
    /// OPTIONS: what we can (RFC 3261 §11.2), as an INVITE would be answered now.
    pub fn answer_options(&mut self, key: ServerKey, request: &Request, flow: &Flow) {
        let mut response = self.response(request, if self.draining { 503 } else { 200 }, None);
        if self.draining {
            let seconds = self.config.retry_after_s.to_string();
            response.headers.push(HeaderName::RetryAfter, seconds);
        }
        response.headers.push(HeaderName::Contact, self.contact(flow));
        for (name, value) in self.capabilities() {
            response.headers.push(name, value);
        }
        response.headers.push(HeaderName::Accept, checks::ACCEPT);
        self.respond(key, response);
    }
}
