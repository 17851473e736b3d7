//! Provisional responses to an INVITE, plain and reliable (RFC 3262), with their PRACKs, in both roles.

use std::time::Duration;

use rand::Rng;

use crate::sip::message::{HeaderName, Method, Request, Response};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::ServerKey;

use super::checks;
use super::core::{Core, Purpose};
use super::incoming::SIGN_OF_LIFE_S;
use super::leg::{Early, Exchange, Leg, Ours, Pending, Phase, Theirs, Unpracked};
use super::timers::Timer;
use super::types::{LegEnd, UaEvent};

/// Most provisional responses that wait for a PRACK before them.
const QUEUE_MAX: usize = 8;

impl Core {
    /// First number of reliable provisional responses (RFC 3262 §3: 1 to 2³¹−1; small enough never to run over).
    pub fn first_rseq(&mut self) -> u32 {
        self.rng.random_range(1..1 << 16)
    }
}

impl Leg {
    /// Sends 101–199 with, perhaps, a session description.
    pub fn provisional(&mut self, core: &mut Core, status: u16, body: Option<Vec<u8>>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        let idle = !ringing.withdrawn && ringing.accepted.is_none();
        if !idle || !(101..=199).contains(&status) {
            return;
        }
        ringing.last_status = Some(status);
        self.timers.set(
            Timer::RefreshProvisional,
            core.now.mono + Duration::from_secs(SIGN_OF_LIFE_S),
        );
        let reliable = ringing.requires_100rel || (ringing.supports_100rel && body.is_some());
        if reliable && ringing.unpracked.is_some() {
            // One at a time, so that their order is certain (RFC 3262 §3).
            if ringing.queue.len() < QUEUE_MAX {
                ringing.queue.push_back((status, body));
            }
        } else if reliable {
            self.send_reliable(core, status, body);
        } else {
            // An unreliable one may preview an answer, never make an offer (RFC 3262 §5).
            let preview = matches!(self.exchange, Exchange::Theirs(Theirs::Invite));
            self.send_provisional(core, status, body.filter(|_| preview), None);
        }
    }

    fn send_provisional(
        &mut self,
        core: &mut Core,
        status: u16,
        body: Option<Vec<u8>>,
        rseq: Option<u32>,
    ) -> Option<Response> {
        let Phase::Ringing(ringing) = &self.phase else {
            return None;
        };
        let mut response = self.dialog_response(core, &ringing.invite, status);
        if let Some(rseq) = rseq {
            response.headers.push(HeaderName::Require, "100rel");
            response.headers.push(HeaderName::Rseq, rseq.to_string());
        }
        if let Some(body) = body {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = body;
        }
        core.respond(ringing.invite.key, response.clone());
        Some(response)
    }

