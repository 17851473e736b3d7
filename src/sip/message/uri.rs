//! SIP, SIPS, tel and other URIs (RFC 3261 §19.1, RFC 3966). Routes nothing, resolves nothing, and unescapes only when asked.

use std::fmt;

use super::host::Host;
use super::params::Params;

/// Why a URI, or a value that holds one, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No `scheme:` in front.
    #[error("no scheme")]
    Scheme,
    /// Characters that may not stand in a user part.
    #[error("bad user part")]
    User,
    /// Not a host name nor an address.
    #[error("bad host")]
    Host,
    /// Not a port in 1–65535.
    #[error("bad port")]
    Port,
    /// A parameter that is none.
    #[error("bad parameter")]
    Parameter,
    /// White space, brackets or control characters within.
    #[error("character that no URI has")]
    Character,
    /// Something before or after the URI that does not belong there.
    #[error("bad name or brackets round a URI")]
    Address,
}

/// The scheme of a URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other, in lower case.
    Other(String),
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let first = bytes.next()?;
        let is_scheme =
            first.is_ascii_alphabetic() && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !is_scheme {
            return None;
        }
        Some(if text.eq_ignore_ascii_case("sip") {
            Self::Sip
        } else if text.eq_ignore_ascii_case("sips") {
            Self::Sips
        } else if text.eq_ignore_ascii_case("tel") {
            Self::Tel
        } else {
            Self::Other(text.to_ascii_lowercase())
        })
    }

    /// The name before the colon.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(name) => name,
        }
    }
}

/// A URI. SIP and SIPS URIs are taken apart; of `tel:` the number and the parameters; any other stays whole in `opaque`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// The scheme.
    pub scheme: Scheme,
    /// User part as written, still escaped; SIP only.
    pub user: Option<String>,
    /// Password as written. Nobody should send one.
    pub password: Option<String>,
    /// Host; an empty name for schemes that have none.
    pub host: Host,
    /// Port, if written.
    pub port: Option<u16>,
    /// URI parameters (`transport`, `lr`, `user`, …).
    pub params: Params,
    /// What follows `?`, as written. Never turned into headers of a request of ours.
    pub headers: Option<String>,
    /// What follows `tel:` up to the parameters, or the whole rest for other schemes; empty for SIP.
    pub opaque: String,
}

impl Uri {
    /// Reads a URI without brackets round it.
    ///
    /// # Errors
    /// See [`UriError`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text
            .bytes()
            .any(|b| b <= b' ' || b == 0x7F || matches!(b, b'<' | b'>' | b'"'))
        {
            return Err(UriError::Character);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        match Scheme::parse(scheme).ok_or(UriError::Scheme)? {
            scheme @ (Scheme::Sip | Scheme::Sips) => Self::parse_sip(scheme, rest),
            Scheme::Tel => Self::parse_tel(rest),
            scheme @ Scheme::Other(_) => Ok(Self::opaque(scheme, rest)),
        }
    }

    /// `[user[:password]@]host[:port][;params][?headers]` (RFC 3261 §19.1.1).
    fn parse_sip(scheme: Scheme, rest: &str) -> Result<Self, UriError> {
        // `;`, `?` and `/` may stand in a user part, `@` nowhere else: look for it first.
        let (userinfo, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers)),
            None => (rest, None),
        };
        let (hostport, params) = match rest.split_once(';') {
            Some((hostport, params)) => (hostport, Params::parse(params)?),
            None => (rest, Params::new()),
        };
        let (user, password) = match userinfo.map(|u| u.split_once(':').unwrap_or((u, ""))) {
            Some(("", _)) => return Err(UriError::User),
            Some((user, "")) => (Some(user.to_owned()), None),
            Some((user, password)) => (Some(user.to_owned()), Some(password.to_owned())),
            None => (None, None),
        };
        let (host, port) = Host::parse_with_port(hostport)?;
        Ok(Self {
            scheme,
            user,
            password,
            host,
            port,
            params,
            headers: headers.map(str::to_owned),
            opaque: String::new(),
        })
    }

    fn parse_tel(rest: &str) -> Result<Self, UriError> {
        let (number, params) = match rest.split_once(';') {
            Some((number, params)) => (number, Params::parse(params)?),
            None => (rest, Params::new()),
        };
        if number.is_empty() {
            return Err(UriError::User);
        }
        let mut uri = Self::opaque(Scheme::Tel, number);
        uri.params = params;
        Ok(uri)
    }

    fn opaque(scheme: Scheme, rest: &str) -> Self {
        Self {
            scheme,
            user: None,
            password: None,
            host: Host::Name(String::new()),
            port: None,
            params: Params::new(),
            headers: None,
            opaque: rest.to_owned(),
        }
    }

    /// A SIP URI of ours. `user` is plain text: what may not stand in a user part is escaped.
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.filter(|u| !u.is_empty()).map(escape),
            password: None,
            host,
            port,
            params: Params::new(),
            headers: None,
            opaque: String::new(),
        }
    }

    /// Whether it is a SIP or SIPS URI.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part with its escapes resolved, once (`%25%34%31` is `%41`). `None` without a user part, or if an
    /// escape is broken or yields no UTF-8. May hold any character, NUL included.
    pub fn user_unescaped(&self) -> Option<String> {
        self.user.as_deref().and_then(unescape)
    }

    /// The first header of this name that stands behind the `?`, with its escapes resolved.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers.as_deref()?.split('&').filter_map(|it| it.split_once('='));
        let (_, value) = headers.find(|(it, _)| unescape(it).is_some_and(|it| it.eq_ignore_ascii_case(name)))?;
        unescape(value)
    }

    /// The number of a `tel:` URI, visual separators included, without parameters.
    pub fn number(&self) -> Option<&str> {
        match self.scheme {
            Scheme::Tel => Some(&self.opaque),
            Scheme::Sip | Scheme::Sips | Scheme::Other(_) => None,
        }
    }

    /// The parameters (`transport`, `lr`, `user`, …).
    pub const fn params(&self) -> &Params {
        &self.params
    }
}

