//! Calling somebody into a call: the way to a number or to an agent's telephone, ports, INVITE. Numbers outside only by a
//! route that names them: everything else is toll fraud until configured otherwise. Does not know what for.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::kernel::{EndReason, EventKind, Law, Now, PhoneNumber};
use crate::sip::Flow;
use crate::sip::message::{HeaderName, Host, NameAddr, Uri};
use crate::sip::registrar::Binding;
use crate::sip::sdp::Sdp;
use crate::sip::ua::{LegEnd, OutgoingCall};

use super::admission::Line;
use super::desk::{Command, Desk, LocalRtp};
use super::exchange::Shared;
use super::gateway::{Way, is_number, ways_to};
use super::live::{Call, Media, Phase};
use super::party::{Errand, PartyId, Stage};

/// Tells an agent's telephone, and whoever integrates it, which call rings.
const X_CALL: &str = "X-Yihao-Call";

/// A leg that is being set up.
#[derive(Debug)]
pub(super) struct Dialling {
    target: Target,
    flow: Option<Flow>,
    /// Our address that the media was opened for.
    media_ip: Option<IpAddr>,
    /// The question to the engine that is open.
    pub query: u64,
    ring_timeout: Duration,
    /// Who is shown as calling.
    shown: PhoneNumber,
}

/// Where the INVITE goes.
#[derive(Debug)]
enum Target {
    /// To a number, by one way after the other.
    Number {
        number: String,
        ways: VecDeque<Way>,
        way: Way,
    },
    /// To a telephone that is registered here.
    Device { contact: Uri },
}

/// Why nobody could be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoWay(pub EndReason);

impl Dialling {
    /// The address tried has failed.
    fn failed_target(&self) -> Option<(String, crate::sip::trunk::Target)> {
        match &self.target {
            Target::Number { way, .. } => Some((way.gateway.name.clone(), way.target)),
            Target::Device { .. } => None,
        }
    }
}

impl Call {
    /// Begins to call a number. The party hears of the outcome by its errand.
    ///
    /// # Errors
    /// [`NoWay`]: `forbidden`, `unreachable`, or `overload` where every line is taken. Nothing has begun then.
    pub(super) fn dial_number(
        &mut self,
        id: PartyId,
        number: &str,
        shown: &PhoneNumber,
        ring_timeout: Duration,
        desk: &mut Desk,
        shared: &Shared,
    ) -> Result<(), NoWay> {
        let ways = ways_to(number, &shared.routes, desk).ok_or(NoWay(EndReason::Forbidden))?;
        let nobody_there = ways.is_empty();
        let mut ways: VecDeque<Way> = ways.into();
        let Some((way, line)) = next_way(&mut ways) else {
            return Err(NoWay(match nobody_there {
                true => EndReason::Unreachable,
                false => EndReason::Overload,
            }));
        };
        let query = self.look_for(&way, desk);
        if let Some(party) = self.party_mut(id) {
            party.line = Some(line);
            party.dialling = Some(Box::new(Dialling {
                target: Target::Number {
                    number: number.to_owned(),
                    ways,
                    way,
                },
                flow: None,
                media_ip: None,
                query,
                ring_timeout,
                shown: shown.clone(),
            }));
        }
        Ok(())
    }

    /// Begins to call one telephone of an agent.
    pub(super) fn dial_device(
        &mut self,
        id: PartyId,
        device: &Binding,
        shown: &PhoneNumber,
        ring_timeout: Duration,
        desk: &mut Desk,
    ) {
        if let Some(party) = self.party_mut(id) {
            party.dialling = Some(Box::new(Dialling {
                target: Target::Device {
                    contact: device.contact.clone(),
                },
                flow: Some(device.flow),
                media_ip: None,
                query: 0,
                ring_timeout,
                shown: shown.clone(),
            }));
        }
        self.open_sound(id, device.flow, None, desk);
    }

    fn look_for(&self, way: &Way, desk: &mut Desk) -> u64 {
        let query = desk.new_query();
        desk.by_query.insert(query, self.id);
        desk.push(Command::Reach {
            query,
            target: way.target,
        });
        query
    }

