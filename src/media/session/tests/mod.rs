//! What a leg lives through, in virtual time.

mod bridge;
mod hold_and_death;
mod keys;
mod link;
mod prompts;
mod recording;
mod reports;
mod strangers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::kernel::{AudioParams, Law, PlayId};
use crate::media::prompt::Clip;
use crate::media::rtp::{self, Header, RtpView};
use crate::media::tone;

pub(super) const PHONE: &str = "192.0.2.10:4000";
pub(super) const PHONE_RTCP: &str = "192.0.2.10:4001";

pub(super) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(super) fn params() -> AudioParams {
    AudioParams {
        remote_rtp: Some(at(PHONE)),
        remote_rtcp: Some(at(PHONE_RTCP)),
        rtcp_mux: false,
        law: Law::A,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        comfort_noise_payload_type: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

pub(super) fn config() -> SessionConfig {
    SessionConfig {
        ssrc: 0x5EED_0001,
        first_seq: 65_530,
        first_timestamp: u32::MAX - 1_000,
        dead_after: Duration::from_secs(10),
        ..SessionConfig::default()
    }
}

/// One packet that left a session.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub port: Destination,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn rtp(&self) -> RtpView<'_> {
        rtp::parse(&self.bytes).unwrap()
    }
}

/// A session with its clock and everything that came out of it.
pub(super) struct Leg {
    pub session: Session,
    pub now: Mono,
    pub sent: Vec<Sent>,
    pub told: Vec<MediaOutput>,
}

impl Leg {
    pub fn new(config: SessionConfig, params: AudioParams) -> Self {
        let now = Mono::from_nanos(5_000_000_000);
        let mut session = Session::new(config, now);
        session.negotiate(params, now);
        Self {
            session,
            now,
            sent: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn plain() -> Self {
        Self::new(config(), params())
    }

    pub fn tick(&mut self) {
        let sent = &mut self.sent;
        self.session.tick(self.now, &mut |port, to, bytes| {
            sent.push(Sent {
                port,
                to,
                bytes: bytes.to_vec(),
            })
        });
        self.fetch();
        self.now = self.now + Duration::from_millis(20);
    }

    pub fn ticks(&mut self, n: u32) {
        (0..n).for_each(|_| self.tick());
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.session.command(command, self.now);
        self.fetch();
    }

    pub fn negotiate(&mut self, params: AudioParams) {
        self.session.negotiate(params, self.now);
        self.fetch();
    }

    pub fn play(&mut self, id: u64, clips: &[&Arc<Clip>]) {
        self.command(MediaCommand::Play {
            id: PlayId(id),
            clips: clips.iter().map(|c| Arc::clone(c)).collect(),
            repeat: false,
        });
    }

    pub fn receive(&mut self, header: Header, payload: &[u8], from: &str) {
        let bytes = [&header.to_bytes()[..], payload].concat();
        self.session.handle_rtp(&bytes, at(from), self.now);
        self.fetch();
    }

    /// Packet number `n` of a steady stream of sound.
    pub fn hear(&mut self, n: u16, payload: &[u8]) {
        self.receive(audio(n), payload, PHONE);
    }

    /// RTP sent, without reports.
    pub fn rtp(&self) -> Vec<RtpView<'_>> {
        self.sent
            .iter()
            .filter(|s| !rtp::is_rtcp(&s.bytes))
            .map(Sent::rtp)
            .collect()
    }

    fn fetch(&mut self) {
        self.told.extend(std::iter::from_fn(|| self.session.next_output()));
    }
}

pub(super) fn audio(n: u16) -> Header {
    Header {
        payload_type: 8,
        marker: n == 0,
        seq: n,
        timestamp: u32::from(n) * 160,
        ssrc: 0xCAFE,
    }
}

/// A clip in which no two frames are alike.
pub(super) fn clip(samples: u32, frequency: f32) -> Arc<Clip> {
    Arc::new(Clip::from_linear(tone::tone(samples, &[frequency], 8_000.0)))
}

#[test]
fn a_parked_call_is_small() {
    assert!(size_of::<Session>() <= 1_024, "{} bytes", size_of::<Session>());
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(1_600, 440.0)]);
    leg.command(MediaCommand::SendDigits(Digit::from_char('1').into_iter().collect()));
    leg.command(MediaCommand::StartRecording {
        max: Duration::from_secs(1),
        stop_after_silence: None,
    });
    (0..100).for_each(|n| {
        leg.hear(n, &[0xD5; 160]);
        leg.tick();
    });
    assert!(leg.session.keys.is_none() && leg.session.ear.is_none() && leg.session.playlist.is_none());
    assert_eq!(leg.session.outputs.capacity(), 0);
}

#[test]
fn nothing_can_be_sent_or_heard_before_it_was_agreed_on() {
    let mut session = Session::new(config(), Mono::ZERO);
    session.command(MediaCommand::WatchDead(true), Mono::ZERO);
    session.handle_rtp(&audio(0).to_bytes(), at(PHONE), Mono::ZERO);
    session.handle_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 1], at(PHONE), Mono::ZERO);
    for n in 0..3_000 {
        session.tick(Mono::from_nanos(n * 20_000_000), &mut |_, _, _| panic!("sent"));
    }
    assert_eq!(session.next_output(), None);
}

proptest::proptest! {
    #[test]
    fn no_datagram_can_harm_a_session(packets in proptest::collection::vec((0_u8..=255, proptest::collection::vec(proptest::num::u8::ANY, 0..200)), 1..80)) {
        let mut leg = Leg::new(config(), AudioParams { dtmf_payload_type: None, ..params() });
        leg.command(MediaCommand::StartRecording { max: Duration::from_secs(60), stop_after_silence: None });
        leg.command(MediaCommand::Bridge(true));
        for (n, (second, mut bytes)) in packets.into_iter().enumerate() {
            if bytes.len() > 2 && n % 3 != 0 {
                (bytes[0], bytes[1]) = (0x80, second);
            }
            leg.session.handle_rtp(&bytes, at(PHONE), leg.now);
            leg.session.handle_rtcp(&bytes, at(PHONE_RTCP), leg.now);
            leg.tick();
        }
    }
}
