//! What an attacker, or a program gone wrong, sends to the port.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::port::{ADMIN, Port};
use super::town::call;

#[test]
fn a_line_break_in_a_number_or_a_name_is_refused() {
    let port = Port::open();
    let dial = "/api/v1/agents/8001/call/dial";
    for number in [
        r"110\r\nVia: SIP/2.0/UDP evil",
        r"110\nContact: x",
        r"110\u0000",
        "110;user=phone",
        "sip:110@example.com",
        "",
        "110 110",
        "００１１",
    ] {
        let body = format!(r#"{{"to":{{"number":"{number}"}}}}"#);
        let answer = port.post("token-of-8001", dial, &body);
        assert_eq!(answer.error(), (400, "invalid".into()), "{number}");
    }
    for queue in [r"a\r\nb", "", r"\u0007"] {
        let body = format!(r#"{{"to":{{"queue":"{queue}"}}}}"#);
        assert_eq!(port.post("token-of-8001", dial, &body).status, 400, "{queue}");
    }
    for agent in [r"80\r\n01", "../8001", "李伟", "", "..", "a b"] {
        let body = format!(r#"{{"agent":"{agent}","password":"kV9-pq2!xTz7","name":"x"}}"#);
        assert_eq!(port.post(ADMIN, "/api/v1/agents", &body).status, 400, "{agent}");
    }
    for name in [r"李\r\n伟", r"李\u0000伟", "", r"\u0085"] {
        let body = format!(r#"{{"agent":"8009","password":"kV9-pq2!xTz7","name":"{name}"}}"#);
        assert_eq!(port.post(ADMIN, "/api/v1/agents", &body).status, 400, "{name}");
    }
    let note = r#"{"code":"answered","note":"a\r\nSet-Cookie: x"}"#;
    assert_eq!(
        port.post("token-of-8100", &format!("/api/v1/calls/{}/outcome", call(20)), note)
            .status,
        400
    );
    assert!(port.town.orders.lock().unwrap().is_empty() && port.town.accounts.lock().unwrap().is_empty());
}

#[test]
fn sql_in_a_sort_key_or_a_filter_is_no_word_of_ours() {
    let port = Port::open();
    for query in [
        "sort=invite_at_ms",
        "sort=newest;drop%20table%20calls",
        "sort=newest%20--",
        "sort=(select%201)",
        "sort=NEWEST",
        "order=newest",
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=1e3",
        "after=1%20or%201=1",
        "after=01KAKBZ2T1000000000000000'",
        "reason='%20or%20''='",
        "agent='%20or%201=1--",
        "from=2026-11-05",
        "from=now()",
        "hotline=%0d%0a",
        "limit=1&limit=2",
        "unknown=1",
    ] {
        let answer = port.get("token-of-8100", &format!("/api/v1/calls?{query}"));
        assert_eq!(answer.error(), (400, "invalid".into()), "{query}");
    }
    // A quotation mark in a value is only a character.
    let answer = port.get("token-of-8100", "/api/v1/calls?hotline='%20or%20''='");
    assert_eq!(answer.status, 200);
}

#[test]
fn a_body_too_deep_too_long_or_not_json_is_refused_and_the_next_request_is_served() {
    let port = Port::open();
    let path = "/api/v1/agents/8001/pause";
    let deep = format!("{}{}", r#"{"reason":"#, "[".repeat(8_000));
    assert_eq!(port.post("token-of-8001", path, &deep).status, 400);
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(16 * 1024));
    assert_eq!(
        port.post("token-of-8001", path, &long).error(),
        (413, "too_large".into())
    );
    let claims = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-8001\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: 18446744073709551616\r\n\r\n{{}}"
    );
    assert!((400..500).contains(&port.raw(claims.as_bytes()).status));
    let form = [
        ("Authorization", "Bearer token-of-8001"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let answer = port.send("POST", path, &form, "reason=meal");
    assert_eq!(answer.error(), (415, "media_type".into()));
    for bad in [
        "null",
        "[]",
        "1",
        r#"{"reason":1}"#,
        r#"{"reason":"meal","by":"8100"}"#,
        r#"{"reason":"meal""#,
        r#"{"reason":"meal","reason":"x"}"#,
        r#"{"reason":"\ud800"}"#,
        r#"{"reason":"Meal"}"#,
        "\u{feff}{}",
    ] {
        assert_eq!(port.post("token-of-8001", path, bad).status, 400, "{bad}");
    }
    assert!(port.town.orders.lock().unwrap().is_empty());
    assert_eq!(port.post("token-of-8001", path, r#"{"reason":"meal"}"#).status, 202);
}

#[test]
fn a_number_that_no_machine_can_hold_is_a_bad_number() {
    let port = Port::open();
    for seconds in [
        "0",
        "3601",
        "-1",
        "1.5",
        "1e400",
        "99999999999999999999",
        "\"60\"",
        "null",
    ] {
        let body = format!(r#"{{"seconds":{seconds}}}"#);
        let answer = port.post("token-of-8001", "/api/v1/agents/8001/extend-wrap-up", &body);
        assert_eq!(answer.status, 400, "{seconds}");
    }
}

#[test]
fn odd_methods_and_paths_get_an_answer_and_never_a_way_in() {
    let port = Port::open();
    let mut chance = StdRng::seed_from_u64(20_261_105);
    let methods = [
        "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FOO",
    ];
    let pieces = [
        "agents",
        "8001",
        "..",
        "%2e%2e",
        "%00",
        "%ff",
        "calls",
        "live",
        "queues",
        "*",
        "{agent}",
        "call",
        "dial",
        "//",
        "%2F",
        "tokens",
        "recordings",
        "~",
        "wav",
        "'",
        "\"",
        "<script>",
        "events",
        "snapshot",
        "%F0%9F%98%80",
        ";",
        "@",
        "v1",
        "",
    ];
    for _ in 0..300 {
        let method = methods[chance.random_range(0..methods.len())];
        let length = chance.random_range(0..6);
        let path: Vec<&str> = (0..length)
            .map(|_| pieces[chance.random_range(0..pieces.len())])
            .collect();
        let path = format!("/api/v1/{}", path.join("/"));
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let answer = port.raw(request.as_bytes());
        assert!(
            [400, 401, 404, 405].contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        assert!(
            method == "HEAD" || answer.status == 400 || answer.json()["message"].is_string(),
            "{method} {path}"
        );
    }
    assert!(port.town.orders.lock().unwrap().is_empty());
}

#[test]
fn octets_that_are_no_http_do_no_harm() {
    let port = Port::open();
    let mut chance = StdRng::seed_from_u64(7);
    for _ in 0..100 {
        let length = chance.random_range(1..200);
        let mut octets: Vec<u8> = (0..length).map(|_| chance.random()).collect();
        octets.extend_from_slice(b"\r\n\r\n");
        let answer = port.raw(&octets);
        assert!(answer.status == 0 || answer.status == 400, "{answer:?}");
    }
    let smuggled = b"POST /api/v1/agents/8001/ready HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    assert!([400, 401].contains(&port.raw(smuggled).status));
    assert_eq!(port.get("token-of-8001", "/api/v1/me").status, 200);
}
