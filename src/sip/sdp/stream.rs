//! What the far side says about one audio stream: address, codecs, keys, direction. Decides nothing about our side.

use std::net::{IpAddr, SocketAddr};

use super::body::{Attributes, Media, Sdp};
use crate::kernel::audio::{Direction, Law};

/// Packet time when nobody says another (RFC 3551 §4.5), milliseconds.
const PTIME_DEFAULT_MS: u16 = 20;
/// Range of packet times that we send, milliseconds.
const PTIME_RANGE_MS: (u16, u16) = (10, 60);
/// Static payload type of comfort noise (RFC 3389 §4).
const COMFORT_NOISE: u8 = 13;

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
    /// An address that nothing can be sent to.
    #[error("unusable address")]
    Address,
    /// The far side has refused the stream.
    #[error("audio refused")]
    Refused,
}

/// One audio stream as the far side described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// `None`: held the old way, `c=0.0.0.0`.
    pub(super) rtp: Option<SocketAddr>,
    pub(super) rtcp: Option<SocketAddr>,
    pub(super) rtcp_mux: bool,
    pub(super) codecs: Codecs,
    pub(super) ptime_ms: u16,
    /// As the far side lives it.
    pub(super) direction: Direction,
}

/// The payload types of a stream that we understand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Codecs {
    /// In the order of the `m=` line.
    pub(super) laws: Vec<(u8, Law)>,
    pub(super) dtmf: Option<u8>,
    pub(super) comfort_noise: Option<u8>,
}

/// Where the far side expects the sound of its first audio stream, before anything is agreed. `None` if it does not say,
/// or holds the old way.
pub fn audio_address(sdp: &Sdp) -> Option<IpAddr> {
    let audio = sdp
        .media
        .iter()
        .find(|m| m.port != 0 && m.kind.eq_ignore_ascii_case("audio"))?;
    let connection = audio.connection.as_ref().or(sdp.connection.as_ref())?;
    connection.ip().filter(|ip| !ip.is_unspecified())
}

impl Stream {
    /// Reads an `m=` line of `sdp`. `ours` tells the address family that we can send from; `mux_allowed`, whether
    /// RTCP may share the RTP port (in an answer only if it was offered, RFC 5761 §5.1.1).
    pub(super) fn read(sdp: &Sdp, media: &Media, ours: IpAddr, mux_allowed: bool) -> Result<Self, NotAcceptable> {
        if !media.kind.eq_ignore_ascii_case("audio") {
            return Err(NotAcceptable::NoAudio);
        }
        if media.port == 0 {
            return Err(NotAcceptable::Refused);
        }
        // AVPF only allows earlier RTCP (RFC 4585 §4): what we send is right by both.
        if !["RTP/AVP", "RTP/AVPF"]
            .iter()
            .any(|profile| media.protocol.eq_ignore_ascii_case(profile))
        {
            return Err(NotAcceptable::Profile);
        }
        let codecs = Codecs::read(media);
        if codecs.laws.is_empty() {
            return Err(NotAcceptable::NoCommonCodec);
        }
        let ip = remote_ip(sdp, media, ours)?;
        let rtcp_mux = mux_allowed && media.attributes.contains("rtcp-mux");
        let rtp = ip.map(|ip| SocketAddr::new(ip, media.port));
        let rtcp = if rtcp_mux {
            rtp
        } else {
            rtp.and_then(|rtp| rtcp_address(&media.attributes, rtp, ours))
        };
        Ok(Self {
            rtp,
            rtcp,
            rtcp_mux,
            codecs,
            ptime_ms: ptime_ms(&media.attributes),
            direction: direction(sdp, media),
        })
    }
}

impl Codecs {
    /// By number (RFC 3551 §6), and by name where the far side has mapped the number itself.
    pub(super) fn read(media: &Media) -> Self {
        let mut codecs = Self::default();
        for payload_type in media.formats.iter().filter_map(|f| payload_type(f)) {
            match encoding(&media.attributes, payload_type) {
                Some(Encoding::Law(law)) => codecs.laws.push((payload_type, law)),
                Some(Encoding::TelephoneEvent) => {
                    codecs.dtmf.get_or_insert(payload_type);
                }
                Some(Encoding::ComfortNoise) => {
                    codecs.comfort_noise.get_or_insert(payload_type);
                }
                None => {}
            }
        }
        codecs
    }

    /// The first payload type of that law.
    pub(super) fn payload_type_of(&self, law: Law) -> Option<u8> {
        self.laws
            .iter()
            .find(|(_, offered)| *offered == law)
            .map(|(payload_type, _)| *payload_type)
    }
}

