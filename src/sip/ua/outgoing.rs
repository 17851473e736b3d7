//! A call of ours until it is answered (RFC 3261 §13.2): early dialogs, forks, challenges, CANCEL, the ACK. Follows no 3xx.

use crate::kernel::LegId;
use crate::sip::flow::Flow;
use crate::sip::message::{Contacts, HeaderName, Method, Request, Response};
use crate::sip::transaction::{ClientKey, Failure};

use super::checks;
use super::core::{Core, Purpose, Use};
use super::dialog::Dialog;
use super::incoming::allows_update;
use super::leg::{Calling, Early, Exchange, Leg, Ours, Phase, Theirs};
use super::reliable::Order;
use super::session_timer;
use super::timers::Timer;
use super::types::{LegEnd, OutgoingCall, UaEvent};

/// Most early dialogs followed for one call.
const FORKS_MAX: usize = 16;

/// The INVITE of an outgoing call, and the dialog it may become.
fn first_invite(core: &mut Core, out: &OutgoingCall) -> (Dialog, Request) {
    let tag = core.token();
    let call_id = match &out.call_id {
        Some(call_id) => call_id.clone(),
        None => format!("{}{}", core.token(), core.token()),
    };
    let mut dialog = Dialog {
        call_id,
        local: out.from.clone().with_tag(&tag).to_string().into_bytes(),
        remote: out.to.to_string().into_bytes(),
        local_tag: tag,
        remote_tag: String::new(),
        local_cseq: 0,
        remote_cseq: None,
        routes: out.route.clone(),
        target: out.request_uri.clone(),
        behind_nat: false,
    };
    let mut invite = dialog.request(Method::Invite);
    invite.headers.push(HeaderName::Contact, core.contact(&out.flow));
    core.introduce(&mut invite);
    session_timer::ask(&mut invite, None, &core.config);
    for (name, value) in &out.headers {
        invite.headers.push(name.clone(), value.as_str());
    }
    if let Some(offer) = &out.offer {
        invite.headers.push(HeaderName::ContentType, "application/sdp");
        invite.body = offer.to_string().into_bytes();
    }
    (dialog, invite)
}

impl Leg {
    /// Places a call.
    pub fn calling(id: LegId, core: &mut Core, out: OutgoingCall) -> Self {
        let (dialog, invite) = first_invite(core, &out);
        let offered = out.offer.is_some();
        let client = core.layer.request(invite.clone(), out.flow, core.now.mono);
        core.expect(client, id, Purpose::Invite, None);
        let local_sdp = offered.then(|| invite.body.clone().into());
        let calling = Calling {
            client,
            request: invite,
            early: Vec::new(),
            giving_up: None,
            lengthened: false,
            offered,
        };
        let mut leg = Self::new(id, out.flow, dialog, true, Phase::Calling(Box::new(calling)));
        leg.local_sdp = local_sdp;
        leg.answerer = out.credentials.map(|it| Box::new(it.into_answerer()));
        if offered {
            leg.exchange = Exchange::Ours(Ours::Invite);
        }
        leg.timers.set(Timer::Ring, core.now.mono + out.ring_timeout);
        if let Some(patience) = out.silence_timeout {
            leg.timers.set(Timer::Silence, core.now.mono + patience);
        }
        leg
    }

    /// 101–199 for our INVITE.
    pub fn on_provisional(&mut self, core: &mut Core, response: &Response) {
        let status = response.status;
        self.timers.stop(Timer::Silence);
        let Ok(remote) = response.headers.to() else {
            return;
        };
        let remote_tag = remote.tag().unwrap_or_default().to_owned();
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        if status == 100 || calling.giving_up.is_some() {
            return;
        }
        let offered = calling.offered;
        let Some(early) = early_dialog(calling, &self.dialog, &remote_tag, response) else {
            // Without a tag there is no dialog, but it does ring.
            core.event(UaEvent::Provisional {
                leg: self.id,
                status,
                sdp: None,
            });
            return;
        };
        let order = early.order(response);
        if order == Order::Leave {
            return;
        }
        let sdp = checks::sdp_of_response(response).ok().flatten();
        let agreed_before = early.agreed;
        early.sdp_seen |= sdp.is_some();
        early.agreed |= sdp.is_some() && order != Order::Plain;
        self.peer_updates |= allows_update(&response.headers);
        let Order::Next(rseq) = order else {
            let sdp = sdp.filter(|_| offered && !agreed_before);
            return core.event(UaEvent::Provisional {
                leg: self.id,
                status,
                sdp,
            });
        };
        let cseq = response.headers.cseq().map_or(0, |cseq| cseq.number);
        let rack = format!("{rseq} {cseq} INVITE");
        match sdp {
            Some(sdp) if !offered && !agreed_before && matches!(self.exchange, Exchange::Idle) => {
                self.exchange = Exchange::Theirs(Theirs::Provisional { remote_tag, rack });
                core.event(UaEvent::Provisional {
                    leg: self.id,
                    status,
                    sdp: None,
                });
                core.event(UaEvent::Offer { leg: self.id, sdp });
            }
            sdp => {
                if sdp.is_some() && matches!(self.exchange, Exchange::Ours(Ours::Invite)) {
                    self.exchange = Exchange::Idle;
                }
                self.send_prack(core, &remote_tag, &rack, None);
                let sdp = sdp.filter(|_| !agreed_before);
                core.event(UaEvent::Provisional {
                    leg: self.id,
                    status,
                    sdp,
                });
                self.offer_if_possible(core);
            }
        }
    }

