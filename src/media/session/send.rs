//! The sending half: the turn's packet out of keys, prompt, mix or silence. The one place where our sequence numbers and timestamps
//! are made.

use std::net::SocketAddr;
use std::time::Duration;

use super::forward::Relay;
use super::{Destination, Idle, MediaOutput, Session, SessionConfig};
use crate::kernel::{Law, Mono};
use crate::media::dtmf::{self, EventPacket, EventSlot, KEY_TICKS};
use crate::media::mixer::Sound;
use crate::media::rtp::{HEADER_BYTES, Header, timestamp_ahead};
use crate::media::{FRAME, FRAME_SAMPLES, g711, tone};

const FRAME_STEP: u32 = FRAME_SAMPLES as u32;
/// Longest packet of ours, samples (60 ms).
const PACKET_MAX: usize = 480;
/// Turns that a stuck wheel may make up for one by one; beyond them the stream leaps.
const LAG_MAX: u64 = 5;
/// Silence between packets that keep the way through NAT open (RFC 6263 §4.6 names 15 s).
const KEEP_OPEN: Duration = Duration::from_secs(15);
/// Height of each of a key's two tones: −9 dB of full scale.
const TONE_AMPLITUDE: f32 = 8_000.0;

/// Numbers and times of our stream.
#[derive(Debug)]
pub(super) struct Transmitter {
    ssrc: u32,
    pub(super) next_seq: u16,
    /// Timestamp of the running turn: goes on with real time, sound or not.
    clock: u32,
    /// Timestamp after the last sample sent.
    pub(super) end: u32,
    /// The last turn sent sound: the next packet is no talkspurt's first.
    talking: bool,
    /// Samples that may be sent by now, for packets longer or shorter than a turn.
    owed: u32,
    /// The last sound of ours was a mix: the conversation goes on where a bridge follows.
    pub(super) conversing: bool,
    event_timestamp: u32,
    start: Option<Mono>,
    turns: u64,
    packets: u32,
    octets: u32,
    last: Option<(SocketAddr, Mono)>,
    pub(super) relay: Option<Relay>,
}

impl Transmitter {
    pub(super) fn new(config: &SessionConfig) -> Self {
        Self {
            ssrc: config.ssrc,
            next_seq: config.first_seq,
            clock: config.first_timestamp,
            end: config.first_timestamp,
            talking: false,
            owed: 0,
            conversing: false,
            event_timestamp: 0,
            start: None,
            turns: 0,
            packets: 0,
            octets: 0,
            last: None,
            relay: None,
        }
    }

    pub(super) fn packets(&self) -> u32 {
        self.packets
    }

    pub(super) fn octets(&self) -> u32 {
        self.octets
    }

    pub(super) fn clock(&self) -> u32 {
        self.clock
    }

    /// Moves the clock on. Gives how many turns have passed, more than one after a leap; `None` if this call is one too many.
    pub(super) fn turn(&mut self, now: Mono) -> Option<u32> {
        let Some(start) = self.start else {
            self.start = Some(now);
            self.turns = 1;
            return Some(1);
        };
        let due = u64::try_from(now.since(start).as_nanos() / FRAME.as_nanos()).unwrap_or(u64::MAX);
        if self.turns > due.saturating_add(1) {
            return None;
        }
        let leap = if due.saturating_sub(self.turns) > LAG_MAX {
            due - self.turns
        } else {
            0
        };
        if leap > 0 {
            self.talking = false;
        }
        let passed = u32::try_from(leap).unwrap_or(u32::MAX).saturating_add(1);
        self.turns += u64::from(passed);
        self.clock = self.clock.wrapping_add(passed.wrapping_mul(FRAME_STEP));
        Some(passed)
    }

    /// The earliest timestamp that sound beginning now can have.
    pub(super) fn start_of_sound(&self) -> u32 {
        if timestamp_ahead(self.end, self.clock) > 0 {
            self.end
        } else {
            self.clock
        }
    }

