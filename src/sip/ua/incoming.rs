//! A call to us until it is confirmed (RFC 3261 §13.3): ringing, answer repeated until its ACK, rejection, CANCEL.

use std::collections::VecDeque;

use crate::kernel::LegId;
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderError, HeaderName, Headers, Request, Response};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::ServerKey;

use super::checks;
use super::core::Core;
use super::dialog::Dialog;
use super::leg::{Exchange, Leg, Ours, Pending, Phase, Ringing, Theirs, Unacked};
use super::session_timer::Ask;
use super::timers::{Timer, Timers};
use super::types::{LegEnd, Side, UaEvent};

/// How often an unanswered INVITE gets a sign of life (RFC 3261 §13.3.1.1).
pub(super) const SIGN_OF_LIFE_S: u64 = 60;

/// Whether a peer's Allow names UPDATE.
pub(super) fn allows_update(headers: &Headers) -> bool {
    headers.list(&HeaderName::Allow).iter().any(|method| method == "UPDATE")
}

fn has_tag(tags: &[String], wanted: &str) -> bool {
    tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted))
}

impl Leg {
    /// The leg that an INVITE opens. Errors if the INVITE lacks what a dialog is made of.
    pub fn of_invite(
        id: LegId,
        core: &mut Core,
        key: ServerKey,
        invite: &Request,
        flow: Flow,
        offer: Option<&Sdp>,
    ) -> Result<Self, HeaderError> {
        let dialog = Dialog::of_incoming(invite, &core.token(), &flow)?;
        let requires_100rel = has_tag(&invite.headers.require(), "100rel");
        let ringing = Ringing {
            invite: Pending::new(key, invite),
            requires_100rel,
            supports_100rel: requires_100rel || has_tag(&invite.headers.supported(), "100rel"),
            owes_offer: offer.is_none(),
            ask: Ask::of(&invite.headers),
            last_status: None,
            next_rseq: core.first_rseq(),
            unpracked: None,
            queue: VecDeque::new(),
            accepted: None,
            withdrawn: false,
            bye: None,
        };
        let mut leg = Self::new(id, flow, dialog, false, Phase::Ringing(Box::new(ringing)));
        leg.peer_updates = allows_update(&invite.headers);
        if offer.is_some() {
            leg.exchange = Exchange::Theirs(Theirs::Invite);
        }
        if let Some(seconds) = invite.headers.expires() {
            let patience = std::time::Duration::from_secs(u64::from(seconds));
            leg.timers.set(Timer::Ring, core.now.mono + patience);
        }
        Ok(leg)
    }

    /// A leg at its beginning.
    pub fn new(id: LegId, flow: Flow, dialog: Dialog, outgoing: bool, phase: Phase) -> Self {
        Self {
            id,
            flow,
            dialog,
            outgoing,
            phase,
            exchange: Exchange::Idle,
            unacked: None,
            session: None,
            timers: Timers::default(),
            peer_updates: false,
            local_sdp: None,
            wanted: None,
            sent_offer: None,
            reinvite: None,
            referrals: Vec::new(),
            was_referred: false,
            answerer: None,
            reported: false,
            armed: None,
        }
    }

    /// A response to the INVITE that carries the dialog: tag, Contact, Record-Route (RFC 3261 §12.1.1).
    pub fn dialog_response(&self, core: &mut Core, invite: &Pending, status: u16) -> Response {
        let mut response = core.response(&invite.request, status, Some(&self.dialog.local_tag));
        for route in invite.request.headers.all(&HeaderName::RecordRoute) {
            response.headers.push(HeaderName::RecordRoute, route.to_vec());
        }
        response.headers.push(HeaderName::Contact, core.contact(&self.flow));
        for (name, value) in core.capabilities() {
            response.headers.push(name, value);
        }
        response
    }

    /// 2xx for the first INVITE, or as soon as the last reliable provisional response is acknowledged (RFC 3262 §5).
    pub fn accept(&mut self, core: &mut Core, body: Vec<u8>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        if ringing.withdrawn {
            return;
        }
        let early_offer_open = match self.exchange {
            Exchange::Idle | Exchange::Theirs(Theirs::Invite) => false,
            Exchange::Ours(_) | Exchange::Theirs(_) => true,
        };
        let must_wait = ringing.unpracked.as_ref().is_some_and(|sent| sent.with_sdp);
        if must_wait || early_offer_open {
            ringing.queue.clear();
            ringing.accepted = Some(body);
            return;
        }
        let Phase::Ringing(ringing) = std::mem::replace(&mut self.phase, Phase::Talking) else {
            return;
        };
        let body = match self.exchange {
            Exchange::Theirs(_) => {
                self.exchange = Exchange::Idle;
                Some(body)
            }
            Exchange::Idle | Exchange::Ours(_) if ringing.owes_offer => {
                self.exchange = Exchange::Ours(Ours::Answer);
                Some(body)
            }
            // Answered reliably before: the 2xx repeats nothing (RFC 3261 §13.2.1).
            Exchange::Idle | Exchange::Ours(_) => None,
        };
        for timer in [
            Timer::Ring,
            Timer::ResendProvisional,
            Timer::NoPrack,
            Timer::RefreshProvisional,
        ] {
            self.timers.stop(timer);
        }
        self.answer_invite(core, &ringing.invite, ringing.ask, body, true);
    }

