//! Start line and header lines: from octets to [`Head`], unfolded (RFC 3261 §7). Judges single lines only; whether the
//! whole is an acceptable message is decided in `verdict`.

use super::header_name::HeaderName;
use super::headers::Headers;
use super::host::Host;
use super::malformed::MalformedKind;
use super::method::Method;
use super::scan::{digits, is_space, is_token, trim, trim_bytes};
use super::text::decode;
use super::uri::Uri;
use crate::kernel::limits::SIP_HEADERS_MAX;

/// Everything before the body, read as far as it can be read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) start: Start,
    pub(super) headers: Headers,
    /// The first fault found in a line.
    pub(super) problem: Option<MalformedKind>,
}

/// The first line.
#[derive(Debug)]
pub(super) enum Start {
    Request { method: Method, uri: Uri },
    Response { status: u16, reason: String },
    Unreadable,
}

impl Head {
    /// Reads lines up to the first empty one or the end. `octets` begins with the start line.
    pub(super) fn parse(octets: &[u8]) -> Self {
        let mut lines = Lines { rest: octets };
        let (start, problem) = parse_start(lines.next().unwrap_or_default());
        let mut head = Self {
            start,
            headers: Headers::with_capacity(16),
            problem: problem.err(),
        };
        if !matches!(head.start, Start::Unreadable)
            && let Err(kind) = head.read_headers(lines)
        {
            head.problem.get_or_insert(kind);
        }
        head
    }

    /// Reads header lines alone, as a part of a multipart body has them; what is no header line is left out.
    pub(super) fn parse_headers(octets: &[u8]) -> Headers {
        let mut head = Self {
            start: Start::Unreadable,
            headers: Headers::new(),
            problem: None,
        };
        head.problem = head.read_headers(Lines { rest: octets }).err();
        head.headers
    }

    fn read_headers(&mut self, lines: Lines<'_>) -> Result<(), MalformedKind> {
        let mut result = Ok(());
        let mut open: Option<(HeaderName, Vec<u8>)> = None;
        for line in lines.take_while(|line| !line.is_empty()) {
            // A CR within a line would begin a header when we copy the value into an answer.
            if line.contains(&b'\r') {
                result = Err(MalformedKind::HeaderLine);
                continue;
            }
            if line.first().is_some_and(|b| is_space(*b)) {
                match &mut open {
                    Some((_, value)) => unfold(value, line),
                    None => result = Err(MalformedKind::HeaderLine),
                }
                continue;
            }
            if let Some((name, value)) = open.take() {
                self.headers.push(name, value);
            }
            if self.headers.len() == SIP_HEADERS_MAX {
                return Err(MalformedKind::TooManyHeaders);
            }
            match header_line(line) {
                Some(header) => open = Some(header),
                None => result = Err(MalformedKind::HeaderLine),
            }
        }
        if let Some((name, value)) = open {
            self.headers.push(name, value);
        }
        result
    }

    /// Octets of the body as the headers have it; `None` without Content-Length.
    pub(super) fn content_length(&self) -> Result<Option<usize>, MalformedKind> {
        let mut found = None;
        for value in self.headers.all(&HeaderName::ContentLength) {
            let length = digits(&decode(value))
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX))
                .ok_or(MalformedKind::ContentLength)?;
            // Two that differ are a framing error (RFC 4475 §3.3.9): nobody knows where the next message begins.
            if found.is_some_and(|before| before != length) {
                return Err(MalformedKind::Repeated(HeaderName::ContentLength));
            }
            found = Some(length);
        }
        Ok(found)
    }
}

/// The index behind the empty line that ends the head, looking from `from` on. Takes CRLF and the LF of sloppy tools.
pub(super) fn head_end(octets: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += octets.get(at..)?.iter().position(|b| *b == b'\n')? + 1;
        match octets.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// Lines without their ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = match self.rest.iter().position(|b| *b == b'\n') {
            Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Appends a continuation line: the fold becomes one space (RFC 3261 §7.3.1).
fn unfold(value: &mut Vec<u8>, line: &[u8]) {
    let part = trim_bytes(line);
    if !value.is_empty() && !part.is_empty() {
        value.push(b' ');
    }
    value.extend_from_slice(part);
}

fn header_line(line: &[u8]) -> Option<(HeaderName, Vec<u8>)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let (name, value) = line.split_at(colon);
    let name = std::str::from_utf8(trim_bytes(name))
        .ok()
        .filter(|name| is_token(name.as_bytes()))?;
    let value = trim_bytes(&value[1..]);
    Some((HeaderName::parse(name), value.to_vec()))
}

fn parse_start(line: &[u8]) -> (Start, Result<(), MalformedKind>) {
    let text = decode(line);
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
        parse_status_line(&text)
    } else {
        parse_request_line(&text)
    }
}

/// `SIP/2.0 200 OK`. A response with a fault is dropped, so its start needs no more care.
fn parse_status_line(text: &str) -> (Start, Result<(), MalformedKind>) {
    let (version, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = digits(code)
        .and_then(|n| u16::try_from(n).ok())
        .filter(|n| code.len() == 3 && (100..700).contains(n));
    let result = if !version.eq_ignore_ascii_case("SIP/2.0") {
        Err(MalformedKind::Version)
    } else if status.is_none() || text.contains('\r') {
        Err(MalformedKind::Status)
    } else {
        Ok(())
    };
    let reason: String = reason.chars().filter(|c| !c.is_control()).collect();
    let start = Start::Response {
        status: status.unwrap_or_default(),
        reason: trim(&reason).to_owned(),
    };
    (start, result)
}

/// `INVITE sip:12345@example.gov.cn SIP/2.0`. More spaces than one between the parts are tolerated, none within the URI.
fn parse_request_line(text: &str) -> (Start, Result<(), MalformedKind>) {
    let Some((rest, version)) = trim(text).rsplit_once(' ') else {
        return (Start::Unreadable, Err(MalformedKind::NotSip));
    };
    let Some((method, uri)) = trim(rest).split_once(' ') else {
        return (Start::Unreadable, Err(MalformedKind::NotSip));
    };
    if !version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
        return (Start::Unreadable, Err(MalformedKind::NotSip));
    }
    let parsed_method = Method::parse(method);
    let parsed_uri = Uri::parse(trim(uri));
    let result = if !version.eq_ignore_ascii_case("SIP/2.0") {
        Err(MalformedKind::Version)
    } else if parsed_method.is_none() {
        Err(MalformedKind::Method)
    } else {
        match &parsed_uri {
            Ok(uri) if uri.headers.is_some() => Err(MalformedKind::RequestUriHeaders),
            Ok(_) => Ok(()),
            Err(error) => Err(MalformedKind::RequestUri(*error)),
        }
    };
    let start = Start::Request {
        method: parsed_method.unwrap_or_else(|| Method::Other(String::new())),
        uri: parsed_uri.unwrap_or_else(|_| placeholder()),
    };
    (start, result)
}

/// Stands for a Request-URI that could not be read; the request is only ever answered with an error.
fn placeholder() -> Uri {
    Uri::sip(None, Host::Name("invalid".into()), None)
}
