//! Each order of an agent reaches the exchange as it was meant.

use yihao::call::{Order, Place};
use yihao::kernel::{Digit, Part, PhoneNumber};

use super::port::Port;
use super::town::{agent, call, talking};

#[test]
fn each_verb_is_one_order() {
    let port = Port::open();
    let me = || agent("8001");
    let number = |text| Place::Number(PhoneNumber::new(text));
    let debt = call(9);
    let dial = format!(r#"{{"to":{{"number":"13800001234"}},"debt":"{debt}"}}"#);
    let all = [
        (
            "dial",
            dial.as_str(),
            Order::Dial {
                agent: me(),
                to: number("13800001234"),
                debt: Some(debt),
            },
        ),
        ("hang-up", "", Order::HangUp { agent: me() }),
        ("hold", r#"{"on":true}"#, Order::Hold { agent: me(), on: true }),
        ("hold", r#"{"on":false}"#, Order::Hold { agent: me(), on: false }),
        (
            "keys",
            r##"{"keys":"1#"}"##,
            Order::Keys {
                agent: me(),
                keys: ['1', '#'].into_iter().filter_map(Digit::from_char).collect(),
            },
        ),
        (
            "send-on",
            r#"{"to":{"queue":"fund"}}"#,
            Order::SendOn {
                agent: me(),
                to: Place::Queue("fund".into()),
            },
        ),
        (
            "consult",
            r#"{"to":{"agent":"8002"}}"#,
            Order::Consult {
                agent: me(),
                to: Place::Agent(agent("8002")),
            },
        ),
        ("hand-over", "", Order::HandOver { agent: me() }),
        ("join", "", Order::Join { agent: me() }),
        ("drop", "", Order::Drop { agent: me() }),
        (
            "pick-up",
            r#"{"from":"701"}"#,
            Order::PickUp {
                agent: me(),
                from: "701".into(),
            },
        ),
        ("mask", r#"{"on":true}"#, Order::Mask { agent: me(), on: true }),
    ];
    for (verb, body, _) in &all {
        let answer = port.post("token-of-8001", &format!("/api/v1/agents/8001/call/{verb}"), body);
        assert_eq!(answer.status, 202, "{verb}: {}", answer.text());
    }
    let expected: Vec<Order> = all.into_iter().map(|(_, _, order)| order).collect();
    assert_eq!(*port.town.orders.lock().unwrap(), expected);
}

#[test]
fn a_parked_call_is_told_with_its_slot() {
    let port = Port::open();
    let parked = port.post("token-of-8001", "/api/v1/agents/8001/call/park", "").json();
    assert_eq!(parked["slot"], "701");
    assert_eq!(parked["call"], talking().to_string());
}

#[test]
fn a_supervisor_listens_whispers_barges_and_takes_over() {
    let port = Port::open();
    for (word, part) in [
        ("listening", Part::Listening),
        ("whispering", Part::Whispering),
        ("barging", Part::Barging),
    ] {
        let body = format!(r#"{{"agent":"8001","part":"{word}"}}"#);
        let answer = port.post("token-of-8100", "/api/v1/agents/8100/call/supervise", &body);
        assert_eq!(answer.status, 202);
        let expected = Order::Supervise {
            supervisor: agent("8100"),
            agent: agent("8001"),
            part,
        };
        assert_eq!(port.town.orders.lock().unwrap().pop(), Some(expected));
    }
    let answer = port.post("token-of-8100", "/api/v1/agents/8100/call/take-over", "");
    assert_eq!(answer.status, 202);
    let as_agent = r#"{"agent":"8001","part":"agent"}"#;
    let answer = port.post("token-of-8100", "/api/v1/agents/8100/call/supervise", as_agent);
    assert_eq!(answer.status, 400, "no other part is a supervisor's");
}

#[test]
fn what_came_of_a_call_is_noted_by_who_was_in_it() {
    let port = Port::open();
    let path = |n| format!("/api/v1/calls/{}/outcome", call(n));
    let outcome = r#"{"code":"answered","note":"已答复\n材料清单"}"#;
    assert_eq!(
        port.post("token-of-8001", &path(1), outcome).status,
        202,
        "he is in it now"
    );
    assert_eq!(
        port.post("token-of-8001", &path(20), outcome).status,
        202,
        "he was in it"
    );
    assert_eq!(
        port.post("token-of-8002", &path(20), outcome).status,
        403,
        "she was not"
    );
    assert_eq!(port.post("token-of-8100", &path(20), outcome).status, 202);
    let orders = port.town.orders.lock().unwrap();
    assert!(
        matches!(&orders[0], Order::Outcome { by, .. } if by == "8001"),
        "{orders:?}"
    );
    assert_eq!(orders.len(), 3);
}
