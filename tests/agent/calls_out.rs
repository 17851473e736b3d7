//! An agent calls somebody: his own telephone rings first, then the other's, which shows the hotline's number. Only numbers that a
//! route names can be called.

use yihao::call::phone::Sound;
use yihao::call::{Denied, Done, Order, Place};
use yihao::kernel::{AgentStatus, EndReason, EndedBy, EventKind, PhoneNumber};
use yihao::queue;

use crate::support::people::{city, id};
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
/// The carrier brings all calls here.
const CITIZEN: usize = 1;

fn dial(number: &str) -> Order {
    Order::Dial {
        agent: id("8001"),
        to: Place::Number(PhoneNumber::new(number)),
        debt: None,
    }
}

/// 8001 is at work, and a citizen at home who picks up after two seconds.
fn house(seed: u64) -> World {
    let mut city = city(seed);
    city.agent_at_work("8001", &["general"]);
    let mut phone = city.desk_phone("citizen");
    phone.answers_after = Some(seconds(2.0));
    city.add_phone(phone, Vec::new());
    city
}

#[test]
fn the_agent_speaks_with_a_citizen_whom_he_called() {
    let mut city = house(5_401);
    assert!(matches!(city.order(dial("13800001234")), Ok(Done::Call { .. })));
    city.run_for(seconds(2.0));
    assert!(
        city.phones[AGENT].ear.share_of_late(Sound::Tone(450.0), 0.5) > 0.9,
        "he hears it ring"
    );
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    let invite = city
        .sip_log
        .iter()
        .map(|(.., b)| String::from_utf8_lossy(b).into_owned());
    let invite: Vec<String> = invite.filter(|t| t.starts_with("INVITE sip:13800001234@")).collect();
    assert!(
        invite[0].contains("From: <sip:12345@"),
        "the hotline's number is shown: {}",
        invite[0]
    );
    assert_eq!(city.agent_status("8001"), AgentStatus::Talking);
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(2.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    assert_eq!(city.agent_status("8001"), AgentStatus::Available, "nothing to write up");
    assert_eq!(city.recordings.len(), 1);
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_hangs_up() {
    let mut city = house(5_402);
    city.order(dial("13800001234")).unwrap();
    city.run_for(seconds(6.0));
    city.order(Order::HangUp { agent: id("8001") }).unwrap();
    city.run_for(seconds(2.0));
    assert_eq!(city.end_of(0), (EndedBy::Callee, EndReason::Hangup));
    assert!(!city.phones[CITIZEN].is_in_a_call() && !city.phones[AGENT].is_in_a_call());
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_changes_his_mind_at_every_moment() {
    for step in 0..30 {
        let mut city = house(54_030 + step);
        city.order(dial("13800001234")).unwrap();
        city.run_for(seconds(0.5 + 0.15 * step as f64));
        city.does(AGENT, [hang_up()]);
        city.run_for(seconds(60.0));
        assert_eq!(city.end_of(0).0, EndedBy::Callee, "step {step}");
        assert_eq!(city.agent_status("8001"), AgentStatus::Available, "step {step}");
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_citizen_is_busy_or_does_not_answer() {
    for (status, reason) in [(Some(486), EndReason::Busy), (None, EndReason::NoAnswer)] {
        let mut city = city(5_404);
        city.agent_at_work("8001", &["general"]);
        let mut phone = city.desk_phone("citizen");
        (phone.refuses, phone.answers_after) = (status, None);
        city.add_phone(phone, Vec::new());
        city.order(dial("13800001234")).unwrap();
        city.run_for(seconds(100.0));
        assert_eq!(city.end_of(0), (EndedBy::System, reason));
        assert_eq!(city.agent_status("8001"), AgentStatus::Available);
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_agents_own_telephone_is_not_picked_up() {
    let mut city = city(5_405);
    city.agent_with("8001", &["general"], |_, phone| phone.answers_after = None);
    city.signs_in("8001");
    city.order(dial("13800001234")).unwrap();
    city.run_for(seconds(100.0));
    assert_eq!(city.end_of(0), (EndedBy::Callee, EndReason::NoAnswer));
    assert_eq!(
        city.agent_status("8001"),
        AgentStatus::Available,
        "no RONA for a call of his own"
    );
    city.assert_nothing_is_left();
}

#[test]
fn what_may_not_be_called() {
    let mut city = house(5_406);
    assert_eq!(city.order(dial("0012025550123")), Err(Denied::NumberNotAllowed));
    city.emergency_is_at(None);
    assert_eq!(city.order(dial("13800001234")), Err(Denied::Unreachable));
    let nobody = Order::Dial {
        agent: id("8001"),
        to: Place::Agent(id("8009")),
        debt: None,
    };
    assert_eq!(city.order(nobody), Err(Denied::Unknown));
    city.unbind("8001");
    assert_eq!(city.calls(), 0, "nothing has happened");
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
}

#[test]
fn two_calls_at_once_are_refused() {
    let mut city = house(5_407);
    city.order(dial("13800001234")).unwrap();
    assert_eq!(
        city.order(dial("13800001234")),
        Err(Denied::Floor(queue::Refused::NotNow))
    );
    let waiting = city.calls_in("5000");
    city.run_for(seconds(10.0));
    let offered = |k: &EventKind| matches!(k, EventKind::Offered { .. });
    assert_eq!(city.count(offered), 0, "who calls is offered nothing");
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, waiting);
}

#[test]
fn a_colleague_is_called() {
    let mut city = house(5_408);
    let colleague = city.agent_at_work("8002", &["fund"]);
    let order = Order::Dial {
        agent: id("8001"),
        to: Place::Agent(id("8002")),
        debt: None,
    };
    city.order(order).unwrap();
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(AGENT, colleague);
    assert_eq!(city.agent_status("8002"), AgentStatus::Talking);
    city.does(colleague, [hang_up()]);
    city.run_for(seconds(2.0));
    assert!(!city.phones[AGENT].is_in_a_call());
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    assert_eq!(city.agent_status("8002"), AgentStatus::Available);
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}
