//! Messages that have killed or fooled other servers, over UDP to the running one: each gets its answer, and the next caller
//! is served.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;
use yihao::store::ledger::{CallFilter, Order};

use crate::support::house::{Answer, House, PATIENCE, answers};

/// A number that nobody serves.
const NOBODY: &str = "sip:404404@127.0.0.1";

/// A sender, and how its messages begin.
struct Attacker {
    socket: UdpSocket,
    us: SocketAddr,
    number: u32,
}

/// What differs between the attacks.
#[derive(Clone)]
struct Attack {
    method: &'static str,
    uri: &'static str,
    /// Further headers, each with its line end.
    headers: String,
    to: String,
    body: Vec<u8>,
    /// `Content-Length`, where it is not the true one; empty for none at all.
    length: Option<String>,
    cseq: Option<String>,
}

impl Default for Attack {
    fn default() -> Self {
        Self {
            method: "OPTIONS",
            uri: "sip:127.0.0.1",
            headers: String::new(),
            to: "<sip:12345@example.com>".into(),
            body: Vec::new(),
            length: None,
            cseq: None,
        }
    }
}

impl Attacker {
    async fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let us = socket.local_addr().unwrap();
        Self { socket, us, number: 0 }
    }

    /// Sends one and returns its final answer, if there is one.
    async fn send(&mut self, house: &House, attack: &Attack) -> Option<Answer> {
        self.number += 1;
        let (us, n) = (self.us, self.number);
        let Attack {
            method,
            uri,
            headers,
            to,
            body,
            length,
            cseq,
        } = attack;
        let cseq = cseq.clone().unwrap_or_else(|| format!("{n} {method}"));
        let length = match length {
            None => format!("Content-Length: {}\r\n", body.len()),
            Some(text) if text.is_empty() => String::new(),
            Some(text) => format!("Content-Length: {text}\r\n"),
        };
        let mut bytes = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bKa{n}-{};rport\r\n\
             From: <sip:a@example.com>;tag=a{n}\r\nTo: {to}\r\nCall-ID: attack-{us}-{n}\r\nCSeq: {cseq}\r\n\
             Contact: <sip:a@{us}>\r\nMax-Forwards: 70\r\n{headers}{length}\r\n",
            us.port()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        self.socket.send_to(&bytes, house.udp).await.unwrap();
        let call_id = format!("Call-ID: attack-{us}-{n}\r\n");
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = answers(&self.socket, until, 1).await.pop()?;
            if answer.text.contains(&call_id) {
                return Some(answer);
            }
        }
    }
}

