//! Every torture message of RFC 4475 and RFC 5118 gets its verdict at parser level. What an end system answers to those
//! that are well-formed is tested over sockets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// What the parser makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// A request for the user agent to judge.
    Request,
    /// A response for a transaction to take, if there is one.
    Response,
    /// Refused with this status, and answerable.
    Refused(u16),
    /// Dropped in silence.
    Dropped,
}

use Verdict::{Dropped, Refused, Response as IsResponse};

const VERDICTS: [(&str, Verdict); 62] = [
    ("rfc4475/wsinv.dat", Verdict::Request),
    ("rfc4475/intmeth.dat", Verdict::Request),
    ("rfc4475/esc01.dat", Verdict::Request),
    ("rfc4475/escnull.dat", Verdict::Request),
    ("rfc4475/esc02.dat", Verdict::Request),
    ("rfc4475/lwsdisp.dat", Verdict::Request),
    ("rfc4475/longreq.dat", Verdict::Request),
    ("rfc4475/dblreq.dat", Verdict::Request),
    ("rfc4475/semiuri.dat", Verdict::Request),
    ("rfc4475/transports.dat", Verdict::Request),
    ("rfc4475/mpart01.dat", Verdict::Request),
    ("rfc4475/unreason.dat", IsResponse),
    ("rfc4475/noreason.dat", IsResponse),
    ("rfc4475/badinv01.dat", Refused(400)),
    ("rfc4475/clerr.dat", Refused(400)),
    ("rfc4475/ncl.dat", Refused(400)),
    ("rfc4475/scalar02.dat", Refused(400)),
    ("rfc4475/scalarlg.dat", Dropped),
    ("rfc4475/quotbal.dat", Refused(400)),
    ("rfc4475/ltgtruri.dat", Refused(400)),
    ("rfc4475/lwsruri.dat", Refused(400)),
    ("rfc4475/lwsstart.dat", Verdict::Request),
    ("rfc4475/trws.dat", Verdict::Request),
    ("rfc4475/escruri.dat", Refused(400)),
    ("rfc4475/baddate.dat", Verdict::Request),
    ("rfc4475/regbadct.dat", Refused(400)),
    ("rfc4475/badaspec.dat", Refused(400)),
    ("rfc4475/baddn.dat", Refused(400)),
    ("rfc4475/badvers.dat", Refused(505)),
    ("rfc4475/mismatch01.dat", Refused(400)),
    ("rfc4475/mismatch02.dat", Refused(501)),
    ("rfc4475/bigcode.dat", Dropped),
    ("rfc4475/badbranch.dat", Verdict::Request),
    ("rfc4475/insuf.dat", Refused(400)),
    ("rfc4475/unkscm.dat", Verdict::Request),
    ("rfc4475/novelsc.dat", Verdict::Request),
    ("rfc4475/unksm2.dat", Verdict::Request),
    ("rfc4475/bext01.dat", Verdict::Request),
    ("rfc4475/invut.dat", Verdict::Request),
    ("rfc4475/regaut01.dat", Verdict::Request),
    ("rfc4475/multi01.dat", Refused(400)),
    ("rfc4475/mcl01.dat", Refused(400)),
    ("rfc4475/bcast.dat", IsResponse),
    ("rfc4475/zeromf.dat", Verdict::Request),
    ("rfc4475/cparam01.dat", Verdict::Request),
    ("rfc4475/cparam02.dat", Verdict::Request),
    ("rfc4475/regescrt.dat", Verdict::Request),
    ("rfc4475/sdp01.dat", Verdict::Request),
    ("rfc4475/inv2543.dat", Verdict::Request),
    ("rfc4475/test.dat", Dropped),
    ("rfc5118/ipv6-good.dat", Verdict::Request),
    ("rfc5118/ipv6-bad.dat", Refused(400)),
    ("rfc5118/port-ambiguous.dat", Verdict::Request),
    ("rfc5118/port-unambiguous.dat", Verdict::Request),
    ("rfc5118/via-received-param-with-delim.dat", Verdict::Request),
    ("rfc5118/via-received-param-no-delim.dat", Verdict::Request),
    ("rfc5118/ipv6-in-sdp.dat", Verdict::Request),
    ("rfc5118/mult-ip-in-header.dat", Verdict::Request),
    ("rfc5118/mult-ip-in-sdp.dat", Verdict::Request),
    ("rfc5118/ipv4-mapped-ipv6.dat", Verdict::Request),
    ("rfc5118/ipv6-bug-abnf-3-colons.dat", Verdict::Request),
    ("rfc5118/ipv6-correct-abnf-2-colons.dat", Verdict::Request),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torture")
}

