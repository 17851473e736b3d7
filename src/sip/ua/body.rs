//! Finds the session description in a body, also within a multipart one (carriers add ISUP parts). Reads no SDP itself.

use crate::sip::message::{HeaderName, Headers};

/// What a body holds for us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// Nothing, or only what its sender calls optional.
    None,
    /// A session description.
    Sdp(&'a [u8]),
    /// Something that we do not read: 415.
    Unknown,
}

/// Most parts of a multipart body looked at.
const PARTS_MAX: usize = 16;

/// Looks into a body.
pub(super) fn find<'a>(headers: &Headers, body: &'a [u8]) -> Body<'a> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Body::None;
    }
    let kind = headers.text(&HeaderName::ContentType).unwrap_or_default();
    let optional = headers
        .text(&HeaderName::ContentDisposition)
        .is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
    match look(&kind, body) {
        Body::Unknown if optional => Body::None,
        found => found,
    }
}

fn look<'a>(kind: &str, body: &'a [u8]) -> Body<'a> {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/sdp") {
        return Body::Sdp(body);
    }
    if essence.is_empty() && body.starts_with(b"v=") {
        return Body::Sdp(body); // some devices forget the Content-Type
    }
    let is_multipart = essence
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    match boundary(kind) {
        Some(boundary) if is_multipart => parts(body, &boundary),
        Some(_) | None => Body::Unknown,
    }
}

fn boundary(kind: &str) -> Option<String> {
    kind.split(';').skip(1).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty())
            .then(|| value.to_owned())
    })
}

/// The first session description among the parts (RFC 2046 §5.1); line ends may be bare LF.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Body<'a> {
    let delimiter = format!("--{boundary}");
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = position(&body[at..], delimiter.as_bytes()) {
        starts.push((at + found, at + found + delimiter.len()));
        at += found + delimiter.len();
        if starts.len() > PARTS_MAX {
            break;
        }
    }
    starts
        .windows(2)
        .filter_map(|pair| sdp_part(&body[pair[0].1..pair[1].0]))
        .next()
        .map_or(Body::Unknown, Body::Sdp)
}

fn sdp_part(part: &[u8]) -> Option<&[u8]> {
    let (head, content) = match (position(part, b"\r\n\r\n"), position(part, b"\n\n")) {
        (Some(at), _) => (&part[..at], &part[at + 4..]),
        (None, Some(at)) => (&part[..at], &part[at + 2..]),
        (None, None) => return None,
    };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| {
            matches!(name.trim(), "content-type" | "c")
                && value.split(';').next().unwrap_or_default().trim() == "application/sdp"
        })
        .then_some(content)
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(kind: &str) -> Headers {
        let mut headers = Headers::new();
        headers.push(HeaderName::ContentType, kind);
        headers
    }

    #[test]
    fn a_carrier_wraps_the_offer_with_its_isup_part() {
        let body = b"--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n";
        let headers = with("multipart/mixed;boundary=\"x\"");
        assert_eq!(find(&headers, body), Body::Sdp(b"v=0\r\n"));
    }

    #[test]
    fn bare_line_feeds_and_zero_parts_do_no_harm() {
        let headers = with("multipart/mixed; boundary=x");
        let body = b"--x\nContent-Type: application/sdp\n\nv=0\n--x--";
        assert_eq!(find(&headers, body), Body::Sdp(b"v=0\n"));
        assert_eq!(find(&headers, b"--x--"), Body::Unknown);
        assert_eq!(find(&with("multipart/mixed"), b"--"), Body::Unknown);
    }

    #[test]
    fn an_optional_part_of_unknown_kind_is_passed_over() {
        let mut headers = with("application/x-unknown");
        assert_eq!(find(&headers, b"x"), Body::Unknown);
        headers.push(HeaderName::ContentDisposition, "render;handling=optional");
        assert_eq!(find(&headers, b"x"), Body::None);
    }
}
