//! An agent sends the citizen on, to a queue, a colleague or a number. The wait is kept, the sound is there on both sides after it,
//! and whoever does not answer does not lose him.

use yihao::call::phone::Sound;
use yihao::call::{Denied, Order, Place};
use yihao::kernel::{AgentStatus, EndReason, EndedBy, EventKind, PhoneNumber};

use crate::support::people::{city, id};
use crate::support::script::{hang_up, press, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
/// The carrier brings all calls here.
const LINE: usize = 1;

/// 8001 speaks with a citizen who has waited ten seconds; the second telephone stands outside.
fn house(seed: u64) -> (World, usize) {
    let mut city = city(seed);
    city.agent("8001", &["general"]);
    let mut phone = city.desk_phone("line");
    phone.answers_after = Some(seconds(2.0));
    city.add_phone(phone, Vec::new());
    let citizen = city.calls_in("5000");
    city.run_for(seconds(10.0));
    city.signs_in("8001");
    city.run_for(seconds(5.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    (city, citizen)
}

fn send_on(to: Place) -> Order {
    Order::SendOn { agent: id("8001"), to }
}

#[test]
fn to_a_queue_and_the_whole_wait_is_kept() {
    let (mut city, citizen) = house(5_501);
    city.order(send_on(Place::Queue("fund".into()))).unwrap();
    city.run_for(seconds(5.0));
    assert!(!city.phones[AGENT].is_in_a_call());
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(440.0), 3.0) > 0.9,
        "the queue's music"
    );
    let second = city.agent_at_work("8002", &["fund"]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, second);
    let carried = city.events_of(0).into_iter().filter_map(|k| match k {
        EventKind::PersonRequested { queue, carried_ms } => Some((queue.clone(), *carried_ms / 1_000)),
        _ => None,
    });
    assert_eq!(
        carried.collect::<Vec<_>>(),
        [("general".to_owned(), 0), ("fund".to_owned(), 10)]
    );
    city.does(second, [hang_up()]);
    city.run_to_the_end();
    assert_eq!(
        city.recordings.len(),
        1,
        "one recording through it all: {:?}",
        city.recordings.keys()
    );
    city.assert_nothing_is_left();
}

#[test]
fn keys_mean_in_the_second_queue_what_they_meant_in_the_first() {
    let (mut city, citizen) = house(5_502);
    city.order(send_on(Place::Queue("fund".into()))).unwrap();
    city.run_for(seconds(2.0));
    city.does(citizen, [press("1")]);
    city.run_for(seconds(2.0));
    assert!(city.phones[citizen].ear.share_of_late(Sound::Tone(880.0), 1.0) > 0.9);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn to_a_queue_that_is_not_there() {
    let (mut city, citizen) = house(5_503);
    assert_eq!(
        city.order(send_on(Place::Queue("nowhere".into()))),
        Err(Denied::Unknown)
    );
    city.assert_they_hear_each_other(AGENT, citizen);
}

#[test]
fn to_a_colleague() {
    let (mut city, citizen) = house(5_504);
    let colleague = city.agent_at_work("8002", &["fund"]);
    city.order(send_on(Place::Agent(id("8002")))).unwrap();
    city.run_for(seconds(0.8));
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(350.0), 0.5) > 0.9,
        "music meanwhile"
    );
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, colleague);
    assert!(!city.phones[AGENT].is_in_a_call());
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(2.0));
    assert_eq!(city.agent_status("8002"), AgentStatus::WrapUp, "he writes it up");
    city.run_for(seconds(60.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    assert_eq!(city.recordings.len(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_who_does_not_answer_does_not_lose_him() {
    let (mut city, citizen) = house(5_505);
    city.agent_with("8002", &["fund"], |_, phone| phone.answers_after = None);
    city.signs_in("8002");
    city.order(send_on(Place::Agent(id("8002")))).unwrap();
    city.run_for(seconds(50.0));
    assert_eq!(
        city.agent_status("8002"),
        AgentStatus::Available,
        "nobody is left reserved"
    );
    // He is back in his queue, and the one who sent him on is free again.
    city.assert_they_hear_each_other(citizen, AGENT);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_while_it_rings_at_the_colleagues() {
    let (mut city, citizen) = house(5_506);
    let colleague = city.agent_with("8002", &["fund"], |_, phone| phone.answers_after = None);
    city.signs_in("8002");
    city.order(send_on(Place::Agent(id("8002")))).unwrap();
    city.run_for(seconds(3.0));
    assert!(city.phones[colleague].is_ringing());
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(0.5));
    assert!(!city.phones[colleague].is_ringing());
    assert_eq!(city.agent_status("8002"), AgentStatus::Available);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn to_a_number_outside() {
    let (mut city, citizen) = house(5_507);
    assert_eq!(
        city.order(send_on(Place::Number(PhoneNumber::new("0012025550123")))),
        Err(Denied::NumberNotAllowed)
    );
    city.order(send_on(Place::Number(PhoneNumber::new("110")))).unwrap();
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(citizen, LINE);
    assert!(!city.phones[AGENT].is_in_a_call());
    city.does(LINE, [hang_up()]);
    city.run_for(seconds(1.0));
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(880.0), 0.5) > 0.9,
        "the plan goes on"
    );
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn a_number_that_is_busy_does_not_lose_him() {
    let mut city = city(5_508);
    city.agent_at_work("8001", &["general"]);
    let mut phone = city.desk_phone("line");
    phone.refuses = Some(486);
    city.add_phone(phone, Vec::new());
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    city.order(send_on(Place::Number(PhoneNumber::new("110")))).unwrap();
    city.run_for(seconds(40.0)); // the agent writes up, and is free again
    city.assert_they_hear_each_other(citizen, AGENT);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}
