//! Octets that broke others (each with its story), and messages that must come back as they went out.

use proptest::prelude::*;

use super::*;
use crate::kernel::limits::{SIP_BODY_MAX_BYTES, SIP_HEADERS_MAX};

const HEADERS: &str = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\n\
    To: <sip:12345@example.gov.cn>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n";

fn options(more: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = b"OPTIONS sip:12345@example.gov.cn SIP/2.0\r\n".to_vec();
    out.extend_from_slice(HEADERS.as_bytes());
    out.extend_from_slice(more.as_ref());
    out
}

fn read(octets: impl AsRef<[u8]>) -> Request {
    match parse_datagram(octets.as_ref()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn refused(octets: impl AsRef<[u8]>) -> Malformed {
    parse_datagram(octets.as_ref()).unwrap_err()
}

#[test]
fn a_reason_is_the_same_when_it_has_been_written_and_read_again() {
    // Found by fuzzing: behind a control character a space was left, which the next reader took away.
    let octets = format!("SIP/2.0 200 \u{1} OK\r\n{HEADERS}\r\n");
    let Ok(Message::Response(response)) = parse_datagram(octets.as_bytes()) else {
        panic!("no response")
    };
    assert_eq!(response.reason, "OK");
}

#[test]
fn gbk_octets_in_a_display_name_cost_nothing() {
    // rsip rejected the whole message; another stack lost every header behind the name.
    let mut octets = b"INVITE sip:12345@example.gov.cn SIP/2.0\r\nFrom: \"".to_vec();
    octets.extend_from_slice(&[0xD5, 0xC5, 0xC8, 0xFD, 0x95, 0x5C]); // 张三 and 昞, whose second octet is a backslash
    octets.extend_from_slice(
        b"\" <sip:13800001234@example.com>;tag=1\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
          To: <sip:12345@example.gov.cn>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n",
    );
    let invite = read(octets);
    let from = invite.headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("张三昞"));
    assert_eq!(from.tag(), Some("1"));
    assert_eq!(invite.body, b"v=0\r\n");
}

#[test]
fn a_body_without_content_length_is_the_rest_of_the_datagram() {
    // Another stack dropped the SDP here.
    assert_eq!(read(options("\r\nhello")).body, b"hello");
    assert_eq!(read(options("l: 2\r\n\r\nhello")).body, b"he");
}

#[test]
fn one_packet_must_not_kill_the_server() {
    // `Content-Length: 18446744073709551615` overflowed a pointer elsewhere.
    for length in ["18446744073709551615", "4294967328", "9999999999999999999999", "6"] {
        let malformed = refused(options(format!("l: {length}\r\n\r\nhello")));
        assert_eq!(malformed.kind, MalformedKind::BodyTruncated, "{length}");
        assert!(malformed.reply.is_some());
    }
    for length in ["-1", "-2", "", "0x5", "5,5", "5 5"] {
        let malformed = refused(options(format!("l: {length}\r\n\r\nhello")));
        assert_eq!(malformed.kind, MalformedKind::ContentLength, "{length}");
    }
    let large = refused(options("\r\n".to_owned() + &"x".repeat(SIP_BODY_MAX_BYTES + 1)));
    assert_eq!(large.status, 413);
}

#[test]
fn compact_names_folds_and_a_leading_line_end_are_read() {
    // rsip found compact headers "missing" and rejected folds, a space before the colon and a leading CRLF.
    let octets = "\r\n\r\nOPTIONS sip:a@example.com SIP/2.0\r\nv : SIP/2.0/UDP 192.0.2.1\r\n ;branch=z9hG4bK1\r\n\
        f: <sip:a@example.com>\r\n\t;tag=1\r\nt: <sip:b@example.com>\r\ni: c1\r\nCSeq: 1\r\n OPTIONS\r\nl: 0\r\n\r\n";
    let request = read(octets);
    assert_eq!(request.headers.via_top().unwrap().branch(), Some("z9hG4bK1"));
    assert_eq!(request.headers.from().unwrap().tag(), Some("1"));
    assert_eq!(request.headers.max_forwards(), Ok(None), "as in RFC 2543");
}

#[test]
fn a_trusted_header_cannot_be_smuggled_past_its_name() {
    let request = read(options(
        "P-Asserted-Identity : <sip:110@example.gov.cn>\r\nX-Internal\t: yes\r\n\r\n",
    ));
    assert!(request.headers.contains(&HeaderName::PAssertedIdentity));
    assert_eq!(request.headers.get(&"x-internal".into()), Some(&b"yes"[..]));
    // Neither may a name hold anything that is no token.
    for line in ["X Internal: y", ": y", "X\u{e9}: y", "no colon"] {
        let malformed = refused(options(format!("{line}\r\n\r\n")));
        assert_eq!(malformed.kind, MalformedKind::HeaderLine, "{line}");
    }
}

#[test]
fn a_lone_carriage_return_cannot_begin_a_header_of_our_answer() {
    let malformed = refused("OPTIONS sip:a@example.com SIP/2.0\r\nFrom: <sip:a@example.com>;tag=1\rX-Evil: 1\r\n\r\n");
    assert_eq!(malformed.kind, MalformedKind::HeaderLine);
}

#[test]
fn headers_that_stand_once_stand_once() {
    for line in [
        "From: <sip:c@example.com>;tag=2",
        "Call-ID: c2",
        "i: c1",
        "t: <sip:d@example.com>",
        "CSeq: 2 OPTIONS",
        "Max-Forwards: 5",
    ] {
        let malformed = refused(options(format!("{line}\r\n\r\n")));
        assert!(matches!(malformed.kind, MalformedKind::Repeated(_)), "{line}");
        let reply = malformed.reply.unwrap();
        assert_eq!(reply.headers.count(&HeaderName::From), 1);
    }
    let same_length = options("l: 0\r\nContent-Length: 0\r\n\r\n");
    assert!(read(same_length).body.is_empty());
}

#[test]
fn a_method_is_its_whole_word() {
    let octets = |method: &str| String::from_utf8(options("\r\n")).unwrap().replace("OPTIONS", method);
    assert_eq!(read(octets("INVITEX")).method, Method::Other("INVITEX".into()));
    let long = refused(octets(&"A".repeat(4096)));
    assert_eq!((long.kind, long.status), (MalformedKind::Method, 400));
    let mut cseq = String::from_utf8(options("\r\n")).unwrap();
    cseq = cseq.replace("1 OPTIONS", &format!("1 {}", "A".repeat(4096)));
    assert_eq!(
        refused(cseq).kind,
        MalformedKind::Header(HeaderError::Malformed(HeaderName::CSeq))
    );
}

#[test]
fn an_ack_is_never_answered_not_even_a_bad_one() {
    let octets = String::from_utf8(options("\r\n"))
        .unwrap()
        .replace("OPTIONS", "ACK")
        .replace("Call-ID", "X-Call-ID");
    assert_eq!(refused(octets).reply, None);
}

#[test]
fn without_a_way_back_nothing_is_answered() {
    for octets in [
        "OPTIONS sip:a@example.com SIP/2.0\r\nFrom: <sip:a@example.com>\r\n\r\n",
        "OPTIONS sip:a@example.com SIP/2.0\r\nVia: nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n",
        "\r\n\r\n",
        "",
        "\0\0\0\0",
    ] {
        assert_eq!(refused(octets).reply, None, "{octets:?}");
    }
}

#[test]
fn floods_of_headers_and_vias_are_cut_off() {
    let many = "X: y\r\n".repeat(SIP_HEADERS_MAX);
    assert_eq!(refused(options(many + "\r\n")).kind, MalformedKind::TooManyHeaders);
    let vias = format!("Via: SIP/2.0/UDP a{}\r\n\r\n", ",SIP/2.0/UDP a".repeat(70));
    assert_eq!(
        refused(options(vias)).kind,
        MalformedKind::Header(HeaderError::TooMany(HeaderName::Via))
    );
    let long = format!("X: {}\r\n\r\n", "y".repeat(40_000));
    assert_eq!(refused(options(long)).status, 513);
    let folds = format!("X: y\r\n{}\r\n", " z\r\n".repeat(5_000));
    assert_eq!(read(options(folds)).headers.get(&"X".into()).unwrap().len(), 10_001);
}

#[test]
fn fifty_long_accept_headers_are_no_burden() {
    let accept = format!("Accept: application/{}\r\n", "x".repeat(500)).repeat(50);
    let request = read(options(accept + "\r\n"));
    assert_eq!(request.headers.list(&HeaderName::Accept).len(), 50);
}

#[test]
fn other_schemes_and_addresses_than_rsip_knows() {
    let request = read(
        "OPTIONS tel:+861012345 SIP/2.0\r\nVia: SIP/2.0/WSS [2001:db8::1]:5060;branch=z9hG4bK1, SIP/2.0/UDP b\r\n\
         From: <tel:13800001234>;tag=1\r\nTo: <sip:12345@[2001:db8::2]>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n\
         Contact: <sip:a@x.invalid;transport=ws>;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\", <sip:b@[2001:db8::3]>\r\n\
         Authorization: Digest algorithm=SHA-256, realm=\"a\"\r\n\r\n",
    );
    assert_eq!(request.uri.number(), Some("+861012345"));
    assert_eq!(request.headers.vias().unwrap().len(), 2);
    let Ok(Contacts::List(contacts)) = request.headers.contacts() else {
        panic!()
    };
    assert_eq!(contacts.len(), 2);
}

#[test]
fn a_reply_carries_what_it_must_and_nothing_else() {
    let request = read(options("Timestamp: 54\r\nRoute: <sip:p;lr>\r\n\r\n"));
    let trying = request.reply(100);
    let names: Vec<&str> = trying.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["Via", "From", "To", "Call-ID", "CSeq", "Timestamp"]);
    let ok = String::from_utf8(request.reply(200).to_bytes()).unwrap();
    assert!(ok.starts_with("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"));
    assert!(ok.ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

#[test]
fn messages_of_real_phones_are_all_accepted() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/message");
    for name in [
        "desk-phone-invite",
        "gbk-display-name",
        "browser-invite",
        "register-digest",
        "compact-forms",
        "ringing",
        "gateway-multipart",
    ] {
        let message = parse_datagram(&std::fs::read(seeds.join(name)).unwrap());
        assert!(message.is_ok(), "{name}: {message:?}");
        if let Ok(Message::Request(request)) = message
            && request.method == Method::Invite
        {
            assert!(request.body_of_type("application/sdp").is_some(), "{name}");
            assert!(request.headers.from().unwrap().display.is_some(), "{name}");
        }
    }
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z]{2,5}){0,2}".prop_map(Host::Name),
        any::<[u8; 4]>().prop_map(|b| Host::V4(b.into())),
        any::<[u16; 8]>().prop_map(|s| Host::V6(s.into())),
    ]
}

