//! People in conversation, in virtual time: telephones that speak and listen around one switch.

mod company;
mod hour;
mod recording;
mod seams;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::kernel::{Direction, Law, PlayId};
use crate::media::rtp::{self, HEADER_BYTES, Header};
use crate::media::{Clip, g711, tone};

const CITIZEN: usize = 0;
const AGENT: usize = 1;
const THIRD: usize = 2;
const MS: u64 = 1_000_000;

/// What a telephone says: a tone, a count of its frames, or what a function of the time makes of it.
enum Voice {
    Still,
    Tone(f32),
    /// Each frame says its number, all 160 samples alike.
    Counting,
    /// Height of a buzz at a time.
    Of(fn(Mono) -> i16),
}

/// A telephone, and our session that talks to it.
struct Party {
    id: MediaId,
    params: AudioParams,
    voice: Voice,
    /// Its clock against ours: 1.0002 is 200 ppm fast.
    rate: f64,
    loss: f64,
    sent: u32,
    begun: Mono,
    next_packet: Mono,
    next_turn: Mono,
    /// Packets it got: when, and their bytes.
    got: Vec<(Mono, Vec<u8>)>,
}

struct Office {
    switch: Switch,
    parties: Vec<Party>,
    now: Mono,
    rng: SmallRng,
    news: News,
}

#[derive(Default)]
struct News {
    sent: Vec<(usize, Vec<u8>)>,
    told: Vec<(MediaId, MediaOutput)>,
    tapes: BTreeMap<MediaId, Vec<u8>>,
}

impl Outlet for News {
    fn send(&mut self, seat: Seat, port: Destination, _to: SocketAddr, packet: &[u8]) {
        if port == Destination::Rtp {
            self.sent.push((number(seat.id), packet.to_vec()));
        }
    }

    fn tell(&mut self, seat: Seat, output: MediaOutput) {
        self.told.push((seat.id, output));
    }

    fn record(&mut self, seat: Seat, samples: &[u8]) {
        self.tapes.entry(seat.id).or_default().extend(samples);
    }
}

fn number(id: MediaId) -> usize {
    id.0 as usize - 100
}

fn id(party: usize) -> MediaId {
    MediaId(100 + party as u64)
}

fn address(party: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10 + party as u8], 4_000))
}

