//! Agents over the port: seen, sent to work and home, made and changed.

use std::time::Duration;

use yihao::call::{Denied, Order};
use yihao::queue::{Action, Refused};

use super::port::{ADMIN, Port};
use super::town::agent;

fn acted(action: Action, by: Option<&str>) -> Order {
    Order::Act {
        agent: agent("8001"),
        action,
        by: by.map(str::to_owned),
    }
}

#[test]
fn an_agent_comes_to_work_pauses_and_goes_home() {
    let port = Port::open();
    let steps = [
        ("sign-in", "", Action::SignIn { ready: false }),
        ("sign-in", r#"{"ready":true}"#, Action::SignIn { ready: true }),
        ("ready", "", Action::Ready),
        ("pause", r#"{"reason":"meal"}"#, Action::Pause { reason: "meal".into() }),
        (
            "extend-wrap-up",
            r#"{"seconds":60}"#,
            Action::ExtendWrapUp {
                by: Duration::from_secs(60),
            },
        ),
        ("sign-out", "", Action::SignOut),
    ];
    for (verb, body, _) in &steps {
        let answer = port.post("token-of-8001", &format!("/api/v1/agents/8001/{verb}"), body);
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let expected: Vec<Order> = steps.into_iter().map(|(_, _, action)| acted(action, None)).collect();
    assert_eq!(*port.town.orders.lock().unwrap(), expected);
}

#[test]
fn who_does_it_for_an_agent_is_noted() {
    let port = Port::open();
    for (token, by) in [
        ("token-of-8100", "8100"),
        ("token-of-program", "token:program"),
        (ADMIN, "token:admin-token"),
    ] {
        assert_eq!(port.post(token, "/api/v1/agents/8001/ready", "").status, 202);
        let order = port.town.orders.lock().unwrap().pop();
        assert_eq!(order, Some(acted(Action::Ready, Some(by))));
    }
}

#[test]
fn a_refusal_says_in_chinese_what_to_do_and_in_a_stable_word_what_it_is() {
    let port = Port::open();
    for (denied, status, code, words) in [
        (
            Denied::Floor(Refused::UnknownAgent),
            404,
            "unknown_agent",
            "核对坐席账号",
        ),
        (Denied::Floor(Refused::UnknownQueue), 404, "unknown_queue", "核对队列"),
        (Denied::Floor(Refused::NotSignedIn), 409, "not_signed_in", "请先签入"),
        (Denied::Floor(Refused::NotNow), 409, "not_now", "状态"),
        (Denied::Floor(Refused::TooLate), 409, "too_late", "接走"),
        (Denied::Floor(Refused::NoMoreTime), 409, "no_more_time", "置闲"),
        (Denied::NoCall, 409, "no_call", "没有可操作的通话"),
        (Denied::Unknown, 404, "unknown", "核对名称"),
        (Denied::NotAllowed, 403, "not_allowed", "班长"),
        (Denied::NumberNotAllowed, 403, "number_not_allowed", "管理员"),
        (Denied::Unreachable, 409, "unreachable", "话机"),
        (Denied::NotNow, 409, "not_now", "状态"),
        (Denied::Full, 503, "no_room", "稍后"),
    ] {
        *port.town.denied.lock().unwrap() = Some(denied);
        let answer = port.post("token-of-8001", "/api/v1/agents/8001/ready", "");
        assert_eq!(answer.error(), (status, code.into()), "{denied:?}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains(words) && message.contains('：'),
            "{denied:?}: {message}"
        );
    }
}

#[test]
fn agents_are_listed_with_what_they_do() {
    let port = Port::open();
    let agents = port.get("token-of-wallboard", "/api/v1/agents").json();
    let first = &agents["agents"][0];
    assert_eq!((&first["agent"], &first["status"]), (&"8001".into(), &"talking".into()));
    assert_eq!(first["since"], "2026-11-05T09:30:00.000+08:00");
    let one = port.get("token-of-wallboard", "/api/v1/agents/8002").json();
    assert_eq!((&one["status"], &one["reason"]), (&"paused".into(), &"meal".into()));
    assert_eq!(
        one["name"], "<script>王芳",
        "JSON tells a name as it is; pages escape it"
    );
    assert_eq!(
        port.get("token-of-wallboard", "/api/v1/agents/8999").error(),
        (404, "not_found".into())
    );
}

#[test]
fn an_account_is_made_changed_and_removed_and_its_password_never_told() {
    let port = Port::open();
    let new =
        r#"{"agent":"8009","password":"kV9-pq2!xTz7","name":"王芳","queues":{"general":1},"skills":{"english":5}}"#;
    let made = port.post(ADMIN, "/api/v1/agents", new);
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains("kV9"), "{}", made.text());
    assert_eq!(port.post(ADMIN, "/api/v1/agents", new).error(), (409, "exists".into()));
    let changed = port.with_body(
        "PUT",
        ADMIN,
        "/api/v1/agents/8009",
        r#"{"name":"王芳芳","role":"supervisor","wrap_up_s":20}"#,
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    {
        let accounts = port.town.accounts.lock().unwrap();
        let (profile, password) = &accounts["8009"];
        assert_eq!(
            (profile.name.as_str(), profile.queues.len()),
            ("王芳芳", 0),
            "what is left out is gone"
        );
        assert_eq!(password, "kV9-pq2!xTz7");
    }
    let password = r#"{"password":"another-Good1-password"}"#;
    assert_eq!(
        port.with_body("PUT", ADMIN, "/api/v1/agents/8009/password", password)
            .status,
        204
    );
    assert_eq!(port.town.accounts.lock().unwrap()["8009"].1, "another-Good1-password");
    assert_eq!(port.with_body("DELETE", ADMIN, "/api/v1/agents/8009", "").status, 204);
    assert_eq!(port.with_body("DELETE", ADMIN, "/api/v1/agents/8009", "").status, 404);
}

#[test]
fn a_password_that_everybody_tries_first_is_refused() {
    let port = Port::open();
    for weak in [
        "",
        "8009",
        "1234567890",
        "80098009800980",
        "password12",
        "admin12345",
        "aaaaaaaaaaaa",
    ] {
        let new = format!(r#"{{"agent":"8009","password":"{weak}","name":"王芳"}}"#);
        let answer = port.post(ADMIN, "/api/v1/agents", &new);
        assert_eq!(answer.error(), (422, "weak_password".into()), "{weak:?}");
        assert!(
            weak.is_empty() || !answer.text().contains(weak),
            "a password is not repeated"
        );
    }
    assert!(port.town.accounts.lock().unwrap().is_empty());
}

#[test]
fn registered_telephones_are_told_to_supervisors() {
    let port = Port::open();
    let phones = port.get("token-of-8100", "/api/v1/registrations").json();
    assert_eq!(phones["registrations"][0]["from"], "udp 192.0.2.7:5060");
}
