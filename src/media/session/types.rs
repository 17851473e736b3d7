//! What goes into a session and comes out of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::ForwardFrame;
use crate::kernel::{Digit, PlayId};
use crate::media::FRAME_SAMPLES;
use crate::media::prompt::Clip;
use crate::media::recording::Why;

/// How one session behaves. The three numbers are random, drawn by whoever opens it (RFC 3550 §5.1).
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Our synchronisation source.
    pub ssrc: u32,
    /// Sequence number of our first packet.
    pub first_seq: u16,
    /// Timestamp of our first turn.
    pub first_timestamp: u32,
    /// Nothing heard for this long means dead media.
    pub dead_after: Duration,
    /// Listen for keys as tones where telephone events were not agreed on.
    pub inband_dtmf: bool,
    /// What is sent while nothing plays.
    pub idle: Idle,
    /// Where the far side's signalling comes from: with it, latching is stricter (see [`crate::media::latch`], rule 4).
    pub signalling_ip: Option<IpAddr>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            ssrc: 0,
            first_seq: 0,
            first_timestamp: 0,
            dead_after: Duration::from_secs(30),
            inband_dtmf: true,
            idle: Idle::Silent,
            signalling_ip: None,
        }
    }
}

/// What is sent while nothing plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idle {
    /// Nothing, but one packet of silence at the start and each 15 s (RFC 6263), which open the way through NAT and keep it open.
    #[default]
    Silent,
    /// Packets of silence without end, for far sides that take a missing stream for a dead call.
    SilencePackets,
}

/// Which of our two ports a packet leaves from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The RTP socket.
    Rtp,
    /// The RTCP socket.
    Rtcp,
}

/// What a session can be told.
#[derive(Clone, Debug)]
pub enum MediaCommand {
    /// Play clips without a seam, in place of what plays now (which then never reports its end). It stands still while the far
    /// side keeps us on hold.
    Play {
        /// Comes back with the end.
        id: PlayId,
        /// What to play; a pause is [`Clip::silence`].
        clips: Vec<Arc<Clip>>,
        /// Start over at the end, until stopped.
        repeat: bool,
    },
    /// Stop at once, without reporting an end.
    StopPlaying,
    /// Give a frame each turn from now on.
    StartRecording {
        /// Longest duration.
        max: Duration,
        /// Stop when nobody has spoken for this long.
        stop_after_silence: Option<Duration>,
    },
    /// Stop recording.
    StopRecording,
    /// Send keys: as telephone events, or as tones where those were not agreed on.
    SendDigits(Vec<Digit>),
    /// Hand received frames out for the other leg.
    Bridge(bool),
    /// Watch for dead media: to be armed at the answer, not before.
    WatchDead(bool),
    /// Say goodbye with the next turn, then be still.
    Close,
}

/// How a key was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitSource {
    /// Telephone event (RFC 4733).
    Rfc4733,
    /// Tone.
    Inband,
}

/// What a session has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaOutput {
    /// The last sample has had its time on the line.
    PlayFinished(PlayId),
    /// A key was pressed.
    Digit {
        /// Which.
        digit: Digit,
        /// How it was heard.
        source: DigitSource,
    },
    /// Nothing was heard for `dead_after`.
    Dead,
    /// Something is heard again, or the stream was negotiated anew.
    Alive,
    /// 20 ms of A-law: concealed, silence filled in, so that the recording is as long as the time it took.
    RecordingFrame([u8; FRAME_SAMPLES]),
    /// The recording ended; no frame follows.
    RecordingStopped(Why),
    /// For the other leg.
    Forward(ForwardFrame),
    /// A foreign source was turned away: told once for each negotiation, counted in [`QualityStats`].
    StrangerDropped,
}

/// Figures of one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QualityStats {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Payload octets sent.
    pub octets_sent: u64,
    /// RTP packets heard.
    pub packets_received: u64,
    /// Payload octets heard.
    pub octets_received: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub jitter_ms: u32,
    /// Round trip, once the far side has reported.
    pub round_trip: Option<Duration>,
    /// Our packets that the far side misses.
    pub remote_packets_lost: u64,
    /// Jitter that the far side sees.
    pub remote_jitter_ms: u32,
    /// Packets of foreign sources dropped.
    pub strangers_dropped: u64,
    /// Datagrams that were no RTP of an agreed type.
    pub ignored: u64,
    /// The source that is heard.
    pub source: Option<SocketAddr>,
}
