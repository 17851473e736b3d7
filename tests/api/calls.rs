//! Calls over the port: under way, finished, page by page, and the one way to a whole number.

use super::port::Port;
use super::town::{call, talking};

#[test]
fn calls_under_way_are_told_masked_with_who_serves_them() {
    let port = Port::open();
    let calls = port.get("token-of-wallboard", "/api/v1/calls/live").json();
    let one = &calls["calls"][0];
    assert_eq!(one["from"], "138****1234");
    assert_eq!(one["since"], "2026-11-05T09:28:55.000+08:00");
    assert_eq!(one["agents"][0]["agent"], "8001");
    let same = port
        .get("token-of-8001", &format!("/api/v1/calls/live/{}", talking()))
        .json();
    assert_eq!(&same, one);
    assert_eq!(
        port.get("token-of-8001", &format!("/api/v1/calls/live/{}", call(7)))
            .status,
        404
    );
}

#[test]
fn queues_are_told_with_their_callers_in_order() {
    let port = Port::open();
    let queues = port.get("token-of-wallboard", "/api/v1/queues").json();
    assert_eq!(
        (&queues["queues"][0]["waiting"], &queues["queues"][0]["longest_wait_s"]),
        (&2.into(), &41.into())
    );
    let one = port.get("token-of-wallboard", "/api/v1/queues/general").json();
    assert_eq!(
        (&one["callers"][0]["place"], &one["callers"][0]["number"]),
        (&1.into(), &"139****5678".into())
    );
    assert_eq!(port.get("token-of-wallboard", "/api/v1/queues/nowhere").status, 404);
}

#[test]
fn finished_calls_come_page_by_page_without_gap_or_double() {
    let port = Port::open();
    for sort in ["newest", "oldest"] {
        let mut seen = Vec::new();
        let mut after = String::new();
        for _ in 0..4 {
            let page = port
                .get("token-of-8100", &format!("/api/v1/calls?sort={sort}&limit=4{after}"))
                .json();
            let calls = page["calls"].as_array().unwrap();
            seen.extend(calls.iter().map(|call| call["call"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let mut expected: Vec<String> = (20..30).map(|n| call(n).to_string()).collect();
        if sort == "newest" {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

#[test]
fn an_agent_sees_the_calls_that_he_answered_and_no_others() {
    let port = Port::open();
    let own = port.get("token-of-8001", "/api/v1/calls").json();
    assert_eq!(own["calls"].as_array().unwrap().len(), 10);
    let none = port.get("token-of-8002", "/api/v1/calls").json();
    assert_eq!(none["calls"].as_array().unwrap().len(), 0);
    for beyond in ["agent=8002", "number=13800001234"] {
        assert_eq!(
            port.get("token-of-8001", &format!("/api/v1/calls?{beyond}")).status,
            403,
            "{beyond}"
        );
    }
    let path = format!("/api/v1/calls/{}", call(20));
    assert_eq!(port.get("token-of-8001", &path).status, 200);
    assert_eq!(port.get("token-of-8002", &path).status, 403);
    let missing = format!("/api/v1/calls/{}", call(99));
    assert_eq!(
        port.get("token-of-8002", &missing).status,
        403,
        "nor whether there is one"
    );
    assert_eq!(port.get("token-of-8100", &missing).status, 404);
}

#[test]
fn a_call_is_told_with_its_events_and_without_whole_numbers() {
    let port = Port::open();
    let whole = port.get("token-of-8100", &format!("/api/v1/calls/{}", call(20)));
    let json = whole.json();
    assert_eq!(json["record"]["agent"], "8001");
    assert_eq!(json["events"][0]["type"], "invite");
    assert_eq!(json["events"][1]["data"]["keys"], "4105");
    assert!(!whole.text().contains("13800001234"), "{}", whole.text());
}

#[test]
fn a_whole_number_is_told_only_after_it_is_noted_who_asks_and_why() {
    let port = Port::open();
    let path = format!("/api/v1/calls/{}/reveal", call(20));
    let reason = r#"{"reason":"回访核实地址"}"#;
    assert_eq!(
        port.post("token-of-8001", &path, "").status,
        400,
        "not without a reason"
    );
    assert_eq!(port.post("token-of-8001", &path, r#"{"reason":" "}"#).status, 400);
    assert_eq!(
        port.post("token-of-8002", &path, reason).status,
        403,
        "it is not her call"
    );
    assert_eq!(port.post("token-of-wallboard", &path, reason).status, 403);
    assert!(port.town.reveals.lock().unwrap().is_empty());

    let told = port.post("token-of-8001", &path, reason).json();
    assert_eq!(told["from"], "13800001234");
    assert_eq!(
        *port.town.reveals.lock().unwrap(),
        [(call(20), "8001".to_owned(), "number: 回访核实地址".to_owned())]
    );

    port.town.ledger_away.store(true, std::sync::atomic::Ordering::Relaxed);
    let away = port.post("token-of-8100", &path, reason);
    assert!(
        away.status == 503 && !away.text().contains("13800001234"),
        "what cannot be noted is not shown"
    );
}
