//! One part out of a multipart body (RFC 2046 §5.1, RFC 5621): gateways put SDP beside ISUP. Goes one level deep only.

use super::head::{Head, head_end};
use super::header_name::HeaderName;
use super::headers::Headers;
use super::typed::MediaType;

/// Parts looked at; a hostile body may have thousands.
const PARTS_MAX: usize = 16;

/// The body or the part that has the type `essence`, in lower case. `None` for an empty body, another type, or a
/// multipart body without such a part.
pub(super) fn find<'a>(headers: &Headers, body: &'a [u8], essence: &str) -> Option<&'a [u8]> {
    if body.is_empty() {
        return None;
    }
    let Some(media_type) = headers.content_type() else {
        return Some(body);
    };
    if media_type.is(essence) {
        return Some(body);
    }
    if media_type.kind != "multipart" {
        return None;
    }
    let boundary = media_type.params.value("boundary").filter(|b| !b.is_empty())?;
    parts(body, boundary)
        .take(PARTS_MAX)
        .find_map(|part| content_of(part, essence))
}

/// What stands between the delimiter lines; neither preamble nor epilogue.
fn parts<'a>(body: &'a [u8], boundary: &str) -> impl Iterator<Item = &'a [u8]> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut rest = after_delimiter(body, &delimiter).map(|(_, rest)| rest);
    std::iter::from_fn(move || {
        let (part, behind) = after_delimiter(rest.take()?, &delimiter)?;
        rest = Some(behind);
        Some(part)
    })
}

/// Splits at the first line that begins with the delimiter: what stands before it, and what follows it.
fn after_delimiter<'a>(octets: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let line = octets.get(from..)?;
        if line.is_empty() {
            return None;
        }
        // `--b1` must not be taken for a delimiter within `--b10`, the boundary of a nested multipart.
        if let Some(rest) = line.strip_prefix(delimiter)
            && matches!(rest.first(), None | Some(b'\r' | b'\n' | b'-' | b' ' | b'\t'))
        {
            return Some((&octets[..from], rest));
        }
        from += line.iter().position(|b| *b == b'\n')? + 1;
    }
}

/// The content of a part of this type. `part` begins behind the delimiter, with the end of that line.
fn content_of<'a>(part: &'a [u8], essence: &str) -> Option<&'a [u8]> {
    let start = part.iter().position(|b| *b == b'\n')?;
    let end = head_end(part, start)?;
    let headers = Head::parse_headers(&part[start + 1..end]);
    let content = &part[end..];
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    let media_type = MediaType::parse(&headers.text(&HeaderName::ContentType)?);
    media_type.is(essence).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(content_type: &str, body: &str) -> Option<String> {
        let mut headers = Headers::new();
        headers.push("Content-Type", content_type);
        find(&headers, body.as_bytes(), "application/sdp").map(|found| String::from_utf8_lossy(found).into_owned())
    }

    const GATEWAY: &str = "preamble\r\n--b1\r\nContent-Type: application/isup;version=itu-t\r\n\r\n\u{1}\u{2}\r\n\
        --b1\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 8\r\n\r\n--b1--\r\n";

    #[test]
    fn a_gateways_sdp_is_found_beside_its_isup() {
        let sdp = find_in("multipart/mixed;boundary=b1", GATEWAY).unwrap();
        assert_eq!(sdp, "v=0\r\nm=audio 1 RTP/AVP 8\r\n");
        assert!(find_in("multipart/mixed; boundary=\"b1\"", GATEWAY).is_some());
    }

    #[test]
    fn line_feeds_alone_are_enough() {
        let body = GATEWAY.replace('\r', "");
        assert!(find_in("multipart/mixed;boundary=b1", &body).is_some());
    }

    #[test]
    fn no_parts_no_end_no_boundary_no_harm() {
        for body in [
            "--b1--",
            "--b1--\r\n",
            "--b1",
            "--b1\r\n",
            "x",
            "\r\n\r\n",
            "--b1\n\n--b1\n\n--b1--",
        ] {
            assert_eq!(find_in("multipart/mixed;boundary=b1", body), None, "{body:?}");
        }
        assert_eq!(find_in("multipart/mixed", GATEWAY), None);
        assert_eq!(find_in("multipart/mixed;boundary=", GATEWAY), None);
    }

    #[test]
    fn a_plain_body_is_itself() {
        assert_eq!(find_in("Application/SDP", "v=0"), Some("v=0".into()));
        assert_eq!(find_in("text/plain", "v=0"), None);
        assert_eq!(find_in("application/sdp", ""), None);
    }
}
