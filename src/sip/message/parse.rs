//! The one message of a datagram (RFC 3261 §18.3). Knows no stream: see `framer`.

use super::Message;
use super::head::{Head, head_end};
use super::malformed::{Malformed, MalformedKind};
use super::verdict::{judge, refuse};
use crate::kernel::limits::{SIP_BODY_MAX_BYTES, SIP_HEAD_MAX_BYTES};

/// Reads the one message of a datagram. Octets beyond Content-Length are dropped; without Content-Length the body is
/// the rest of the datagram.
///
/// # Errors
/// See [`Malformed`].
pub fn parse_datagram(octets: &[u8]) -> Result<Message, Malformed> {
    let octets = without_leading_line_ends(octets);
    if octets.is_empty() {
        return Err(Malformed {
            kind: MalformedKind::Empty,
            status: 400,
            reply: None,
        });
    }
    let Some(end) = head_end(octets, 0).filter(|end| *end <= SIP_HEAD_MAX_BYTES) else {
        return Err(endless(octets));
    };
    let (head, rest) = octets.split_at(end);
    let head = Head::parse(head);
    match body(&head, rest) {
        Ok(body) => judge(head, body),
        // A fault in a line explains more than the framing that it may have spoilt.
        Err(kind) => Err(refuse(head.problem.clone().unwrap_or(kind), &head)),
    }
}

fn body(head: &Head, rest: &[u8]) -> Result<Vec<u8>, MalformedKind> {
    let length = head.content_length()?.unwrap_or(rest.len());
    let body = rest.get(..length).ok_or(MalformedKind::BodyTruncated)?;
    if body.len() > SIP_BODY_MAX_BYTES {
        return Err(MalformedKind::BodyTooLong);
    }
    Ok(body.to_vec())
}

fn endless(octets: &[u8]) -> Malformed {
    let kind = if octets.len() > SIP_HEAD_MAX_BYTES {
        MalformedKind::HeadTooLong
    } else {
        MalformedKind::HeadNotEnded
    };
    let head = Head::parse(&octets[..octets.len().min(SIP_HEAD_MAX_BYTES)]);
    refuse(
        head.problem
            .clone()
            .filter(|problem| *problem == MalformedKind::NotSip)
            .unwrap_or(kind),
        &head,
    )
}

/// Line ends before a message are keep-alives or sloppiness (RFC 3261 §7.5, RFC 5626 §3.5.1).
fn without_leading_line_ends(octets: &[u8]) -> &[u8] {
    let start = octets
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(octets.len());
    &octets[start..]
}
