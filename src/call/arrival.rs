//! A call arrives: which hotline, may it come in, which sound. Ends with a 200 or a refusal, both on record first.

use crate::ivr::Language;
use crate::ivr::walk::{Walk, WalkContext};
use crate::kernel::{EndReason, EndedBy, EventKind, LegId, Now, PhoneNumber};
use crate::sip::Flow;
use crate::sip::message::{HeaderName, NameAddr, Request, Uri};
use crate::sip::sdp::{self, Sdp};
use crate::sip::ua;

use super::admission::{CallerId, Peer, Refusal};
use super::desk::{Command, Desk, LocalRtp};
use super::ending::After;
use super::exchange::Shared;
use super::live::{Call, Media, Phase};
use super::party::{Errand, Party, PartyId, Stage, Who};

/// The header of draft-ietf-sip-privacy-04, which never became an RFC and is everywhere.
pub(super) const REMOTE_PARTY_ID: &str = "Remote-Party-ID";

/// What the INVITE says about itself.
pub(super) struct Arrival<'a> {
    pub leg: LegId,
    pub invite: &'a Request,
    pub flow: Flow,
    pub offer: Option<Sdp>,
    pub refusal: Option<ua::Refusal>,
}

impl Call {
    /// Takes a call in or refuses it. Either way it is a call, with its first event.
    pub(super) fn arrive(arrival: Arrival<'_>, now: Now, desk: &mut Desk, shared: &Shared) -> Self {
        let Arrival {
            leg,
            invite,
            flow,
            offer,
            refusal,
        } = arrival;
        let source = flow.remote.ip().to_canonical();
        let peer = shared
            .peers
            .iter()
            .find(|p| p.networks.iter().any(|n| n.contains(source)));
        let from = caller_number(invite, peer);
        let to = PhoneNumber::new(&dialled_number(&invite.uri));
        let plan = shared.plan.clone();
        let number = plan.number(to.reveal());
        let id = desk.new_call_id(now);
        desk.by_leg.insert(leg, id);
        let hotline = number.map(|n| n.hotline.clone());
        let arrival = EventKind::Invite {
            from: from.clone(),
            to: to.clone(),
            hotline: hotline.clone(),
            trunk: peer.map(|p| p.name.clone()),
            sip_call_id: invite.headers.call_id().unwrap_or_default().to_string(),
            source: flow.remote.to_string(),
            placed_by: None,
        };
        let language = number.map_or_else(Language::default, |n| n.language);
        let mut citizen = Party::new(PartyId::CITIZEN, Who::Citizen, Errand::Citizen, desk);
        citizen.leg = Some(leg);
        citizen.stage = Stage::Talking;
        let mut call = Self::new(id, from.clone(), to.clone(), citizen, now);
        call.hotline = hotline;
        call.arrival = Some(Box::new(arrival));
        call.offer = offer.map(Box::new);
        call.language = language;
        match desk.counts.admit(source, peer, &shared.limits, shared.draining) {
            Ok(line) => {
                call.counted_for = Some(source);
                call.citizen.line = line;
            }
            Err(refusal) => {
                call.refuse(refusal, now, desk);
                return call;
            }
        }
        if let Some(refusal) = refusal {
            let after = After::Reject {
                status: refusal.status,
                headers: refusal.headers,
            };
            let reason = reason_of_refusal(refusal.status);
            call.end(EndedBy::System, reason, Some(refusal.status), after, now, desk);
            return call;
        }
        let Some(number) = number else {
            call.refuse(
                Refusal {
                    reason: EndReason::UnknownNumber,
                    status: 404,
                    retry_after_s: None,
                },
                now,
                desk,
            );
            return call;
        };
        let context = WalkContext {
            called: to.reveal().to_owned(),
            caller: from,
            language,
            calendar: shared.calendar.clone(),
        };
        call.walk = Some(Box::new(Walk::new(plan.clone(), number, context)));
        let media = desk.new_media_id();
        desk.by_media.insert(media, id);
        call.citizen.media = Some(Media { id: media, local: None });
        let remote = call.offer.as_deref().and_then(sdp::audio_address);
        desk.push(Command::OpenMedia {
            id: media,
            local: flow.local.ip(),
            remote,
            signalling: source,
        });
        call
    }

