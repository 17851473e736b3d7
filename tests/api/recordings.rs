//! Recordings: found, heard whole and in part, kept; each hearing on record.

use std::sync::atomic::Ordering;

use super::port::{Answer, Port};
use super::town::{call, octets};

fn id() -> String {
    format!("call~{}-1.wav", call(20))
}

fn hear(port: &Port, range: &str) -> Answer {
    let mut headers = vec![("Authorization", "Bearer token-of-8100")];
    if !range.is_empty() {
        headers.push(("Range", range));
    }
    port.send("GET", &format!("/api/v1/recordings/{}/wav", id()), &headers, "")
}

#[test]
fn a_recording_is_found_by_its_call() {
    let port = Port::open();
    let found = port
        .get("token-of-8100", &format!("/api/v1/recordings?call={}", call(20)))
        .json();
    assert_eq!(found["recordings"][0]["recording"], id());
    let none = port
        .get("token-of-8100", &format!("/api/v1/recordings?call={}", call(21)))
        .json();
    assert!(none["recordings"].as_array().unwrap().is_empty());
}

#[test]
fn it_is_heard_whole_and_in_part_and_each_time_it_is_noted_first() {
    let port = Port::open();
    let whole = hear(&port, "");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("audio/wav")));
    assert_eq!(whole.header("content-length"), Some("150000"));
    assert!(whole.body == octets(), "{} octets", whole.body.len());
    let part = hear(&port, "bytes=100000-");
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, Some("bytes 100000-149999/150000"))
    );
    assert!(part.body == octets()[100_000..]);
    let beyond = hear(&port, "bytes=150000-");
    assert_eq!(beyond.error(), (416, "out_of_range".into()));
    assert_eq!(beyond.header("content-range"), Some("bytes */150000"));
    let noted = port.town.reveals.lock().unwrap().clone();
    assert_eq!(noted.len(), 2, "{noted:?}");
    assert_eq!((noted[0].0, noted[0].1.as_str()), (call(20), "8100"));

    port.town.ledger_away.store(true, Ordering::Relaxed);
    assert_eq!(hear(&port, "").status, 503, "what cannot be noted is not played");
}

#[test]
fn agents_do_not_hear_recordings() {
    let port = Port::open();
    let path = format!("/api/v1/recordings/{}/wav", id());
    for token in ["token-of-8001", "token-of-wallboard"] {
        assert_eq!(port.get(token, &path).status, 403);
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let port = Port::open();
    for name in [
        "..",
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..~..~etc~passwd",
        "call~..~..~journal~0.log",
        "~etc~passwd",
        "call%2F..%2F..%2Fledger.sqlite3",
        "call~.hidden.wav",
        "call~x.wav.part",
        "call~x%00.wav",
        "call~x%0d%0aX-Evil:%201.wav",
        "call\\..\\x.wav",
        &"a".repeat(300),
    ] {
        let answer = port.get("token-of-8100", &format!("/api/v1/recordings/{name}/wav"));
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
        assert!(!answer.head.contains("X-Evil"));
    }
    let after = port.get("token-of-8100", "/api/v1/recordings?after=../../etc/passwd");
    assert_eq!(after.status, 400);
    assert!(port.town.reveals.lock().unwrap().is_empty());
}

#[test]
fn those_of_a_call_are_kept_beyond_their_time_and_let_go_again() {
    let port = Port::open();
    let path = format!("/api/v1/calls/{}/hold", call(20));
    let why = r#"{"reason":"行政复议取证"}"#;
    assert_eq!(
        port.with_body("PUT", "token-of-8100", &path, "").status,
        400,
        "not without a reason"
    );
    assert_eq!(port.with_body("PUT", "token-of-8001", &path, why).status, 403);
    assert_eq!(port.with_body("PUT", "token-of-8100", &path, why).status, 204);
    let shown = port.get("token-of-8100", "/api/v1/recordings").json();
    assert_eq!(shown["recordings"][0]["held"], true);
    assert_eq!(port.town.held.lock().unwrap()[&call(20)], "8100: 行政复议取证");
    let done = r#"{"reason":"复议已结案"}"#;
    assert_eq!(
        port.with_body("DELETE", "token-of-8100", &path, done).status,
        403,
        "an administrator lets go"
    );
    assert_eq!(port.with_body("DELETE", "token-of-chief", &path, done).status, 204);
    assert!(port.town.held.lock().unwrap().is_empty());
    let nothing = format!("/api/v1/calls/{}/hold", call(99));
    assert_eq!(port.with_body("PUT", "token-of-8100", &nothing, why).status, 404);
}
