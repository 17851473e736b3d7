//! Messages that are meant to harm: names with line breaks, methods of four kilobytes, lengths beyond reason. None of them is a
//! call that stays, none writes a control character into the ledger, and the next citizen is served.

use yihao::kernel::EventKind;

use crate::support::by_hand::ByHand;
use crate::support::script::{answered, gone, hang_up, hear, seconds};
use crate::support::world::World;

/// A good INVITE with one thing replaced.
fn with(hand: &ByHand, from: &str, to: &str) -> Vec<u8> {
    let text = hand.invite("1000");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// Everything of traps.md that fits into one datagram.
fn hostile(hand: &ByHand) -> Vec<(&'static str, Vec<u8>)> {
    let long = |n: usize| "a".repeat(n);
    let offer = |sdp: &str| hand.request("INVITE", "1000", 1, "sdp", "", sdp).into_bytes();
    let usual = hand.offer();
    let mut all = vec![
        (
            "method of 4 KB",
            with(hand, "CSeq: 1 INVITE", &format!("CSeq: 1 {}", long(4_096))),
        ),
        (
            "request method of 4 KB",
            with(hand, "INVITE sip", &format!("{} sip", long(4_096))),
        ),
        ("INVITEX", with(hand, "INVITE sip", "INVITEX sip")),
        (
            "length of 2^64-1",
            with(hand, "Content-Length: ", "Content-Length: 1844674407370955161"),
        ),
        ("length of -1", with(hand, "Content-Length: ", "Content-Length: -1")),
        (
            "length of -2",
            with(hand, "Content-Length: ", "Content-Length: -2\r\nX: "),
        ),
        (
            "length of 2^32+32",
            with(hand, "Content-Length: ", "Content-Length: 4294967328\r\nX: "),
        ),
        (
            "line break in the name",
            with(hand, "From: <sip", "From: \"a\r\nVia: SIP/2.0/UDP 203.0.113.1\" <sip"),
        ),
        (
            "escaped line break in the number",
            with(hand, "From: <sip:13800001234", "From: <sip:138%0d%0aVia:%20x"),
        ),
        (
            "escaped line break in the dialled number",
            with(hand, "INVITE sip:1000@", "INVITE sip:1000%0d%0aX@"),
        ),
        (
            "escape sequences in the name",
            with(hand, "From: <sip", "From: \"\x1b[2J\x07\x00\" <sip"),
        ),
        ("GBK in the name", {
            let mut bytes = with(hand, "From: <sip", "From: \"@@\" <sip");
            let at = bytes.windows(2).position(|w| w == b"@@").unwrap();
            bytes.splice(at..at + 2, [0xC4, 0xE3, 0xBA, 0xC3]);
            bytes
        }),
        ("two Call-IDs", with(hand, "Call-ID: ", "Call-ID: other\r\nCall-ID: ")),
        (
            "two Froms",
            with(hand, "From: ", "From: <sip:110@example.com>;tag=x\r\nFrom: "),
        ),
        (
            "a trusted name smuggled",
            with(hand, "From: ", "P-Asserted-Identity : <sip:110@example.com>\r\nFrom: "),
        ),
        (
            "user of 600 octets",
            with(hand, "To: <sip:1000", &format!("To: <sip:{}", long(600))),
        ),
        (
            "number of 600 octets",
            with(hand, "INVITE sip:1000", &format!("INVITE sip:{}", "1".repeat(600))),
        ),
        (
            "fifty Accepts",
            with(
                hand,
                "Max-Forwards",
                &format!("{}Max-Forwards", format!("Accept: {}\r\n", long(500)).repeat(50)),
            ),
        ),
        ("no Via", with(hand, "Via: ", "X-Via: ")),
        ("no tag", with(hand, ";tag=hand", "")),
        ("Max-Forwards of 0", with(hand, "Max-Forwards: 70", "Max-Forwards: 0")),
        ("version 7", with(hand, "SIP/2.0\r\n", "SIP/7.0\r\n")),
        ("multipart without parts", {
            let kind = "Content-Type: multipart/mixed;boundary=b\r\n";
            hand.request("INVITE", "1000", 1, "mp", kind, "")
                .replace("Content-Length: 0", "Content-Length: 3")
                .into_bytes()
        }),
        ("body that is no description", offer("hello")),
        ("port 0", offer(&usual.replace("audio 30000", "audio 0"))),
        (
            "port beyond 2^32",
            offer(&usual.replace("audio 30000", "audio 4294967296")),
        ),
        ("port of 65535", offer(&usual.replace("audio 30000", "audio 65535"))),
        ("no streams", offer(usual.split("m=").next().unwrap())),
        (
            "a hundred cryptos",
            offer(&format!(
                "{usual}{}",
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n".repeat(100)
            )),
        ),
        (
            "a thousand streams",
            offer(&format!("{usual}{}", "m=audio 1 RTP/AVP 8\r\n".repeat(1_000))),
        ),
        ("zero octet in fmtp", offer(&format!("{usual}a=fmtp\0:101 0-15\r\n"))),
        (
            "fax",
            offer(&usual.replace("m=audio 30000 RTP/AVP 8 101", "m=image 30000 udptl t38")),
        ),
        ("packets of 0 ms", offer(&format!("{usual}a=ptime:0\r\n"))),
        ("packets of an hour", offer(&format!("{usual}a=ptime:3600000\r\n"))),
        (
            "sound to nobody",
            offer(&usual.replace("IN IP4 198.51.100.9", "IN IP4 0.0.0.0")),
        ),
        (
            "sound to everybody",
            offer(&usual.replace("IN IP4 198.51.100.9", "IN IP4 255.255.255.255")),
        ),
        (
            "sound to ourselves",
            offer(&usual.replace("IN IP4 198.51.100.9", "IN IP4 127.0.0.1")),
        ),
        (
            "session of 1 s",
            hand.request(
                "INVITE",
                "1000",
                1,
                "se",
                "Supported: timer\r\nSession-Expires: 1\r\n",
                &usual,
            )
            .into_bytes(),
        ),
        (
            "what we do not know is required",
            hand.request("INVITE", "1000", 1, "rq", "Require: everything\r\n", &usual)
                .into_bytes(),
        ),
        ("nothing", Vec::new()),
        ("half a line", b"INVITE sip:1000@".to_vec()),
        ("zeros", vec![0; 1_000]),
        ("line breaks", b"\r\n\r\n\r\n\r\n".to_vec()),
        ("a colon", b":".to_vec()),
        ("60 KB of a", vec![b'a'; 60_000]),
    ];
    let whole = hand.invite("1000").into_bytes();
    all.extend((0..whole.len()).step_by(37).map(|n| ("cut off", whole[..n].to_vec())));
    all
}

#[test]
fn each_alone() {
    let messages = hostile(&ByHand::new(9, "x")).len();
    for n in 0..messages {
        let mut city = World::new(1_500 + n as u64);
        let hand = ByHand::new(9, &format!("h{n}"));
        let (name, bytes) = hostile(&hand).swap_remove(n);
        city.send_raw(hand.address, &bytes);
        city.run_to_the_end();
        no_control_characters(&city, name);
        city.assert_nothing_is_left();
    }
}

#[test]
fn all_together_with_a_citizen_among_them() {
    let mut city = World::new(1_600);
    let citizen = city.citizen_dials(
        "1000",
        vec![
            answered(),
            hear(440.0),
            crate::support::script::wait(2.0),
            hang_up(),
            gone(),
        ],
    );
    for round in 0..3 {
        for n in 0..hostile(&ByHand::new(9, "x")).len() {
            let (_, bytes) = hostile(&ByHand::new(9, &format!("all-{round}-{n}"))).swap_remove(n);
            city.send_raw(ByHand::new((n % 200) as u8, "").address, &bytes);
        }
        city.run_for(seconds(0.3));
    }
    let next = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(citizen);
    city.assert_went_well(next);
    no_control_characters(&city, "all");
    city.assert_nothing_is_left();
}

fn no_control_characters(city: &World, name: &str) {
    for event in &city.ledger {
        if let EventKind::Invite {
            from, to, sip_call_id, ..
        } = &event.kind
        {
            let texts = [from.reveal(), to.reveal(), sip_call_id];
            assert!(
                texts.iter().all(|t| !t.chars().any(char::is_control)),
                "{name}: {texts:?}"
            );
            assert!(texts.iter().all(|t| t.len() < 300), "{name}: {texts:?}");
        }
    }
}

#[test]
fn requests_within_a_call_are_no_kinder() {
    let mut city = World::new(1_601);
    let mut hand = ByHand::new(9, "within");
    let invite = hand.invite("3000");
    hand.send(&mut city, &invite);
    city.run_for(seconds(0.1));
    hand.learn_tag(&city);
    hand.ack(&mut city, "3000");
    city.run_for(seconds(0.1));
    let fax = hand
        .offer()
        .replace("m=audio 30000 RTP/AVP 8 101", "m=image 30000 udptl t38");
    let requests = [
        hand.request("INVITE", "3000", 2, "w2", "", &fax),
        hand.request("INVITE", "3000", 4, "w4", "", "nonsense"),
        hand.request("UPDATE", "3000", 5, "w5", "", &fax),
        hand.request("INFO", "3000", 6, "w6", "Content-Type: application/dtmf-relay\r\n", ""),
        hand.request(
            "INFO",
            "3000",
            7,
            "w7",
            "",
            "Signal=99999999999\r\nDuration=99999999999",
        ),
        hand.request("PRACK", "3000", 8, "w8", "RAck: 1 1 INVITE\r\n", ""),
        hand.request("NOTIFY", "3000", 9, "w9", "Event: refer\r\n", ""),
        hand.request("EVIL", "3000", 10, "w10", "", ""),
        hand.request("INVITE", "3000", 1, "w11", "", &hand.offer()),
        hand.request("BYE", "3000", 0, "w12", "", ""),
    ];
    for request in requests {
        hand.send(&mut city, &request);
        city.run_for(seconds(0.2));
        assert_eq!(
            city.exchange.live(),
            1,
            "the call goes on after {}",
            request.lines().next().unwrap()
        );
    }
    let bye = hand.request("BYE", "3000", 99, "end", "", "");
    hand.send(&mut city, &bye);
    city.run_to_the_end();
    assert_eq!(
        city.end_of(0),
        (yihao::kernel::EndedBy::Caller, yihao::kernel::EndReason::Hangup)
    );
    city.assert_nothing_is_left();
}
