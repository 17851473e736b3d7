//! Things break while people speak: a telephone dies, the house closes, the longest call is reached. Each side is told, nobody is
//! left in silence, nobody is left "talking".

use std::time::Duration;

use yihao::kernel::{AgentStatus, EndReason, EndedBy, EventKind};

use super::answered::talking;
use crate::support::people::{city, city_with, queue};
use crate::support::script::{answered, hang_up, seconds};

#[test]
fn the_citizens_telephone_dies() {
    let (mut city, agent, citizen) = talking(5_301);
    city.unplugged.insert(citizen);
    city.run_for(seconds(40.0));
    assert!(!city.phones[agent].is_in_a_call(), "the agent is told");
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::DeadMedia));
    city.run_to_the_end();
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.assert_nothing_is_left();
}

#[test]
fn the_agents_telephone_dies_and_the_citizen_is_owed_a_call() {
    let (mut city, agent, citizen) = talking(5_302);
    city.unplugged.insert(agent);
    city.run_for(seconds(32.0));
    city.run_for(seconds(2.0));
    let goodbye = yihao::call::phone::Sound::Tone(880.0);
    assert!(
        city.phones[citizen].ear.share_of_late(goodbye, 4.0) > 0.2,
        "the plan goes on"
    );
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::DeadMedia));
    let owed = |k: &EventKind| matches!(k, EventKind::CallbackOwed { because, .. } if because == "interrupted");
    assert_eq!(city.count(owed), 1);
    assert_ne!(city.agent_status("8001"), AgentStatus::Talking);
    city.assert_nothing_is_left();
}

#[test]
fn the_house_closes_while_they_speak() {
    let (mut city, agent, citizen) = talking(5_303);
    city.end_all();
    city.run_for(seconds(1.0));
    assert!(!city.phones[agent].is_in_a_call() && !city.phones[citizen].is_in_a_call());
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::Draining));
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn the_longest_call_is_reached() {
    let mut city = city(5_304);
    city.reload(|shared| shared.call_max = Duration::from_secs(120));
    let agent = city.agent_at_work("8001", &["general"]);
    city.calls_in("5000");
    city.run_for(seconds(121.0));
    assert!(!city.phones[agent].is_in_a_call());
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::MaxDuration));
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn both_hang_up_at_once() {
    for ms in 0..12_u64 {
        let (mut city, agent, citizen) = talking(53_050 + ms);
        city.does(agent, [hang_up()]);
        city.run_for(Duration::from_millis(ms));
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(60.0));
        assert_eq!(city.agent_status("8001"), AgentStatus::Available);
        city.end_of(0);
        city.assert_nothing_is_left();
    }
}

#[test]
fn a_bad_line() {
    for seed in 5_310..5_316 {
        let mut city = city(seed);
        city.sip_weather.loss = 0.25;
        (city.rtp_weather.lose_every, city.rtp_weather.jitter) = (10, seconds(0.02));
        let agent = city.agent_at_work("8001", &["general"]);
        let citizen = city.calls_in("5000");
        assert!(
            city.run_until(|city| city.agent_status("8001") == AgentStatus::Talking, seconds(90.0)),
            "{seed}"
        );
        city.run_for(seconds(4.0));
        city.assert_they_hear_each_other(citizen, agent);
        city.does(agent, [hang_up()]);
        city.run_to_the_end();
        city.assert_nothing_is_left();
    }
}

#[test]
fn long_ringing_is_no_silence() {
    // The telephone rings for longer than sound may be missing in a call: nothing is counted before the answer.
    let mut general = queue("general");
    general.ring_timeout = seconds(80.0);
    let mut city = city_with(5_320, vec![general]);
    let agent = city.agent_with("8001", &["general"], |_, phone| {
        phone.answers_after = Some(seconds(70.0))
    });
    city.signs_in("8001");
    let citizen = city.calls_in("5000");
    city.run_for(seconds(75.0));
    city.assert_they_hear_each_other(citizen, agent);
    city.run_for(seconds(60.0));
    city.assert_they_hear_each_other(citizen, agent);
}

#[test]
fn neither_says_a_word_and_nobody_is_cut_off() {
    let mut city = city(5_321);
    let agent = city.agent_with("8001", &["general"], |_, phone| phone.hums = None);
    city.signs_in("8001");
    let citizen = city.citizen_dials("5000", vec![answered()]);
    city.run_for(seconds(200.0));
    assert!(city.phones[agent].is_in_a_call() && city.phones[citizen].is_in_a_call());
}

#[test]
fn an_agents_telephone_unregisters_in_the_middle_of_a_call() {
    let (mut city, agent, citizen) = talking(5_322);
    city.unbind("8001");
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, agent);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    let second = city.calls_in("5000");
    city.run_for(seconds(10.0));
    assert_eq!(
        city.count(|k| matches!(k, EventKind::Offered { .. })),
        1,
        "he cannot be rung"
    );
    city.bind("8001");
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(second, agent);
}
