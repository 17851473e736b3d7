//! `"name" <uri>;params` of From, To, Contact, Route (RFC 3261 §20.10). Knows no dialog and no binding.

use std::fmt;

use super::params::{Params, push_quoted};
use super::scan::{quoted_string, split_outside, trim};
use super::uri::{Uri, UriError};

/// A URI with an optional display name and header parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name: decoded, without quotes, without control characters (it is shown to people and logged).
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Parameters outside the brackets: of the header, not of the URI.
    pub params: Params,
}

/// What a Contact header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: all bindings (RFC 3261 §10.2.2).
    Star,
    /// The contacts in order; empty if there is no Contact.
    List(Vec<NameAddr>),
}

impl NameAddr {
    /// An address without name and parameters.
    pub const fn new(uri: Uri) -> Self {
        Self {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// Reads one value. Without brackets everything behind the first semicolon belongs to the header, and a URI
    /// with `?` or `,` must have brackets (RFC 3261 §20).
    ///
    /// # Errors
    /// Open quotes or brackets, an unquoted name with a comma, a bad URI, anything left over.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let text = trim(text);
        if text.starts_with('"') {
            let (name, rest) = quoted_string(text).ok_or(UriError::Address)?;
            return Self::parse_brackets(trim(rest), Some(&name));
        }
        match text.find(['<', ';']) {
            Some(at) if text[at..].starts_with('<') => {
                let (name, rest) = text.split_at(at);
                if name.contains([',', '"', '>']) {
                    return Err(UriError::Address);
                }
                Self::parse_brackets(rest, Some(trim(name)))
            }
            Some(at) => Self::parse_bare(&text[..at], &text[at + 1..]),
            None => Self::parse_bare(text, ""),
        }
    }

    fn parse_brackets(text: &str, name: Option<&str>) -> Result<Self, UriError> {
        let inner = text.strip_prefix('<').ok_or(UriError::Address)?;
        let (uri, rest) = inner.split_once('>').ok_or(UriError::Address)?;
        let params = match trim(rest) {
            "" => Params::new(),
            rest => Params::parse(rest.strip_prefix(';').ok_or(UriError::Address)?)?,
        };
        Ok(Self {
            display: name.and_then(clean),
            uri: Uri::parse(uri)?,
            params,
        })
    }

    fn parse_bare(uri: &str, params: &str) -> Result<Self, UriError> {
        if uri.contains(['?', ',']) {
            return Err(UriError::Address);
        }
        Ok(Self {
            display: None,
            uri: Uri::parse(trim(uri))?,
            params: Params::parse(params)?,
        })
    }

    /// Reads a comma-separated list; empty elements are skipped.
    ///
    /// # Errors
    /// As [`NameAddr::parse`].
    pub fn parse_list(text: &str) -> Result<Vec<Self>, UriError> {
        split_outside(text, b',')
            .filter(|part| !part.is_empty())
            .map(Self::parse)
            .collect()
    }

    /// The `tag` that names a dialog's end.
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// The same address with this tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }
}

fn clean(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    (!name.is_empty()).then_some(name)
}

impl fmt::Display for NameAddr {
    /// Always with brackets; the name always quoted, so that nothing in it can end the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.display {
            let mut quoted = String::with_capacity(name.len() + 2);
            push_quoted(&mut quoted, name);
            write!(f, "{quoted} ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> NameAddr {
        NameAddr::parse(text).unwrap()
    }

    #[test]
    fn parameters_belong_to_the_side_of_the_bracket_they_stand_on() {
        let outside = parse("sip:+19725552222@gw1.example.net;unknownparam");
        assert!(outside.params.contains("unknownparam") && outside.uri.params.is_empty());
        let inside = parse("<sip:+19725552222@gw1.example.net;unknownparam>");
        assert!(inside.params.is_empty() && inside.uri.params.contains("unknownparam"));
    }

    #[test]
    fn names_of_all_kinds() {
        assert_eq!(
            parse("caller<sip:c@example.com>;tag=3").display.as_deref(),
            Some("caller")
        );
        assert_eq!(
            parse(r#""J \"R\" \\" <sip:c@example.com>"#).display.as_deref(),
            Some(r#"J "R" \"#)
        );
        assert_eq!(parse(r#""" <sip:c@example.com>"#).display, None);
        assert_eq!(parse("张三 <sip:c@example.com>").display.as_deref(), Some("张三"));
    }

    #[test]
    fn control_characters_in_a_name_are_never_shown() {
        let shown = parse("\"BEL:\\\u{7} NUL:\\\0 DEL:\\\u{7f}\" <sip:c@example.com>");
        assert_eq!(shown.display.as_deref(), Some("BEL: NUL: DEL:"));
        let mut ours = parse("<sip:c@example.com>");
        ours.display = Some("x\"\r\nVia: y".into());
        assert_eq!(ours.to_string(), r#""x\"Via: y" <sip:c@example.com>"#);
    }

    #[test]
    fn broken_ones_are_refused() {
        for text in [
            r#""Mr. J. User <sip:j.user@example.com>"#,
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            r#""Watson, Thomas" < sip:t.watson@example.org >"#,
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:a@example.com> junk",
            "<sip:a@example.com",
            "sip:a@example.com, sip:b@example.com",
            "",
        ] {
            assert!(NameAddr::parse(text).is_err(), "{text}");
        }
    }
}