    /// The session has its ports, or there are none left.
    pub(super) fn media_opened(&mut self, local: Option<LocalRtp>, now: Now, desk: &mut Desk, shared: &Shared) {
        if self.placed.is_some() {
            return self.party_media_opened(PartyId::CITIZEN, local, now, desk, shared);
        }
        if self.phase != Phase::Arriving {
            return;
        }
        let Some(rtp) = local else {
            self.citizen.media = None;
            self.refuse(
                Refusal {
                    reason: EndReason::Overload,
                    status: 503,
                    retry_after_s: Some(10),
                },
                now,
                desk,
            );
            return;
        };
        if let Some(media) = self.citizen.media.as_mut() {
            media.local = Some(rtp);
        }
        let answer = match self.offer.take() {
            None => self.citizen.make_offer(None, shared),
            Some(offer) => {
                let audio = shared.audio(rtp, self.citizen.sdp_session, self.citizen.sdp_version);
                sdp::answer(&offer, &audio).ok().map(|(answer, params)| {
                    self.citizen.agree(params, desk);
                    answer
                })
            }
        };
        let Some(answer) = answer else {
            let refusal = Refusal {
                reason: EndReason::NotAcceptable,
                status: 488,
                retry_after_s: None,
            };
            self.refuse(refusal, now, desk);
            return;
        };
        self.phase = Phase::Answering;
        self.deadline = Some(now.mono + shared.call_max);
        let codec = self.citizen.law.map_or("offered", |law| law.encoding()).to_owned();
        let mut kinds: Vec<EventKind> = self.arrival.take().map(|k| *k).into_iter().collect();
        kinds.push(EventKind::AnsweredByMachine { codec });
        desk.append(
            self.id,
            kinds,
            After::Accept {
                answer: Box::new(answer),
            },
            now,
        );
    }

    fn refuse(&mut self, refusal: Refusal, now: Now, desk: &mut Desk) {
        let after = After::reject(refusal.status, refusal.retry_after_s);
        self.end(EndedBy::System, refusal.reason, Some(refusal.status), after, now, desk);
    }
}

/// The record's words for a call that failed a generic check of SIP.
fn reason_of_refusal(status: u16) -> EndReason {
    match status {
        406 | 415 | 488 => EndReason::NotAcceptable,
        _ => EndReason::ProtocolError,
    }
}

/// The number that called: an identity that a trusted peer asserts (RFC 3325), else the From.
fn caller_number(invite: &Request, peer: Option<&Peer>) -> PhoneNumber {
    let header = match peer.map(|p| p.caller_id) {
        Some(CallerId::Asserted) => Some(HeaderName::PAssertedIdentity),
        Some(CallerId::RemoteParty) => Some(HeaderName::Other(REMOTE_PARTY_ID.to_owned())),
        Some(CallerId::From) | None => None,
    };
    // A SIP and a tel URI may stand side by side (RFC 3325 §9.1); both name the same caller.
    let asserted = header.and_then(|name| NameAddr::parse(invite.headers.list(&name).first()?).ok());
    let uri = asserted
        .map(|a| a.uri)
        .or_else(|| invite.headers.from().ok().map(|f| f.uri));
    PhoneNumber::new(&uri.map(|u| dialled_number(&u)).unwrap_or_default())
}

/// The user part of a SIP URI, or the number of a `tel:` URI (RFC 3966), without visual separators.
pub(super) fn dialled_number(uri: &Uri) -> String {
    let text = uri.user_unescaped().unwrap_or_default();
    let number = text.split(';').next().unwrap_or_default();
    let digits_only = number.chars().all(|c| c.is_ascii_digit() || "+-.()*#".contains(c));
    match digits_only {
        true => number.chars().filter(|c| !"-.()".contains(*c)).collect(),
        false => number.to_owned(),
    }
}
