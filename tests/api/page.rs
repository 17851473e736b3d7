//! The parts of the port for people and their machines: the status page, health, the simple list, drain and reload.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::port::{ADMIN, Port};

fn get(port: &Port, path: &str) -> super::port::Answer {
    port.send("GET", path, &[], "")
}

#[test]
fn a_supervisor_learns_whether_it_lives_and_may_have_calls() {
    let port = Port::open();
    assert_eq!(get(&port, "/healthz").text(), "ok\n");
    let ready = get(&port, "/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &true.into()));
    port.town.ledger_away.store(true, Ordering::Relaxed);
    let ready = get(&port, "/readyz");
    assert_eq!(
        (ready.status, &ready.json()["reasons"][0]),
        (503, &"journal_not_writable".into())
    );
    assert_eq!(
        get(&port, "/healthz").status,
        200,
        "alive does not depend on the ledger"
    );
}

#[test]
fn the_page_tells_what_to_dial_and_shows_no_whole_number() {
    let port = Port::open();
    let answer = get(&port, "/");
    let page = answer.text();
    for words in [
        "sip:12345@127.0.0.1:5060",
        "政务服务热线",
        "138****1234",
        "139****5678",
        "1:02:03",
        "中继不通：carrier",
        "2026-11-05 09:30:00",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(
        !page.contains("13800001234") && !page.contains("<script>") && !page.contains("<b>"),
        "{page}"
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[test]
fn the_page_shows_queues_agents_and_debts_and_a_name_with_tags_is_only_a_name() {
    let port = Port::open();
    let page = get(&port, "/").text();
    for words in [
        "<td>general</td><td>2</td><td class=\"bad\">0:41</td><td>1:00</td><td>1/3</td><td>1</td>",
        "<td>8001</td><td>李伟</td><td>通话</td>",
        "<td>8002</td><td>&lt;script&gt;王芳</td><td>暂停（用餐）</td>",
        "<dt>等待人工</dt><dd>2</dd>",
        "<dt>坐席空闲/签入</dt><dd>1/3</dd>",
        "<dt>待回拨</dt><dd>1</dd>",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
}

#[test]
fn the_page_comes_even_when_the_ledger_does_not_answer() {
    let port = Port::open();
    port.town.ledger_away.store(true, Ordering::Relaxed);
    let page = get(&port, "/");
    assert!(
        page.status == 200 && page.text().contains("台账暂时无法读取"),
        "{}",
        page.text()
    );
    let calls = get(&port, "/api/calls");
    assert_eq!(calls.error(), (503, "ledger_away".into()));
    assert!(!calls.text().contains("/secret/path"), "{}", calls.text());
}

#[test]
fn calls_are_listed_masked_with_the_local_time() {
    let port = Port::open();
    let calls = get(&port, "/api/calls?recent=1").json();
    assert_eq!(calls["live"][0]["from"], "138****1234");
    assert_eq!(calls["live"][0]["since"], "2026-11-05T09:28:55.000+08:00");
    assert_eq!(calls["recent"][0]["reason"], "hangup");
    assert_eq!(
        get(&port, "/api/calls?recent=0").json()["recent"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    for wrong in ["?recent=501", "?recent=-1", "?recent=x", "?sort=1;drop"] {
        assert_eq!(get(&port, &format!("/api/calls{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn admin_actions_need_the_token() {
    let port = Port::open();
    for (name, value) in [
        ("X-Nothing", "x".to_owned()),
        ("Authorization", "Bearer wrong".to_owned()),
        ("Authorization", "Bearer".to_owned()),
        ("Authorization", format!("Basic {ADMIN}")),
    ] {
        for action in ["/admin/reload", "/admin/drain"] {
            let answer = port.send("POST", action, &[(name, &value)], "");
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (401, Some("Bearer"))
            );
        }
    }
    assert_eq!(get(&port, "/readyz").status, 200, "nothing was drained");

    let reloaded = port.post(ADMIN, "/admin/reload", "").json();
    assert_eq!((&reloaded["flows"], &reloaded["numbers"]), (&3.into(), &2.into()));
    assert_eq!(port.post(ADMIN, "/admin/drain", "").status, 202);
    assert_eq!(get(&port, "/readyz").json()["reasons"][0], "draining");
}

#[test]
fn a_reload_with_mistakes_names_them() {
    let port = Port::open();
    port.town.bad_plans.store(true, Ordering::Relaxed);
    let answer = port.post(ADMIN, "/admin/reload", "");
    assert_eq!(answer.error(), (422, "not_reloaded".into()));
    assert_eq!(answer.json()["problems"][0], "main.toml:3:1: no such step");
}

#[test]
fn what_does_not_exist_is_told_in_the_same_form() {
    let port = Port::open();
    assert_eq!(get(&port, "/nothing").error(), (404, "not_found".into()));
    assert_eq!(get(&port, "/admin/drain").error(), (405, "method_not_allowed".into()));
    assert_eq!(get(&port, "/api/v1/nothing").error(), (404, "not_found".into()));
}

#[test]
fn clients_that_send_nothing_cannot_keep_the_port_from_others() {
    let port = Port::with(Duration::from_millis(100), 2);
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut stream = port.connect();
        stream.write_all(b"GET / HT").unwrap();
        idle.push(stream);
    }
    assert_eq!(get(&port, "/healthz").status, 200);
}