    /// The address is dead or overloaded: tries the next (RFC 3263 §4.3). False if there is none.
    fn try_next_way(&mut self, id: PartyId, desk: &mut Desk) -> bool {
        let Some(party) = self.party_mut(id) else { return false };
        let Some(dialling) = party.dialling.as_deref_mut() else {
            return false;
        };
        desk.dead_targets.extend(dialling.failed_target());
        let Target::Number { ways, way, .. } = &mut dialling.target else {
            return false;
        };
        party.line = None; // given back before the next is taken: it may be the only one
        let Some((next, line)) = next_way(ways) else {
            return false;
        };
        *way = next.clone();
        party.line = Some(line);
        dialling.flow = None;
        party.leg = None;
        let query = self.look_for(&next, desk);
        if let Some(dialling) = self.party_mut(id).and_then(|p| p.dialling.as_deref_mut()) {
            dialling.query = query;
        }
        true
    }

    /// The way is known, or there is none.
    pub(super) fn reached(&mut self, query: u64, flow: Option<Flow>, now: Now, desk: &mut Desk, shared: &Shared) {
        if self.phase == Phase::Ending {
            return;
        }
        let asked = |p: &&mut super::party::Party| p.dialling.as_deref().is_some_and(|d| d.query == query);
        let Some(id) = self.parties_mut().find(asked).map(|p| p.id) else {
            return;
        };
        match flow {
            Some(flow) => {
                if let Some(dialling) = self.party_mut(id).and_then(|p| p.dialling.as_deref_mut()) {
                    dialling.flow = Some(flow);
                }
                if !self.open_sound(id, flow, None, desk) {
                    self.invite(id, now, desk, shared); // with the ports from the way before
                }
            }
            None => {
                if !self.try_next_way(id, desk) {
                    self.party_failed(id, EndReason::Unreachable, None, now, desk);
                }
            }
        }
    }

    /// Asks for ports beside the citizen's, so that the two can be bridged. False if they are there already.
    pub(super) fn open_sound(&mut self, id: PartyId, flow: Flow, remote: Option<IpAddr>, desk: &mut Desk) -> bool {
        let beside = self.citizen.media.or_else(|| self.others.iter().find_map(|p| p.media));
        let call = self.id;
        let Some(party) = self.party_mut(id) else { return true };
        let ip = flow.local.ip();
        if let (Some(media), Some(dialling)) = (party.media, party.dialling.as_deref()) {
            if dialling.media_ip == Some(ip) {
                return false;
            }
            desk.push(Command::CloseMedia { id: media.id });
        }
        let session = match beside {
            Some(beside) => desk.new_media_id_beside(beside.id),
            None => desk.new_media_id(),
        };
        desk.by_media.insert(session, call);
        party.media = Some(Media {
            id: session,
            local: None,
        });
        if let Some(dialling) = party.dialling.as_deref_mut() {
            dialling.media_ip = Some(ip);
        }
        desk.push(Command::OpenMedia {
            id: session,
            local: ip,
            remote,
            signalling: flow.remote.ip(),
        });
        true
    }

    /// The ports are there, or there are none.
    pub(super) fn party_media_opened(
        &mut self,
        id: PartyId,
        local: Option<LocalRtp>,
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) {
        let Some(party) = self.party_mut(id) else { return };
        if party.arriving.is_some() {
            return self.line_opened(id, local, now, desk, shared);
        }
        match (local, party.media.as_mut()) {
            (Some(_), Some(media)) => {
                media.local = local;
                self.invite(id, now, desk, shared);
            }
            (None, _) | (_, None) => {
                party.media = None;
                self.party_failed(id, EndReason::Overload, None, now, desk);
            }
        }
    }

    pub(super) fn invite(&mut self, id: PartyId, now: Now, desk: &mut Desk, shared: &Shared) {
        if self.phase == Phase::Ending {
            return;
        }
        let law = self.law_to_prefer(id);
        let (call, name) = (self.id, self.hotline_name());
        let Some(party) = self.party_mut(id) else { return };
        let Some(dialling) = party.dialling.as_deref() else {
            return;
        };
        if let (Target::Device { .. }, Some(agent)) = (&dialling.target, party.agent())
            && desk.has_to_wait(agent, call, id)
        {
            return;
        }
        let Some(offer) = party.make_offer(law, shared) else {
            return;
        };
        let errand = party.errand.clone();
        let Some(dialling) = party.dialling.as_deref() else {
            return;
        };
        let sip_call_id = desk.new_sip_call_id();
        let Some(mut out) = dialling.outgoing(offer, sip_call_id.clone(), desk.silence) else {
            return;
        };
        if let Target::Device { .. } = &dialling.target {
            out.from.display = name;
            out.headers
                .push((HeaderName::Other(X_CALL.to_owned()), call.to_string()));
            if let Some(alert) = &desk.manners.alert_info {
                let name = HeaderName::Other("Alert-Info".to_owned());
                out.headers.push((name, alert.clone()));
            }
        }
        let to = dialling.number().map(PhoneNumber::new);
        let leg = desk.ua.invite(out, now);
        party.leg = Some(leg);
        desk.by_leg.insert(leg, call);
        match (errand, to) {
            (Errand::Transfer | Errand::SentOn | Errand::Consult, Some(to)) => {
                desk.note(call, EventKind::TransferStarted { to, sip_call_id }, now);
            }
            (Errand::Transfer | Errand::SentOn | Errand::Consult, None)
            | (Errand::Citizen | Errand::Ring(_) | Errand::Colleague | Errand::SecondLine(_), _) => {}
        }
    }