impl fmt::Display for Uri {
    /// Never emits a character that ends a URI or a line, whatever stands in the fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.as_str())?;
        if self.is_sip() {
            if let Some(user) = &self.user {
                write_safe(f, user, b"@")?;
                if let Some(password) = &self.password {
                    f.write_str(":")?;
                    write_safe(f, password, b"@")?;
                }
                f.write_str("@")?;
            }
            self.host.fmt(f)?;
            if let Some(port) = self.port {
                write!(f, ":{port}")?;
            }
        } else {
            write_safe(f, &self.opaque, b"")?;
        }
        self.params.fmt(f)?;
        if let Some(headers) = &self.headers {
            f.write_str("?")?;
            write_safe(f, headers, b"")?;
        }
        Ok(())
    }
}

/// Writes `text`, with `%HH` for octets that would end the URI or the line.
fn write_safe(f: &mut fmt::Formatter<'_>, text: &str, also: &[u8]) -> fmt::Result {
    let is_safe = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"') && !also.contains(&b);
    if text.bytes().all(is_safe) {
        return f.write_str(text);
    }
    for byte in text.bytes() {
        if is_safe(byte) {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// Escapes everything that may not stand bare in a user part (RFC 3261 §25.1, `user`).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(
                    char::from_digit(u32::from(nibble), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase(),
                );
            }
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            hex(bytes.next()?)? << 4 | hex(bytes.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(out).ok()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Uri {
        Uri::parse(text).unwrap()
    }

    #[test]
    fn a_semicolon_before_the_at_sign_belongs_to_the_user() {
        let uri = parse("sip:user;par=u%40example.net@example.com");
        assert_eq!(uri.user.as_deref(), Some("user;par=u%40example.net"));
        assert_eq!(uri.user_unescaped().as_deref(), Some("user;par=u@example.net"));
        assert!(uri.params.is_empty());
    }

    #[test]
    fn escapes_are_resolved_once_and_a_nul_ends_nothing() {
        assert_eq!(parse("sip:a%25%34%31@h").user_unescaped().as_deref(), Some("a%41"));
        assert_eq!(
            parse("sip:null-%00-null@h").user_unescaped().as_deref(),
            Some("null-\0-null")
        );
        assert_eq!(parse("sip:50%@h").user_unescaped(), None);
    }

    #[test]
    fn every_part_comes_back_as_it_was() {
        for text in [
            "sip:example.com",
            "sips:13800001234:pw@example.com:5061;transport=tcp;lr?Subject=a&b=c",
            "sip:*72#@[2001:db8::1]:5070",
            "tel:+86-138-0000-1234;phone-context=example.gov.cn",
            "soap.beep://192.0.2.103:3002",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(
            parse("tel:+86-138-0000-1234;isub=1").number(),
            Some("+86-138-0000-1234")
        );
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@h",
            "sip:a@",
            "sip:a@b@c",
            "<sip:a@b>",
            "sip:a@b; lr",
            "sip:2001:db8::10",
            ":a@b",
            "sip:a@b:0",
            "sip:a@b\r\n",
            "1sip:a@b",
            "tel:",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_dialled_number_cannot_break_out_of_its_uri() {
        let uri = Uri::sip(Some("138\r\nVia: x@y#"), Host::Name("example.com".into()), None);
        assert_eq!(uri.to_string(), "sip:138%0D%0AVia%3A%20x%40y%23@example.com");
        assert_eq!(uri.user_unescaped().as_deref(), Some("138\r\nVia: x@y#"));
    }

    #[test]
    fn six_hundred_octets_of_user_are_kept() {
        let user = "9".repeat(600);
        assert_eq!(parse(&format!("sip:{user}@example.com")).user, Some(user));
    }
}