    /// The first 2xx for our INVITE.
    pub fn on_answer(&mut self, core: &mut Core, client: ClientKey, response: &Response) {
        let Phase::Calling(calling) = std::mem::replace(&mut self.phase, Phase::Talking) else {
            return;
        };
        self.timers.stop(Timer::Ring);
        self.timers.stop(Timer::Silence);
        let remote_tag = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned));
        let remote_tag = remote_tag.unwrap_or_default();
        let Calling {
            request,
            early,
            giving_up,
            offered,
            ..
        } = *calling;
        let early = early.into_iter().find(|early| early.dialog.remote_tag == remote_tag);
        let (agreed, sdp_seen) = early
            .as_ref()
            .map_or((false, false), |early| (early.agreed, early.sdp_seen));
        let dialog = match early {
            Some(mut early) => early.dialog.adopt(response).map(|()| early.dialog),
            None => Dialog::of_response(&self.dialog, response),
        };
        let Ok(dialog) = dialog else {
            return self.finish(core, LegEnd::ProtocolError); // no way to acknowledge it
        };
        self.dialog = dialog;
        self.peer_updates |= allows_update(&response.headers);
        let ack = self.first_ack(&request, response);
        if let Some(end) = giving_up {
            // The answer was faster than our CANCEL: accept it and hang up (RFC 3261 §9.1).
            self.acknowledge(core, client, ack);
            return self.send_bye(core, end, None);
        }
        self.take_session(core, response);
        let sdp = checks::sdp_of_response(response);
        if agreed {
            self.acknowledge(core, client, ack);
            core.event(UaEvent::Answered {
                leg: self.id,
                sdp: None,
            });
            return self.offer_if_possible(core);
        }
        self.exchange = Exchange::Idle;
        match sdp {
            Ok(Some(sdp)) if offered => {
                self.acknowledge(core, client, ack);
                core.event(UaEvent::Answered {
                    leg: self.id,
                    sdp: Some(sdp),
                });
                self.offer_if_possible(core);
            }
            Ok(Some(sdp)) => {
                let ack = Box::new(ack);
                self.exchange = Exchange::Theirs(Theirs::Answer { client, ack });
                core.event(UaEvent::Answered {
                    leg: self.id,
                    sdp: None,
                });
                core.event(UaEvent::Offer { leg: self.id, sdp });
            }
            // Some gateways give their answer in an unreliable 183 only.
            Ok(None) if offered && sdp_seen => {
                self.acknowledge(core, client, ack);
                core.event(UaEvent::Answered {
                    leg: self.id,
                    sdp: None,
                });
            }
            Ok(None) | Err(_) => {
                self.acknowledge(core, client, ack);
                self.leave(core, LegEnd::ProtocolError, None);
            }
        }
    }

    /// The ACK for a 2xx: number and credentials of its INVITE (RFC 3261 §13.2.2.4).
    fn first_ack(&self, invite: &Request, response: &Response) -> Request {
        let cseq = response.headers.cseq().map_or(0, |cseq| cseq.number);
        let mut ack = self.dialog.ack(cseq);
        for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
            for value in invite.headers.all(&name) {
                ack.headers.push(name.clone(), value.to_vec());
            }
        }
        ack
    }

    /// Sends an ACK the dialog's way.
    pub fn acknowledge(&mut self, core: &mut Core, client: ClientKey, ack: Request) {
        let hop = self.dialog.next_hop(&self.flow);
        core.send_ack(client, &self.dialog.remote_tag, ack, hop);
    }

    /// 3xx–6xx for our INVITE: once more where that is asked for, else the end.
    pub fn on_refusal(&mut self, core: &mut Core, response: &Response) {
        self.timers.stop(Timer::Silence);
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        if let Some(end) = calling.giving_up.take() {
            return self.finish(core, end);
        }
        let status = response.status;
        let invite = match status {
            401 | 407 => Some(calling.request.clone()).filter(|_| self.learn(response)),
            422 => longer(calling, response, core.config.session_expires_s),
            _other => None,
        };
        if let Some(invite) = invite {
            return self.call_again(core, invite);
        }
        let contacts = match response.headers.contacts() {
            Ok(Contacts::List(contacts)) if (300..400).contains(&status) => contacts,
            Ok(Contacts::List(_) | Contacts::Star) | Err(_) => Vec::new(),
        };
        let end = if contacts.is_empty() {
            LegEnd::Rejected { status }
        } else {
            LegEnd::Redirected { contacts }
        };
        self.finish(core, end);
    }

    /// The same INVITE, changed, as a new transaction (RFC 3261 §8.1.3.5: next number).
    fn call_again(&mut self, core: &mut Core, mut invite: Request) {
        self.dialog.local_cseq = self.dialog.local_cseq.saturating_add(1);
        let number = format!("{} INVITE", self.dialog.local_cseq);
        invite.headers.set(HeaderName::CSeq, number);
        self.sign(core, &mut invite);
        let client = core.layer.request(invite.clone(), self.flow, core.now.mono);
        core.expect(client, self.id, Purpose::Invite, None);
        if let Phase::Calling(calling) = &mut self.phase {
            calling.client = client;
            calling.request = invite;
            calling.early.clear();
        }
    }

    /// Our INVITE came to nothing.
    pub fn on_invite_failed(&mut self, core: &mut Core, client: ClientKey, error: Failure) {
        if let Phase::Calling(calling) = &mut self.phase
            && calling.client == client
        {
            let end = calling.giving_up.take().unwrap_or(match error {
                Failure::Timeout => LegEnd::Timeout,
                Failure::Transport => LegEnd::TransportFailed,
            });
            self.finish(core, end);
        }
    }

    /// Nobody is there: the call ends now. Should its INVITE still be answered, the transaction cancels it, and a 2xx is
    /// buried.
    pub fn met_silence(&mut self, core: &mut Core) {
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        let end = calling.giving_up.take().unwrap_or_else(|| {
            core.layer.cancel_because(calling.client, None, core.now.mono);
            LegEnd::Timeout
        });
        self.finish(core, end);
    }

    /// Its time is over. Whoever waits for it hears so now: the far side may be silent for another half minute.
    pub fn rang_too_long(&mut self, core: &mut Core) {
        self.report(core, LegEnd::Timeout);
        self.give_up(core, LegEnd::Timeout, None);
    }

    /// Gives up an unanswered call of ours: CANCEL once a provisional response allows it (RFC 3261 §9.1). The transaction
    /// fails if no final answer follows.
    pub fn give_up(&mut self, core: &mut Core, end: LegEnd, cause: Option<String>) {
        self.drop_pending(core);
        let Phase::Calling(calling) = &mut self.phase else {
            return;
        };
        if calling.giving_up.is_none() {
            calling.giving_up = Some(end);
            core.layer.cancel_because(calling.client, cause, core.now.mono);
            self.timers.stop(Timer::Ring);
        }
    }
}

