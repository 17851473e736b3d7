//! Direct transfer (110/119/120/122, retained hotlines): a second leg beside the caller's, bridged when it has sound.
//! Only to numbers that a route names: everything else is toll fraud until configured otherwise.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::ivr::walk::{Input as WalkInput, TransferOutcome};
use crate::kernel::{AudioParams, EndReason, EndedBy, EventKind, LegId, Now, PhoneNumber};
use crate::media::{MediaCommand, MediaOutput};
use crate::sip::Flow;
use crate::sip::message::NameAddr;
use crate::sip::sdp::{self, LocalAudio, Sdp};
use crate::sip::ua::{LegEnd, OutgoingCall};

use super::admission::Line;
use super::desk::{Command, Desk, LocalRtp};
use super::ending::reason_of;
use super::exchange::Shared;
use super::gateway::{Way, ways_to};
use super::live::{Call, Media};

/// A transfer under way or standing.
#[derive(Debug)]
pub(super) struct Transfer {
    pub to: String,
    /// Ways that are still to be tried.
    ways: VecDeque<Way>,
    way: Way,
    /// The trunk's line that it holds.
    line: Option<Line>,
    flow: Option<Flow>,
    media: Option<Media>,
    /// Our address that the media was opened for.
    media_ip: Option<IpAddr>,
    leg: Option<LegId>,
    offer: Option<Box<Sdp>>,
    query: u64,
    ring_timeout: Duration,
    ringing: bool,
    bridged: bool,
    answered: bool,
}

impl Transfer {
    /// Gives back whatever it holds.
    pub(super) fn drop_it(self, now: Now, desk: &mut Desk) {
        desk.by_query.remove(&self.query);
        if let Some(leg) = self.leg {
            desk.ua.hangup(leg, None, now);
        }
        if let Some(media) = self.media {
            desk.push(Command::CloseMedia { id: media.id });
        }
    }

    /// It rings there, and no sound comes from there.
    pub(super) fn rings_silently(&self) -> bool {
        self.ringing && !self.bridged
    }

    pub(super) fn is_leg(&self, leg: LegId) -> bool {
        self.leg == Some(leg)
    }
}

