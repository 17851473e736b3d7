//! The session description as a body: tolerant reading, exact writing (RFC 8866). Negotiates nothing.

use std::fmt;
use std::net::IpAddr;

use crate::kernel::limits::{SDP_LINES_MAX, SDP_MEDIA_MAX};
use crate::sip::message::decode;

/// Formats kept of one `m=` line; the rest could only be refused.
const FORMATS_MAX: usize = 64;

/// Why octets are no session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Neither `v=` nor `m=` in it.
    #[error("no session description")]
    NotSdp,
    /// More lines than the limit.
    #[error("too many lines")]
    TooManyLines,
    /// More `m=` lines than the limit: answering fewer would break the order (RFC 3264 §6).
    #[error("too many media streams")]
    TooManyMedia,
}

/// A session description. What this program never looks at (`b=`, `i=`, `t=`, …) is left out.
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Address or host name, without TTL; empty if the line could not be read.
    pub host: String,
}

/// `a=` lines in order: names, and what follows the colon.
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
    /// Reads a body. Real phones leave out `s=` and `t=`, end lines with LF, and invent lines: only what is needed is
    /// asked for. A line with a control character in it is as good as absent.
    ///
    /// # Errors
    /// See [`SdpError`].
    pub fn parse(octets: &[u8]) -> Result<Self, SdpError> {
        let text = decode(octets);
        let mut sdp = Self::default();
        let mut begun = false;
        for (index, line) in text.split(['\r', '\n']).filter(|l| !l.is_empty()).enumerate() {
            if index == SDP_LINES_MAX {
                return Err(SdpError::TooManyLines);
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            begun |= matches!(key, "v" | "m");
            sdp.take_line(key, value.trim())?;
        }
        if begun { Ok(sdp) } else { Err(SdpError::NotSdp) }
    }

    fn take_line(&mut self, key: &str, value: &str) -> Result<(), SdpError> {
        if key == "m" {
            if self.media.len() == SDP_MEDIA_MAX {
                return Err(SdpError::TooManyMedia);
            }
            // Even an unreadable m= line counts: the answer has as many, in the same order.
            self.media.push(Media::parse(value));
            return Ok(());
        }
        if value.contains(|c: char| c.is_control() && c != '\t') {
            return Ok(());
        }
        let (connection, attributes) = match self.media.last_mut() {
            Some(media) => (&mut media.connection, &mut media.attributes),
            None => (&mut self.connection, &mut self.attributes),
        };
        match key {
            "o" => self.origin = Origin::parse(value),
            "c" => {
                connection.get_or_insert_with(|| Connection::parse(value));
            }
            "a" => match value.split_once(':') {
                Some((name, value)) => attributes.push(name, Some(value)),
                None => attributes.push(value, None),
            },
            _unused => {}
        }
        Ok(())
    }

    /// This description as successor of `previous` in the same session: the same version if nothing has changed, else
    /// one more (RFC 3264 §8).
    #[must_use]
    pub fn revised(mut self, previous: &Self) -> Self {
        self.origin = previous.origin.clone();
        if self != *previous {
            let version: u64 = previous.origin.version.parse().unwrap_or_default();
            self.origin.version = version.saturating_add(1).to_string();
        }
        self
    }

    /// The octets of the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            user: "-".into(),
            session_id: "0".into(),
            version: "0".into(),
            address: String::new(),
        }
    }
}

impl Origin {
    /// `user id version IN IP4 address`; what is missing stays as by default.
    fn parse(value: &str) -> Self {
        let mut origin = Self::default();
        let mut parts = value.split_whitespace();
        for slot in [&mut origin.user, &mut origin.session_id, &mut origin.version] {
            if let Some(part) = parts.next() {
                part.clone_into(slot);
            }
        }
        if let Some(part) = parts.nth(2) {
            part.clone_into(&mut origin.address);
        }
        origin
    }
}

impl Connection {
    /// `IN IP4 192.0.2.1`, `IN IP4 224.2.1.1/127`, `IN IP6 2001:db8::1`.
    fn parse(value: &str) -> Self {
        let host = value.split_whitespace().nth(2).unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        Self {
            host: host.trim_matches(['[', ']']).to_owned(),
        }
    }

    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl From<IpAddr> for Connection {
    fn from(ip: IpAddr) -> Self {
        Self { host: ip.to_string() }
    }
}

impl Attributes {
    /// Adds `a=name` or `a=name:value`.
    pub fn push(&mut self, name: &str, value: Option<&str>) {
        self.0.push((name.to_owned(), value.map(str::to_owned)));
    }

    /// Whether there is such a line, with or without value.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// The values of all lines of that name that have one.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .filter_map(|(_, value)| value.as_deref())
    }

    /// All lines in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_deref()))
    }
}

impl Media {
    /// `audio 49170[/2] RTP/AVP 8 0 101`. A port that is no number in 0–65535 counts as 0: the stream is refused.
    fn parse(value: &str) -> Self {
        let value: String = value.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let mut parts = value.split_whitespace();
        let kind = parts.next().unwrap_or("-").to_owned();
        let port = parts.next().unwrap_or_default();
        let port = port.split('/').next().unwrap_or_default();
        Self {
            kind,
            port: port.parse().unwrap_or(0),
            protocol: parts.next().unwrap_or("-").to_owned(),
            formats: parts.take(FORMATS_MAX).map(str::to_owned).collect(),
            connection: None,
            attributes: Attributes::default(),
        }
    }

    /// The answer to this stream when it is refused: port 0, otherwise as offered (RFC 3264 §6).
    #[must_use]
    pub fn refused(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            port: 0,
            protocol: self.protocol.clone(),
            formats: vec![self.formats.first().map_or("0", String::as_str).to_owned()],
            connection: None,
            attributes: Attributes::default(),
        }
    }
}

impl fmt::Display for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = &self.origin;
        let family = family(&o.address);
        f.write_str("v=0\r\n")?;
        line(
            f,
            &format!("o={} {} {} IN {family} {}", o.user, o.session_id, o.version, o.address),
        )?;
        f.write_str("s=-\r\n")?;
        write_connection(f, self.connection.as_ref())?;
        f.write_str("t=0 0\r\n")?;
        write_attributes(f, &self.attributes)?;
        for m in &self.media {
            let formats = m.formats.join(" ");
            line(f, &format!("m={} {} {} {formats}", m.kind, m.port, m.protocol))?;
            write_connection(f, m.connection.as_ref())?;
            write_attributes(f, &m.attributes)?;
        }
        Ok(())
    }
}

fn write_connection(f: &mut fmt::Formatter<'_>, c: Option<&Connection>) -> fmt::Result {
    match c {
        Some(c) => line(f, &format!("c=IN {} {}", family(&c.host), c.host)),
        None => Ok(()),
    }
}

fn write_attributes(f: &mut fmt::Formatter<'_>, attributes: &Attributes) -> fmt::Result {
    for (name, value) in attributes.iter() {
        match value {
            Some(value) => line(f, &format!("a={name}:{value}"))?,
            None => line(f, &format!("a={name}"))?,
        }
    }
    Ok(())
}

fn family(host: &str) -> &'static str {
    if host.contains(':') { "IP6" } else { "IP4" }
}

/// One line, whatever stands in the fields. Tabs stay: they part the words of an attribute.
fn line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for part in text.split(|c: char| c.is_control() && c != '\t') {
        f.write_str(part)?;
    }
    f.write_str("\r\n")
}