prop_compose! {
    fn params()(list in prop::collection::vec(
        ("[a-z]{1,6}", prop::option::of("[A-Za-z0-9._%+~-]{1,8}")), 0..4,
    )) -> Params {
        let mut params = Params::new();
        for (name, value) in list {
            params.set(&name, value.as_deref());
        }
        params
    }
}

prop_compose! {
    fn uri()(
        user in prop::option::of("[A-Za-z0-9_.!~*'()&=+$,;?/#%-]{1,20}"),
        password in "[a-z0-9]{1,8}",
        with_password: bool,
        host in host(),
        port in prop::option::of(1u16..),
        params in params(),
        headers in prop::option::of("[a-z]{1,4}=[a-z%0-9]{0,8}"),
    ) -> Uri {
        let mut uri = Uri::sip(None, host, port);
        uri.password = user.is_some().then_some(password).filter(|_| with_password);
        uri.user = user;
        uri.params = params;
        uri.headers = headers;
        uri
    }
}

prop_compose! {
    fn name_addr()(display in prop::option::of("[^\\x00-\\x1f\\x7f-\\x9f]{1,20}"), uri in uri(), params in params()) -> NameAddr {
        NameAddr { display, uri, params }
    }
}

prop_compose! {
    fn message()(
        mut uri in uri(),
        from in name_addr(),
        to in name_addr(),
        contact in name_addr(),
        call_id in "[A-Za-z0-9@.-]{1,30}",
        cseq: u32,
        subject in "[^\r\n\t ]{0,10}",
        body: Vec<u8>,
        status in prop::option::of(100u16..700),
    ) -> Message {
        uri.headers = None;
        let mut request = Request::new(Method::Invite, uri);
        request.headers.push("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport");
        request.headers.push("From", from.to_string());
        request.headers.push("To", to.to_string());
        request.headers.push("Call-ID", call_id);
        request.headers.push("CSeq", format!("{cseq} INVITE"));
        if let Some(status) = status {
            let mut response = request.reply(status);
            response.body = body;
            return Message::Response(response);
        }
        request.headers.push("Contact", contact.to_string());
        request.headers.push("Subject", subject);
        request.body = body;
        Message::Request(request)
    }
}