async fn status(attacker: &mut Attacker, house: &House, attack: Attack) -> u16 {
    attacker.send(house, &attack).await.map_or(0, |answer| answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_that_no_message_has() {
    let house = House::open(|_| {}).await;
    let mut attacker = Attacker::new().await;
    for length in [
        "18446744073709551615",
        "-1",
        "-2",
        "4294967328",
        "99999",
        "1e3",
        "0x10",
        "0, 5",
        "",
    ] {
        let attack = Attack {
            length: Some(length.into()),
            ..Attack::default()
        };
        let status = status(&mut attacker, &house, attack).await;
        // Without the header the rest of the datagram is the body (RFC 3261 §18.3).
        assert_eq!(
            status,
            if length.is_empty() { 200 } else { 400 },
            "Content-Length: {length}"
        );
        house.assert_is_well(length).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_unusual_size() {
    let house = House::open(|_| {}).await;
    let mut attacker = Attacker::new().await;
    let long_method = Attack {
        cseq: Some(format!("1 {}", "M".repeat(4_096))),
        ..Attack::default()
    };
    assert_eq!(
        status(&mut attacker, &house, long_method).await,
        400,
        "a CSeq method of 4 KB"
    );
    let many = format!("Accept: {}\r\n", "application/x-".to_owned() + &"y".repeat(200)).repeat(50);
    let accepts = Attack {
        headers: many,
        ..Attack::default()
    };
    assert_eq!(
        status(&mut attacker, &house, accepts).await,
        200,
        "fifty long Accept headers"
    );
    let to = Attack {
        to: format!("<sip:{}@example.com>", "u".repeat(600)),
        ..Attack::default()
    };
    assert_eq!(status(&mut attacker, &house, to).await, 200, "a user of 600 octets");
    let near = Attack {
        method: "INVITEX",
        ..Attack::default()
    };
    assert_eq!(status(&mut attacker, &house, near).await, 501, "INVITEX is no INVITE");
    let number = Attack {
        cseq: Some("4294967296 OPTIONS".into()),
        ..Attack::default()
    };
    assert_eq!(status(&mut attacker, &house, number).await, 400, "a number of 33 bits");
    house.assert_is_well("long words").await;
    assert!(house.server.handle().calls().await.is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_twice_or_in_disguise() {
    let house = House::open(|_| {}).await;
    let mut attacker = Attacker::new().await;
    for header in [
        "From: <sip:other@example.com>;tag=2\r\n",
        "Call-ID: other\r\n",
        "CSeq: 7 OPTIONS\r\n",
        "Max-Forwards : 3\r\n",
    ] {
        let attack = Attack {
            headers: header.into(),
            ..Attack::default()
        };
        assert_eq!(status(&mut attacker, &house, attack).await, 400, "{header:?} twice");
    }
    // A stranger's word about who calls is not believed, however it is spelt.
    let mut disguised = invite();
    disguised.headers += "P-Asserted-Identity : <sip:110@example.com>\r\n";
    let answer = attacker.send(&house, &disguised).await.unwrap();
    assert_eq!(
        answer.status, 404,
        "an unknown number is refused, and on record with the caller's From"
    );
    let calls = tokio::time::timeout(PATIENCE, async {
        loop {
            let ledger = house.server.handle().ledger();
            let list = ledger
                .list_calls(&CallFilter::default(), Order::NewestFirst, 10)
                .await
                .unwrap_or_default();
            if !list.is_empty() {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(calls[0].from.as_ref().map(|from| from.reveal()), Some("a"));
    house.close().await;
}

/// An INVITE to a number that nobody serves, with an offer.
fn invite() -> Attack {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
    Attack {
        method: "INVITE",
        uri: NOBODY,
        headers: "Content-Type: application/sdp\r\n".into(),
        body: sdp.into(),
        ..Attack::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_none() {
    let house = House::open(|_| {}).await;
    let mut attacker = Attacker::new().await;
    let body = |kind: &str, body: &[u8]| Attack {
        method: "INVITE",
        uri: NOBODY,
        headers: format!("Content-Type: {kind}\r\n"),
        body: body.to_vec(),
        ..Attack::default()
    };
    let cases: [(&str, Attack, &[u16]); 7] = [
        (
            "multipart with LF only",
            body(
                "multipart/mixed;boundary=b",
                b"--b\nContent-Type: text/plain\n\nx\n--b--\n",
            ),
            &[415, 404, 400],
        ),
        (
            "multipart of zero parts",
            body("multipart/mixed;boundary=b", b"--b--\r\n"),
            &[415, 404, 400],
        ),
        (
            "multipart without a boundary",
            body("multipart/mixed", b"nothing"),
            &[415, 400],
        ),
        (
            "a fmtp with NUL",
            body("application/sdp", b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=fmtp\0\r\n"),
            &[404, 488],
        ),
        (
            "a port of 33 bits",
            body("application/sdp", b"v=0\r\nm=audio 4294967296 RTP/AVP 8\r\n"),
            &[488, 404],
        ),
        (
            "a hundred crypto lines",
            {
                let lines = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n".repeat(100);
                body(
                    "application/sdp",
                    format!("v=0\r\nm=audio 4000 RTP/SAVP 8\r\n{lines}").as_bytes(),
                )
            },
            &[404, 488],
        ),
        ("no stream at all", body("application/sdp", b"v=0\r\n"), &[404, 488]),
    ];
    for (name, attack, allowed) in cases {
        let status = status(&mut attacker, &house, attack).await;
        assert!(allowed.contains(&status), "{name}: {status}");
        house.assert_is_well(name).await;
    }
    assert!(house.server.handle().calls().await.is_empty());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_splits_no_header() {
    let house = House::open(|_| {}).await;
    let mut attacker = Attacker::new().await;
    let name = "\"evil\u{1b}[31m\u{7} name\" <sip:12345@example.com>;x=\"a\\\rb\"";
    let attack = Attack {
        to: name.into(),
        ..Attack::default()
    };
    if let Some(answer) = attacker.send(&house, &attack).await {
        assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
        let lines = answer.text.split(['\r', '\n']).filter(|line| !line.is_empty());
        assert!(
            lines.skip(1).all(|line| line.contains(": ")),
            "{}",
            answer.text.escape_debug()
        );
    }
    house.assert_is_well("control characters").await;
    house.close().await;
}
