//! A telephone of our own: dials or answers, listens, presses keys, speaks, hangs up, by a script. Pure, so that the
//! scenarios run it in virtual time and `yihao call` over real sockets.

mod ear;
mod script;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use crate::kernel::{AudioParams, Direction, Law, LegId, Mono, Now, PlayId};
use crate::media::{Clip, Destination, MediaCommand, MediaOutput, Session, SessionConfig};
use crate::sip::message::{NameAddr, Uri, parse_datagram};
use crate::sip::sdp::{self, LocalAudio, Sdp};
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::{Command as UaCommand, Credentials, LegEnd, OutgoingCall, UaConfig, UaEvent, UserAgent};
use crate::sip::{Flow, message};

use super::LocalRtp;
pub use ear::{Ear, Sound, is as is_sound};
pub use script::{Action, HoldWay, KeyPress};

/// Wheel of the telephone's sound.
const TICK: Duration = Duration::from_millis(20);

/// Who the telephone is.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// Its own name, as the other side sees it.
    pub from: NameAddr,
    /// Way to the server.
    pub flow: Flow,
    /// Its own RTP ports.
    pub rtp: LocalRtp,
    /// Codecs, the preferred one first.
    pub laws: Vec<Law>,
    /// Whether it offers RFC 4733 keys.
    pub dtmf: bool,
    /// INVITE without an offer (RFC 3264 late offer).
    pub late_offer: bool,
    /// Account, if the server asks for one.
    pub account: Option<Credentials>,
    /// For ids and tags.
    pub seed: u64,
    /// Answers incoming calls after this time; `None` lets it ring.
    pub answers_after: Option<Duration>,
    /// Refuses incoming calls with this status.
    pub refuses: Option<u16>,
    /// Timers.
    pub transactions: TransactionConfig,
}

/// What the telephone sends.
#[derive(Debug)]
pub enum PhoneCommand {
    /// A SIP message.
    Sip(Flow, Arc<[u8]>),
    /// An RTP packet.
    Rtp(std::net::SocketAddr, Vec<u8>),
    /// An RTCP packet.
    Rtcp(std::net::SocketAddr, Vec<u8>),
}

/// What became of the call.
#[derive(Debug, Default)]
pub struct Report {
    /// What happened, in seconds since the telephone began.
    pub timeline: Vec<(f64, String)>,
    /// Expectations that were not met.
    pub failures: Vec<String>,
    /// Time from INVITE to 200, seconds.
    pub answered_after_s: Option<f64>,
    /// How the dialog ended.
    pub end: Option<LegEnd>,
    /// SIP Call-ID.
    pub sip_call_id: String,
}

/// The telephone.
pub struct Phone {
    config: PhoneConfig,
    ua: UserAgent,
    leg: Option<LegId>,
    session: Session,
    our_sdp: Option<Sdp>,
    sdp_session: u64,
    sdp_version: u64,
    started: Now,
    next_tick: Option<Mono>,
    answer_at: Option<Mono>,
    pending_offer: Option<Sdp>,
    /// What the telephone hears.
    pub ear: Ear,
    script: VecDeque<Action>,
    step_since: Mono,
    step_begun: bool,
    answered: bool,
    plays: u64,
    speaking: Option<PlayId>,
    early_words: Option<Arc<Clip>>,
    out: VecDeque<PhoneCommand>,
    report: Report,
}

impl Phone {
    /// A telephone that does nothing yet.
    pub fn new(config: PhoneConfig, script: Vec<Action>, now: Now) -> Self {
        let mut rng = StdRng::seed_from_u64(config.seed);
        let ua_config = UaConfig {
            user_agent: "yihao-call".to_owned(),
            ..UaConfig::default()
        };
        let ua = UserAgent::new(ua_config, config.transactions, StdRng::from_rng(&mut rng));
        let session = Session::new(
            SessionConfig {
                ssrc: rng.next_u32(),
                first_seq: rng.next_u32() as u16,
                first_timestamp: rng.next_u32(),
                ..SessionConfig::default()
            },
            now.mono,
        );
        Self {
            sdp_session: rng.next_u64() >> 2,
            sdp_version: 1,
            config,
            ua,
            leg: None,
            session,
            our_sdp: None,
            started: now,
            next_tick: None,
            answer_at: None,
            pending_offer: None,
            ear: Ear::default(),
            script: script.into(),
            step_since: now.mono,
            step_begun: false,
            answered: false,
            plays: 0,
            speaking: None,
            early_words: None,
            out: VecDeque::new(),
            report: Report {
                sip_call_id: format!("{:016x}", rng.next_u64()),
                ..Report::default()
            },
        }
    }

    /// Says something before it picks up, in the early media of a 183.
    #[must_use]
    pub fn with_early_words(mut self, words: Arc<Clip>) -> Self {
        self.early_words = Some(words);
        self
    }

