//! Changing a session: re-INVITE and UPDATE in both directions (RFC 3261 §14, RFC 3311), glare, answers of the application.

use std::time::Duration;

use rand::Rng;

use crate::sip::message::{HeaderName, Method, Request, Response};
use crate::sip::sdp::Sdp;
use crate::sip::transaction::{ClientKey, ServerKey};

use super::checks::{self, Refusal};
use super::core::{Core, Purpose};
use super::leg::{Exchange, Leg, Ours, Pending, Phase, Theirs};
use super::session_timer::{self, Ask, Session};
use super::timers::Timer;
use super::types::{LegEnd, UaEvent};

/// Longest `Retry-After` that a re-offer waits for, seconds.
const RETRY_MAX_S: u32 = 60;

impl Leg {
    /// Offers anew, now or as soon as nothing else is open.
    pub fn reoffer(&mut self, core: &mut Core, body: Vec<u8>) {
        self.wanted = Some(body.into());
        self.offer_if_possible(core);
    }

    /// Sends the waiting offer if its turn has come: re-INVITE in a call, UPDATE before the answer.
    pub fn offer_if_possible(&mut self, core: &mut Core) {
        let quiet =
            matches!(self.exchange, Exchange::Idle) && self.unacked.is_none() && !self.timers.runs(Timer::Glare);
        if self.wanted.is_none() || !quiet {
            return;
        }
        match &self.phase {
            Phase::Talking => self.send_offer(core, Method::Invite, None),
            Phase::Ringing(ringing) => {
                let agreed = !ringing.owes_offer && ringing.unpracked.is_none();
                let open = !ringing.withdrawn && ringing.accepted.is_none();
                if agreed && open && self.peer_updates {
                    self.send_offer(core, Method::Update, None);
                }
            }
            Phase::Calling(calling) => {
                if let [early] = calling.early.as_slice()
                    && early.agreed
                    && calling.giving_up.is_none()
                    && self.peer_updates
                {
                    let remote_tag = early.dialog.remote_tag.clone();
                    self.send_offer(core, Method::Update, Some(&remote_tag));
                }
            }
            Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone => {}
        }
    }

    fn send_offer(&mut self, core: &mut Core, method: Method, early: Option<&str>) {
        let Some(body) = self.wanted.take() else {
            return;
        };
        let (ours, purpose) = if method == Method::Invite {
            (Ours::Reinvite, Purpose::Reinvite)
        } else {
            (Ours::Update, Purpose::Update { offers: true })
        };
        let flow = self.flow;
        let dialog = match early {
            Some(remote_tag) => self.dialog_mut(remote_tag),
            None => Some(&mut self.dialog),
        };
        let Some(dialog) = dialog else {
            return;
        };
        let mut request = dialog.request(method);
        let hop = dialog.next_hop(&flow);
        request.headers.push(HeaderName::Contact, core.contact(&flow));
        request.headers.push(HeaderName::Allow, checks::allow(&core.config));
        // Not 100rel: nobody rings here, and a PRACK would serve nothing.
        request.headers.push(HeaderName::Supported, "timer");
        if self.session.is_some() {
            session_timer::ask(&mut request, self.session, &core.config);
        }
        request.headers.push(HeaderName::ContentType, "application/sdp");
        request.body = body.to_vec();
        self.sent_offer = Some(body);
        self.exchange = Exchange::Ours(ours);
        self.send_to(core, request, hop, purpose);
    }

    /// 2xx for a re-INVITE of ours: the ACK goes in any case.
    pub fn on_reinvite_answer(&mut self, core: &mut Core, client: ClientKey, response: &Response) {
        if let Ok(contacts) = response.headers.contacts() {
            self.dialog.retarget(contacts);
        }
        let cseq = response.headers.cseq().map_or(0, |cseq| cseq.number);
        let ack = self.dialog.ack(cseq);
        self.reinvite_done(Purpose::Reinvite);
        self.acknowledge(core, client, ack);
        if matches!(self.exchange, Exchange::Ours(Ours::Reinvite)) {
            self.take_answer(core, response);
        }
    }

    /// 2xx for an UPDATE of ours.
    pub fn on_update_answer(&mut self, core: &mut Core, response: &Response, offers: bool) {
        if let (Phase::Talking, Ok(contacts)) = (&self.phase, response.headers.contacts()) {
            self.dialog.retarget(contacts);
        }
        if offers && matches!(self.exchange, Exchange::Ours(Ours::Update)) {
            self.take_answer(core, response);
        } else if matches!(self.phase, Phase::Talking) {
            self.take_session(core, response);
        }
    }

    fn take_answer(&mut self, core: &mut Core, response: &Response) {
        self.exchange = Exchange::Idle;
        if matches!(self.phase, Phase::Talking) && self.session.is_some() {
            self.take_session(core, response);
        }
        match checks::sdp_of_response(response) {
            Ok(Some(sdp)) => {
                self.local_sdp = self.sent_offer.take();
                core.event(UaEvent::Answer { leg: self.id, sdp });
            }
            Ok(None) | Err(_) => core.event(UaEvent::OfferRefused {
                leg: self.id,
                status: 488,
            }),
        }
        self.after_exchange(core);
    }