fn octets(file: &str) -> Vec<u8> {
    fs::read(folder().join(file)).unwrap()
}

fn parse(file: &str) -> Result<Message, Malformed> {
    parse_datagram(&octets(file))
}

fn request(file: &str) -> Request {
    match parse(file) {
        Ok(Message::Request(request)) => request,
        other => panic!("{file}: {other:?}"),
    }
}

fn verdict(file: &str) -> Verdict {
    match parse(file) {
        Ok(Message::Request(_)) => Verdict::Request,
        Ok(Message::Response(_)) => IsResponse,
        Err(malformed) if malformed.reply.is_some() => Refused(malformed.status),
        Err(_) => Dropped,
    }
}

/// File → what a UDP sender may see, from the index.
fn index() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("index.tsv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns[1].to_owned(), columns[6].to_owned())
        })
        .collect()
}

#[test]
fn no_message_is_left_out() {
    let mut files: Vec<String> = VERDICTS.iter().map(|(file, _)| (*file).to_owned()).collect();
    files.sort();
    assert_eq!(files, index().into_keys().collect::<Vec<_>>());
    let mut on_disk: Vec<String> = ["rfc4475", "rfc5118"]
        .iter()
        .flat_map(|suite| fs::read_dir(folder().join(suite)).unwrap())
        .map(|entry| {
            let path = entry.unwrap().path();
            let path = path.strip_prefix(folder()).unwrap();
            path.to_str().unwrap().replace('\\', "/")
        })
        .collect();
    on_disk.sort();
    assert_eq!(files, on_disk);
}

#[test]
fn every_message_gets_its_verdict() {
    for (file, expected) in VERDICTS {
        assert_eq!(verdict(file), expected, "{file}: {:?}", parse(file).err());
    }
}

#[test]
fn no_verdict_contradicts_what_a_sender_may_see() {
    let index = index();
    for (file, verdict) in VERDICTS {
        let allowed: Vec<&str> = index[file].split(',').collect();
        let fits = allowed == ["any"]
            || match verdict {
                Refused(status) => allowed.contains(&status.to_string().as_str()),
                Dropped | IsResponse => allowed.contains(&"drop"),
                // 400 of an accepted request comes from the registrar: To of another scheme.
                Verdict::Request => allowed != ["400"] || file.ends_with("unksm2.dat"),
            };
        assert!(fits, "{file}: {verdict:?}, allowed {allowed:?}");
    }
}

#[test]
fn what_was_accepted_survives_being_written_and_read_again() {
    for (file, _) in VERDICTS {
        if let Ok(message) = parse(file) {
            let again = parse_datagram(&message.to_bytes()).unwrap();
            let strip = |message: Message| {
                let (Message::Request(Request { mut headers, body, .. })
                | Message::Response(Response { mut headers, body, .. })) = message;
                headers.remove(HeaderName::ContentLength);
                (headers, body)
            };
            assert_eq!(strip(again), strip(message), "{file}");
        }
    }
}

#[test]
fn every_refusal_can_be_answered() {
    for (file, _) in VERDICTS {
        if let Err(Malformed {
            status,
            reply: Some(request),
            ..
        }) = parse(file)
        {
            assert!(request.headers.via_top().is_ok(), "{file}");
            let response = request.reply(status).to_bytes();
            assert!(response.starts_with(format!("SIP/2.0 {status} ").as_bytes()));
        }
    }
}

#[test]
fn wsinv_is_read_through_all_its_white_space() {
    let invite = request("rfc4475/wsinv.dat");
    let headers = &invite.headers;
    assert_eq!(headers.to().unwrap().tag(), Some("1918181833n"));
    let from = headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(headers.max_forwards(), Ok(Some(68)));
    assert_eq!(headers.cseq().unwrap().to_string(), "9 INVITE");
    let vias: Vec<String> = headers.vias().unwrap().iter().map(Via::to_string).collect();
    assert_eq!(
        vias,
        [
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
            "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239"
        ]
    );
    assert_eq!(headers.get(&HeaderName::Subject), Some(&b""[..]));
    assert_eq!(
        headers.get(&"newfangledheader".into()),
        Some(&b"newfangled value continued newfangled value"[..])
    );
    assert!(headers.routes().unwrap()[0].uri.params.contains("lr"));
    assert_eq!(invite.body.len(), 150);
    assert!(headers.content_type().unwrap().is("application/sdp"));
}

