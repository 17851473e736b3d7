//! Who may come in, and what each may do.

use yihao::kernel::Role;

use super::port::{ADMIN, Port};

const OPEN: [&str; 9] = [
    "/api/v1/me",
    "/api/v1/agents",
    "/api/v1/queues",
    "/api/v1/calls/live",
    "/api/v1/calls",
    "/api/v1/call-backs",
    "/api/v1/recordings",
    "/api/v1/events",
    "/api/v1/snapshot",
];

#[test]
fn without_a_token_nothing_is_told_and_why_not_is_the_same_for_all() {
    let port = Port::open();
    let refusal = port.send("GET", "/api/v1/agents", &[], "").text();
    assert!(
        refusal.contains("unauthorized") && refusal.contains("访问令牌"),
        "{refusal}"
    );
    for (path, header) in OPEN.into_iter().zip([
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "Basic dG9rZW4tb2YtODAwMQ==",
        "token-of-8001",
        "Bearer token-of-8001x",
        "Bearer token-of-8001 token-of-8001",
        "bearer TOKEN-OF-8001",
        "Bearer \u{1F600}",
    ]) {
        let answer = port.send("GET", path, &[("Authorization", header)], "");
        assert_eq!(
            (answer.status, answer.text()),
            (401, refusal.clone()),
            "{path} {header:?}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let two = [("Authorization", "Bearer token-of-8001"), ("Authorization", "Bearer x")];
    assert_eq!(
        port.send("GET", "/api/v1/me", &two, "").status,
        401,
        "which of them would it be?"
    );
}

#[test]
fn each_token_knows_whom_it_speaks_for() {
    let port = Port::open();
    let me = port.get("token-of-8001", "/api/v1/me").json();
    assert_eq!((&me["role"], &me["agent"]), (&"agent".into(), &"8001".into()));
    let me = port.get("token-of-program", "/api/v1/me").json();
    assert_eq!(
        (&me["role"], &me["agent"]),
        (&"supervisor".into(), &serde_json::Value::Null)
    );
    assert_eq!(port.get(ADMIN, "/api/v1/me").json()["role"], "admin");
}

#[test]
fn the_token_of_one_agent_does_nothing_for_another() {
    let port = Port::open();
    for (verb, body) in [
        ("sign-in", "{}"),
        ("sign-out", ""),
        ("ready", ""),
        ("pause", r#"{"reason":"meal"}"#),
        ("extend-wrap-up", r#"{"seconds":30}"#),
        ("call/dial", r#"{"to":{"number":"110"}}"#),
        ("call/hang-up", ""),
        ("call/hold", r#"{"on":true}"#),
        ("call/park", ""),
        ("call/mask", r#"{"on":true}"#),
    ] {
        for token in ["token-of-8001", "token-of-wallboard"] {
            for other in ["8002", "nobody"] {
                let answer = port.post(token, &format!("/api/v1/agents/{other}/{verb}"), body);
                assert_eq!(
                    answer.error(),
                    (403, "forbidden".into()),
                    "{token} {other} {verb}: whether he exists is not told"
                );
            }
        }
    }
    let supervise = r#"{"agent":"8002","part":"listening"}"#;
    let answer = port.post("token-of-8001", "/api/v1/agents/8001/call/supervise", supervise);
    assert_eq!(answer.status, 403, "an agent does not listen to others");
    let answer = port.post("token-of-8100", "/api/v1/agents/8001/call/hang-up", "");
    assert_eq!(answer.status, 403, "not even a supervisor speaks with another's voice");
    assert!(
        port.town.orders.lock().unwrap().is_empty(),
        "nothing reached the exchange"
    );
}

#[test]
fn what_is_for_supervisors_and_for_administrators_is_for_them_alone() {
    let port = Port::open();
    let call = super::town::call(20);
    let settle = format!("/api/v1/call-backs/{call}/settle");
    for (method, path, body, least) in [
        ("GET", "/api/v1/registrations", "", Role::Supervisor),
        ("GET", "/api/v1/recordings", "", Role::Supervisor),
        ("POST", settle.as_str(), r#"{"note":"已办结"}"#, Role::Supervisor),
        ("GET", "/api/v1/tokens", "", Role::Admin),
        ("POST", "/api/v1/tokens", r#"{"name":"x","role":"agent"}"#, Role::Admin),
        ("DELETE", "/api/v1/tokens/id-8002", "", Role::Admin),
        ("DELETE", "/api/v1/agents/8002", "", Role::Admin),
        (
            "PUT",
            "/api/v1/agents/8002/password",
            r#"{"password":"kV9-pq2!xTz7"}"#,
            Role::Admin,
        ),
    ] {
        for (token, role) in [
            ("token-of-wallboard", Role::Agent),
            ("token-of-8001", Role::Agent),
            ("token-of-8100", Role::Supervisor),
        ] {
            let status = port.with_body(method, token, path, body).status;
            assert_eq!(status == 403, role < least, "{method} {path} with {token}: {status}");
        }
    }
    assert_eq!(port.post("token-of-8100", "/admin/drain", "").status, 403);
    assert_eq!(port.post("token-of-chief", "/admin/reload", "").status, 200);
}

#[test]
fn who_guesses_is_stopped_and_who_works_behind_the_same_proxy_is_not() {
    let port = Port::open();
    assert_eq!(port.get("token-of-8001", "/api/v1/me").status, 200);
    for n in 0..10 {
        assert_eq!(port.get(&format!("guess-{n}"), "/api/v1/me").status, 401);
    }
    let looked_up = *port.town.look_ups.lock().unwrap();
    let answer = port.get("guess-11", "/api/v1/me");
    assert_eq!(answer.error(), (429, "too_many_failures".into()));
    assert!(
        answer
            .header("retry-after")
            .is_some_and(|s| s.parse::<u64>().unwrap() <= 60)
    );
    assert_eq!(
        port.get("token-of-8002", "/api/v1/me").status,
        429,
        "a guess that is right does not look different"
    );
    assert_eq!(
        *port.town.look_ups.lock().unwrap(),
        looked_up,
        "guesses cost no look-up any more"
    );
    assert_eq!(
        port.get("token-of-8001", "/api/v1/me").status,
        200,
        "who was known goes on working"
    );
}

#[test]
fn a_token_is_made_told_once_and_ended_at_once() {
    let port = Port::open();
    let wish = r#"{"name":"李伟的工作台","role":"agent","agent":"8001"}"#;
    let made = port.post(ADMIN, "/api/v1/tokens", wish);
    assert_eq!(made.status, 201);
    let (id, secret) = (made.json()["token"].clone(), made.json()["secret"].clone());
    let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap());
    assert_eq!(port.get(secret, "/api/v1/me").json()["agent"], "8001");
    let list = port.get(ADMIN, "/api/v1/tokens").text();
    assert!(list.contains(id) && !list.contains(secret), "{list}");
    assert_eq!(
        port.with_body("DELETE", ADMIN, &format!("/api/v1/tokens/{id}"), "")
            .status,
        204
    );
    assert_eq!(port.get(secret, "/api/v1/me").status, 401);
    assert_eq!(
        port.with_body("DELETE", ADMIN, &format!("/api/v1/tokens/{id}"), "")
            .status,
        404
    );
}

#[test]
fn with_the_ledger_away_live_calls_are_still_shown_and_ordered() {
    let port = Port::open();
    port.town.ledger_away.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(port.get("token-of-8001", "/api/v1/agents").status, 200);
    assert_eq!(port.post("token-of-8001", "/api/v1/agents/8001/ready", "").status, 202);
    let away = port.get("token-of-8100", "/api/v1/calls");
    assert_eq!(away.error(), (503, "ledger_away".into()));
    assert!(!away.text().contains("/secret/path"), "the cause is for the log");
}
