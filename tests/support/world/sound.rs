//! The media workers of a [`World`]: the server's sessions, their turns of 20 ms, bridges, recordings and prompts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use yihao::call::{Command, LocalRtp, Recorded};
use yihao::ivr::spoken::Piece;
use yihao::kernel::{MediaId, Mono, PlayId};
use yihao::media::{Clip, Destination, MediaCommand, MediaOutput, Outlet, Seat, SessionConfig};

use super::World;
use super::network::Kind;

const TICK: Duration = Duration::from_millis(20);

/// One of the server's sessions, as the world sees it; the session itself is in the world's switch.
pub(super) struct ServerMedia {
    pub rtp: SocketAddr,
    pub rtcp: SocketAddr,
    pub next_tick: Mono,
    place: u32,
    recording: Option<Tape>,
}

/// A file that is being filled.
struct Tape {
    file: String,
    channels: u64,
    bytes: Vec<u8>,
}

/// What a switch gave away in one go.
#[derive(Default)]
struct News {
    sent: Vec<(MediaId, Destination, SocketAddr, Vec<u8>)>,
    told: Vec<(MediaId, MediaOutput)>,
    recorded: Vec<(MediaId, Vec<u8>)>,
}

impl Outlet for News {
    fn send(&mut self, seat: Seat, port: Destination, to: SocketAddr, packet: &[u8]) {
        self.sent.push((seat.id, port, to, packet.to_vec()));
    }

    fn tell(&mut self, seat: Seat, output: MediaOutput) {
        self.told.push((seat.id, output));
    }

    fn record(&mut self, seat: Seat, samples: &[u8]) {
        self.recorded.push((seat.id, samples.to_vec()));
    }
}

impl World {
    /// RTP addresses of the server's open sessions.
    pub fn server_rtp(&self) -> Vec<SocketAddr> {
        self.media.values().map(|m| m.rtp).collect()
    }

    /// What the citizen said and what people said to him, of the finished recording of a call; A-law.
    pub fn both_sides(&self, file: &str) -> [Vec<u8>; 2] {
        let bytes = &self.recordings[file];
        [0, 1].map(|side| bytes.iter().skip(side).step_by(2).copied().collect())
    }

    pub(super) fn server_sound(&mut self, kind: Kind, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let port = match kind {
            Kind::Rtp => Destination::Rtp,
            Kind::Rtcp | Kind::Sip => Destination::Rtcp,
        };
        let is_its = |m: &&ServerMedia| if kind == Kind::Rtp { m.rtp == to } else { m.rtcp == to };
        if let Some(place) = self.media.values().find(is_its).map(|m| m.place) {
            let mut news = News::default();
            self.switch.receive(place, port, from, bytes, self.now.mono, &mut news);
            self.spread(news);
        }
    }

    /// Carries away what the switch gave.
    fn spread(&mut self, news: News) {
        for (id, samples) in news.recorded {
            let tape = self.media.get_mut(&id).and_then(|m| m.recording.as_mut());
            if let Some(tape) = tape.filter(|tape| tape.channels * 160 == samples.len() as u64) {
                tape.bytes.extend(samples);
            }
        }
        for (id, port, to, bytes) in news.sent {
            let Some(media) = self.media.get(&id) else { continue };
            match port {
                Destination::Rtp => self.post(Kind::Rtp, media.rtp, to, &bytes),
                Destination::Rtcp => self.post(Kind::Rtcp, media.rtcp, to, &bytes),
            }
        }
        for (id, output) in news.told {
            self.exchange.heard(id, &output, self.now);
        }
    }

    pub(super) fn tick_media(&mut self) {
        let now = self.now.mono;
        let mut due = Vec::new();
        for media in self.media.values_mut().filter(|m| m.next_tick <= now) {
            media.next_tick = media.next_tick + TICK;
            due.push(media.place);
        }
        for place in due {
            let mut news = News::default();
            self.switch.tick(place, now, &mut news);
            self.spread(news);
        }
    }

