//! Citizens who are owed a call.

use yihao::call::{Order, Place};

use super::port::Port;
use super::town::{agent, call, citizen};

#[test]
fn open_and_settled_debts_are_listed_masked() {
    let port = Port::open();
    let open = port.get("token-of-8001", "/api/v1/call-backs?limit=2").json();
    assert_eq!(open["call_backs"][0]["number"], "138****1234");
    assert_eq!(open["call_backs"].as_array().unwrap().len(), 2);
    let next = open["next"].as_str().unwrap();
    let rest = port
        .get("token-of-8001", &format!("/api/v1/call-backs?limit=2&after={next}"))
        .json();
    assert_eq!(
        (rest["call_backs"].as_array().unwrap().len(), rest["next"].is_null()),
        (1, true)
    );
    let settled = port.get("token-of-8001", "/api/v1/call-backs?state=settled").json();
    assert_eq!(settled["call_backs"][0]["settled"]["by"], "8100");
}

#[test]
fn an_agent_takes_a_debt_and_the_citizen_is_called() {
    let port = Port::open();
    let path = format!("/api/v1/call-backs/{}/take", call(9));
    assert_eq!(port.post("token-of-8001", &path, "").status, 202);
    assert_eq!(port.post("token-of-program", &path, r#"{"agent":"8002"}"#).status, 202);
    assert_eq!(
        port.post("token-of-program", &path, "").status,
        400,
        "a program says for whom"
    );
    assert_eq!(port.post("token-of-8001", &path, r#"{"agent":"8002"}"#).status, 403);
    assert_eq!(
        port.post("token-of-wallboard", &path, r#"{"agent":"8002"}"#).status,
        403
    );
    let gone = format!("/api/v1/call-backs/{}/take", call(8));
    assert_eq!(port.post("token-of-8001", &gone, "").status, 404);
    let dial = |who| Order::Dial {
        agent: agent(who),
        to: Place::Number(citizen()),
        debt: Some(call(9)),
    };
    assert_eq!(*port.town.orders.lock().unwrap(), [dial("8001"), dial("8002")]);
}

#[test]
fn a_supervisor_settles_a_debt_with_a_reason() {
    let port = Port::open();
    let path = format!("/api/v1/call-backs/{}/settle", call(9));
    assert_eq!(
        port.post("token-of-8100", &path, "").status,
        400,
        "not without a reason"
    );
    assert_eq!(
        port.post("token-of-8100", &path, r#"{"note":"来电人已在大厅办结"}"#)
            .status,
        202
    );
    let expected = Order::SettleDebt {
        debt: call(9),
        note: "来电人已在大厅办结".into(),
        by: "8100".into(),
    };
    assert_eq!(*port.town.orders.lock().unwrap(), [expected]);
}
