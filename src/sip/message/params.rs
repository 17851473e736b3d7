//! `;name=value` parameters of headers and URIs, in order and as written. Knows no parameter's meaning.

use std::fmt;

use super::scan::{is_token_byte, split_outside, trim};
use super::uri::UriError;

/// Parameters in the order in which they came. Names compare without case; values are kept as written, quotes and
/// escapes included, so that they go out again unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Reads what follows the first semicolon: `a=b;c`. Empty parts are skipped (phones do send `;;`).
    ///
    /// # Errors
    /// A name that is no token, or a value with a control character.
    pub(super) fn parse(text: &str) -> Result<Self, UriError> {
        let mut list = Vec::new();
        for part in split_outside(text, b';').filter(|part| !part.is_empty()) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (trim(name), Some(trim(value))),
                None => (part, None),
            };
            if !is_name(name) || value.is_some_and(|v| !is_value(v)) {
                return Err(UriError::Parameter);
            }
            list.push((name.to_owned(), value.map(str::to_owned)));
        }
        Ok(Self(list))
    }

    /// `None`: not there. `Some(None)`: there without a value. `Some(Some(value))`: its value, without quotes around it.
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_deref().map(unquoted))
    }

    /// The value of a parameter that has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).flatten()
    }

    /// Whether the parameter is there, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Puts a parameter in the place of the first of its name, else at the end. A value that is neither a token nor
    /// a host is quoted; control characters are dropped.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(quoted_if_needed);
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes every parameter of that name out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// All parameters as written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Params {
    /// `;name=value` for each; nothing when there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// Parameter names are tokens in headers; in URIs they may also hold `[]/:&$` (RFC 3261 §25.1, `param-unreserved`).
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_bare)
}

fn is_value(value: &str) -> bool {
    if let Some(rest) = value.strip_prefix('"') {
        // A quote that ends where the value ends, and nowhere before.
        return super::scan::quoted_string(value).is_some_and(|(_, after)| after.is_empty())
            && !rest.contains(['\r', '\n']);
    }
    !value.contains(|c: char| c.is_control() || matches!(c, '"' | '<' | '>' | ' ' | ','))
}

/// Octets that stand in a parameter without quotes, in headers or URIs.
const fn is_bare(byte: u8) -> bool {
    is_token_byte(byte) || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'$' | b'(' | b')')
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value)
}

fn quoted_if_needed(value: &str) -> String {
    if !value.is_empty() && value.bytes().all(is_bare) {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len() + 2);
    push_quoted(&mut out, value);
    out
}

/// Appends `text` as a quoted string without control characters (RFC 3261 §25.1).
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_send_goes_out_unchanged() {
        let text = r#"+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>";reg-id=1;ob"#;
        let params = Params::parse(text).unwrap();
        assert_eq!(
            params.value("+SIP.instance"),
            Some("<urn:uuid:00000000-0000-4000-8000-000000000001>")
        );
        assert_eq!(params.get("ob"), Some(None));
        assert_eq!(params.to_string(), format!(";{text}"));
    }

    #[test]
    fn spaces_round_the_equals_sign_and_empty_parts_are_tolerated() {
        let params = Params::parse("  tag =  98asjd8 ;; q = 0.33;").unwrap();
        assert_eq!(params.to_string(), ";tag=98asjd8;q=0.33");
    }

    #[test]
    fn a_value_of_ours_cannot_break_out() {
        let mut params = Params::new();
        params.set("text", Some("a\"b;c\r\nVia: x"));
        assert_eq!(params.to_string(), ";text=\"a\\\"b;cVia: x\"");
        params.set("TEXT", Some("plain"));
        assert_eq!(params.to_string(), ";text=plain");
        params.remove("Text");
        assert!(params.is_empty());
    }

    #[test]
    fn broken_ones_are_refused() {
        assert!(Params::parse("a=\"b").is_err());
        assert!(Params::parse("a b=c").is_err());
        assert!(Params::parse("=c").is_err());
    }
}
