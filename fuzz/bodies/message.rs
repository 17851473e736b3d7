//! One datagram: whatever it holds, it is either a message that survives being written and read again, or a refusal that
//! can be answered.

use yihao::kernel::limits::{SIP_HEAD_MAX_BYTES, SIP_HEADERS_MAX};
use yihao::sip::digest::{Challenge, Credentials};
use yihao::sip::message::{
    Contacts, HeaderName, Headers, Malformed, Message, NameAddr, Uri, Via, decode, parse_datagram,
};

/// See [`super::message`].
pub fn run(data: &[u8]) {
    match parse_datagram(data) {
        Ok(message) => {
            canonical(&message);
            getters(message.headers());
            answered(&message);
        }
        Err(malformed) => refused(&malformed),
    }
    values(data);
}

/// What we write of a message reads as the same message, and is then written the same.
fn canonical(message: &Message) {
    let headers = message.headers();
    let written = message.to_bytes();
    // Our Content-Length comes on top, and compact names grow: at the limits the copy may be one too many.
    if headers.len() >= SIP_HEADERS_MAX || written.len() >= SIP_HEAD_MAX_BYTES {
        return;
    }
    let again = parse_datagram(&written).expect("what was accepted once is accepted again");
    assert_eq!(without_length(headers), without_length(again.headers()));
    assert_eq!(written, again.to_bytes());
    match (message, &again) {
        (Message::Request(before), Message::Request(after)) => {
            assert_eq!((&before.method, &before.body), (&after.method, &after.body));
        }
        (Message::Response(before), Message::Response(after)) => {
            assert_eq!((before.status, &before.body), (after.status, &after.body));
            assert_eq!(before.reason, after.reason);
        }
        (Message::Request(_), Message::Response(_)) | (Message::Response(_), Message::Request(_)) => {
            panic!("a request became a response, or the other way round")
        }
    }
    let _ = match message {
        Message::Request(request) => request.body_of_type("application/sdp").map(<[u8]>::len),
        Message::Response(response) => response.body_of_type("application/sdp").map(<[u8]>::len),
    };
}

fn without_length(headers: &Headers) -> Headers {
    let mut headers = headers.clone();
    headers.remove(HeaderName::ContentLength);
    headers
}

/// An answer to an accepted request is itself a message, however the top Via is marked (RFC 3581).
fn answered(message: &Message) {
    let Message::Request(request) = message else {
        return;
    };
    let mut request = request.clone();
    let mut top = request.headers.via_top().expect("an accepted request has a Via");
    top.params.set("received", Some("2001:db8::1"));
    top.params.set("rport", Some("5070"));
    let hops = request.headers.vias().map(|vias| vias.len());
    request.headers.replace_top_via(&top);
    let marked = request.headers.via_top().expect("a marked Via is a Via");
    assert_eq!(marked.rport(), Some(Some(5070)));
    assert_eq!(marked.branch(), top.branch());
    assert_eq!(request.headers.vias().map(|vias| vias.len()), hops);
    for status in [100, 486] {
        let answer = request.reply(status).to_bytes();
        assert!(parse_datagram(&answer).is_ok(), "an answer that is none");
    }
}

/// A refusal that can be answered gives an answer in which nothing of the request has become a line of its own.
fn refused(malformed: &Malformed) {
    assert!(matches!(malformed.status, 400 | 413 | 501 | 505 | 513));
    let Some(request) = &malformed.reply else {
        return;
    };
    assert!(
        request.headers.via_top().is_ok(),
        "nothing that an answer could travel by"
    );
    let answer = request.reply(malformed.status);
    let octets = answer.to_bytes();
    let lines = octets.split(|octet| *octet == b'\n').count();
    assert_eq!(lines, answer.headers.len() + 4); // status line, Content-Length, empty line, and what follows it: nothing
    getters(&answer.headers);
}

/// Everything that the server ever asks of headers.
fn getters(headers: &Headers) {
    for via in headers.vias().into_iter().flatten() {
        via_is_fixed(&via);
    }
    let _ = headers.via_top().map(|via| (via.is_rfc3261(), via.received()));
    for address in [headers.from(), headers.to()].into_iter().flatten() {
        address_is_fixed(&address);
    }
    if let Ok(Contacts::List(list)) = headers.contacts() {
        list.iter().for_each(address_is_fixed);
    }
    for list in [headers.routes(), headers.record_routes()].into_iter().flatten() {
        list.iter().for_each(address_is_fixed);
    }
    if let Ok(cseq) = headers.cseq() {
        assert_eq!(alone("CSeq", cseq.to_string()).cseq(), Ok(cseq));
    }
    if let Some(rack) = headers.rack() {
        assert_eq!(alone("RAck", rack.to_string()).rack(), Some(rack));
    }
    let _ = (headers.call_id(), headers.max_forwards(), headers.content_type());
    let _ = (headers.session_expires(), headers.min_se(), headers.expires());
    let _ = (headers.min_expires(), headers.retry_after(), headers.rseq());
    let _ = (headers.require(), headers.supported(), headers.proxy_require());
    for (name, value) in headers.iter() {
        assert_eq!(HeaderName::parse(name.as_str()), *name);
        let _ = headers.list(name);
        let _ = headers.address(name.clone());
        values(value);
    }
}

fn alone(name: &str, value: String) -> Headers {
    let mut headers = Headers::new();
    headers.push(name, value);
    headers
}

/// Octets read as every kind of value that has a grammar of its own: what is understood is written so that it is
/// understood again, and then written the same.
fn values(octets: &[u8]) {
    if let Ok(challenge) = Challenge::parse(octets) {
        let text = challenge.to_string();
        let again = Challenge::parse(text.as_bytes()).expect("our challenge is one");
        assert_eq!(text, again.to_string());
    }
    if let Ok(credentials) = Credentials::parse(octets) {
        let text = credentials.to_string();
        let again = Credentials::parse(text.as_bytes()).expect("our credentials are some");
        assert_eq!(credentials, again);
    }
    let text = decode(octets);
    if let Ok(uri) = Uri::parse(&text) {
        uri_is_fixed(&uri);
    }
    for address in NameAddr::parse_list(&text).into_iter().flatten() {
        address_is_fixed(&address);
    }
}

fn uri_is_fixed(uri: &Uri) {
    let text = uri.to_string();
    let again = Uri::parse(&text).expect("our URI is one");
    assert_eq!(text, again.to_string());
    assert_eq!(
        (&uri.scheme, &uri.host, uri.port),
        (&again.scheme, &again.host, again.port)
    );
    assert_eq!(uri.params, again.params);
    let _ = (uri.user_unescaped(), uri.number());
}

fn address_is_fixed(address: &NameAddr) {
    uri_is_fixed(&address.uri);
    let text = address.to_string();
    let again = NameAddr::parse(&text).expect("our address is one");
    assert_eq!(text, again.to_string());
    assert_eq!((&address.display, &address.params), (&again.display, &again.params));
    let tagged = address.clone().with_tag("8ty4").to_string();
    let tagged = NameAddr::parse(&tagged).expect("a tagged address is one");
    assert_eq!(tagged.tag(), Some("8ty4"));
}

fn via_is_fixed(via: &Via) {
    let text = via.to_string();
    let again = Via::parse(&text).expect("our Via is one");
    assert_eq!(*via, again);
}