    /// Sends a 2xx to an INVITE, first or later, and repeats it until the ACK (RFC 3261 §13.3.1.4).
    pub fn answer_invite(&mut self, core: &mut Core, invite: &Pending, ask: Ask, body: Option<Vec<u8>>, first: bool) {
        let mut response = self.dialog_response(core, invite, 200);
        self.grant_session(core, ask, &mut response);
        if let Some(body) = body {
            self.local_sdp = Some(body.clone().into());
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = body;
        }
        core.invites.remove(&invite.key);
        core.respond(invite.key, response.clone());
        let now = core.now.mono;
        self.timers.set(Timer::ResendAnswer, now + core.t1);
        self.timers.set(Timer::NoAck, now + core.config.ack_timeout);
        self.unacked = Some(Box::new(Unacked {
            key: invite.key,
            cseq: invite.cseq(),
            response,
            interval: core.t1,
            first,
        }));
    }

    /// No ACK yet: once more, at doubling intervals up to T2, over reliable transports too.
    pub fn resend_answer(&mut self, core: &mut Core) {
        let Some(unacked) = &mut self.unacked else {
            return;
        };
        core.respond(unacked.key, unacked.response.clone());
        unacked.interval = (unacked.interval * 2).min(core.t2);
        self.timers.set(Timer::ResendAnswer, core.now.mono + unacked.interval);
    }

    /// The ACK never came: the session is not to be (RFC 3261 §13.3.1.4).
    pub fn no_ack(&mut self, core: &mut Core) {
        self.timers.stop(Timer::ResendAnswer);
        if self.unacked.take().is_some() {
            match std::mem::replace(&mut self.phase, Phase::Talking) {
                Phase::Leaving { end, held } => self.send_bye(core, end, held.flatten()),
                other => {
                    self.phase = other;
                    self.leave(core, LegEnd::NoAck, None);
                }
            }
        }
    }

    /// An ACK for a 2xx of ours.
    pub fn on_ack(&mut self, core: &mut Core, ack: &Request) {
        let number = ack.headers.cseq().map_or(0, |cseq| cseq.number);
        if self.unacked.as_ref().is_none_or(|sent| sent.cseq != number) {
            return; // a repetition
        }
        if matches!(self.exchange, Exchange::Ours(Ours::Answer)) {
            self.exchange = Exchange::Idle;
            match checks::sdp_of_request(ack) {
                Ok(Some(sdp)) => core.event(UaEvent::Answer { leg: self.id, sdp }),
                // An offer without an answer is no session: the ACK counts, the call does not.
                Ok(None) | Err(_) => {
                    self.confirmed(core);
                    return self.leave(core, LegEnd::ProtocolError, None);
                }
            }
        }
        self.confirmed(core);
    }

    /// The peer has our 2xx.
    pub fn confirmed(&mut self, core: &mut Core) {
        let Some(unacked) = self.unacked.take() else {
            return;
        };
        self.timers.stop(Timer::ResendAnswer);
        self.timers.stop(Timer::NoAck);
        match std::mem::replace(&mut self.phase, Phase::Talking) {
            // Hung up in between: now the BYE may go (RFC 3261 §15).
            Phase::Leaving { end, held: Some(cause) } => self.send_bye(core, end, cause),
            Phase::Talking => {
                if unacked.first {
                    core.event(UaEvent::Confirmed { leg: self.id });
                }
                self.offer_if_possible(core);
            }
            other => self.phase = other,
        }
    }

    /// Final refusal of the first INVITE.
    pub fn reject(&mut self, core: &mut Core, status: u16, extra: &[(HeaderName, String)]) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        if ringing.withdrawn {
            return self.confirm_bye(core);
        }
        let status = status.clamp(300, 699);
        let invite = &ringing.invite;
        let mut response = core.response(&invite.request, status, Some(&self.dialog.local_tag));
        for (name, value) in extra {
            response.headers.push(name.clone(), value.as_str());
        }
        core.respond(invite.key, response);
        self.finish(core, LegEnd::Rejected { status });
    }

    /// The caller gave up, by CANCEL or by letting its Expires pass. The application answers with `confirm_bye`.
    pub fn withdrawn(&mut self, core: &mut Core) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        if !std::mem::replace(&mut ringing.withdrawn, true) {
            self.timers.stop_all();
            self.timers.set(Timer::Confirm, core.now.mono + core.patience());
            core.event(UaEvent::Cancelled { leg: self.id });
        }
    }

    /// The application has noted that the far side left: 200 for its BYE, 487 for its INVITE.
    pub fn confirm_bye(&mut self, core: &mut Core) {
        match &self.phase {
            Phase::PeerLeft(bye) => {
                core.answer(bye, 200);
                self.finish(core, LegEnd::Hangup(Side::Them));
            }
            Phase::Ringing(ringing) if ringing.withdrawn => {
                if let Some(bye) = &ringing.bye {
                    core.answer(bye, 200);
                }
                let invite = &ringing.invite;
                let response = core.response(&invite.request, 487, Some(&self.dialog.local_tag));
                core.respond(invite.key, response);
                self.finish(core, LegEnd::Cancelled);
            }
            Phase::Ringing(_) | Phase::Calling(_) | Phase::Talking | Phase::Leaving { .. } | Phase::Gone => {}
        }
    }
}