    /// Something was settled: what waited may go on.
    fn after_exchange(&mut self, core: &mut Core) {
        match &self.phase {
            Phase::Ringing(ringing) if ringing.unpracked.is_none() => self.after_prack(core),
            Phase::Ringing(_)
            | Phase::Calling(_)
            | Phase::Talking
            | Phase::PeerLeft(_)
            | Phase::Leaving { .. }
            | Phase::Gone => self.offer_if_possible(core),
        }
    }

    /// Error for a re-INVITE or UPDATE of ours (RFC 3261 §14.1): again, or never, or the dialog is gone.
    pub fn on_reoffer_refused(&mut self, core: &mut Core, response: &Response, purpose: Purpose) {
        let offers = purpose != Purpose::Update { offers: false };
        if offers {
            if !matches!(self.exchange, Exchange::Ours(Ours::Reinvite | Ours::Update)) {
                return; // we have left meanwhile
            }
            self.exchange = Exchange::Idle;
        }
        let retry_after = response.headers.retry_after().filter(|s| *s <= RETRY_MAX_S);
        match (response.status, retry_after) {
            // The far side knows no such dialog, or does not answer for it (RFC 3261 §12.2.1.2).
            (408 | 481, _) => return self.leave(core, LegEnd::Timeout, None),
            (491, _) => return self.again(core, offers, None),
            (500 | 503, Some(seconds)) => return self.again(core, offers, Some(seconds)),
            (405 | 501, _) if purpose != Purpose::Reinvite && self.peer_updates => {
                self.peer_updates = false;
                if offers {
                    self.wanted = self.wanted.take().or(self.sent_offer.take());
                } else {
                    self.refresh_session(core);
                }
            }
            (422, _) => {
                let longer = session_timer::demanded(response);
                if let (Some(session), Some(interval_s)) = (self.session, longer)
                    && interval_s > session.interval_s
                {
                    self.session = Some(Session { interval_s, ..session });
                    if offers {
                        self.wanted = self.wanted.take().or(self.sent_offer.take());
                    } else {
                        return self.refresh_session(core);
                    }
                }
            }
            (status, _) if offers => core.event(UaEvent::OfferRefused { leg: self.id, status }),
            (_, _) => {}
        }
        self.after_exchange(core);
    }

    /// A re-INVITE or UPDATE of ours was never answered: the far side is gone (RFC 3261 §14.1, §12.2.1.2).
    pub fn on_reoffer_failed(&mut self, core: &mut Core) {
        if matches!(self.exchange, Exchange::Ours(Ours::Reinvite | Ours::Update)) {
            self.exchange = Exchange::Idle;
        }
        self.leave(core, LegEnd::Timeout, None);
        self.after_exchange(core);
    }

    /// Only 100 for our re-INVITE, for so long: a refusal is better than no answer (RFC 3261 §9.1).
    pub fn reoffer_unanswered(&mut self, core: &mut Core) {
        if let Some(client) = self.reinvite {
            core.layer.cancel(client, core.now.mono);
        }
    }

    /// Tries once more after a while: both sides draw from ranges that do not meet (RFC 3261 §14.1).
    fn again(&mut self, core: &mut Core, offers: bool, seconds: Option<u32>) {
        let millis = match seconds {
            Some(seconds) => u64::from(seconds) * 1000 + 10,
            None if self.outgoing => core.rng.random_range(210..=400_u64) * 10,
            None => core.rng.random_range(0..=200_u64) * 10,
        };
        let at = core.now.mono + Duration::from_millis(millis);
        if offers {
            self.wanted = self.wanted.take().or(self.sent_offer.take());
            self.timers.set(Timer::Glare, at);
        } else {
            self.timers.set(Timer::SessionRefresh, at);
        }
        self.after_exchange(core);
    }

    /// An INVITE within the dialog (RFC 3261 §14.2).
    pub fn on_reinvite(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        match self.phase {
            Phase::Talking => {}
            Phase::Ringing(_) => return core.refuse_for_now(key, request),
            Phase::Calling(_) => return core.reply(key, request, 491),
            Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone => {
                return core.reply(key, request, 481);
            }
        }
        let sdp = match may_offer(core, request) {
            Ok(sdp) => sdp,
            Err(refusal) => return core.refuse(key, request, refusal),
        };
        match self.exchange {
            Exchange::Idle => {}
            Exchange::Ours(_) => return core.reply(key, request, 491),
            Exchange::Theirs(_) => return core.refuse_for_now(key, request),
        }
        self.confirmed(core); // who sends a re-INVITE has our 2xx; its ACK was lost (RFC 5407 §3.1.5)
        if matches!(self.exchange, Exchange::Ours(_)) {
            return core.reply(key, request, 491); // ours had waited for that
        }
        self.refresh_target(request);
        core.invites.insert(key, self.id);
        let pending = Box::new(Pending::new(key, request));
        let late = sdp.is_none();
        self.exchange = Exchange::Theirs(Theirs::Reinvite { pending, late });
        core.event(match sdp {
            Some(sdp) => UaEvent::Offer { leg: self.id, sdp },
            None => UaEvent::OfferWanted { leg: self.id },
        });
    }