fn params(party: usize, law: Law) -> AudioParams {
    AudioParams {
        remote_rtp: Some(address(party)),
        remote_rtcp: Some(SocketAddr::new(address(party).ip(), 4_001)),
        rtcp_mux: false,
        law,
        payload_type: if law == Law::A { 8 } else { 0 },
        dtmf_payload_type: Some(101),
        comfort_noise_payload_type: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

impl Office {
    /// An office of telephones with these voices, their turns and packets at different moments.
    fn of(voices: impl IntoIterator<Item = (Law, Voice)>) -> Self {
        let mut office = Self {
            switch: Switch::default(),
            parties: Vec::new(),
            now: Mono::from_nanos(7_000 * MS),
            rng: SmallRng::seed_from_u64(11),
            news: News::default(),
        };
        for (i, (law, voice)) in voices.into_iter().enumerate() {
            let config = SessionConfig {
                ssrc: 0x5EED_0000 + i as u32,
                first_seq: 65_000,
                first_timestamp: 77,
                dead_after: Duration::from_secs(10),
                ..SessionConfig::default()
            };
            assert_eq!(office.switch.open(id(i), config, office.now), Some(i as u32));
            let later = |ms: u64| office.now + Duration::from_millis(ms % 20);
            office.parties.push(Party {
                id: id(i),
                params: params(i, law),
                voice,
                rate: 1.0,
                loss: 0.0,
                sent: 0,
                begun: later(3 + 8 * i as u64),
                next_packet: later(3 + 8 * i as u64),
                next_turn: later(5 * i as u64),
                got: Vec::new(),
            });
            office.negotiate(i, params(i, law));
        }
        office
    }

    /// Citizen, agent and a third, each with a tone.
    fn of_three() -> Self {
        Self::of(TONES.map(|tone| (Law::A, Voice::Tone(tone))))
    }

    fn negotiate(&mut self, party: usize, params: AudioParams) {
        self.switch
            .negotiate(id(party), params.clone(), self.now, &mut self.news);
        self.parties[party].params = params;
    }

    fn command(&mut self, party: usize, command: MediaCommand) {
        self.switch.command(id(party), command, self.now, &mut self.news);
    }

    fn bridge(&mut self, a: usize, b: usize) {
        assert!(self.switch.bridge(id(a), id(b), self.now, &mut self.news));
    }

    fn unbridge(&mut self, party: usize) {
        self.switch.unbridge(id(party), self.now);
    }

    fn mix(&mut self, hearing: &[(usize, &[usize])]) {
        let lists: Vec<Vec<MediaId>> = hearing
            .iter()
            .map(|(_, h)| h.iter().map(|p| id(*p)).collect())
            .collect();
        let members: Vec<(MediaId, &[MediaId])> = hearing
            .iter()
            .zip(&lists)
            .map(|((p, _), list)| (id(*p), &list[..]))
            .collect();
        assert_eq!(self.switch.mix(&members, self.now), 0);
    }

    fn mix_all(&mut self) {
        self.mix(&[(0, &[1, 2]), (1, &[0, 2]), (2, &[0, 1])]);
    }

    fn play(&mut self, party: usize, frequency: f32, ms: u32) {
        let clip = Clip::from_linear(tone::tone(ms * 8, &[frequency], 8_000.0));
        self.command(
            party,
            MediaCommand::Play {
                id: PlayId(1),
                clips: vec![Arc::new(clip)],
                repeat: false,
            },
        );
    }

    /// Lets time pass.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let times = self.parties.iter().flat_map(|p| [p.next_packet, p.next_turn]);
            let next = times.min().unwrap();
            if next > end {
                break;
            }
            self.now = next;
            for i in 0..self.parties.len() {
                if self.parties[i].next_packet <= next {
                    self.speak(i);
                }
                if self.parties[i].next_turn <= next {
                    self.parties[i].next_turn = next + Duration::from_millis(20);
                    self.switch.tick(i as u32, next, &mut self.news);
                }
            }
            self.deliver();
        }
        self.now = end;
        self.deliver();
    }

    fn ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    /// Forgets what was heard so far.
    fn listen_anew(&mut self) {
        self.deliver();
        self.parties.iter_mut().for_each(|p| p.got.clear());
    }

    fn deliver(&mut self) {
        for (party, packet) in self.news.sent.drain(..) {
            self.parties[party].got.push((self.now, packet));
        }
    }

    fn speak(&mut self, i: usize) {
        let party = &mut self.parties[i];
        let lost = self.rng.random_bool(party.loss);
        let packet = party.packet();
        if let (Some(packet), false) = (packet, lost) {
            self.switch.receive(
                i as u32,
                Destination::Rtp,
                address(i),
                &packet,
                self.now,
                &mut self.news,
            );
        }
    }

    /// What a party heard since it last began to listen, in its true place by timestamp, holes as zeros.
    fn heard(&self, party: usize) -> Vec<i16> {
        let law = self.parties[party].params.law;
        let packets = self.audio(party);
        let Some(first) = packets.first().map(|(_, p)| p.timestamp) else {
            return Vec::new();
        };
        let mut sound = Vec::new();
        for (_, packet) in packets {
            let place = packet.timestamp.wrapping_sub(first) as usize;
            sound.resize(sound.len().max(place + packet.payload.len()), 0);
            for (sample, octet) in sound[place..].iter_mut().zip(packet.payload) {
                *sample = g711::decode(law, *octet);
            }
        }
        sound
    }

    fn audio(&self, party: usize) -> Vec<(Mono, rtp::RtpView<'_>)> {
        let got = self.parties[party].got.iter().filter(|(_, bytes)| !rtp::is_rtcp(bytes));
        let packets = got.map(|(at, bytes)| (*at, rtp::parse(bytes).unwrap()));
        packets.filter(|(_, p)| p.payload_type != 101).collect()
    }

    /// Which of the three tones a party hears, and how much of all it hears each is.
    fn shares(&self, party: usize) -> [f32; 3] {
        let sound = self.heard(party);
        TONES.map(|tone| {
            if sound.is_empty() {
                0.0
            } else {
                tone::share(&sound, tone)
            }
        })
    }

    fn hears(&self, party: usize) -> [bool; 3] {
        self.shares(party).map(|share| share > 0.15)
    }

    fn tape(&self, party: usize) -> &[u8] {
        self.news.tapes.get(&id(party)).map_or(&[], Vec::as_slice)
    }

    /// Both channels of a part of a tape.
    fn channels(&self, party: usize, from_ms: usize, to_ms: usize) -> [Vec<i16>; 2] {
        let part = &self.tape(party)[from_ms * 16..to_ms * 16];
        [0, 1].map(|side| {
            part[side..]
                .iter()
                .step_by(2)
                .map(|o| g711::decode(Law::A, *o))
                .collect()
        })
    }

    /// How long a tape is; a turn at either end may belong to it or not.
    fn assert_length(&self, party: usize, ms: usize) {
        let length_ms = self.tape(party).len() / 16;
        assert!(
            (ms - 20..=ms + 20).contains(&length_ms),
            "{length_ms} ms instead of {ms}"
        );
    }

    /// Deaths and returns that were told.
    fn deaths(&self) -> Vec<(MediaId, MediaOutput)> {
        let is_death = |(_, o): &&(MediaId, MediaOutput)| matches!(o, MediaOutput::Dead | MediaOutput::Alive);
        self.news.told.iter().filter(is_death).cloned().collect()
    }
}

