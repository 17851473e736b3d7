//! Hosts of URIs and Vias: names and literal addresses. Resolves nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::scan::digits;
use super::uri::UriError;

/// Longest host name, octets (RFC 1035 §2.3.4).
const NAME_MAX_BYTES: usize = 255;

/// A host name or address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name to be resolved, as written.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; written in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads a host without port.
    ///
    /// # Errors
    /// Characters that no host name has, or a bracket without an IPv6 address in it.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(UriError::Host)?;
            return parse_v6(inner).map(Self::V6).ok_or(UriError::Host);
        }
        if let Ok(v4) = Ipv4Addr::from_str(text) {
            return Ok(Self::V4(v4));
        }
        // The underscore is not in the grammar, but in many a name on a private network.
        let is_name = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if text.is_empty() || text.len() > NAME_MAX_BYTES || !is_name {
            return Err(UriError::Host);
        }
        Ok(Self::Name(text.to_owned()))
    }

    /// Reads `host [":" port]`.
    ///
    /// # Errors
    /// As [`Host::parse`]; a port that is not in 1–65535.
    pub(super) fn parse_with_port(text: &str) -> Result<(Self, Option<u16>), UriError> {
        let (host, port) = if text.starts_with('[') {
            let end = text.find(']').ok_or(UriError::Host)? + 1;
            let (host, after) = text.split_at(end);
            match super::scan::trim(after) {
                "" => (host, None),
                after => (host, Some(after.strip_prefix(':').ok_or(UriError::Host)?)),
            }
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = port.map(parse_port).transpose()?;
        Ok((Self::parse(super::scan::trim(host))?, port))
    }

    /// The address, if it is one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(v4) => Some(IpAddr::V4(*v4)),
            Self::V6(v6) => Some(IpAddr::V6(*v6)),
        }
    }
}

fn parse_port(text: &str) -> Result<u16, UriError> {
    digits(super::scan::trim(text))
        .and_then(|n| u16::try_from(n).ok())
        .filter(|port| *port != 0)
        .ok_or(UriError::Port)
}

/// RFC 5118 §4.10: an old grammar led implementers to write three colons before an embedded IPv4 address.
fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    Ipv6Addr::from_str(text)
        .or_else(|_| Ipv6Addr::from_str(&text.replacen(":::", "::", 1)))
        .ok()
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => Self::V6(v6),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(v4) => v4.fmt(f),
            Self::V6(v6) => write!(f, "[{v6}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stand_outside_the_brackets() {
        let inside = Host::parse_with_port("[2001:db8::10:5070]").unwrap();
        assert_eq!(inside.1, None);
        let outside = Host::parse_with_port("[2001:db8::10]:5070").unwrap();
        assert_eq!(outside.1, Some(5070));
        assert_eq!(outside.0.to_string(), "[2001:db8::10]");
        assert!(Host::parse_with_port("2001:db8::10").is_err());
    }

    #[test]
    fn three_colons_are_an_old_mistake_of_the_grammar() {
        assert_eq!(
            Host::parse("[2001:db8:::192.0.2.1]"),
            Host::parse("[2001:db8::192.0.2.1]")
        );
        assert!(Host::parse("[::::::]").is_err());
    }

    #[test]
    fn ports_out_of_range_are_refused() {
        for port in ["0", "65536", "4294967296", "-1", "", "5060x"] {
            assert!(Host::parse_with_port(&format!("example.com:{port}")).is_err(), "{port}");
        }
    }
}