    /// An UPDATE (RFC 3311 §5.2): with an offer for the application, without one answered at once.
    pub fn on_update(&mut self, core: &mut Core, key: ServerKey, request: &Request) {
        if matches!(self.phase, Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone) {
            return core.reply(key, request, 481);
        }
        let sdp = match may_offer(core, request) {
            Ok(sdp) => sdp,
            Err(refusal) => return core.refuse(key, request, refusal),
        };
        let pending = Pending::new(key, request);
        let Some(sdp) = sdp else {
            self.refresh_target(request);
            return self.answer_update(core, &pending, None);
        };
        let ours_to_come = match &self.phase {
            Phase::Ringing(ringing) => ringing.owes_offer,
            Phase::Calling(calling) => !calling.early.iter().any(|early| early.agreed),
            Phase::Talking | Phase::PeerLeft(_) | Phase::Leaving { .. } | Phase::Gone => false,
        };
        match self.exchange {
            Exchange::Idle if !ours_to_come => {}
            Exchange::Idle | Exchange::Ours(_) => {
                return core.reply(key, request, 491);
            }
            Exchange::Theirs(_) => return core.refuse_for_now(key, request),
        }
        self.refresh_target(request);
        self.exchange = Exchange::Theirs(Theirs::Update(Box::new(pending)));
        core.event(UaEvent::Offer { leg: self.id, sdp });
    }

    fn refresh_target(&mut self, request: &Request) {
        let remote_tag = request
            .headers
            .from()
            .ok()
            .and_then(|from| from.tag().map(str::to_owned));
        let contacts = request.headers.contacts();
        if let (Ok(contacts), Some(dialog)) = (contacts, self.dialog_mut(&remote_tag.unwrap_or_default())) {
            dialog.retarget(contacts);
        }
    }

    fn answer_update(&mut self, core: &mut Core, update: &Pending, body: Option<Vec<u8>>) {
        let mut response = self.dialog_response(core, update, 200);
        if matches!(self.phase, Phase::Talking) {
            let ask = Ask::of(&update.request.headers);
            self.grant_session(core, ask, &mut response);
        }
        if let Some(body) = body {
            self.local_sdp = Some(body.clone().into());
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = body;
        }
        core.respond(update.key, response);
    }

    /// The application's word on an open offer of theirs.
    pub fn answer(&mut self, core: &mut Core, sdp: Result<&Sdp, u16>) {
        let theirs = match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Theirs(theirs) if !matches!(theirs, Theirs::Invite) => theirs,
            other => {
                self.exchange = other;
                return;
            }
        };
        let body = sdp.map(|sdp| sdp.to_string().into_bytes());
        match (theirs, body) {
            (Theirs::Reinvite { pending, late }, Ok(body)) => {
                if late {
                    self.exchange = Exchange::Ours(Ours::Answer);
                }
                let ask = Ask::of(&pending.request.headers);
                return self.answer_invite(core, &pending, ask, Some(body), false);
            }
            (Theirs::Reinvite { pending, .. }, Err(status)) => {
                core.invites.remove(&pending.key);
                core.answer(&pending, status.clamp(400, 699));
            }
            (Theirs::Update(pending) | Theirs::Prack(pending), Ok(body)) => {
                self.answer_update(core, &pending, Some(body));
            }
            (Theirs::Update(pending) | Theirs::Prack(pending), Err(status)) => {
                core.answer(&pending, status.clamp(400, 699));
            }
            (Theirs::Provisional { remote_tag, rack }, Ok(_)) => {
                self.send_prack(core, &remote_tag, &rack, sdp.ok());
            }
            (Theirs::Provisional { .. }, Err(_)) => {
                return self.give_up(core, LegEnd::ProtocolError, None);
            }
            (Theirs::Answer { client, mut ack }, Ok(body)) => {
                self.local_sdp = Some(body.clone().into());
                ack.headers.push(HeaderName::ContentType, "application/sdp");
                ack.body = body;
                self.acknowledge(core, client, *ack);
            }
            (Theirs::Answer { client, ack }, Err(_)) => {
                self.acknowledge(core, client, *ack);
                return self.leave(core, LegEnd::ProtocolError, None);
            }
            (Theirs::Invite, _) => {}
        }
        self.after_exchange(core);
    }
}

/// The checks that re-INVITE and UPDATE share; the offer.
fn may_offer(core: &Core, request: &Request) -> Result<Option<Sdp>, Refusal> {
    Ask::of(&request.headers).check(&core.config)?;
    checks::sdp_of_request(request)
}
