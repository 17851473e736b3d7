//! The transfer key of an agent's telephone: the citizen is sent on, the telephone hears how it went, and nobody else's REFER does
//! anything.

use yihao::call::phone::{Action, Sound};
use yihao::kernel::{AgentStatus, EventKind};
use yihao::sip::message::Method;

use crate::support::by_hand::ByHand;
use crate::support::people::city;
use crate::support::script::{SOON, hang_up, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
/// The carrier brings all calls here.
const LINE: usize = 1;

/// 8001 speaks with a citizen; the second telephone stands outside.
fn house(seed: u64) -> (World, usize) {
    let mut city = city(seed);
    city.agent_at_work("8001", &["general"]);
    let mut phone = city.desk_phone("line");
    phone.answers_after = Some(seconds(2.0));
    city.add_phone(phone, Vec::new());
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    (city, citizen)
}

/// The agent presses the transfer key and dials; in the end his telephone was told this status.
fn send_on(to: &str, status: u16) -> [Action; 2] {
    [Action::SendOn(to.into()), Action::WaitReferred(status, seconds(60.0))]
}

fn sent_on(city: &World) -> Vec<String> {
    let all = city.events_of(0).into_iter().filter_map(|k| match k {
        EventKind::SentOn { to, .. } => Some(to.clone()),
        _ => None,
    });
    all.collect()
}

#[test]
fn to_a_colleague() {
    let (mut city, citizen) = house(6_301);
    let colleague = city.agent_at_work("8002", &["fund"]);
    city.agent_does("8001", send_on("8002", 200));
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(citizen, colleague);
    city.assert_went_well(AGENT);
    assert!(!city.phones[AGENT].is_in_a_call());
    assert_eq!(sent_on(&city), ["agent:8002"]);
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(80.0));
    assert_eq!(city.recordings.len(), 1, "one recording through it all");
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_who_does_not_answer_does_not_lose_him() {
    let (mut city, citizen) = house(6_302);
    city.agent_with("8002", &["fund"], |_, phone| phone.refuses = Some(480));
    city.signs_in("8002");
    city.agent_does("8001", send_on("8002", 480));
    city.run_for(seconds(45.0));
    city.assert_went_well(AGENT);
    // He is back in his queue, and the one who sent him on is free again.
    city.assert_they_hear_each_other(citizen, AGENT);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(80.0));
    city.assert_nothing_is_left();
}

#[test]
fn to_a_queue_by_its_name() {
    let (mut city, citizen) = house(6_303);
    city.agent_does("8001", send_on("fund", 200));
    city.run_for(seconds(4.0));
    city.assert_went_well(AGENT);
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(440.0), 2.0) > 0.9,
        "the queue's music"
    );
    let second = city.agent_at_work("8002", &["fund"]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, second);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(80.0));
    city.assert_nothing_is_left();
}

#[test]
fn to_a_number_outside() {
    let (mut city, citizen) = house(6_304);
    city.agent_does("8001", send_on("13800005678", 200));
    city.run_for(seconds(4.0));
    city.assert_went_well(AGENT);
    city.assert_they_hear_each_other(citizen, LINE);
    city.does(LINE, [hang_up()]);
    city.run_for(seconds(80.0));
    city.assert_nothing_is_left();
}

#[test]
fn where_nobody_may_be_sent_the_call_goes_on_as_it_was() {
    let (mut city, citizen) = house(6_305);
    for number in ["0012025550123", "8009", "5000", "110@elsewhere.example.com"] {
        city.agent_does("8001", send_on(number, 603));
        city.run_for(seconds(2.0));
        city.assert_went_well(AGENT);
    }
    city.assert_they_hear_each_other(AGENT, citizen);
    assert!(sent_on(&city).is_empty());
    let outside = city
        .sip_log
        .iter()
        .filter(|(_, _, to, _)| *to == World::phone_address(LINE));
    assert_eq!(outside.count(), 0, "nobody was called");
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(80.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_on_the_way() {
    let (mut city, citizen) = house(6_306);
    let colleague = city.agent_with("8002", &["fund"], |_, phone| phone.answers_after = None);
    city.signs_in("8002");
    city.agent_does("8001", send_on("8002", 487));
    city.run_for(seconds(3.0));
    assert!(city.phones[colleague].is_ringing());
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(2.0));
    city.assert_went_well(AGENT);
    assert!(!city.phones[colleague].is_ringing());
    city.run_for(seconds(80.0));
    city.assert_nothing_is_left();
}

#[test]
fn a_citizens_refer_calls_nobody() {
    let mut city = city(6_307);
    city.agent_at_work("8001", &["general"]);
    city.agent_at_work("8002", &["general"]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    for number in ["8002", "general", "13900005678", "0012025550123"] {
        city.does(
            citizen,
            [Action::SendOn(number.into()), Action::WaitReferred(603, SOON)],
        );
        city.run_for(seconds(1.0));
        city.assert_went_well(citizen);
    }
    city.assert_they_hear_each_other(citizen, AGENT);
}

#[test]
fn a_refer_without_a_call_is_nothing() {
    let mut city = city(6_308);
    city.agent_at_work("8001", &["general"]);
    let hand = ByHand::new(71, "refer-outside");
    let text = hand.request(
        "REFER",
        "5000",
        1,
        "r1",
        "Refer-To: <sip:13900005678@192.0.2.1>\r\n",
        "",
    );
    hand.send(&mut city, &text);
    city.run_for(seconds(1.0));
    assert_eq!(hand.statuses(&city, &Method::Refer), [405]);
}

#[test]
fn on_a_bad_line_the_telephone_still_hears_how_it_went() {
    for seed in 0..6 {
        let (mut city, citizen) = house(6_320 + seed);
        let colleague = city.agent_at_work("8002", &["fund"]);
        city.sip_weather.loss = 0.3;
        city.agent_does("8001", send_on("8002", 200));
        city.run_for(seconds(40.0));
        city.sip_weather.loss = 0.0;
        city.run_for(seconds(10.0));
        city.assert_went_well(AGENT);
        city.assert_they_hear_each_other(citizen, colleague);
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(120.0));
        city.assert_nothing_is_left();
    }
}
