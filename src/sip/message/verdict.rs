//! Whether a head and a body make an acceptable message, and what can be answered if not. What a method needs beyond
//! that (extensions, body types, dialogs) is the user agent's business.

use super::head::{Head, Start};
use super::header_name::HeaderName;
use super::headers::Headers;
use super::malformed::{Malformed, MalformedKind};
use super::method::Method;
use super::scan::split_outside;
use super::text::decode;
use super::typed::HeaderError;
use super::via::Via;
use super::{Message, Request, Response};
use crate::kernel::limits::SIP_VIAS_MAX;

/// Headers that may stand once. Taking the first of several is a hole to smuggle through (RFC 4475 §3.3.8).
const SINGLE: [HeaderName; 5] = [
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::From,
    HeaderName::To,
    HeaderName::MaxForwards,
];

/// Puts head and body together.
pub(super) fn judge(mut head: Head, body: Vec<u8>) -> Result<Message, Malformed> {
    let problem = head.problem.take().or_else(|| match &head.start {
        Start::Request { method, .. } => request_problem(method, &head.headers).err(),
        Start::Response { .. } => common_problem(&head.headers).err(),
        Start::Unreadable => Some(MalformedKind::NotSip),
    });
    if let Some(kind) = problem {
        return Err(refuse(kind, &head));
    }
    match head.start {
        Start::Request { method, uri } => Ok(Message::Request(Request {
            method,
            uri,
            headers: head.headers,
            body,
        })),
        Start::Response { status, reason } => Ok(Message::Response(Response {
            status,
            reason,
            headers: head.headers,
            body,
        })),
        Start::Unreadable => Err(refuse(MalformedKind::NotSip, &head)),
    }
}

/// The refusal of a message, with as much of the request as an answer needs.
pub(super) fn refuse(kind: MalformedKind, head: &Head) -> Malformed {
    let (known, reply) = match &head.start {
        Start::Request { method, uri } => (
            method.is_known(),
            // An ACK is never answered (RFC 3261 §17.1.1.3).
            (*method != Method::Ack).then(|| answerable(method, uri, &head.headers)),
        ),
        Start::Response { .. } | Start::Unreadable => (true, None),
    };
    Malformed {
        status: kind.status(known),
        kind,
        reply: reply.flatten(),
    }
}

fn answerable(method: &Method, uri: &super::Uri, headers: &Headers) -> Option<Box<Request>> {
    let top = match headers.via_top() {
        Ok(_) => None,
        Err(_) => Some(Via::salvage(&headers.text(&HeaderName::Via)?).ok()?),
    };
    let mut reply = Request::new(method.clone(), uri.clone());
    let mut vias = headers.all(&HeaderName::Via);
    if let Some(saved) = top {
        vias.next();
        reply.headers.push(HeaderName::Via, saved.to_string());
    }
    for via in vias {
        reply.headers.push(HeaderName::Via, via);
    }
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        if let Some(value) = headers.get(&name) {
            reply.headers.push(name, value);
        }
    }
    Some(Box::new(reply))
}

/// RFC 3261 §8.1.1: what every request has. Max-Forwards may be missing (RFC 2543), and so may tag and branch.
fn request_problem(method: &Method, headers: &Headers) -> Result<(), MalformedKind> {
    common_problem(headers)?;
    headers.max_forwards().map_err(MalformedKind::Header)?;
    let cseq = headers.cseq().map_err(MalformedKind::Header)?;
    if cseq.method != *method {
        return Err(MalformedKind::MethodMismatch);
    }
    // These two are kept and called later: a Contact that could be read in two ways must not get in (RFC 4475 §3.1.2.13).
    if matches!(method, Method::Register | Method::Invite) {
        headers.contacts().map_err(MalformedKind::Header)?;
    }
    Ok(())
}

/// What requests and responses both have (RFC 3261 §8.1.1, §8.2.6.2).
fn common_problem(headers: &Headers) -> Result<(), MalformedKind> {
    if let Some(name) = SINGLE.iter().find(|name| headers.count(name) > 1) {
        return Err(MalformedKind::Repeated(name.clone()));
    }
    headers.via_top().map_err(MalformedKind::Header)?;
    headers.from().map_err(MalformedKind::Header)?;
    headers.to().map_err(MalformedKind::Header)?;
    headers.call_id().map_err(MalformedKind::Header)?;
    headers.cseq().map_err(MalformedKind::Header)?;
    let vias: usize = headers
        .all(&HeaderName::Via)
        .map(|value| split_outside(&decode(value), b',').count())
        .sum();
    if vias > SIP_VIAS_MAX {
        return Err(MalformedKind::Header(HeaderError::TooMany(HeaderName::Via)));
    }
    Ok(())
}