    /// The commands that concern sound.
    pub(super) fn carry_out_sound(&mut self, command: Command) {
        let now = self.now.mono;
        let mut news = News::default();
        match command {
            Command::Negotiate { id, params } => self.switch.negotiate(id, *params, now, &mut news),
            Command::Media { id, command } => self.switch.command(id, command, now, &mut news),
            Command::Bridge { a, b } => drop(self.switch.bridge(a, b, now, &mut news)),
            Command::Unbridge { id } => self.switch.unbridge(id, now),
            Command::Mix { members } => {
                let members: Vec<_> = members.iter().map(|m| (m.id, &m.hears[..])).collect();
                self.switch.mix(&members, now);
            }
            Command::RecordCall { id, file, max } => {
                self.fill(id, file, 2);
                self.switch.record_call(id, max, now);
            }
            Command::MaskRecording { id, on } => self.switch.mask(id, on),
            Command::StartRecording { id, file, max, silence } => {
                self.fill(id, file, 1);
                let command = MediaCommand::StartRecording {
                    max,
                    stop_after_silence: silence,
                };
                self.switch.command(id, command, now, &mut news);
            }
            Command::FinishRecording { id } => {
                self.switch.end_record(id, now);
                self.finish_recording(id);
            }
            Command::CloseMedia { id } => {
                let stats = self.switch.stats(id);
                self.switch.farewell(id, now, &mut news);
                self.switch.remove(id, now);
                self.spread(std::mem::take(&mut news));
                // A file that is still open is complete with the end of its sound.
                self.finish_recording(id);
                if let (Some(_), Some(stats)) = (self.media.remove(&id), stats) {
                    self.exchange.media_closed(id, &stats, self.now);
                }
            }
            other => panic!("{other:?} is no command for the sound"),
        }
        self.spread(news);
    }

    fn fill(&mut self, id: MediaId, file: String, channels: u64) {
        if let Some(media) = self.media.get_mut(&id) {
            media.recording = Some(Tape {
                file,
                channels,
                bytes: Vec::new(),
            });
        }
    }

    fn finish_recording(&mut self, id: MediaId) {
        let tape = self.media.get_mut(&id).and_then(|m| m.recording.take());
        if let Some(tape) = tape {
            let recorded = Recorded {
                duration_ms: tape.bytes.len() as u64 / 8 / tape.channels,
                sha256: "0".repeat(64),
                cut_short: None,
            };
            self.recordings.insert(tape.file, tape.bytes);
            self.exchange.recorded(id, &recorded, self.now);
        }
    }

    pub(super) fn open_media(&mut self, id: MediaId, ip: IpAddr, signalling: IpAddr) -> LocalRtp {
        let port = self.next_port;
        self.next_port += 2;
        let config = SessionConfig {
            ssrc: self.rng.random(),
            signalling_ip: Some(signalling),
            ..SessionConfig::default()
        };
        let place = self.switch.open(id, config, self.now.mono);
        self.media.insert(
            id,
            ServerMedia {
                place: place.expect("each session has a name of its own"),
                rtp: SocketAddr::new(ip, port),
                rtcp: SocketAddr::new(ip, port + 1),
                next_tick: self.now.mono + TICK,
                recording: None,
            },
        );
        LocalRtp {
            address: ip,
            rtp_port: port,
            rtcp_port: port + 1,
        }
    }

    pub(super) fn play(&mut self, id: MediaId, play: PlayId, pieces: &[Piece], repeat: bool) {
        self.played.extend(pieces.iter().cloned());
        let clips = pieces.iter().map(|piece| self.clip(piece)).collect();
        let command = MediaCommand::Play {
            id: play,
            clips,
            repeat,
        };
        self.carry_out_sound(Command::Media { id, command });
    }

    /// The test's own sound of a piece: a tone for prompts with a name that says so, a second of 300 Hz for others.
    fn clip(&self, piece: &Piece) -> Arc<Clip> {
        match piece {
            Piece::Pause(ms) => Arc::new(Clip::silence(Duration::from_millis(u64::from(*ms)))),
            Piece::Prompt(name) | Piece::File(name) | Piece::Text(name) => self
                .clips
                .get(name.as_str())
                .or_else(|| self.clips.get(""))
                .cloned()
                .unwrap(),
        }
    }
}
