//! What signalling agrees on and media carries out: codec, addresses, direction of one audio stream.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The two laws of ITU-T G.711. Both are 8,000 samples/s, one octet a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// A-law, RTP payload type 8 (PCMA): China, Europe.
    A,
    /// µ-law, RTP payload type 0 (PCMU): North America, Japan.
    Mu,
}

impl Law {
    /// Static RTP payload type (RFC 3551 §6).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::A => 8,
            Self::Mu => 0,
        }
    }

    /// Encoding name in `a=rtpmap` (RFC 3551 §6).
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::A => "PCMA",
            Self::Mu => "PCMU",
        }
    }
}

/// Direction of a stream **as we live it** (RFC 3264 §5.1): `SendOnly` means that we send and do not listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We only send.
    SendOnly,
    /// We only receive: the far side has put us on hold.
    RecvOnly,
    /// Nobody sends.
    Inactive,
}

impl Direction {
    /// The attribute's name in SDP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same stream seen from the other end.
    pub const fn reversed(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// Whether we may send.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we expect to receive.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// One agreed audio stream: where to send, what, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioParams {
    /// Where the far side wants RTP; `None` while it is on hold with `c=0.0.0.0` (RFC 3264 §8.4, the old way).
    pub remote_rtp: Option<SocketAddr>,
    /// Where the far side wants RTCP (`a=rtcp`, RFC 3605, else port + 1).
    pub remote_rtcp: Option<SocketAddr>,
    /// RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// Codec both sides agreed on.
    pub law: Law,
    /// Payload type of that codec on this stream (static unless the peer mapped it otherwise).
    pub payload_type: u8,
    /// Payload type of `telephone-event/8000` (RFC 4733) to send and to expect, if agreed.
    pub dtmf_payload_type: Option<u8>,
    /// Payload type of comfort noise (RFC 3389), if the far side may send it.
    pub comfort_noise_payload_type: Option<u8>,
    /// Packet time that the far side would like, milliseconds (10–60; 20 by default).
    pub ptime_ms: u16,
    /// Direction as we live it.
    pub direction: Direction,
}
