//! A telephone of our own: registers, dials, answers, speaks and listens, holds, sends calls on, by a script or by hand. Pure,
//! so that the scenarios run it in virtual time and `yihao call` over real sockets.
//!
//! | file             | what                                                    |
//! |------------------|---------------------------------------------------------|
//! | `line.rs`        | one call: its dialog, its sound                         |
//! | `handset.rs`     | what its owner does: dial, pick up, hold, hang up       |
//! | `bell.rs`        | what the user agent tells                               |
//! | `sending_on.rs`  | REFER                                                   |
//! | `registering.rs` | REGISTER                                                |
//! | `script.rs`      | one thing after the other                               |
//! | `ear.rs`         | what its owner hears                                    |

mod bell;
mod ear;
mod handset;
mod line;
mod registering;
mod script;
mod sending_on;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use crate::kernel::{Law, Mono, Now};
use crate::media::Clip;
use crate::sip::Flow;
use crate::sip::message::{NameAddr, parse_datagram};
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::{Command as UaCommand, Credentials, LegEnd, UaConfig, UserAgent};

use self::line::Line;
use self::registering::Registering;
use super::LocalRtp;
pub use ear::{Ear, Sound, is as is_sound};
pub use script::{Action, HoldWay, KeyPress};

/// Who the telephone is, and what it is like.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// Its own name, as the other side sees it.
    pub from: NameAddr,
    /// Way to the server.
    pub flow: Flow,
    /// Its own RTP ports, a pair for each call that it can have at once.
    pub rtp: Vec<LocalRtp>,
    /// Codecs, the preferred one first.
    pub laws: Vec<Law>,
    /// Whether it offers RFC 4733 keys.
    pub dtmf: bool,
    /// INVITE without an offer (RFC 3264 late offer).
    pub late_offer: bool,
    /// Account, if the server asks for one.
    pub account: Option<Credentials>,
    /// Registers as `from`, each time for so many seconds.
    pub registers: Option<u32>,
    /// Stays on its desk: takes one call after the other. Otherwise it is there for one, and the script ends with it.
    pub stays: bool,
    /// What its owner hums while in a call, hertz.
    pub hums: Option<f64>,
    /// For ids and tags.
    pub seed: u64,
    /// Answers incoming calls after this time, unless its owner is speaking; `None` lets them ring.
    pub answers_after: Option<Duration>,
    /// Refuses incoming calls with this status.
    pub refuses: Option<u16>,
    /// Timers.
    pub transactions: TransactionConfig,
}

impl PhoneConfig {
    /// A telephone for one call, without account.
    pub fn new(from: NameAddr, flow: Flow, rtp: LocalRtp, seed: u64) -> Self {
        Self {
            from,
            flow,
            rtp: vec![rtp],
            laws: vec![Law::A, Law::Mu],
            dtmf: true,
            late_offer: false,
            account: None,
            registers: None,
            stays: false,
            hums: None,
            seed,
            answers_after: None,
            refuses: None,
            transactions: TransactionConfig::default(),
        }
    }
}

/// What the telephone sends.
#[derive(Debug)]
pub enum PhoneCommand {
    /// A SIP message.
    Sip(Flow, Arc<[u8]>),
    /// An RTP packet.
    Rtp {
        /// From this port of ours.
        from: u16,
        /// There.
        to: SocketAddr,
        /// The packet.
        packet: Vec<u8>,
    },
    /// An RTCP packet.
    Rtcp {
        /// From this port of ours.
        from: u16,
        /// There.
        to: SocketAddr,
        /// The packet.
        packet: Vec<u8>,
    },
}

/// What became of the calls.
#[derive(Debug, Default)]
pub struct Report {
    /// What happened, in seconds since the telephone began.
    pub timeline: Vec<(f64, String)>,
    /// Expectations that were not met.
    pub failures: Vec<String>,
    /// Time from INVITE to 200, seconds.
    pub answered_after_s: Option<f64>,
    /// How the last dialog ended.
    pub end: Option<LegEnd>,
    /// How all dialogs ended, in order.
    pub ends: Vec<LegEnd>,
    /// SIP Call-ID of the call that was dialled last.
    pub sip_call_id: String,
}

/// The telephone.
pub struct Phone {
    config: PhoneConfig,
    ua: UserAgent,
    lines: Vec<Line>,
    /// Number of the call that its owner has in the hand.
    current: Option<u32>,
    last_line: u32,
    registering: Option<Registering>,
    started: Now,
    dialled_at: Now,
    has_dialled: bool,
    /// What the telephone's owner hears.
    pub ear: Ear,
    script: VecDeque<Action>,
    step_since: Mono,
    step_begun: bool,
    /// The call begun last has been answered.
    answered: bool,
    /// Calls that have ended, and how many of them when the script's step began.
    ended: (usize, usize),
    /// What became of the last REFER.
    referred: Option<u16>,
    plays: u64,
    early_words: Option<Arc<Clip>>,
    dead: bool,
    rng: StdRng,
    out: VecDeque<PhoneCommand>,
    report: Report,
}