enum Encoding {
    Law(Law),
    TelephoneEvent,
    ComfortNoise,
}

fn payload_type(format: &str) -> Option<u8> {
    format.parse().ok().filter(|pt| *pt < 128)
}

fn encoding(attributes: &Attributes, payload_type: u8) -> Option<Encoding> {
    let mapped = attributes.values("rtpmap").find_map(|value| {
        let (number, encoding) = value.split_once(char::is_whitespace)?;
        (number.parse() == Ok(payload_type)).then(|| encoding.trim())
    });
    let Some(mapped) = mapped else {
        return match payload_type {
            0 => Some(Encoding::Law(Law::Mu)),
            8 => Some(Encoding::Law(Law::A)),
            COMFORT_NOISE => Some(Encoding::ComfortNoise),
            _ => None,
        };
    };
    // Only one channel at 8,000 Hz: wide-band events (telephone-event/16000) belong to codecs that we do not take.
    let (name, rate) = mapped.split_once('/')?;
    if !matches!(rate, "8000" | "8000/1") {
        return None;
    }
    [
        ("PCMA", Encoding::Law(Law::A)),
        ("PCMU", Encoding::Law(Law::Mu)),
        ("telephone-event", Encoding::TelephoneEvent),
        ("CN", Encoding::ComfortNoise),
    ]
    .into_iter()
    .find(|(known, _)| name.eq_ignore_ascii_case(known))
    .map(|(_, encoding)| encoding)
}

/// Where to send: `c=` of the stream, else of the session. `Ok(None)`: nowhere for now (hold, RFC 3264 §8.4).
fn remote_ip(sdp: &Sdp, media: &Media, ours: IpAddr) -> Result<Option<IpAddr>, NotAcceptable> {
    let connection = media.connection.as_ref().or(sdp.connection.as_ref());
    let ip = connection.and_then(|c| c.ip()).ok_or(NotAcceptable::Address)?;
    if ip.is_unspecified() {
        return Ok(None);
    }
    sendable(ip, ours).map(Some).ok_or(NotAcceptable::Address)
}

/// The address as our socket's family sees it; `None` if no single host is meant, or we cannot reach its family.
fn sendable(ip: IpAddr, ours: IpAddr) -> Option<IpAddr> {
    let ip = if ours.is_ipv4() { ip.to_canonical() } else { ip };
    let group = match ip {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => {
            v6.is_multicast()
                || v6
                    .to_ipv4_mapped()
                    .is_some_and(|v4| v4.is_multicast() || v4.is_broadcast())
        }
    };
    (!group && !ip.is_unspecified() && ip.is_ipv4() == ours.is_ipv4()).then_some(ip)
}

/// `a=rtcp:53020 [IN IP4 192.0.2.1]` (RFC 3605), else the next port.
fn rtcp_address(attributes: &Attributes, rtp: SocketAddr, ours: IpAddr) -> Option<SocketAddr> {
    let Some(value) = attributes.values("rtcp").next() else {
        return Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
    };
    let mut parts = value.split_whitespace();
    let port = parts.next()?.parse().ok().filter(|port| *port != 0)?;
    let ip = match parts.nth(2) {
        Some(ip) => sendable(ip.parse().ok()?, ours)?,
        None => rtp.ip(),
    };
    Some(SocketAddr::new(ip, port))
}

/// `a=ptime`, not above `a=maxptime`, in whole frames of 10 ms.
fn ptime_ms(attributes: &Attributes) -> u16 {
    let read = |name| {
        let value: &str = attributes.values(name).next()?;
        let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u16>().ok().filter(|ms| *ms != 0)
    };
    let wanted = read("ptime").unwrap_or(PTIME_DEFAULT_MS);
    let most = read("maxptime").unwrap_or(PTIME_RANGE_MS.1);
    let (low, high) = PTIME_RANGE_MS;
    (wanted.min(most) / 10 * 10).clamp(low, high)
}

/// The direction of a stream, or of its session (RFC 8866 §6.7).
pub(super) fn direction(sdp: &Sdp, media: &Media) -> Direction {
    let of = |attributes: &Attributes| {
        attributes.iter().find_map(|(name, _)| {
            [
                Direction::SendRecv,
                Direction::SendOnly,
                Direction::RecvOnly,
                Direction::Inactive,
            ]
            .into_iter()
            .find(|direction| direction.as_str() == name)
        })
    };
    of(&media.attributes)
        .or_else(|| of(&sdp.attributes))
        .unwrap_or_default()
}