impl Call {
    /// The walk asks for a transfer.
    pub(super) fn begin_transfer(&mut self, to: String, timeout_s: u32, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(ways) = ways_to(&to, &shared.routes, desk) else {
            self.transfer_failed(EndReason::Forbidden, None, now, desk);
            return;
        };
        let nobody_there = ways.is_empty();
        let mut ways: VecDeque<Way> = ways.into();
        let Some((way, line)) = next_way(&mut ways) else {
            let reason = if nobody_there {
                EndReason::Unreachable
            } else {
                EndReason::Overload
            };
            self.transfer_failed(reason, None, now, desk);
            return;
        };
        let query = self.look_for(&way, desk);
        self.transfer = Some(Box::new(Transfer {
            to,
            ways,
            way,
            line: Some(line),
            flow: None,
            media: None,
            media_ip: None,
            leg: None,
            offer: None,
            query,
            ring_timeout: Duration::from_secs(u64::from(timeout_s)),
            ringing: false,
            bridged: false,
            answered: false,
        }));
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
    fn try_next_way(&mut self, desk: &mut Desk) -> bool {
        let Some(transfer) = self.transfer.as_deref_mut() else {
            return false;
        };
        desk.dead_targets
            .push((transfer.way.gateway.name.clone(), transfer.way.target));
        transfer.line = None; // given back before the next is taken: it may be the only one
        let Some((way, line)) = next_way(&mut transfer.ways) else {
            return false;
        };
        (transfer.way, transfer.line) = (way.clone(), Some(line));
        (transfer.leg, transfer.flow) = (None, None);
        let query = self.look_for(&way, desk);
        if let Some(transfer) = self.transfer.as_deref_mut() {
            transfer.query = query;
        }
        true
    }

    /// The way to the target is known, or there is none.
    pub(super) fn transfer_reached(&mut self, flow: Option<Flow>, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(flow) = flow else {
            if !self.try_next_way(desk) {
                self.transfer_failed(EndReason::Unreachable, None, now, desk);
            }
            return;
        };
        let caller = self.media;
        let Some(transfer) = self.transfer.as_deref_mut() else {
            return;
        };
        transfer.flow = Some(flow);
        let ip = flow.local.ip();
        if let Some(media) = transfer.media {
            if transfer.media_ip == Some(ip) {
                self.transfer_media_opened(media.local, now, desk, shared); // from the way before
                return;
            }
            desk.push(Command::CloseMedia { id: media.id });
        }
        let id = match caller {
            Some(caller) => desk.new_media_id_beside(caller.id),
            None => desk.new_media_id(),
        };
        desk.by_media.insert(id, self.id);
        transfer.media = Some(Media { id, local: None });
        transfer.media_ip = Some(ip);
        desk.push(Command::OpenMedia {
            id,
            local: ip,
            remote: None,
            signalling: flow.remote.ip(),
        });
    }

    /// The transfer's session has its ports: call.
    pub(super) fn transfer_media_opened(
        &mut self,
        local: Option<LocalRtp>,
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) {
        let law = self.law;
        let (id, from) = (self.id, self.from.clone());
        let Some(transfer) = self.transfer.as_deref_mut() else {
            return;
        };
        let (Some(rtp), Some(flow)) = (local, transfer.flow) else {
            self.transfer_failed(EndReason::Overload, None, now, desk);
            return;
        };
        if let Some(media) = transfer.media.as_mut() {
            media.local = Some(rtp);
        }
        let mut laws = shared.laws.clone();
        laws.sort_by_key(|l| Some(*l) != law); // the caller's codec first: then nothing is transcoded
        let offer = sdp::offer(&LocalAudio {
            address: rtp.address,
            rtp_port: rtp.rtp_port,
            rtcp_port: rtp.rtcp_port,
            session_id: desk.new_sdp_session(),
            session_version: 1,
            laws,
            dtmf: true,
            ptime_ms: 20,
            direction: crate::kernel::Direction::SendRecv,
        });
        transfer.offer = Some(Box::new(offer.clone()));
        let sip_call_id = desk.new_sip_call_id();
        let call = outgoing(transfer, &from, flow, offer, sip_call_id.clone(), desk.silence);
        let leg = desk.ua.invite(call, now);
        transfer.leg = Some(leg);
        desk.by_leg.insert(leg, id);
        let to = PhoneNumber::new(&transfer.to);
        desk.note(id, EventKind::TransferStarted { to, sip_call_id }, now);
    }

    /// Early or final answer of the target: sound both ways.
    pub(super) fn transfer_answer(&mut self, answer: &Sdp, desk: &mut Desk) {
        let caller = self.media;
        let Some(transfer) = self.transfer.as_deref_mut() else {
            return;
        };
        let (Some(media), Some(offer), Some(caller)) = (transfer.media, transfer.offer.as_deref(), caller) else {
            return;
        };
        let Ok(params) = sdp::accept_answer(offer, answer) else {
            return;
        };
        desk.push(Command::Negotiate {
            id: media.id,
            params: Box::new(params),
        });
        if !transfer.bridged {
            transfer.bridged = true;
            self.ringback = false;
            self.prompt = None;
            desk.push(Command::Media {
                id: caller.id,
                command: MediaCommand::StopPlaying,
            });
            desk.push(Command::Bridge {
                a: caller.id,
                b: media.id,
            });
        }
    }

    /// The target rings without sound of its own: the caller hears ours.
    pub(super) fn transfer_rings(&mut self, desk: &mut Desk) {
        if let Some(transfer) = self.transfer.as_deref_mut() {
            transfer.ringing = true;
        }
        self.ring_back(desk);
    }

    /// The target answered.
    pub(super) fn transfer_answered(&mut self, answer: Option<&Sdp>, now: Now, desk: &mut Desk) {
        if let Some(answer) = answer {
            self.transfer_answer(answer, desk);
        }
        let id = self.id;
        let Some(transfer) = self.transfer.as_deref_mut() else {
            return;
        };
        if !transfer.bridged {
            self.transfer_failed(EndReason::NotAcceptable, Some(488), now, desk);
            return;
        }
        if !transfer.answered {
            transfer.answered = true;
            if let Some(media) = transfer.media {
                desk.push(Command::Media {
                    id: media.id,
                    command: MediaCommand::WatchDead(true),
                });
            }
            desk.note(id, EventKind::TransferAnswered, now);
            self.walk_on(
                WalkInput::TransferDone {
                    outcome: TransferOutcome::Answered,
                },
                now,
                desk,
            );
        }
    }

    /// The target hung up after talking.
    pub(super) fn transfer_bye(&mut self, leg: LegId, now: Now, desk: &mut Desk) {
        desk.ua.confirm_bye(leg, now);
    }

    /// Something the media worker reports about the target's session.
    pub(super) fn transfer_heard(&mut self, output: &MediaOutput, now: Now, desk: &mut Desk) {
        let Some(transfer) = self.transfer.as_deref() else {
            return;
        };
        if matches!(output, MediaOutput::Dead) && transfer.answered {
            desk.note(self.id, EventKind::MediaLost { lost: true }, now);
            if let Some(leg) = transfer.leg {
                desk.ua.hangup(leg, None, now);
            }
            self.conversation_over((EndedBy::System, EndReason::DeadMedia), now, desk);
        }
    }

    /// The target's dialog is gone.
    pub(super) fn transfer_ended(&mut self, end: &LegEnd, now: Now, desk: &mut Desk) {
        let Some(transfer) = self.transfer.as_deref() else {
            return;
        };
        if !transfer.answered {
            let (rang, failure) = (transfer.ringing || transfer.bridged, Failure::of(end));
            // Once the caller has heard it ring there he is not sent elsewhere.
            if failure.is_dead && !rang && self.try_next_way(desk) {
                return;
            }
            let reason = match end {
                LegEnd::Timeout if rang => EndReason::NoAnswer,
                _dead_or_refused => reason_of(end).1,
            };
            let status = failure.status;
            self.transfer_failed(reason, status, now, desk);
            return;
        }
        let how = match reason_of(end) {
            (EndedBy::Caller, reason) => (EndedBy::Callee, reason), // "they" are the target here
            other => other,
        };
        self.conversation_over(how, now, desk);
    }

    fn conversation_over(&mut self, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        self.conversation_end = Some(how);
        self.close_transfer(desk);
        self.walk_on(
            WalkInput::TransferDone {
                outcome: TransferOutcome::Ended,
            },
            now,
            desk,
        );
    }

    /// The target put us on hold, moved or changed its codec.
    pub(super) fn transfer_offer(&mut self, leg: LegId, offer: &Sdp, now: Now, desk: &mut Desk, shared: &Shared) {
        let local = self.transfer.as_deref().and_then(|t| t.media).and_then(|m| m.local);
        let answer = local.map(|rtp| sdp::answer(offer, &shared.audio(rtp, 1, 2)));
        match answer {
            Some(Ok((answer, params))) => {
                desk.ua.answer(leg, Ok(&answer), now);
                self.negotiate_transfer(params, desk);
            }
            Some(Err(_)) | None => desk.ua.answer(leg, Err(488), now),
        }
    }

    fn negotiate_transfer(&mut self, params: AudioParams, desk: &mut Desk) {
        if let Some(media) = self.transfer.as_deref().and_then(|t| t.media) {
            desk.push(Command::Negotiate {
                id: media.id,
                params: Box::new(params),
            });
        }
    }

    /// The transfer did not come about: on record, and the plan goes on.
    pub(super) fn transfer_failed(&mut self, reason: EndReason, status: Option<u16>, now: Now, desk: &mut Desk) {
        desk.note(self.id, EventKind::TransferFailed { reason, status }, now);
        if let Some(transfer) = self.transfer.take() {
            if let Some(caller) = self.media.filter(|_| transfer.bridged) {
                desk.push(Command::Unbridge { id: caller.id });
            }
            transfer.drop_it(now, desk);
        }
        self.stop_ringback(desk);
        let outcome = match reason {
            EndReason::Busy => TransferOutcome::Busy,
            EndReason::NoAnswer => TransferOutcome::NoAnswer,
            EndReason::Forbidden => TransferOutcome::Denied,
            EndReason::Hangup
            | EndReason::PlanFinished
            | EndReason::Abandoned
            | EndReason::UnknownNumber
            | EndReason::NotAcceptable
            | EndReason::Overload
            | EndReason::Draining
            | EndReason::DeadMedia
            | EndReason::NoAck
            | EndReason::SessionExpired
            | EndReason::Unreachable
            | EndReason::MaxDuration
            | EndReason::ProtocolError
            | EndReason::Interrupted
            | EndReason::InternalError => TransferOutcome::Failed,
        };
        self.walk_on(WalkInput::TransferDone { outcome }, now, desk);
    }

    fn close_transfer(&mut self, desk: &mut Desk) {
        if let Some(transfer) = self.transfer.take() {
            if let Some(caller) = self.media {
                desk.push(Command::Unbridge { id: caller.id });
            }
            if let Some(media) = transfer.media {
                desk.push(Command::CloseMedia { id: media.id });
            }
        }
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

/// The INVITE to the target.
fn outgoing(
    transfer: &Transfer,
    from: &PhoneNumber,
    flow: Flow,
    offer: Sdp,
    call_id: String,
    silence: Duration,
) -> OutgoingCall {
    let gateway = &transfer.way.gateway;
    let uri = gateway.uri(&transfer.to);
    let (from, identity) = gateway.caller(from);
    OutgoingCall {
        flow,
        request_uri: uri.clone(),
        from,
        to: NameAddr::new(uri),
        route: gateway.route(),
        offer: Some(offer),
        credentials: gateway.account.clone(),
        headers: identity.into_iter().collect(),
        ring_timeout: transfer.ring_timeout,
        silence_timeout: Some(silence),
        call_id: Some(call_id),
    }
}