/// Life and input.
impl Phone {
    /// A telephone that does nothing yet, besides registering.
    pub fn new(config: PhoneConfig, script: Vec<Action>, now: Now) -> Self {
        let mut rng = StdRng::seed_from_u64(config.seed);
        let ua_config = UaConfig {
            user_agent: "yihao-call".to_owned(),
            allow_refer: true,
            ..UaConfig::default()
        };
        let ua = UserAgent::new(ua_config, config.transactions, StdRng::from_rng(&mut rng));
        let registering = config
            .registers
            .map(|expires_s| Registering::new(&config, expires_s, &mut rng, now.mono));
        Self {
            ua,
            lines: Vec::new(),
            current: None,
            last_line: 0,
            registering,
            started: now,
            dialled_at: now,
            has_dialled: false,
            ear: Ear::default(),
            script: script.into(),
            step_since: now.mono,
            step_begun: false,
            answered: false,
            ended: (0, 0),
            referred: None,
            plays: 0,
            early_words: None,
            dead: false,
            out: VecDeque::new(),
            report: Report {
                sip_call_id: format!("{:016x}", rng.next_u64()),
                ..Report::default()
            },
            rng,
            config,
        }
    }

    /// Says something before it picks up, in the early media of a 183.
    #[must_use]
    pub fn with_early_words(mut self, words: Arc<Clip>) -> Self {
        self.early_words = Some(words);
        self
    }

    /// A SIP datagram arrived.
    pub fn receive(&mut self, bytes: &[u8], flow: Flow, now: Now) {
        if !self.dead {
            self.ua.receive(parse_datagram(bytes), flow, now);
            self.turn(now);
        }
    }

    /// An RTP packet arrived at a port of ours.
    pub fn receive_rtp(&mut self, packet: &[u8], port: u16, from: SocketAddr, now: Now) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.rtp.rtp_port == port) {
            line.session.handle_rtp(packet, from, now.mono);
            self.turn(now);
        }
    }

    /// An RTCP packet arrived at a port of ours.
    pub fn receive_rtcp(&mut self, packet: &[u8], port: u16, from: SocketAddr, now: Now) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.rtp.rtcp_port == port) {
            line.session.handle_rtcp(packet, from, now.mono);
            self.turn(now);
        }
    }

    /// The next timer.
    pub fn poll_timeout(&self) -> Option<Mono> {
        if self.dead {
            return None;
        }
        let lines = self.lines.iter().flat_map(|line| [line.next_tick, line.answer_at]);
        [
            self.ua.poll_timeout(),
            self.registering.as_ref().and_then(Registering::poll_timeout),
            self.script_deadline(),
        ]
        .into_iter()
        .chain(lines)
        .flatten()
        .min()
    }

    /// Timers that are due.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.dead {
            return;
        }
        self.ua.handle_timeout(now);
        self.register_if_due(now);
        for number in self.numbers() {
            if self
                .line(number)
                .is_some_and(|line| line.answer_at.is_some_and(|at| at <= now.mono))
            {
                self.answer_by_itself(number, now);
            }
        }
        for line in &mut self.lines {
            line.tick(now.mono, &mut self.out);
        }
        self.turn(now);
    }

    /// What to send next.
    pub fn next_command(&mut self) -> Option<PhoneCommand> {
        self.out.pop_front()
    }
}

/// How it stands.
impl Phone {
    /// Nothing more will happen: its calls are over, and it does not stay for others.
    pub fn is_done(&self) -> bool {
        self.dead || (!self.config.stays && self.report.end.is_some() && self.lines.is_empty())
    }

    /// Whether the call begun last has been answered.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether it takes one call after the other.
    pub fn stays(&self) -> bool {
        self.config.stays
    }

    /// Whether the registrar knows it.
    pub fn is_registered(&self) -> bool {
        self.registering.as_ref().is_some_and(Registering::is_registered)
    }

    /// Whether a call rings that nobody has picked up.
    pub fn is_ringing(&self) -> bool {
        self.lines.iter().any(Line::is_ringing)
    }

    /// Whether its owner speaks with somebody, or has put somebody on hold.
    pub fn is_in_a_call(&self) -> bool {
        self.lines.iter().any(Line::is_talking)
    }

    /// What its owner hums, hertz.
    pub fn hums(&self) -> Option<f64> {
        self.config.hums
    }

    /// Whether the script has nothing left to do.
    pub fn has_done_all(&self) -> bool {
        self.script.is_empty()
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
        if self.dead { 0 } else { self.ua.legs() }
    }
}

/// Within.
impl Phone {
    fn note(&mut self, what: impl Into<String>, now: Now) {
        let at = now.mono.since(self.started.mono).as_secs_f64();
        self.report.timeline.push((at, what.into()));
    }

    fn numbers(&self) -> Vec<u32> {
        self.lines.iter().map(|line| line.number).collect()
    }

    fn line(&mut self, number: u32) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.number == number)
    }

    /// The call in its owner's hand.
    fn in_hand(&mut self) -> Option<&mut Line> {
        let number = self.current?;
        self.line(number)
    }

    fn turn(&mut self, now: Now) {
        self.listen(now);
        self.follow_script(now);
        self.listen(now);
    }

    /// Takes what the user agent and the lines' sound have to say.
    fn listen(&mut self, now: Now) {
        while let Some(command) = self.ua.next_command() {
            match command {
                UaCommand::Transmit { flow, bytes } => self.out.push_back(PhoneCommand::Sip(flow, bytes)),
                UaCommand::Event(event) => self.event(event, now),
            }
        }
        for number in self.numbers() {
            while let Some(output) = self.line(number).and_then(|line| line.session.next_output()) {
                self.sound(number, &output, now);
            }
        }
        if self.dead {
            self.out.clear();
        }
    }
}
