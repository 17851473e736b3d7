//! Offer and answer (RFC 3264): one audio stream in G.711, everything else refused in its place. Keeps no state: a
//! session's descriptions are kept by whoever talks.

use std::net::IpAddr;

use super::body::{Attributes, Connection, Media, Origin, Sdp};
use super::stream::{Codecs, NotAcceptable, Stream, direction};
use crate::kernel::audio::{AudioParams, Direction, Law};

/// Payload type of `telephone-event` in our offers, the one that everybody uses.
const DTMF_PAYLOAD_TYPE: u8 = 101;

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
    /// `o=` version; see also [`Sdp::revised`].
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

impl LocalAudio {
    fn describe(&self, media: Vec<Media>) -> Sdp {
        Sdp {
            origin: Origin {
                user: "-".into(),
                session_id: self.session_id.to_string(),
                version: self.session_version.to_string(),
                address: self.address.to_string(),
            },
            connection: Some(Connection::from(self.address)),
            attributes: Attributes::default(),
            media,
        }
    }

    fn stream(&self, profile: &str, codecs: &Codecs, way: Direction, rtcp_mux: bool) -> Media {
        let mut attributes = Attributes::default();
        let mut formats = Vec::new();
        let mut map = |payload_type: u8, encoding: &str| {
            formats.push(payload_type.to_string());
            attributes.push("rtpmap", Some(&format!("{payload_type} {encoding}/8000")));
        };
        for (payload_type, law) in &codecs.laws {
            map(*payload_type, law.encoding());
        }
        if let Some(payload_type) = codecs.comfort_noise {
            map(payload_type, "CN");
        }
        if let Some(payload_type) = codecs.dtmf {
            map(payload_type, "telephone-event");
            // Events 0–15 are the sixteen keys (RFC 4733 §3.2).
            attributes.push("fmtp", Some(&format!("{payload_type} 0-15")));
        }
        attributes.push("ptime", Some(&self.ptime_ms.to_string()));
        if rtcp_mux {
            attributes.push("rtcp-mux", None);
        } else if Some(self.rtcp_port) != self.rtp_port.checked_add(1) {
            attributes.push("rtcp", Some(&self.rtcp_port.to_string()));
        }
        attributes.push(way.as_str(), None);
        Media {
            kind: "audio".into(),
            port: self.rtp_port,
            protocol: profile.to_owned(),
            formats,
            connection: None,
            attributes,
        }
    }
}

/// Our offer: one audio stream with our codecs in our order.
pub fn offer(local: &LocalAudio) -> Sdp {
    let codecs = Codecs {
        laws: local.laws.iter().map(|law| (law.payload_type(), *law)).collect(),
        dtmf: local.dtmf.then_some(DTMF_PAYLOAD_TYPE),
        comfort_noise: None,
    };
    local.describe(vec![local.stream("RTP/AVP", &codecs, local.direction, false)])
}

/// Our answer to an offer: the first audio stream that we can take, with one codec, ours by preference among the
/// offered; every other stream keeps its place with port 0 (RFC 3264 §6).
///
/// # Errors
/// See [`NotAcceptable`]; the request is then answered 488.
pub fn answer(offer: &Sdp, local: &LocalAudio) -> Result<(Sdp, AudioParams), NotAcceptable> {
    let mut taken = None;
    let mut why_not = None;
    let mut media = Vec::with_capacity(offer.media.len());
    for offered in &offer.media {
        let ours = match taken {
            Some(_) => Err(NotAcceptable::Refused),
            None => answer_stream(offer, offered, local),
        };
        match ours {
            Ok((ours, params)) => {
                taken = Some(params);
                media.push(ours);
            }
            Err(error) => {
                // The first audio stream's fault tells more than "this is video".
                if error != NotAcceptable::NoAudio {
                    why_not.get_or_insert(error);
                }
                media.push(offered.refused());
            }
        }
    }
    match taken {
        Some(params) => Ok((local.describe(media), params)),
        None => Err(why_not.unwrap_or(NotAcceptable::NoAudio)),
    }
}

fn answer_stream(offer: &Sdp, offered: &Media, local: &LocalAudio) -> Result<(Media, AudioParams), NotAcceptable> {
    let stream = Stream::read(offer, offered, local.address, true)?;
    let (payload_type, law) = local
        .laws
        .iter()
        .find_map(|law| Some((stream.codecs.payload_type_of(*law)?, *law)))
        .ok_or(NotAcceptable::NoCommonCodec)?;
    let codecs = Codecs {
        laws: vec![(payload_type, law)],
        dtmf: stream.codecs.dtmf.filter(|_| local.dtmf),
        comfort_noise: stream.codecs.comfort_noise,
    };
    let way = agreed_direction(local.direction, &stream);
    let ours = local.stream(&offered.protocol, &codecs, way, stream.rtcp_mux);
    Ok((ours, params(&stream, payload_type, law, codecs.dtmf, way)))
}

/// What the answer to our offer means. The far side may send any codec that it answered; we send the first.
///
/// # Errors
/// See [`NotAcceptable`].
pub fn accept_answer(ours: &Sdp, answer: &Sdp) -> Result<AudioParams, NotAcceptable> {
    // Streams belong together by their place (RFC 3264 §6).
    let (offered, answered) = ours
        .media
        .iter()
        .zip(&answer.media)
        .find(|(offered, _)| offered.kind == "audio" && offered.port != 0)
        .ok_or(NotAcceptable::NoAudio)?;
    let address = offered
        .connection
        .as_ref()
        .or(ours.connection.as_ref())
        .and_then(|c| c.ip())
        .ok_or(NotAcceptable::Address)?;
    let mux_offered = offered.attributes.contains("rtcp-mux");
    let stream = Stream::read(answer, answered, address, mux_offered)?;
    let offered_codecs = Codecs::read(offered);
    let (payload_type, law) = stream
        .codecs
        .laws
        .iter()
        .copied()
        .find(|(_, law)| offered_codecs.payload_type_of(*law).is_some())
        .ok_or(NotAcceptable::NoCommonCodec)?;
    let dtmf = stream.codecs.dtmf.filter(|_| offered_codecs.dtmf.is_some());
    let way = agreed_direction(direction(ours, offered), &stream);
    Ok(params(&stream, payload_type, law, dtmf, way))
}

fn params(stream: &Stream, payload_type: u8, law: Law, dtmf: Option<u8>, way: Direction) -> AudioParams {
    AudioParams {
        remote_rtp: stream.rtp,
        remote_rtcp: stream.rtcp,
        rtcp_mux: stream.rtcp_mux,
        law,
        payload_type,
        dtmf_payload_type: dtmf,
        comfort_noise_payload_type: stream.codecs.comfort_noise,
        ptime_ms: stream.ptime_ms,
        direction: way,
    }
}

/// What both sides want, as we live it (RFC 3264 §6.1). `c=0.0.0.0` takes our sending away (§8.4).
fn agreed_direction(wanted: Direction, stream: &Stream) -> Direction {
    let theirs = stream.direction.reversed();
    let sends = wanted.sends() && theirs.sends() && stream.rtp.is_some();
    let receives = wanted.receives() && theirs.receives();
    match (sends, receives) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}
