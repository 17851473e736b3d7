//! The RTP and RTCP ports: one datagram read by itself, then the life of two legs that may be bridged, scripted by the
//! same octets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use yihao::kernel::{AudioParams, Digit, Direction, Law, Mono, PlayId};
use yihao::media::prompt::Clip;
use yihao::media::rtcp::{self, Packet};
use yihao::media::rtp::{self, HEADER_BYTES, Header};
use yihao::media::session::{Destination, ForwardFrame, Idle, MediaCommand, MediaOutput, Session, SessionConfig};

use super::script::Script;

/// Steps of one script.
const STEPS_MAX: usize = 48;
/// Turns of the wheel in one script, those that a leap makes up for included.
const TURNS_MAX: u64 = 64;
/// Most packets that one turn may send: 20 ms of sound and the packet before, in packets of 10 ms, and a report.
const PACKETS_A_TURN_MAX: usize = 4;
/// Most events that one call may bring: the frames of 5 s, and a few.
const OUTPUTS_A_CALL_MAX: usize = 260;
/// One turn.
const TURN: Duration = Duration::from_millis(20);

/// See [`super::rtp`].
pub fn run(data: &[u8]) {
    datagram(data);
    let mut script = Script(data);
    let mut line = Line::new(&mut script);
    for _ in 0..STEPS_MAX {
        if script.is_over() {
            break;
        }
        line.step(&mut script);
    }
    line.hang_up();
}

fn datagram(data: &[u8]) {
    if let Ok(view) = rtp::parse(data) {
        assert!(view.payload.len() + HEADER_BYTES <= data.len() && view.payload_type < 128);
    }
    for packet in rtcp::packets(data) {
        if let Packet::Report { blocks, .. } = packet {
            assert!(blocks.count() <= 31);
        }
    }
}

/// A caller's leg and another, on one clock.
struct Line {
    legs: [Leg; 2],
    now: Mono,
    turns: u64,
}

struct Leg {
    session: Session,
    seq: u16,
    timestamp: u32,
    plays: u64,
}

impl Line {
    fn new(script: &mut Script<'_>) -> Self {
        let now = Mono::from_nanos(5_000_000_000);
        let mut leg = |ssrc| Leg {
            session: Session::new(config(ssrc, script), now),
            seq: 0xFFFC,
            timestamp: u32::MAX - 400,
            plays: 0,
        };
        let mut legs = [leg(1), leg(2)];
        for leg in &mut legs {
            leg.session.negotiate(params(script), now);
        }
        Self { legs, now, turns: 0 }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let op = script.byte();
        let leg = usize::from(op >> 7);
        let now = self.now;
        match op % 16 {
            0..=4 => {
                let packet = self.legs[leg].crafted(script);
                self.legs[leg].session.handle_rtp(&packet, source(script), now);
            }
            5 => {
                let from = source(script);
                let length = usize::from(script.byte());
                self.legs[leg].session.handle_rtp(script.bytes(length), from, now);
            }
            6 => {
                let from = source(script);
                let packet = report(script);
                self.legs[leg].session.handle_rtcp(&packet, from, now);
            }
            7 => {
                let from = source(script);
                let length = usize::from(script.byte() % 128);
                self.legs[leg].session.handle_rtcp(script.bytes(length), from, now);
            }
            8..=10 => {
                for _ in 0..=script.byte() % 8 {
                    self.turn(TURN);
                }
            }
            11 => self.turn(Duration::from_millis(u64::from(script.short() % 6_000))),
            12 | 13 => {
                let command = self.legs[leg].command(script);
                self.legs[leg].session.command(command, now);
            }
            14 => self.legs[leg].session.negotiate(params(script), now),
            _ => self.legs.iter_mut().for_each(|leg| {
                leg.session.command(MediaCommand::Bridge(true), now);
            }),
        }
        self.carry();
    }

    fn turn(&mut self, by: Duration) {
        self.turns += 1 + u64::try_from(by.as_millis() / 100).unwrap_or(0);
        if self.turns > TURNS_MAX {
            return;
        }
        self.now = self.now + by;
        for leg in &mut self.legs {
            let mut sent = 0;
            leg.session.tick(self.now, &mut |port, to, packet| {
                sent += 1;
                check_sent(port, to, packet);
            });
            assert!(sent <= PACKETS_A_TURN_MAX, "{sent} packets in one turn");
        }
        self.carry();
    }

    /// Fetches what the legs have to say, and carries forwarded frames across.
    fn carry(&mut self) {
        for from in [0, 1] {
            let mut count = 0;
            while let Some(output) = self.legs[from].session.next_output() {
                count += 1;
                if let MediaOutput::Forward(frame) = output {
                    self.forward(&frame, 1 - from);
                }
            }
            assert!(count <= OUTPUTS_A_CALL_MAX, "{count} events of one call");
            let stats = self.legs[from].session.stats();
            assert!(stats.octets_sent <= stats.packets_sent * 960);
        }
    }

    fn forward(&mut self, frame: &ForwardFrame, to: usize) {
        let mut sent = 0;
        self.legs[to].session.forward(frame, self.now, &mut |port, to, packet| {
            sent += 1;
            assert_eq!(packet.len(), HEADER_BYTES + frame.payload().len());
            check_sent(port, to, packet);
        });
        assert!(sent <= 1);
    }

    fn hang_up(&mut self) {
        for leg in &mut self.legs {
            leg.session.command(MediaCommand::Close, self.now);
            for _ in 0..3 {
                self.now = self.now + TURN;
                leg.session.tick(self.now, &mut check_sent);
            }
            assert!(leg.session.is_closed());
            while leg.session.next_output().is_some() {}
        }
    }
}