/// Their voices; whole cycles in a frame.
const TONES: [f32; 3] = [400.0, 650.0, 1_000.0];

impl Party {
    /// Its next packet, of 20 ms, and when the one after it is due; `None` if it is still.
    fn packet(&mut self) -> Option<Vec<u8>> {
        let n = self.sent;
        self.sent += 1;
        let nanos = f64::from(self.sent) * 20.0e6 / self.rate;
        self.next_packet = self.begun + Duration::from_nanos(nanos as u64);
        let octet = |sample: i16| g711::encode(self.params.law, sample);
        let payload: Vec<u8> = match &self.voice {
            Voice::Still => return None,
            Voice::Tone(frequency) => (0..160)
                .map(|i| octet(tone::sample(n * 160 + i, &[*frequency], 6_000.0)))
                .collect(),
            Voice::Counting => vec![count_octet(n); 160],
            Voice::Of(height) => {
                let height_at = |ms: u32| {
                    let spoken = f64::from(n * 20 + ms) * 1.0e6 / self.rate;
                    let height = height(self.begun + Duration::from_nanos(spoken as u64));
                    [octet(height), octet(-height)]
                };
                let buzz = (0..20).flat_map(|ms| {
                    let [up, down] = height_at(ms);
                    (0..8).map(move |i| if (n * 160 + ms * 8 + i) % 26 < 13 { up } else { down })
                });
                buzz.collect()
            }
        };
        let header = Header {
            payload_type: self.params.payload_type,
            marker: n == 0,
            seq: n as u16,
            timestamp: n.wrapping_mul(160),
            ssrc: 0xABC0 + number(self.id) as u32,
        };
        let mut packet = vec![0; HEADER_BYTES + 160];
        header.write(&mut packet)?.copy_from_slice(&payload);
        Some(packet)
    }
}

/// Loud octets, 60 of them one after the other.
fn count_octet(n: u32) -> u8 {
    (0x80 | (64 + n % 60) as u8) ^ 0x55
}