    fn send_reliable(&mut self, core: &mut Core, status: u16, body: Option<Vec<u8>>) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        let rseq = ringing.next_rseq;
        ringing.next_rseq = rseq.saturating_add(1);
        // The body is our answer, or our offer where the INVITE had none; with neither open there is nothing to say.
        let owes_offer = ringing.owes_offer;
        ringing.owes_offer &= body.is_none();
        let body = match (&self.exchange, body) {
            (Exchange::Theirs(Theirs::Invite), Some(body)) => {
                self.exchange = Exchange::Idle;
                Some(body)
            }
            (Exchange::Idle, Some(body)) if owes_offer => {
                self.exchange = Exchange::Ours(Ours::Provisional);
                Some(body)
            }
            (Exchange::Idle | Exchange::Ours(_) | Exchange::Theirs(_), _) => None,
        };
        if let Some(body) = &body {
            self.local_sdp = Some(body.clone().into());
        }
        let with_sdp = body.is_some();
        let Some(response) = self.send_provisional(core, status, body, Some(rseq)) else {
            return;
        };
        let now = core.now.mono;
        self.timers.set(Timer::ResendProvisional, now + core.t1);
        self.timers.set(Timer::NoPrack, now + core.patience());
        if let Phase::Ringing(ringing) = &mut self.phase {
            ringing.unpracked = Some(Unpracked {
                rseq,
                response,
                interval: core.t1,
                with_sdp,
            });
        }
    }

    /// No PRACK yet: once more, at doubling intervals (RFC 3262 §3).
    pub fn resend_provisional(&mut self, core: &mut Core) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        if let Some(sent) = &mut ringing.unpracked {
            core.respond(ringing.invite.key, sent.response.clone());
            sent.interval *= 2;
            self.timers.set(Timer::ResendProvisional, core.now.mono + sent.interval);
        }
    }

    /// The PRACK never came: the INVITE is refused (RFC 3262 §3).
    pub fn no_prack(&mut self, core: &mut Core) {
        if let Phase::Ringing(ringing) = &self.phase {
            let invite = &ringing.invite;
            let response = core.response(&invite.request, 504, Some(&self.dialog.local_tag));
            core.respond(invite.key, response);
            self.finish(core, LegEnd::NoAck);
        }
    }

    /// A minute without a final answer: a sign of life.
    pub fn refresh_provisional(&mut self, core: &mut Core) {
        if let Phase::Ringing(ringing) = &self.phase
            && let Some(status) = ringing.last_status
        {
            self.provisional(core, status, None);
        }
    }

    /// A PRACK for a reliable provisional response of ours; it may answer an offer or make one (RFC 3262 §5).
    pub fn on_prack(&mut self, core: &mut Core, key: ServerKey, prack: &Request) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return core.reply(key, prack, 481);
        };
        let cseq = ringing.invite.cseq();
        let matches = prack.headers.rack().is_some_and(|rack| {
            rack.method == Method::Invite
                && rack.cseq == cseq
                && ringing.unpracked.as_ref().is_some_and(|sent| sent.rseq == rack.rseq)
        });
        if !matches {
            return core.reply(key, prack, 481);
        }
        let sdp = match checks::sdp_of_request(prack) {
            Ok(sdp) => sdp,
            Err(refusal) => return core.refuse(key, prack, refusal),
        };
        ringing.unpracked = None;
        self.timers.stop(Timer::ResendProvisional);
        self.timers.stop(Timer::NoPrack);
        let pending = Pending::new(key, prack);
        match (&self.exchange, sdp) {
            (Exchange::Idle, Some(sdp)) => {
                self.exchange = Exchange::Theirs(Theirs::Prack(Box::new(pending)));
                return core.event(UaEvent::Offer { leg: self.id, sdp });
            }
            (Exchange::Ours(Ours::Provisional), Some(sdp)) => {
                self.exchange = Exchange::Idle;
                core.answer(&pending, 200);
                core.event(UaEvent::Answer { leg: self.id, sdp });
            }
            (Exchange::Ours(Ours::Provisional), None) => {
                // No answer to our offer: the 2xx makes it again.
                self.exchange = Exchange::Idle;
                ringing.owes_offer = true;
                core.answer(&pending, 200);
            }
            (Exchange::Ours(_) | Exchange::Theirs(_), Some(_)) => core.answer(&pending, 488),
            (Exchange::Idle | Exchange::Ours(_) | Exchange::Theirs(_), None) => {
                core.answer(&pending, 200);
            }
        }
        self.after_prack(core);
    }

    /// The way is free for what waited: the answer, else the next provisional response.
    pub fn after_prack(&mut self, core: &mut Core) {
        let Phase::Ringing(ringing) = &mut self.phase else {
            return;
        };
        if ringing.withdrawn {
            return;
        }
        if let Some(body) = ringing.accepted.take() {
            self.accept(core, body);
        } else if let Some((status, body)) = ringing.queue.pop_front() {
            self.send_reliable(core, status, body);
        } else {
            self.offer_if_possible(core);
        }
    }
}

/// What to do with a provisional response of the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Not reliable: take it.
    Plain,
    /// Reliable and next: take it and send a PRACK.
    Next(u32),
    /// Reliable, but seen before or too early: leave it (RFC 3262 §4).
    Leave,
}

impl Early {
    /// Sees whether a provisional response is to be taken.
    pub fn order(&mut self, response: &Response) -> Order {
        let reliable = response
            .headers
            .require()
            .iter()
            .any(|tag| tag.eq_ignore_ascii_case("100rel"));
        let Some(rseq) = response.headers.rseq().filter(|_| reliable) else {
            return Order::Plain;
        };
        let next = self.last_rseq.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if !next {
            return Order::Leave;
        }
        self.last_rseq = Some(rseq);
        Order::Next(rseq)
    }
}

impl Leg {
    /// Sends a PRACK within an early dialog, with our answer if the response made an offer.
    pub fn send_prack(&mut self, core: &mut Core, remote_tag: &str, rack: &str, answer: Option<&Sdp>) {
        let flow = self.flow;
        let Some(dialog) = self.dialog_mut(remote_tag) else {
            return;
        };
        let mut prack = dialog.request(Method::Prack);
        let hop = dialog.next_hop(&flow);
        prack.headers.push(HeaderName::Rack, rack);
        if let Some(sdp) = answer {
            let body = sdp.to_string().into_bytes();
            self.local_sdp = Some(body.clone().into());
            prack.headers.push(HeaderName::ContentType, "application/sdp");
            prack.body = body;
        }
        self.send_to(core, prack, hop, Purpose::Prack);
    }
}
