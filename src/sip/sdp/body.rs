//! The session description as a body: tolerant reading, exact writing. Negotiates nothing.

use std::net::IpAddr;

/// Why octets are no session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Neither `v=` nor `m=` in it.
    #[error("no session description")]
    NotSdp,
    /// More lines than the limit.
    #[error("too many lines")]
    TooManyLines,
    /// More `m=` lines than the limit.
    #[error("too many media streams")]
    TooManyMedia,
}

/// A session description. What this program never looks at (`b=`, `i=`, `k=`, …) is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdp {
    /// `o=`
    pub origin: Origin,
    /// `c=` of the session.
    pub connection: Option<Connection>,
    /// `a=` of the session.
    pub attributes: Attributes,
    /// `m=` and what belongs to it.
    pub media: Vec<Media>,
}

/// `o=`: who made the description, and which version of it this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// User name, `-` if there is none.
    pub user: String,
    /// Session identifier. Digits, but some phones exceed any integer.
    pub session_id: String,
    /// Version, counted up with each change.
    pub version: String,
    /// Address or host name.
    pub address: String,
}

/// `c=`: where media are expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Address or host name, without TTL.
    pub host: String,
}

impl Connection {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// `a=` lines in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, Option<String>)>);

/// One `m=` line and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// Port; 0 when the stream is refused, or the number was none.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub protocol: String,
    /// Payload types or other formats, in order of preference.
    pub formats: Vec<String>,
    /// `c=` of this stream.
    pub connection: Option<Connection>,
    /// `a=` of this stream.
    pub attributes: Attributes,
}

impl Sdp {
    /// Reads a body.
    ///
    /// # Errors
    /// See [`SdpError`].
    pub fn parse(_octets: &[u8]) -> Result<Self, SdpError> {
        Err(SdpError::NotSdp)
    }
}

impl std::fmt::Display for Sdp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("v=0\r\n")
    }
}