    /// Dials.
    pub fn dial(&mut self, to: &Uri, now: Now) {
        let offer = sdp::offer(&self.audio(Direction::SendRecv));
        self.our_sdp = Some(offer.clone());
        let call = OutgoingCall {
            flow: self.config.flow,
            request_uri: to.clone(),
            from: self.config.from.clone(),
            to: NameAddr {
                display: None,
                uri: to.clone(),
                params: message::Params::default(),
            },
            route: Vec::new(),
            offer: (!self.config.late_offer).then_some(offer),
            credentials: self.config.account.clone(),
            headers: Vec::new(),
            ring_timeout: Duration::from_secs(120),
            silence_timeout: None,
            call_id: Some(self.report.sip_call_id.clone()),
        };
        self.leg = Some(self.ua.invite(call, now));
        self.note("INVITE", now);
        self.turn(now);
    }

    /// A SIP datagram arrived.
    pub fn receive(&mut self, bytes: &[u8], flow: Flow, now: Now) {
        self.ua.receive(parse_datagram(bytes), flow, now);
        self.turn(now);
    }

    /// An RTP packet arrived.
    pub fn receive_rtp(&mut self, packet: &[u8], from: std::net::SocketAddr, now: Now) {
        self.session.handle_rtp(packet, from, now.mono);
        self.turn(now);
    }

    /// An RTCP packet arrived.
    pub fn receive_rtcp(&mut self, packet: &[u8], from: std::net::SocketAddr, now: Now) {
        self.session.handle_rtcp(packet, from, now.mono);
        self.turn(now);
    }

