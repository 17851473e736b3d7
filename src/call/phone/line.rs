//! One call of a telephone: its dialog, what was agreed about sound, and its sound. Knows no script.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore;
use rand::rngs::StdRng;

use crate::kernel::{AudioParams, Direction, LegId, Mono, PlayId};
use crate::media::tone::tone;
use crate::media::{Clip, Destination, MediaCommand, Session, SessionConfig};
use crate::sip::message::Uri;
use crate::sip::sdp::{LocalAudio, Sdp};

use super::{LocalRtp, PhoneCommand, PhoneConfig};

/// Wheel of the telephone's sound.
const TICK: Duration = Duration::from_millis(20);
/// How loud its owner hums; 32,767 is full scale. Three at once do not clip.
const LOUDNESS: f32 = 8_000.0;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ours, not answered.
    Calling,
    /// Theirs, not answered.
    Ringing,
    /// Answered.
    Talking,
}

/// One call.
pub(super) struct Line {
    /// Its number on this telephone, from 1.
    pub number: u32,
    /// Its dialog.
    pub leg: LegId,
    /// Who is at the other end.
    pub peer: Uri,
    /// How far it has come.
    pub state: State,
    /// Our ports.
    pub rtp: LocalRtp,
    /// Its sound.
    pub session: Session,
    /// The next turn of the sound's wheel; runs as soon as something is agreed.
    pub next_tick: Option<Mono>,
    /// When it is answered by itself.
    pub answer_at: Option<Mono>,
    /// Our last offer.
    pub our_sdp: Option<Sdp>,
    /// Their first offer.
    pub offer: Option<Sdp>,
    /// We hold them.
    pub held: bool,
    /// What is being said.
    pub speaking: Option<PlayId>,
    sdp_session: u64,
    sdp_version: u64,
}

impl Line {
    /// A call at its beginning.
    pub(super) fn new(
        number: u32,
        (leg, peer): (LegId, Uri),
        state: State,
        rtp: LocalRtp,
        rng: &mut StdRng,
        now: Mono,
    ) -> Self {
        let config = SessionConfig {
            ssrc: rng.next_u32(),
            first_seq: rng.next_u32() as u16,
            first_timestamp: rng.next_u32(),
            ..SessionConfig::default()
        };
        Self {
            number,
            leg,
            peer,
            state,
            rtp,
            session: Session::new(config, now),
            next_tick: None,
            answer_at: None,
            our_sdp: None,
            offer: None,
            held: false,
            speaking: None,
            sdp_session: rng.next_u64() >> 2,
            sdp_version: 1,
        }
    }

    pub(super) fn is_ringing(&self) -> bool {
        self.state == State::Ringing
    }

    pub(super) fn is_talking(&self) -> bool {
        self.state == State::Talking
    }

    /// Our side of the stream.
    pub(super) fn audio(&self, config: &PhoneConfig, direction: Direction) -> LocalAudio {
        LocalAudio {
            address: self.rtp.address,
            rtp_port: self.rtp.rtp_port,
            rtcp_port: self.rtp.rtcp_port,
            session_id: self.sdp_session,
            session_version: self.sdp_version,
            laws: config.laws.clone(),
            dtmf: config.dtmf,
            ptime_ms: 20,
            direction,
        }
    }

    /// The same, changed.
    pub(super) fn next_audio(
        &mut self,
        config: &PhoneConfig,
        direction: Direction,
        address: Option<IpAddr>,
    ) -> LocalAudio {
        self.sdp_version += 1;
        let mut audio = self.audio(config, direction);
        audio.address = address.unwrap_or(audio.address);
        audio
    }

    /// Sound was agreed on. From now on everything is heard.
    pub(super) fn start_sound(&mut self, params: AudioParams, now: Mono) {
        self.session.negotiate(params, now);
        if self.next_tick.is_none() {
            self.next_tick = Some(now);
            let forever = Duration::from_secs(24 * 3600);
            let record = MediaCommand::StartRecording {
                max: forever,
                stop_after_silence: None,
            };
            self.session.command(record, now);
        }
    }

    /// Says something.
    pub(super) fn play(&mut self, id: PlayId, clip: Arc<Clip>, now: Mono) {
        self.speaking = Some(id);
        let clips = vec![clip];
        let repeat = false;
        self.session.command(MediaCommand::Play { id, clips, repeat }, now);
    }

    /// Its owner hums, where he hums at all, unless he holds the other side.
    pub(super) fn hum(&mut self, hz: Option<f64>, now: Mono) {
        let Some(hz) = hz.filter(|_| self.state == State::Talking && self.speaking.is_none()) else {
            return;
        };
        if self.held {
            return self.session.command(MediaCommand::StopPlaying, now);
        }
        let clip = Arc::new(Clip::from_linear(tone(8_000, &[hz as f32], LOUDNESS)));
        let play = MediaCommand::Play {
            id: PlayId(0),
            clips: vec![clip],
            repeat: true,
        };
        self.session.command(play, now);
    }

    /// A turn of the wheel, if it is due.
    pub(super) fn tick(&mut self, now: Mono, out: &mut VecDeque<PhoneCommand>) {
        let Some(at) = self.next_tick.filter(|at| *at <= now) else {
            return;
        };
        self.next_tick = Some(at + TICK);
        let LocalRtp {
            rtp_port, rtcp_port, ..
        } = self.rtp;
        self.session.tick(now, &mut |destination, to, packet: &[u8]| {
            let packet = packet.to_vec();
            out.push_back(match destination {
                Destination::Rtp => PhoneCommand::Rtp {
                    from: rtp_port,
                    to,
                    packet,
                },
                Destination::Rtcp => PhoneCommand::Rtcp {
                    from: rtcp_port,
                    to,
                    packet,
                },
            });
        });
    }
}
