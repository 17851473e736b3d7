//! One Via value (RFC 3261 §20.42, RFC 3581). Sends nothing.

use std::fmt;
use std::net::IpAddr;

use super::host::Host;
use super::params::Params;
use super::scan::{digits, find_outside, is_token, split_outside, trim};
use super::uri::UriError;

/// Magic cookie of RFC 3261 branches (§8.1.1.7).
const COOKIE: &str = "z9hG4bK";

/// One hop that a request has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// Transport as written: `UDP`, `TCP`, `WSS`, …
    pub transport: String,
    /// Sent-by host.
    pub host: Host,
    /// Sent-by port, if written.
    pub port: Option<u16>,
    /// `branch`, `rport`, `received`, …
    pub params: Params,
}

impl Via {
    /// A Via of ours, with `rport` (RFC 3581).
    pub fn new(transport: &str, host: Host, port: Option<u16>, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Self {
            transport: transport.to_owned(),
            host,
            port,
            params,
        }
    }

    /// Reads one value. Empty parameters are refused here, unlike elsewhere (RFC 4475 §3.1.2.1): an answer travels
    /// by this header.
    ///
    /// # Errors
    /// Anything but `SIP/2.0/transport host[:port][;params]`.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let (head, params) = parts(text);
        if params.is_some_and(|p| split_outside(p, b';').any(str::is_empty)) {
            return Err(UriError::Parameter);
        }
        let (version, via) = Self::parse_parts(head, params.unwrap_or_default())?;
        if version == "2.0" {
            Ok(via)
        } else {
            Err(UriError::Address)
        }
    }

    /// As much as an answer needs, from a value that [`Via::parse`] refuses: of another version, or with broken
    /// parameters (`SIP/2.0/UDP 192.0.2.15;;,;,,`), which are then left out.
    pub(super) fn salvage(text: &str) -> Result<Self, UriError> {
        let text = split_outside(text, b',').next().unwrap_or_default();
        let (head, params) = parts(text);
        Self::parse_parts(head, params.unwrap_or_default())
            .or_else(|_| Self::parse_parts(head, ""))
            .map(|(_, via)| via)
    }

    /// The version, and the Via whatever its version.
    fn parse_parts<'a>(head: &'a str, params: &str) -> Result<(&'a str, Self), UriError> {
        let mut parts = head.splitn(3, '/');
        let mut next = || parts.next().map(trim).ok_or(UriError::Address);
        let (name, version, rest) = (next()?, next()?, next()?);
        if !name.eq_ignore_ascii_case("SIP") {
            return Err(UriError::Address);
        }
        let (transport, sent_by) = rest.split_once([' ', '\t']).ok_or(UriError::Address)?;
        if !is_token(transport.as_bytes()) {
            return Err(UriError::Address);
        }
        let (host, port) = Host::parse_with_port(trim(sent_by))?;
        let via = Self {
            transport: transport.to_owned(),
            host,
            port,
            params: Params::parse(params)?,
        };
        Ok((version, via))
    }

    /// The branch that names the transaction.
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch").filter(|b| !b.is_empty())
    }

    /// Whether the branch was made by RFC 3261's rule and is more than the bare cookie (RFC 4475 §3.2.1: a bare one
    /// names nothing, all such requests would be taken for one).
    pub fn is_rfc3261(&self) -> bool {
        self.branch().is_some_and(|b| {
            b.get(..COOKIE.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(COOKIE))
                && b.len() > COOKIE.len()
        })
    }

    /// `None`: not asked for. `Some(None)`: asked for (RFC 3581 §3). `Some(Some(port))`: filled in.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params
            .get("rport")
            .map(|v| v.and_then(digits).and_then(|n| u16::try_from(n).ok()))
    }

    /// Where the request really came from, as the receiver noted; IPv6 with or without brackets (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let value = self.params.value("received")?;
        value.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// What stands before the first semicolon, and what behind it.
fn parts(text: &str) -> (&str, Option<&str>) {
    match find_outside(text, b';') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_may_stand_round_every_separator() {
        let via = Via::parse("SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239").unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239");
        assert!(via.is_rfc3261());
    }

    #[test]
    fn received_is_read_with_and_without_brackets() {
        for text in ["[2001:db8::9:255]", "2001:db8::9:255"] {
            let via = Via::parse(&format!(
                "SIP/2.0/UDP [2001:db8::9:1];received={text};branch=z9hG4bKas3"
            ))
            .unwrap();
            assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
        }
    }

    #[test]
    fn a_bare_cookie_names_no_transaction() {
        let via = Via::parse("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").unwrap();
        assert!(!via.is_rfc3261());
    }

    #[test]
    fn rport_is_asked_for_or_filled_in() {
        let rport = |text: &str| Via::parse(&format!("SIP/2.0/UDP 192.0.2.1{text}")).unwrap().rport();
        assert_eq!(rport(""), None);
        assert_eq!(rport(";rport"), Some(None));
        assert_eq!(rport(";rport=5070"), Some(Some(5070)));
    }

    #[test]
    fn extra_separators_are_refused_but_the_hop_can_be_saved() {
        let bad = "SIP/2.0/UDP 192.0.2.15;;,;,,";
        assert!(Via::parse(bad).is_err());
        assert_eq!(Via::salvage(bad).unwrap().to_string(), "SIP/2.0/UDP 192.0.2.15");
        let other = "SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw";
        assert!(Via::parse(other).is_err());
        assert_eq!(Via::salvage(other).unwrap().branch(), Some("z9hG4bKkdjuw"));
    }
}