    /// The next timer.
    pub fn poll_timeout(&self) -> Option<Mono> {
        [
            self.ua.poll_timeout(),
            self.next_tick,
            self.answer_at,
            self.script_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.ua.handle_timeout(now);
        if self.answer_at.is_some_and(|at| at <= now.mono) {
            self.answer_at = None;
            self.pick_up(now);
        }
        if let Some(at) = self.next_tick
            && at <= now.mono
        {
            self.next_tick = Some(at + TICK);
            let out = &mut self.out;
            self.session.tick(now.mono, &mut |destination, to, packet: &[u8]| {
                out.push_back(match destination {
                    Destination::Rtp => PhoneCommand::Rtp(to, packet.to_vec()),
                    Destination::Rtcp => PhoneCommand::Rtcp(to, packet.to_vec()),
                });
            });
        }
        self.turn(now);
    }

    /// What to send next.
    pub fn next_command(&mut self) -> Option<PhoneCommand> {
        self.out.pop_front()
    }

    /// Nothing more will happen: the dialog is gone, or the script ended without one.
    pub fn is_done(&self) -> bool {
        self.report.end.is_some()
    }

    /// Whether the other side has picked up.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// What happened so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What happened, when it is over.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// The dialogs that are still open.
    pub fn open_legs(&self) -> usize {
        self.ua.legs()
    }

    /// Hangs up now, whatever the script says.
    pub fn hang_up(&mut self, now: Now) {
        if let Some(leg) = self.leg {
            self.ua.hangup(leg, None, now);
        }
        self.turn(now);
    }

    fn audio(&self, direction: Direction) -> LocalAudio {
        LocalAudio {
            address: self.config.rtp.address,
            rtp_port: self.config.rtp.rtp_port,
            rtcp_port: self.config.rtp.rtcp_port,
            session_id: self.sdp_session,
            session_version: self.sdp_version,
            laws: self.config.laws.clone(),
            dtmf: self.config.dtmf,
            ptime_ms: 20,
            direction,
        }
    }

    fn note(&mut self, what: impl Into<String>, now: Now) {
        let at = now.mono.since(self.started.mono).as_secs_f64();
        self.report.timeline.push((at, what.into()));
    }

    fn turn(&mut self, now: Now) {
        while let Some(command) = self.ua.next_command() {
            match command {
                UaCommand::Transmit { flow, bytes } => self.out.push_back(PhoneCommand::Sip(flow, bytes)),
                UaCommand::Event(event) => self.event(event, now),
            }
        }
        while let Some(output) = self.session.next_output() {
            self.sound(&output, now);
        }
        self.follow_script(now);
        while let Some(command) = self.ua.next_command() {
            match command {
                UaCommand::Transmit { flow, bytes } => self.out.push_back(PhoneCommand::Sip(flow, bytes)),
                UaCommand::Event(event) => self.event(event, now),
            }
        }
    }

    fn event(&mut self, event: UaEvent, now: Now) {
        match event {
            UaEvent::Incoming {
                leg,
                refusal: Some(refusal),
                ..
            } => {
                self.ua.reject(leg, refusal.status, &refusal.headers, now);
            }
            UaEvent::Incoming { leg, offer, .. } => self.rings(leg, offer, now),
            UaEvent::Provisional { status, sdp, .. } => {
                self.note(status.to_string(), now);
                if let Some(sdp) = sdp {
                    self.agreed(&sdp, now);
                }
            }
            UaEvent::Answered { sdp, .. } => {
                self.answered = true;
                self.report.answered_after_s = Some(now.mono.since(self.started.mono).as_secs_f64());
                self.note("200 answered", now);
                if let Some(sdp) = sdp {
                    self.agreed(&sdp, now);
                }
            }
            UaEvent::Answer { sdp, .. } => self.agreed(&sdp, now),
            UaEvent::Offer { leg, sdp } => self.offered(leg, &sdp, now),
            UaEvent::Confirmed { .. } => self.answered = true,
            UaEvent::Cancelled { leg } | UaEvent::ByeReceived { leg, .. } => {
                self.note("they hung up", now);
                self.ua.confirm_bye(leg, now);
            }
            UaEvent::Ended { end, .. } => {
                self.note(format!("ended: {end:?}"), now);
                self.report.end = Some(end);
                self.next_tick = None;
            }
            UaEvent::Digit { digit, .. } => self.ear.keys.push(digit),
            UaEvent::OutOfDialog { key, request, .. } => self.ua.respond(key, request.reply(405), now),
            UaEvent::Refer { key, request, .. } => self.ua.respond(key, request.reply(603), now),
            UaEvent::OfferWanted { leg } => {
                let offer = sdp::offer(&self.audio(Direction::SendRecv));
                self.our_sdp = Some(offer.clone());
                self.ua.answer(leg, Ok(&offer), now);
            }
            UaEvent::OfferRefused { status, .. } => self.note(format!("offer refused: {status}"), now),
            UaEvent::Response { .. } | UaEvent::RequestFailed { .. } => {}
        }
    }

    fn rings(&mut self, leg: LegId, offer: Option<Sdp>, now: Now) {
        if self.leg.is_some() {
            return self.ua.reject(leg, 486, &[], now); // one line, one call
        }
        self.leg = Some(leg);
        self.note("rings", now);
        if let Some(status) = self.config.refuses {
            self.ua.reject(leg, status, &[], now);
            return;
        }
        self.pending_offer = offer;
        match (self.early_words.take(), &self.pending_offer) {
            (Some(words), Some(offer)) => {
                if let Ok((answer, params)) = sdp::answer(offer, &self.audio(Direction::SendRecv)) {
                    self.ua.provisional(leg, 183, Some(&answer), now);
                    self.start_sound(params, now);
                    self.speak(words, now);
                }
            }
            (Some(_) | None, _) => self.ua.provisional(leg, 180, None, now),
        }
        self.answer_at = self.config.answers_after.map(|after| now.mono + after);
    }

    fn pick_up(&mut self, now: Now) {
        let (Some(leg), false) = (self.leg, self.is_done()) else {
            return;
        };
        let audio = self.audio(Direction::SendRecv);
        match self.pending_offer.take() {
            Some(offer) => match sdp::answer(&offer, &audio) {
                Ok((answer, params)) => {
                    self.ua.accept(leg, &answer, now);
                    if self.next_tick.is_none() {
                        self.start_sound(params, now);
                    }
                }
                Err(_) => self.ua.reject(leg, 488, &[], now),
            },
            None => {
                let offer = sdp::offer(&audio);
                self.our_sdp = Some(offer.clone());
                self.ua.accept(leg, &offer, now);
            }
        }
        self.answered = true;
        self.note("picks up", now);
    }

    fn agreed(&mut self, answer: &Sdp, now: Now) {
        let Some(offer) = self.our_sdp.clone() else { return };
        match sdp::accept_answer(&offer, answer) {
            Ok(params) => self.start_sound(params, now),
            Err(error) => self.report.failures.push(format!("answer not usable: {error:?}")),
        }
    }

    fn offered(&mut self, leg: LegId, offer: &Sdp, now: Now) {
        self.sdp_version += 1;
        match sdp::answer(offer, &self.audio(Direction::SendRecv)) {
            Ok((answer, params)) => {
                self.ua.answer(leg, Ok(&answer), now);
                self.start_sound(params, now);
            }
            Err(_) => self.ua.answer(leg, Err(488), now),
        }
    }

    fn start_sound(&mut self, params: AudioParams, now: Now) {
        self.session.negotiate(params, now.mono);
        if self.next_tick.is_none() {
            self.next_tick = Some(now.mono);
            let forever = Duration::from_secs(24 * 3600);
            let record = MediaCommand::StartRecording {
                max: forever,
                stop_after_silence: None,
            };
            self.session.command(record, now.mono);
        }
    }

    fn sound(&mut self, output: &MediaOutput, now: Now) {
        match output {
            MediaOutput::RecordingFrame(frame) => self.ear.hear(frame),
            MediaOutput::Digit { digit, .. } => self.ear.keys.push(*digit),
            MediaOutput::PlayFinished(id) if self.speaking == Some(*id) => {
                self.speaking = None;
                self.note("has spoken", now);
            }
            MediaOutput::PlayFinished(_)
            | MediaOutput::Dead
            | MediaOutput::Alive
            | MediaOutput::RecordingStopped(_)
            | MediaOutput::Forward(_)
            | MediaOutput::StrangerDropped => {}
        }
    }
}
