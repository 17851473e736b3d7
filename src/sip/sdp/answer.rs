//! Offers and answers (RFC 3264).

use std::net::IpAddr;

use super::body::Sdp;
use crate::kernel::audio::{AudioParams, Direction, Law};

/// Our side of one audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalAudio {
    /// Where we expect media.
    pub address: IpAddr,
    /// Our RTP port.
    pub rtp_port: u16,
    /// Our RTCP port.
    pub rtcp_port: u16,
    /// `o=` session identifier; the same for the whole call.
    pub session_id: u64,
    /// `o=` version; raised by one with each change
    pub session_version: u64,
    /// Codecs we take, best first.
    pub laws: Vec<Law>,
    /// Whether we take `telephone-event/8000`.
    pub dtmf: bool,
    /// Packet time that we would like, milliseconds.
    pub ptime_ms: u16,
    /// Direction as we want to live it.
    pub direction: Direction,
}

/// Why an offer or answer yields no audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAcceptable {
    /// No audio stream in it.
    #[error("no audio stream")]
    NoAudio,
    /// Audio only by a profile that we do not speak (SRTP).
    #[error("no plain RTP audio")]
    Profile,
    /// No G.711 among the codecs.
    #[error("no common codec")]
    NoCommonCodec,
    /// An address or port that nothing can be sent to.
    #[error("unusable address")]
    Address,
    /// The far side has refused the stream.
    #[error("audio refused")]
    Refused,
}

/// Our offer.
pub fn offer(_local: &LocalAudio) -> Sdp {
    Sdp::default()
}

/// Our answer to an offer.
///
/// # Errors
/// See [`NotAcceptable`]; the request is then answered 488.
pub fn answer(_offer: &Sdp, _local: &LocalAudio) -> Result<(Sdp, AudioParams), NotAcceptable> {
    Err(NotAcceptable::NoAudio)
}

/// What the answer to our offer means.
///
/// # Errors
/// See [`NotAcceptable`].
pub fn accept_answer(_ours: &Sdp, _answer: &Sdp) -> Result<AudioParams, NotAcceptable> {
    Err(NotAcceptable::NoAudio)
}
