//! A citizen who was not served is owed a call: the floor gives the debt to a free agent, whose telephone rings before the
//! citizen's. It is paid when they speak, or when the citizen was faster.

use yihao::call::{Denied, Order, Place};
use yihao::kernel::{AgentStatus, EventKind};
use yihao::queue::QueueConfig;

use crate::support::people::{city, city_with, id, queue};
use crate::support::script::{hang_up, press, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
const CITIZEN: usize = 1;

fn automatic() -> QueueConfig {
    let mut general = queue("general");
    general.callback.automatic = true;
    general
}

fn owed(k: &EventKind) -> bool {
    matches!(k, EventKind::CallbackOwed { .. })
}

fn settled(city: &World) -> Vec<String> {
    let each = city.ledger.iter().filter_map(|e| match &e.kind {
        EventKind::CallbackSettled { how, .. } => Some(how.clone()),
        _ => None,
    });
    each.collect()
}

fn tried(city: &World) -> Vec<String> {
    let each = city.ledger.iter().filter_map(|e| match &e.kind {
        EventKind::CallbackTried { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    each.collect()
}

/// A citizen at the second telephone has waited and hung up; 8001 is not at work yet.
fn abandoned(seed: u64, queues: Vec<QueueConfig>) -> World {
    let mut city = city_with(seed, queues);
    city.agent("8001", &["general"]);
    let mut phone = city.desk_phone("citizen");
    phone.from = city.phone_config().from;
    city.add_phone(phone, Vec::new());
    city.dial(CITIZEN, "5000");
    city.run_for(seconds(8.0));
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(2.0));
    assert_eq!(city.count(owed), 1);
    assert_eq!(city.exchange.debts().len(), 1);
    city
}

#[test]
fn who_hung_up_is_called_back_as_soon_as_an_agent_is_free() {
    let mut city = abandoned(5_601, vec![automatic()]);
    city.signs_in("8001");
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    assert_eq!(
        (tried(&city), settled(&city)),
        (vec!["reached".to_owned()], vec!["reached".to_owned()])
    );
    assert!(city.exchange.debts().is_empty());
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(1.0));
    assert_eq!(
        city.agent_status("8001"),
        AgentStatus::WrapUp,
        "it is written up like any call"
    );
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn who_does_not_answer_is_tried_again_later_and_at_last_left_to_people() {
    let mut city = abandoned(5_602, vec![automatic()]);
    city.unplugged.insert(CITIZEN);
    city.signs_in("8001");
    city.run_for(seconds(3_600.0));
    assert_eq!(tried(&city).len(), 3, "three attempts: {:?}", tried(&city));
    assert_eq!(city.exchange.debts().len(), 1, "the debt stands");
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    let debt = city.exchange.debts()[0].call;
    let decide = Order::SettleDebt {
        debt,
        note: "moved away".into(),
        by: "8000".into(),
    };
    city.order(decide.clone()).unwrap();
    assert_eq!(settled(&city), ["decided"]);
    assert_eq!(city.order(decide), Err(Denied::Unknown), "it is settled once");
}

#[test]
fn who_calls_again_and_is_served_is_not_called_back() {
    let mut city = abandoned(5_603, vec![queue("general")]);
    city.signs_in("8001");
    city.dial(CITIZEN, "5000");
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    assert_eq!(settled(&city), ["called_again"]);
    assert!(city.exchange.debts().is_empty());
}

#[test]
fn an_agent_pays_a_debt_by_hand() {
    let mut city = abandoned(5_604, vec![queue("general")]);
    city.signs_in("8001");
    let debt = city.exchange.debts()[0].clone();
    let order = Order::Dial {
        agent: id("8001"),
        to: Place::Number(debt.number.clone()),
        debt: Some(debt.call),
    };
    city.order(order).unwrap();
    city.run_for(seconds(5.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    assert_eq!(settled(&city), ["reached"]);
    city.does(AGENT, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn a_number_that_cannot_be_called_does_not_keep_the_agent_busy() {
    let mut city = city_with(5_605, vec![automatic()]);
    city.agent("8001", &["general"]);
    let mut phone = city.desk_phone("abroad");
    phone.from = yihao::sip::message::NameAddr::parse("<sip:0012025550123@192.0.2.11>").unwrap();
    city.add_phone(phone, Vec::new());
    city.dial(CITIZEN, "5000");
    city.run_for(seconds(3.0));
    city.does(CITIZEN, [hang_up()]);
    city.run_for(seconds(2.0));
    city.signs_in("8001");
    city.run_for(seconds(3_600.0));
    assert_eq!(tried(&city), ["failed"; 3]);
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
}

#[test]
fn nobody_is_called_back_who_has_no_number() {
    let mut city = city(5_606);
    let mut phone = city.desk_phone("anonymous");
    phone.from = yihao::sip::message::NameAddr::parse("<sip:anonymous@anonymous.invalid>").unwrap();
    let citizen = city.add_phone(phone, Vec::new());
    city.dial(citizen, "5000");
    city.run_for(seconds(3.0));
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(2.0));
    assert_eq!(city.count(owed), 1, "it is on record all the same");
    assert!(city.exchange.debts().is_empty());
}

/// A citizen at the second telephone is in the queue of 12345 and presses these keys, each a second after the other.
fn presses(seed: u64, queues: Vec<QueueConfig>, keys: &[&str]) -> World {
    let mut city = city_with(seed, queues);
    city.agent("8001", &["general"]);
    let mut phone = city.desk_phone("citizen");
    phone.from = city.phone_config().from;
    city.add_phone(phone, Vec::new());
    city.dial(CITIZEN, "12345");
    city.run_for(seconds(4.0));
    for key in keys {
        city.does(CITIZEN, [press(key)]);
        city.run_for(seconds(1.0 + key.len() as f64 * 0.3));
    }
    city
}

fn because(city: &World) -> Vec<String> {
    let each = city.ledger.iter().filter_map(|e| match &e.kind {
        EventKind::CallbackOwed { because, .. } => Some(because.clone()),
        _ => None,
    });
    each.collect()
}

#[test]
fn who_would_rather_not_wait_is_called_back() {
    let mut city = presses(5_607, vec![automatic()], &["3", "1"]);
    assert_eq!(because(&city), ["requested"]);
    let left = |k: &EventKind| matches!(k, EventKind::QueueLeft { outcome, .. } if outcome == "callback");
    assert_eq!(city.count(left), 1);
    city.run_for(seconds(20.0));
    assert!(
        !city.phones[CITIZEN].is_in_a_call(),
        "he was told so, and the line is free"
    );
    city.signs_in("8001");
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    assert_eq!(settled(&city), ["reached"]);
    city.does(AGENT, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(because(&city), ["requested"], "one debt");
    city.assert_nothing_is_left();
}

#[test]
fn another_number_is_typed_and_confirmed() {
    let city = presses(5_608, vec![automatic()], &["3", "2", "13900005678#", "1"]);
    let to = |k: &EventKind| matches!(k, EventKind::CallbackOwed { to, .. } if to.reveal() == "13900005678");
    assert_eq!(city.count(to), 0, "that one may not be called: the route ends at 138");
    let city = presses(5_609, vec![automatic()], &["3", "2", "13800005678#", "1"]);
    let to = |k: &EventKind| matches!(k, EventKind::CallbackOwed { to, .. } if to.reveal() == "13800005678");
    assert_eq!(city.count(to), 1);
}

#[test]
fn a_free_agent_does_not_wait_until_the_number_is_confirmed() {
    let mut city = presses(5_610, vec![automatic()], &["3"]);
    city.signs_in("8001");
    city.run_for(seconds(1.5));
    city.assert_they_hear_each_other(AGENT, CITIZEN);
    assert!(because(&city).is_empty());
}

#[test]
fn who_is_turned_away_by_the_house_is_owed_a_call() {
    let mut city = city_with(5_611, vec![queue("general")]);
    city.reload(|shared| shared.draining = true);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(40.0));
    assert!(!city.phones[citizen].is_in_a_call());
    assert_eq!(because(&city), ["rejected"]);
    assert_eq!(city.exchange.debts().len(), 1);
    city.assert_nothing_is_left();
}