/// The INVITE with the session interval that a 422 demands (RFC 4028 §7.3); only once.
fn longer(calling: &mut Calling, response: &Response, wished_s: u32) -> Option<Request> {
    if std::mem::replace(&mut calling.lengthened, true) {
        return None;
    }
    let least_s = session_timer::demanded(response)?;
    let mut invite = calling.request.clone();
    invite.headers.set(HeaderName::MinSe, least_s.to_string());
    invite
        .headers
        .set(HeaderName::SessionExpires, least_s.max(wished_s).to_string());
    Some(invite)
}

/// The early dialog that a provisional response belongs to, or opens.
fn early_dialog<'a>(
    calling: &'a mut Calling,
    base: &Dialog,
    remote_tag: &str,
    response: &Response,
) -> Option<&'a mut Early> {
    let known = calling
        .early
        .iter()
        .position(|early| early.dialog.remote_tag == remote_tag);
    if known.is_none() {
        if remote_tag.is_empty() || calling.early.len() >= FORKS_MAX {
            return None;
        }
        calling.early.push(Early {
            dialog: Dialog::of_response(base, response).ok()?,
            last_rseq: None,
            agreed: false,
            sdp_seen: false,
        });
    }
    match known {
        Some(at) => calling.early.get_mut(at),
        None => calling.early.last_mut(),
    }
}

impl Core {
    /// Notes what a request of a leg is for.
    pub fn expect(&mut self, client: ClientKey, leg: LegId, purpose: Purpose, request: Option<Box<Request>>) {
        let leg = Use::Leg { leg, purpose, request };
        self.clients.insert(client, leg);
    }

    /// Says who we are and what we can.
    pub fn introduce(&self, request: &mut Request) {
        for (name, value) in self.capabilities() {
            request.headers.push(name, value);
        }
        request
            .headers
            .push(HeaderName::UserAgent, self.config.user_agent.clone());
    }

    /// A 2xx that nobody wants any more: a fork that lost, an answer after the end. It is acknowledged, and ended if it
    /// opened a dialog (RFC 3261 §13.2.2.4).
    pub fn bury(&mut self, client: ClientKey, response: &Response, flow: &Flow, opened: bool) {
        let Ok(mut dialog) = Dialog::of_stray(response) else {
            return;
        };
        let hop = dialog.next_hop(flow);
        let ack = dialog.ack(dialog.local_cseq);
        self.send_ack(client, &dialog.remote_tag.clone(), ack, hop);
        if opened {
            let bye = dialog.request(Method::Bye);
            let client = self.layer.request(bye, hop, self.now.mono);
            self.clients.insert(client, Use::Stray);
        }
    }
}