#[test]
fn intmeth_keeps_its_odd_method_and_shows_a_clean_name() {
    let odd = request("rfc4475/intmeth.dat");
    assert_eq!(odd.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(
        odd.uri.user.as_deref(),
        Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
    );
    assert_eq!(odd.headers.to().unwrap().display.as_deref(), Some("BEL: NUL: DEL:"));
    assert_eq!(odd.headers.from().unwrap().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(
        odd.headers.text(&"extensionHeader-!.%*+_`'~".into()).unwrap(),
        "\u{feff}大停電"
    );
}

#[test]
fn dblreq_never_starts_the_call_that_it_hides() {
    let register = request("rfc4475/dblreq.dat");
    assert_eq!(register.method, Method::Register);
    assert!(register.body.is_empty());
    let mut framer = StreamFramer::new();
    framer.push(&octets("rfc4475/dblreq.dat"));
    let methods: Vec<Method> = framer
        .by_ref()
        .filter_map(|frame| match frame {
            Ok(Frame::Message(Message::Request(request))) => Some(request.method),
            Ok(_) | Err(_) => None,
        })
        .collect();
    assert_eq!(methods, [Method::Register, Method::Invite], "two on a stream");
}

#[test]
fn mpart01_keeps_every_octet_of_its_binary_part() {
    let message = request("rfc4475/mpart01.dat");
    let octets = octets("rfc4475/mpart01.dat");
    assert!(message.body.contains(&0));
    assert!(octets.ends_with(&message.body));
    assert!(message.body_of_type("text/plain").is_some());
}

#[test]
fn escaped_contacts_stay_two_and_stay_escaped() {
    let register = request("rfc4475/escnull.dat");
    let Ok(Contacts::List(contacts)) = register.headers.contacts() else {
        panic!()
    };
    assert_eq!(contacts.len(), 2);
    assert_ne!(contacts[0].uri, contacts[1].uri);
    let hidden = request("rfc4475/regescrt.dat");
    let Ok(Contacts::List(contacts)) = hidden.headers.contacts() else {
        panic!()
    };
    assert_eq!(
        contacts[0].uri.headers.as_deref(),
        Some("Route=%3Csip:sip.example.com%3E")
    );
    assert!(!hidden.headers.contains(&HeaderName::Route));
}

#[test]
fn esc02_has_a_header_that_only_looks_like_contact() {
    let odd = request("rfc4475/esc02.dat");
    assert_eq!(odd.headers.count(&HeaderName::Contact), 2);
    assert_eq!(odd.headers.to().unwrap().display.as_deref(), Some("%Z%45"));
}

#[test]
fn unknown_schemes_can_be_told() {
    assert!(!request("rfc4475/unkscm.dat").uri.is_sip());
    assert_eq!(
        request("rfc4475/novelsc.dat").uri.scheme,
        Scheme::Other("soap.beep".into())
    );
    let register = request("rfc4475/unksm2.dat");
    assert!(!register.headers.to().unwrap().uri.is_sip());
}

#[test]
fn spaces_in_a_request_line_are_never_sent_on() {
    for file in ["rfc4475/lwsstart.dat", "rfc4475/trws.dat"] {
        let bytes = request(file).to_bytes();
        let line = bytes.split(|b| *b == b'\r').next().unwrap();
        assert_eq!(line.iter().filter(|b| **b == b' ').count(), 2, "{file}");
    }
}

#[test]
fn odd_reasons_are_kept() {
    let Ok(Message::Response(response)) = parse("rfc4475/unreason.dat") else {
        panic!()
    };
    assert!(response.reason.ends_with("простое"));
    let Ok(Message::Response(response)) = parse("rfc4475/noreason.dat") else {
        panic!()
    };
    assert_eq!((response.status, response.reason.as_str()), (100, ""));
}

#[test]
fn brackets_decide_what_is_a_port() {
    assert_eq!(request("rfc5118/port-ambiguous.dat").uri.port, None);
    assert_eq!(request("rfc5118/port-unambiguous.dat").uri.port, Some(5070));
    assert_eq!(
        request("rfc5118/ipv6-bug-abnf-3-colons.dat").uri,
        request("rfc5118/ipv6-correct-abnf-2-colons.dat").uri
    );
    for file in [
        "rfc5118/via-received-param-with-delim.dat",
        "rfc5118/via-received-param-no-delim.dat",
    ] {
        let via = request(file).headers.via_top().unwrap();
        assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
    }
}