    /// The codec of those who are there already: then nothing is transcoded.
    fn law_to_prefer(&self, id: PartyId) -> Option<Law> {
        let others = self.others.iter().filter(|p| p.stage == Stage::Talking);
        let known = [&self.citizen].into_iter().chain(others);
        known.filter(|p| p.id != id).find_map(|p| p.law)
    }

    /// A leg is gone before anybody answered.
    pub(super) fn unanswered(&mut self, id: PartyId, end: &LegEnd, now: Now, desk: &mut Desk) {
        let Some(party) = self.party_mut(id) else { return };
        party.leg = None;
        let rang = party.stage >= Stage::Ringing;
        let failure = Failure::of(end);
        // Once it has been heard to ring there, nobody is sent elsewhere.
        if failure.is_dead && !rang && self.try_next_way(id, desk) {
            return;
        }
        let reason = match end {
            LegEnd::Timeout if rang => EndReason::NoAnswer,
            _dead_or_refused => super::ending::reason_of(end).1,
        };
        self.party_failed(id, reason, failure.status, now, desk);
    }
}

impl Dialling {
    fn number(&self) -> Option<&str> {
        match &self.target {
            Target::Number { number, .. } => Some(number),
            Target::Device { .. } => None,
        }
    }

    /// The INVITE.
    fn outgoing(&self, offer: Sdp, call_id: String, silence: Duration) -> Option<OutgoingCall> {
        let flow = self.flow?;
        let (request_uri, from, identity, route, credentials) = match &self.target {
            Target::Number { number, way, .. } => {
                let gateway = &way.gateway;
                let (from, identity) = gateway.caller(&self.shown);
                let account = gateway.account.clone();
                (gateway.uri(number), from, identity, gateway.route(), account)
            }
            Target::Device { contact } => {
                let user = Some(self.shown.reveal())
                    .filter(|n| is_number(n))
                    .unwrap_or("anonymous");
                let from = NameAddr::new(Uri::sip(Some(user), Host::from(flow.local.ip()), None));
                (contact.clone(), from, None, Vec::new(), None)
            }
        };
        Some(OutgoingCall {
            flow,
            to: NameAddr::new(request_uri.clone()),
            request_uri,
            from,
            route,
            offer: Some(offer),
            credentials,
            headers: identity.into_iter().collect(),
            ring_timeout: self.ring_timeout,
            silence_timeout: Some(silence),
            call_id: Some(call_id),
        })
    }
}

/// What the end of an unanswered leg says about the address that it was sent to.
struct Failure {
    /// It is dead or overloaded: another may do better (RFC 3263 §4.3).
    is_dead: bool,
    status: Option<u16>,
}

impl Failure {
    fn of(end: &LegEnd) -> Self {
        match end {
            LegEnd::Timeout | LegEnd::TransportFailed => Self {
                is_dead: true,
                status: None,
            },
            LegEnd::Rejected { status } => Self {
                is_dead: *status == 503,
                status: Some(*status),
            },
            LegEnd::Hangup(_)
            | LegEnd::Redirected { .. }
            | LegEnd::NoAck
            | LegEnd::SessionExpired
            | LegEnd::Cancelled
            | LegEnd::ProtocolError => Self {
                is_dead: false,
                status: None,
            },
        }
    }
}

/// The next way whose trunk has a free line, and that line.
fn next_way(ways: &mut VecDeque<Way>) -> Option<(Way, Line)> {
    while let Some(way) = ways.pop_front() {
        if let Some(line) = way.gateway.lines.take() {
            return Some((way, line));
        }
    }
    None
}
