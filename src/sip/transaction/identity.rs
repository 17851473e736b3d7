//! What makes two messages belong to one transaction (RFC 3261 §17.1.3, §17.2.3). Keeps nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::sip::message::{Headers, Method, Request, Via};

/// The name of a transaction, equal for all messages that belong to it. Its parts are separated
/// by line feeds, which no part can hold.
pub(super) type Identity = Arc<str>;

/// Names the transaction that a request belongs to, were its method `method`: an ACK or CANCEL
/// looks for its INVITE this way.
pub(super) fn of_request(request: &Request, via: &Via, method: &Method) -> Identity {
    if via.is_rfc3261() {
        by_branch(via, method)
    } else {
        by_fields(request, via, method, to_tag(&request.headers).as_deref())
    }
}

/// The names under which an ACK's INVITE may be known, best first. Only RFC 2543 has two: there the To
/// tag is part of the name, and the ACK has one even where the INVITE had none.
pub(super) fn of_acknowledged(ack: &Request, via: &Via) -> Vec<Identity> {
    let first = of_request(ack, via, &Method::Invite);
    if via.is_rfc3261() {
        return vec![first];
    }
    vec![first, by_fields(ack, via, &Method::Invite, None)]
}

/// Names one of our own transactions. The branch is ours and random, so that it alone tells ours apart.
pub(super) fn of_ours(branch: &str, method: &Method) -> Identity {
    format!("ours\n{method}\n{branch}").into()
}

/// RFC 3261 §17.2.3, rules 1–3: branch, sent-by, method.
fn by_branch(via: &Via, method: &Method) -> Identity {
    let branch = via.branch().unwrap_or_default();
    let host = via.host.to_string().to_ascii_lowercase();
    let port = via.port.unwrap_or_default();
    format!("3261\n{method}\n{branch}\n{host}\n{port}").into()
}

/// RFC 3261 §17.2.3, for requests without a branch of their own (RFC 2543): Request-URI, tags, Call-ID, CSeq, top Via.
fn by_fields(request: &Request, via: &Via, method: &Method, to_tag: Option<&str>) -> Identity {
    let headers = &request.headers;
    let from = from_tag(headers).unwrap_or_default();
    let to = to_tag.unwrap_or_default();
    let call = headers.call_id().unwrap_or_default();
    let cseq = headers.cseq().map_or(0, |it| it.number);
    let uri = &request.uri;
    format!("2543\n{method}\n{cseq}\n{call}\n{from}\n{to}\n{uri}\n{via}").into()
}

/// Equal for the copies of one request that came by different ways (RFC 3261 §8.2.2.2). `None`
/// inside a dialog, where copies cannot be.
pub(super) fn of_merged(request: &Request, secret: u64) -> Option<u64> {
    let headers = &request.headers;
    if to_tag(headers).is_some() {
        return None;
    }
    let cseq = headers.cseq().ok()?;
    let call = headers.call_id().ok()?;
    let mut hash = DefaultHasher::new();
    (secret, call, from_tag(headers)).hash(&mut hash);
    (cseq.number, request.method.as_str()).hash(&mut hash);
    Some(hash.finish())
}

/// A To tag for answers to this request: the same whenever it comes, as an answer without memory
/// must have (RFC 3261 §8.2.7), and not to be guessed.
pub(super) fn answer_tag(request: &Request, via: Option<&Via>, secret: u64) -> u64 {
    let headers = &request.headers;
    let mut hash = DefaultHasher::new();
    (secret, "tag", headers.call_id().ok()).hash(&mut hash);
    (from_tag(headers), via.and_then(Via::branch)).hash(&mut hash);
    headers.cseq().map_or(0, |it| it.number).hash(&mut hash);
    hash.finish()
}

/// The To tag, if the header can be read.
pub(super) fn to_tag(headers: &Headers) -> Option<String> {
    let to = headers.to().ok()?;
    to.tag().map(str::to_owned)
}

fn from_tag(headers: &Headers) -> Option<String> {
    let from = headers.from().ok()?;
    from.tag().map(str::to_owned)
}