fn without_length(mut message: Message) -> Message {
    match &mut message {
        Message::Request(request) => request.headers.remove(HeaderName::ContentLength),
        Message::Response(response) => response.headers.remove(HeaderName::ContentLength),
    }
    message
}

proptest! {
    #[test]
    fn uris_come_back(uri in uri()) {
        prop_assert_eq!(Uri::parse(&uri.to_string()), Ok(uri));
    }

    #[test]
    fn addresses_come_back(address in name_addr()) {
        prop_assert_eq!(NameAddr::parse(&address.to_string()), Ok(address));
    }

    #[test]
    fn a_plain_user_comes_back_unescaped(user in "\\PC{1,20}") {
        let uri = Uri::sip(Some(&user), Host::Name("example.com".into()), None);
        let back = Uri::parse(&uri.to_string()).unwrap();
        prop_assert_eq!(back.user_unescaped(), Some(user));
    }

    #[test]
    fn messages_come_back_from_datagrams_and_streams(message in message(), cut: usize) {
        let bytes = message.to_bytes();
        let read = parse_datagram(&bytes).map(without_length);
        prop_assert_eq!(read, Ok(message.clone()));
        let mut framer = StreamFramer::new();
        let (first, second) = bytes.split_at(cut % bytes.len());
        framer.push(first);
        prop_assert_eq!(framer.next(), None);
        framer.push(second);
        let Some(Ok(Frame::Message(read))) = framer.next() else { panic!() };
        prop_assert_eq!(without_length(read), message);
        prop_assert_eq!(framer.pending_bytes(), 0);
    }

    #[test]
    fn no_octets_break_the_readers(
        octets: Vec<u8>,
        text in "(INVITE sip:a@b SIP/2.0\r\n)?([A-Za-z-]{1,8} ?:[ -~\u{4e00}]{0,30}\r?\n ?){0,10}(\r\n)?",
    ) {
        for input in [octets, text.into_bytes()] {
            let _ = parse_datagram(&input);
            let mut framer = StreamFramer::new();
            for chunk in input.chunks(7) {
                framer.push(chunk);
                for _ in framer.by_ref() {}
            }
            let text = decode(&input);
            let _ = (NameAddr::parse(&text), NameAddr::parse_list(&text), Via::parse(&text), Uri::parse(&text));
        }
    }

    #[test]
    fn a_damaged_message_breaks_nothing(message in message(), at: usize, octet: u8) {
        let mut bytes = message.to_bytes();
        let at = at % bytes.len();
        bytes[at] = octet;
        if let Err(Malformed { reply: Some(request), status, .. }) = parse_datagram(&bytes) {
            prop_assert!(request.headers.via_top().is_ok());
            prop_assert!(!request.reply(status).to_bytes().is_empty());
        }
    }
}
