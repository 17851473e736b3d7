//! The values of WWW-Authenticate and Authorization (RFC 3261 §20.7, §20.44, RFC 7616 §3.3–3.4). Computes no digest.
//!
//! Every field holds the text as it stood between the quotes, escapes included, because digests
//! cover that text. Text of ours goes through [`escaped`] first.

use std::fmt;

use super::hash::Algorithm;

/// Parameters looked at in one value.
const PARAMS_MAX: usize = 32;

/// Why a value is no digest challenge or no digest credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Basic, Bearer, …
    #[error("not the Digest scheme")]
    Scheme,
    /// Broken quotes, names that are no tokens, too many parameters.
    #[error("malformed parameters")]
    Syntax,
    /// A parameter that stands there twice could be read in two ways.
    #[error("repeated parameter")]
    Repeated,
    /// A parameter without which nothing can be computed.
    #[error("missing parameter {0}")]
    Missing(&'static str),
    /// An algorithm that we do not know.
    #[error("unknown algorithm")]
    Algorithm,
}

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whose passwords are meant.
    pub realm: String,
    /// The server's text that the digest must cover.
    pub nonce: String,
    /// The hash; MD5 if it is not named.
    pub algorithm: Algorithm,
    /// Offered protections; empty as in RFC 2069.
    pub qop: Vec<String>,
    /// To be sent back unchanged.
    pub opaque: Option<String>,
    /// The password was right, only the nonce too old: try again without asking anybody.
    pub stale: bool,
}

/// What a client answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub username: String,
    /// The challenge's realm.
    pub realm: String,
    /// The challenge's nonce.
    pub nonce: String,
    /// The Request-URI as the client wrote it.
    pub uri: String,
    /// The request digest, hexadecimal.
    pub response: String,
    /// The hash; MD5 if it is not named.
    pub algorithm: Algorithm,
    /// The chosen protection with its counter and client nonce; `None` as in RFC 2069.
    pub qop: Option<Qop>,
    /// The challenge's opaque text.
    pub opaque: Option<String>,
}

/// The parameters that come with a chosen `qop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qop {
    /// `auth` or `auth-int`.
    pub name: String,
    /// The nonce count as written: eight hexadecimal digits.
    pub nc: String,
    /// The client's nonce.
    pub cnonce: String,
}

impl Challenge {
    /// Reads the value of a WWW-Authenticate or Proxy-Authenticate header.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub fn parse(value: &[u8]) -> Result<Self, AuthError> {
        let params = Params::parse(value)?;
        let qop = params.get("qop").unwrap_or_default();
        Ok(Self {
            realm: params.need("realm")?,
            nonce: params.need("nonce")?,
            algorithm: params.algorithm()?,
            qop: qop
                .split(',')
                .map(|it| it.trim().to_owned())
                .filter(|it| is_token(it))
                .collect(),
            opaque: params.get("opaque").map(str::to_owned),
            stale: params.get("stale").is_some_and(|it| it.eq_ignore_ascii_case("true")),
        })
    }
}

impl Credentials {
    /// Reads the value of an Authorization or Proxy-Authorization header.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub fn parse(value: &[u8]) -> Result<Self, AuthError> {
        let params = Params::parse(value)?;
        let qop = match params.get("qop") {
            None => None,
            Some(name) => Some(Qop {
                name: token(name)?,
                nc: token(&params.need("nc")?)?,
                cnonce: params.need("cnonce")?,
            }),
        };
        Ok(Self {
            username: params.need("username")?,
            realm: params.need("realm")?,
            nonce: params.need("nonce")?,
            uri: params.need("uri")?,
            response: params.need("response")?,
            algorithm: params.algorithm()?,
            qop,
            opaque: params.get("opaque").map(str::to_owned),
        })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest realm={}", Quoted(&self.realm))?;
        write!(f, ", nonce={}", Quoted(&self.nonce))?;
        write!(f, ", algorithm={}", self.algorithm)?;
        if !self.qop.is_empty() {
            write!(f, ", qop={}", Quoted(&self.qop.join(",")))?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", Quoted(opaque))?;
        }
        f.write_str(if self.stale { ", stale=true" } else { "" })
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest username={}", Quoted(&self.username))?;
        write!(f, ", realm={}", Quoted(&self.realm))?;
        write!(f, ", nonce={}", Quoted(&self.nonce))?;
        write!(f, ", uri={}", Quoted(&self.uri))?;
        write!(f, ", response={}", Quoted(&self.response))?;
        write!(f, ", algorithm={}", self.algorithm)?;
        if let Some(Qop { name, nc, cnonce }) = &self.qop {
            write!(f, ", qop={name}, nc={nc}, cnonce={}", Quoted(cnonce))?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", Quoted(opaque))?;
        }
        Ok(())
    }
}

/// Text that already has its escapes, in quotes and without anything that could end the line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars().filter(|it| !it.is_control()) {
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

/// Text of ours as it stands between quotes: `"` and `\` escaped, control characters dropped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|it| !it.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The `name=value` list behind the scheme.
struct Params<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Params<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, AuthError> {
        let text = std::str::from_utf8(value).map_err(|_| AuthError::Syntax)?;
        let (scheme, mut rest) = text.trim().split_once([' ', '\t']).ok_or(AuthError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return Err(AuthError::Scheme);
        }
        let mut params: Vec<(&str, &str)> = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Ok(Self(params));
            }
            let (name, value, after) = next_param(rest).ok_or(AuthError::Syntax)?;
            if params.iter().any(|(it, _)| it.eq_ignore_ascii_case(name)) {
                return Err(AuthError::Repeated);
            }
            if params.len() >= PARAMS_MAX {
                return Err(AuthError::Syntax);
            }
            params.push((name, value));
            rest = after;
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|&(_, value)| value)
    }

    fn need(&self, name: &'static str) -> Result<String, AuthError> {
        let value = self.get(name).ok_or(AuthError::Missing(name))?;
        Ok(value.to_owned())
    }

    fn algorithm(&self) -> Result<Algorithm, AuthError> {
        match self.get("algorithm") {
            None => Ok(Algorithm::MD5),
            Some(token) => Algorithm::parse(token).ok_or(AuthError::Algorithm),
        }
    }
}

/// Splits `name = value` from the front: name, value without its quotes, what follows the next comma.
fn next_param(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || name.contains([' ', '\t', ',', '"']) {
        return None;
    }
    let rest = rest.trim_start();
    let (value, after) = match rest.strip_prefix('"') {
        Some(inner) => split_quoted(inner)?,
        None => {
            let end = rest.find(',').unwrap_or(rest.len());
            let (value, after) = rest.split_at(end);
            (value.trim_end(), after)
        }
    };
    // Without quotes these would break out of ours when the value goes out again; control characters stand in neither.
    let quoted = rest.starts_with('"');
    if value.contains(char::is_control) || !quoted && value.contains(['"', '\\']) {
        return None;
    }
    let after = after.trim_start();
    let after = if after.is_empty() {
        after
    } else {
        after.strip_prefix(',')?
    };
    Some((name, value, after))
}

/// Letters, digits and hyphens: all that names of protections and counters are made of (RFC 7616 §3.4).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What goes out again without quotes must be a token.
fn token(text: &str) -> Result<String, AuthError> {
    is_token(text).then(|| text.to_owned()).ok_or(AuthError::Syntax)
}

/// Splits at the closing quote, passing over escaped ones.
fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let mut escape = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escape => escape = false,
            '\\' => escape = true,
            '"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}
