//! What the trace keeps and what it must not keep.

use super::*;
use crate::sip::Transport;

const INVITE: &str = "INVITE sip:12345@example.gov.cn SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK776\r\n\
    From: <sip:13800001234@example.com>;tag=1\r\n\
    Call-ID: abc@example.com\r\n\
    CSeq: 1 INVITE\r\n\
    Proxy-Authorization : Digest username=\"x\",\r\n response=\"5ecret\"\r\n\
    authorization: Digest response=\"5ecret\"\r\n\
    Content-Type: application/sdp\r\n\r\nAuthorization: v=0\r\n";
const OK: &str = "SIP/2.0 200 OK\r\ni: abc@example.com\r\nCSeq: 1 INVITE\r\n\r\n";

fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: "192.0.2.1:5060".parse().unwrap(),
        connection: 0,
    }
}

fn at(ms: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + ms)
}

fn traced() -> Vec<TracedMessage> {
    let dir = tempfile::tempdir().unwrap();
    let trace = Trace::start(dir.path(), TraceConfig::default(), Arc::default()).unwrap();
    let handle = trace.handle();
    handle.message(at(0), Way::In, &flow(), INVITE.as_bytes());
    handle.message(at(1), Way::In, &flow(), INVITE.replace("abc@", "other@").as_bytes());
    handle.message(at(2), Way::In, &flow(), b"\r\n\r\n");
    handle.message(at(1_250), Way::Out, &flow(), OK.as_bytes());
    trace.close();
    read_call(dir.path(), &["abc@example.com".into()]).unwrap()
}

#[test]
fn one_calls_messages_are_found_again_and_hold_no_secret() {
    let messages = traced();
    assert_eq!(messages.len(), 2);
    let invite = String::from_utf8(messages[0].bytes.clone()).unwrap();
    assert!(!invite.contains("5ecret"), "{invite}");
    assert!(invite.contains("Proxy-Authorization : (redacted)\r\nauthorization: (redacted)\r\nContent-Type"));
    assert!(
        invite.ends_with("\r\n\r\nAuthorization: v=0\r\n"),
        "a body is left alone"
    );
    assert_eq!(
        (messages[1].way, messages[1].bytes.as_slice()),
        (Way::Out, OK.as_bytes())
    );
}

#[test]
fn the_ladder_shows_who_said_what_and_hides_numbers() {
    let mut messages = traced();
    messages[1].bytes = INVITE
        .replace("sip:12345", "sip:13800001234")
        .replace("INVITE sip", "\x1b[2JBYE sip")
        .into_bytes();
    let drawn = ladder(&messages, Numbers::Masked);
    let lines: Vec<&str> = drawn.lines().collect();
    assert!(lines[0].contains("yihao") && lines[0].ends_with("192.0.2.1:5060"));
    assert!(lines[1].starts_with("    0.000  |< INVITE sip:12345@example.gov.cn (SDP) ---"));
    assert!(lines[2].starts_with("    1.250  |- \u{FFFD}[2JBYE sip:138****1234@example.gov.cn"));
    assert!(ladder(&messages, Numbers::Shown).contains("13800001234"));
    assert!(!transcript(&messages, Numbers::Masked).contains("13800001234"));
}

#[test]
fn old_files_make_room_and_a_full_queue_drops_and_counts() {
    let dir = tempfile::tempdir().unwrap();
    let config = TraceConfig {
        segment_bytes: 600,
        segments: 3,
        queue_max_bytes: 1_000,
    };
    for n in 0..10 {
        let trace = Trace::start(dir.path(), config, Arc::default()).unwrap();
        let ids = INVITE.replace("abc@", &format!("{n}@"));
        trace.handle().message(at(n), Way::In, &flow(), ids.as_bytes());
        trace.close();
    }
    let ids: Vec<String> = (0..10).map(|n| format!("{n}@example.com")).collect();
    let kept = read_call(dir.path(), &ids).unwrap();
    assert_eq!(kept.iter().map(|m| m.at).collect::<Vec<_>>(), [at(7), at(8), at(9)]);

    let health = Arc::<StoreHealth>::default();
    let trace = Trace::start(dir.path(), config, health.clone()).unwrap();
    trace.handle().message(at(0), Way::In, &flow(), &[b'x'; 1_001]);
    assert_eq!(health.trace_dropped.get(), 1);
}

#[test]
fn any_garbage_on_the_disk_is_survived() {
    let mut block = Vec::new();
    let raw = format::Raw {
        at: at(0),
        way: Way::In,
        flow: flow(),
        length: INVITE.len(),
    };
    format::push(&mut block, &raw, INVITE.as_bytes());
    for cut in 0..block.len() {
        let mut found = Vec::new();
        format::read(&block[..cut], |_| true, &mut found);
        assert!(found.is_empty());
        let mut flipped = block.clone();
        flipped[cut] ^= 0x10;
        format::read(&flipped, |_| true, &mut found);
        assert!(found.is_empty());
    }
}
