//! The media workers of a [`World`]: the server's sessions, their turns of 20 ms, bridges, recordings and prompts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use yihao::call::LocalRtp;
use yihao::ivr::spoken::Piece;
use yihao::kernel::{MediaId, Mono, PlayId};
use yihao::media::{Clip, Destination, MediaCommand, MediaOutput, Session, SessionConfig};

use super::World;
use super::network::Kind;

const TICK: Duration = Duration::from_millis(20);

/// One of the server's sessions.
pub(super) struct ServerMedia {
    pub session: Session,
    pub rtp: SocketAddr,
    pub rtcp: SocketAddr,
    pub next_tick: Mono,
    pub peer: Option<MediaId>,
    pub recording: Option<(String, Vec<u8>)>,
}

impl World {
    /// RTP addresses of the server's open sessions.
    pub fn server_rtp(&self) -> Vec<SocketAddr> {
        self.media.values().map(|m| m.rtp).collect()
    }

    pub(super) fn server_sound(&mut self, kind: Kind, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let found = self
            .media
            .iter_mut()
            .find(|(_, m)| if kind == Kind::Rtp { m.rtp == to } else { m.rtcp == to });
        let Some((id, media)) = found else { return };
        let id = *id;
        match kind {
            Kind::Rtp => media.session.handle_rtp(bytes, from, self.now.mono),
            Kind::Rtcp | Kind::Sip => media.session.handle_rtcp(bytes, from, self.now.mono),
        }
        self.outputs_of(id);
    }

    pub(super) fn outputs_of(&mut self, id: MediaId) {
        while let Some(output) = self.media.get_mut(&id).and_then(|m| m.session.next_output()) {
            match output {
                MediaOutput::RecordingFrame(frame) => {
                    if let Some((_, bytes)) = self.media.get_mut(&id).and_then(|m| m.recording.as_mut()) {
                        bytes.extend_from_slice(&frame);
                    }
                }
                MediaOutput::Forward(frame) => {
                    let mut out = Vec::new();
                    if let Some(peer) = self
                        .media
                        .get(&id)
                        .and_then(|m| m.peer)
                        .and_then(|p| self.media.get_mut(&p))
                    {
                        let from = peer.rtp;
                        peer.session.forward(&frame, self.now.mono, &mut |_, to, bytes: &[u8]| {
                            out.push((from, to, bytes.to_vec()));
                        });
                    }
                    for (from, to, bytes) in out {
                        self.post(Kind::Rtp, from, to, &bytes);
                    }
                }
                other => self.exchange.heard(id, &other, self.now),
            }
        }
    }

    pub(super) fn tick_media(&mut self) {
        let now = self.now.mono;
        let due: Vec<MediaId> = self
            .media
            .iter()
            .filter(|(_, m)| m.next_tick <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let mut out = Vec::new();
            if let Some(media) = self.media.get_mut(&id) {
                media.next_tick = media.next_tick + TICK;
                let (rtp, rtcp) = (media.rtp, media.rtcp);
                media.session.tick(now, &mut |destination, to, bytes: &[u8]| {
                    out.push(match destination {
                        Destination::Rtp => (Kind::Rtp, rtp, to, bytes.to_vec()),
                        Destination::Rtcp => (Kind::Rtcp, rtcp, to, bytes.to_vec()),
                    });
                });
            }
            for (kind, from, to, bytes) in out {
                self.post(kind, from, to, &bytes);
            }
            self.outputs_of(id);
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
        self.media.insert(
            id,
            ServerMedia {
                session: Session::new(config, self.now.mono),
                rtp: SocketAddr::new(ip, port),
                rtcp: SocketAddr::new(ip, port + 1),
                next_tick: self.now.mono + TICK,
                peer: None,
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
        if let Some(media) = self.media.get_mut(&id) {
            media.session.command(
                MediaCommand::Play {
                    id: play,
                    clips,
                    repeat,
                },
                self.now.mono,
            );
        }
        self.outputs_of(id);
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