    /// Counts a packet and sends it.
    pub(super) fn emit(
        &mut self,
        header: Header,
        packet: &[u8],
        to: SocketAddr,
        now: Mono,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
    ) {
        if crate::media::rtp::seq_ahead(header.seq, self.next_seq) >= 0 {
            self.next_seq = header.seq.wrapping_add(1);
        }
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add((packet.len() - HEADER_BYTES) as u32);
        self.last = Some((to, now));
        out(Destination::Rtp, to, packet);
    }

    pub(super) fn header(&self, payload_type: u8, timestamp: u32) -> Header {
        Header {
            payload_type,
            marker: false,
            seq: self.next_seq,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    /// Whether the far side has heard something within two turns.
    pub(super) fn is_fresh(&self, now: Mono) -> bool {
        self.last.is_some_and(|(_, at)| now.since(at) < 2 * FRAME)
    }

    fn silent_since_start_or_long(&self, to: SocketAddr, now: Mono) -> bool {
        self.last
            .is_none_or(|(before, at)| before != to || now.since(at) >= KEEP_OPEN)
    }
}

/// The way of one turn's packets.
struct Way {
    to: SocketAddr,
    now: Mono,
    law: Law,
    payload_type: u8,
    samples: u32,
}

impl Session {
    /// Sends the turn's sound: keys before prompts before the mix before silence.
    pub(super) fn send_sound(
        &mut self,
        mixed: Sound<'_>,
        now: Mono,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
    ) {
        self.finish_playing();
        let Some(way) = self.way(now) else {
            self.transmitter.talking = false;
            return;
        };
        if self.keys.is_some() {
            self.send_key(&way, out);
        } else if self.playlist.is_some() {
            self.send_prompt(&way, out);
        } else if mixed != Sound::Nothing {
            self.send_mixed(mixed, now, out);
        } else {
            self.send_idle(&way, out);
        }
    }

    /// One frame of a mix, in a packet of its own whatever length the far side would like: nothing waits for its rest.
    pub(super) fn send_mixed(
        &mut self,
        mixed: Sound<'_>,
        now: Mono,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
    ) {
        let Some(way) = self.way(now) else { return };
        let way = Way {
            samples: FRAME_STEP,
            ..way
        };
        self.transmitter.go_on_from_the_bridge(now);
        self.transmitter.be_owed(FRAME_STEP);
        self.transmitter
            .send_audio(&way, out, |sound| sound.copy_from_slice(&mixed.octets(way.law)));
        self.transmitter.conversing = true;
    }

    fn way(&self, now: Mono) -> Option<Way> {
        let (to, params) = self.remote().zip(self.params.as_ref())?;
        Some(Way {
            to,
            now,
            law: params.law,
            payload_type: params.payload_type,
            samples: packet_samples(params.ptime_ms),
        })
    }

    /// Whether this leg has sound of its own to send, before which a bridge stands back.
    pub(super) fn is_speaking(&self) -> bool {
        self.keys.is_some() || self.playlist.is_some()
    }

    /// The end is told when the last sample has had its time, so that a hang-up cuts nothing off.
    fn finish_playing(&mut self) {
        let over = timestamp_ahead(self.transmitter.end, self.transmitter.clock) <= 0;
        if let Some(list) = self.playlist.take_if(|list| list.is_finished() && over) {
            self.transmitter.talking = false;
            self.tell(MediaOutput::PlayFinished(list.id()));
        }
    }

    fn send_prompt(&mut self, way: &Way, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        self.transmitter.be_owed(way.samples);
        while self.transmitter.owed >= way.samples {
            let Some(list) = self.playlist.as_mut().filter(|list| !list.is_finished()) else {
                return;
            };
            self.transmitter.send_audio(way, out, |sound| list.read(way.law, sound));
        }
    }

    fn send_idle(&mut self, way: &Way, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        let silence = g711::silence(way.law);
        match self.config.idle {
            Idle::SilencePackets if !self.bridged => {
                self.transmitter.be_owed(way.samples);
                while self.transmitter.owed >= way.samples {
                    self.transmitter.send_audio(way, out, |sound| sound.fill(silence));
                }
            }
            Idle::SilencePackets | Idle::Silent => {
                self.transmitter.talking = false;
                if self.transmitter.silent_since_start_or_long(way.to, way.now) {
                    self.transmitter.be_owed(way.samples);
                    self.transmitter.send_audio(way, out, |sound| sound.fill(silence));
                    self.transmitter.talking = false;
                }
            }
        }
    }

    fn send_key(&mut self, way: &Way, out: &mut impl FnMut(Destination, SocketAddr, &[u8])) {
        let events = self.params.as_ref().and_then(|p| p.dtmf_payload_type);
        let Some(keys) = &mut self.keys else { return };
        match events {
            Some(payload_type) => match keys.step() {
                Some(EventSlot::Packet(packet)) => self.transmitter.send_event(way, payload_type, packet, out),
                Some(EventSlot::Pause) => {}
                None => self.keys = None,
            },
            None => match keys.current() {
                Some((digit, tick)) => {
                    keys.advance();
                    self.transmitter
                        .send_key_tone(way, (tick < KEY_TICKS).then_some((digit, tick)), out);
                }
                None => self.keys = None,
            },
        }
    }
}

impl Transmitter {
    /// If the far side has just heard another leg's packets, what follows goes on where they ended, as one stream. Their
    /// sender's clock was followed; after an hour it may be a second away from ours.
    fn go_on_from_the_bridge(&mut self, now: Mono) {
        if self.relay.is_some() && self.is_fresh(now) {
            self.clock = self.end;
            self.talking = true;
            self.owed = 0;
        }
    }

    /// One turn more of sound is due; a talkspurt's first packet goes at once, whatever its length. Turns in which there was
    /// nothing left to send, or longer packets, must not be made up for in one burst: then a new talkspurt begins.
    fn be_owed(&mut self, packet: u32) {
        let owed = self.owed.saturating_add(FRAME_STEP);
        self.talking &= owed <= packet + FRAME_STEP;
        if self.talking {
            self.owed = owed;
        } else {
            self.owed = packet;
            self.end = self.start_of_sound();
        }
    }

    fn send_audio(
        &mut self,
        way: &Way,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
        fill: impl FnOnce(&mut [u8]),
    ) {
        let mut buffer = [0; HEADER_BYTES + PACKET_MAX];
        let packet = &mut buffer[..HEADER_BYTES + way.samples as usize];
        let header = Header {
            marker: !self.talking,
            ..self.header(way.payload_type, self.end)
        };
        if let Some(sound) = header.write(packet) {
            fill(sound);
        }
        self.emit(header, packet, way.to, way.now, out);
        self.end = self.end.wrapping_add(way.samples);
        self.owed = self.owed.saturating_sub(way.samples);
        self.talking = true;
        self.conversing = false;
        self.relay = None;
    }

    fn send_event(
        &mut self,
        way: &Way,
        payload_type: u8,
        event: EventPacket,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
    ) {
        if event.first {
            self.event_timestamp = self.start_of_sound();
        }
        let mut packet = [0; HEADER_BYTES + dtmf::EVENT_BYTES];
        let header = Header {
            marker: event.first,
            ..self.header(payload_type, self.event_timestamp)
        };
        if let Some(payload) = header.write(&mut packet) {
            payload.copy_from_slice(&event.payload);
        }
        self.emit(header, &packet, way.to, way.now, out);
        self.talking = false;
        self.relay = None;
    }

    fn send_key_tone(
        &mut self,
        way: &Way,
        key: Option<(crate::kernel::Digit, u16)>,
        out: &mut impl FnMut(Destination, SocketAddr, &[u8]),
    ) {
        self.be_owed(FRAME_STEP);
        let turn = Way {
            samples: FRAME_STEP,
            ..*way
        };
        self.send_audio(&turn, out, |sound| match key {
            Some((digit, tick)) => {
                let tones = dtmf::frequencies(digit);
                for (octet, at) in sound.iter_mut().zip(u32::from(tick) * FRAME_STEP..) {
                    *octet = g711::encode(way.law, tone::sample(at, &tones, TONE_AMPLITUDE));
                }
            }
            None => sound.fill(g711::silence(way.law)),
        });
    }
}

/// Samples in a packet of the length that the far side asked for; odd wishes get 20 ms.
fn packet_samples(ptime_ms: u16) -> u32 {
    match ptime_ms {
        10 | 30 | 40 | 60 => u32::from(ptime_ms) * 8,
        _ => FRAME_STEP,
    }
}