impl Leg {
    /// A packet as a phone sends it, but for what the script changes; its sound repeats a few octets.
    fn crafted(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let flags = script.byte();
        if flags & 1 != 0 {
            self.seq = self.seq.wrapping_add_signed(i16::from(script.byte().cast_signed()) * 5);
        }
        if flags & 2 != 0 {
            let leap = i32::from(script.short().cast_signed()) * 16;
            self.timestamp = self.timestamp.wrapping_add_signed(leap);
        }
        let payload_type = script.pick(&[8, 0, 101, 13, 96, 8, 72]);
        let payload = if payload_type == 101 {
            [script.byte(), script.byte(), script.byte(), script.byte()].to_vec()
        } else {
            let length = script.pick(&[160_usize, 80, 240, 480, 0, 1, 959, 161]);
            let few = script.bytes(3);
            few.iter()
                .copied()
                .cycle()
                .take(if few.is_empty() { 0 } else { length })
                .collect()
        };
        let header = Header {
            payload_type,
            marker: flags & 4 != 0,
            seq: self.seq,
            timestamp: self.timestamp,
            ssrc: if flags & 8 != 0 { 0xFACE } else { 0xBEEF },
        };
        self.seq = self.seq.wrapping_add(1);
        if payload_type != 101 {
            self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
        }
        [&header.to_bytes(), payload.as_slice()].concat()
    }

    fn command(&mut self, script: &mut Script<'_>) -> MediaCommand {
        match script.byte() % 9 {
            0 | 1 => {
                self.plays += 1;
                let clips = clips();
                MediaCommand::Play {
                    id: PlayId(self.plays),
                    clips: (0..script.byte() % 4)
                        .map(|_| Arc::clone(&clips[usize::from(script.byte()) % 3]))
                        .collect(),
                    repeat: script.byte() % 2 == 1,
                }
            }
            2 => MediaCommand::StopPlaying,
            3 => MediaCommand::StartRecording {
                max: Duration::from_millis(u64::from(script.short())),
                stop_after_silence: match script.byte() {
                    0 => None,
                    n => Some(Duration::from_millis(u64::from(n) * 10)),
                },
            },
            4 => MediaCommand::StopRecording,
            5 => MediaCommand::SendDigits(
                (0..script.byte() % 5)
                    .filter_map(|_| Digit::from_event(script.byte() % 16))
                    .collect(),
            ),
            6 => MediaCommand::Bridge(script.byte().is_multiple_of(2)),
            7 => MediaCommand::WatchDead(script.byte().is_multiple_of(2)),
            _ => MediaCommand::Close,
        }
    }
}

/// A packet that leaves us is one that we would read.
fn check_sent(port: Destination, to: SocketAddr, packet: &[u8]) {
    assert!(to.port() != 0 && !to.ip().is_unspecified());
    if port == Destination::Rtp && !rtp::is_rtcp(packet) {
        assert!(rtp::parse(packet).is_ok());
    } else {
        assert!(rtcp::packets(packet).count() >= 2);
    }
}

fn config(ssrc: u32, script: &mut Script<'_>) -> SessionConfig {
    let bits = script.byte();
    SessionConfig {
        ssrc,
        first_seq: 0xFFFE,
        first_timestamp: u32::MAX - 100,
        dead_after: Duration::from_millis(u64::from(bits >> 4) * 200),
        inband_dtmf: bits & 1 == 0,
        idle: if bits & 2 == 0 {
            Idle::Silent
        } else {
            Idle::SilencePackets
        },
        signalling_ip: (bits & 4 != 0).then_some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))),
    }
}

fn params(script: &mut Script<'_>) -> AudioParams {
    let bits = script.byte();
    let law = if bits & 1 == 0 { Law::A } else { Law::Mu };
    AudioParams {
        remote_rtp: (bits & 0x0E != 0x0E).then(|| address(bits >> 1 & 3)),
        remote_rtcp: (bits & 0x10 == 0).then(|| address(3)),
        rtcp_mux: bits & 0x20 != 0,
        law,
        payload_type: if bits & 0xC0 == 0xC0 { 96 } else { law.payload_type() },
        dtmf_payload_type: (bits & 0x40 == 0).then_some(101),
        comfort_noise_payload_type: (bits & 0x80 == 0).then_some(13),
        ptime_ms: script.pick(&[20, 10, 30, 40, 50, 60]),
        direction: script.pick(&[
            Direction::SendRecv,
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ]),
    }
}

/// A report about our stream, with lies in it.
fn report(script: &mut Script<'_>) -> Vec<u8> {
    let mut packet = vec![0x81, script.pick(&[201, 200, 203]), 0, 7, 0, 0, 0xBE, 0xEF, 0, 0, 0, 1];
    packet.extend_from_slice(script.bytes(20));
    packet.resize(32, 0xFF);
    packet
}

fn source(script: &mut Script<'_>) -> SocketAddr {
    address(script.byte() & 3)
}

/// The phone, the same phone behind another port, a stranger, and the phone's RTCP.
fn address(which: u8) -> SocketAddr {
    let (ip, port) = match which {
        0 => ([192, 0, 2, 10], 4000),
        1 => ([192, 0, 2, 10], 4002),
        2 => ([192, 0, 2, 66], 4000),
        _ => ([192, 0, 2, 10], 4001),
    };
    SocketAddr::from((ip, port))
}

/// A few clips, made once: 50 ms, 30 ms and no sound at all.
fn clips() -> &'static [Arc<Clip>; 3] {
    static CLIPS: OnceLock<[Arc<Clip>; 3]> = OnceLock::new();
    CLIPS.get_or_init(|| {
        [
            Arc::new(Clip::new(Law::A, &[0x11; 400])),
            Arc::new(Clip::new(Law::Mu, &[0x22; 240])),
            Arc::new(Clip::new(Law::A, &[])),
        ]
    })
}
