//! A citizen waits, an agent picks up: they hear each other at once, whatever was being said; who hangs up is on record, and the
//! agent writes it up.

use yihao::call::phone::{Action, Sound};
use yihao::kernel::{AgentStatus, EndReason, EndedBy, EventKind, Law};

use crate::support::people::city;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// A citizen whom 8001 has just answered: the agent's telephone, the citizen's.
pub fn talking(seed: u64) -> (World, usize, usize) {
    let mut city = city(seed);
    let agent = city.agent_at_work("8001", &["general"]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(2.0));
    (city, agent, citizen)
}

#[test]
fn they_hear_each_other_and_the_citizen_hangs_up() {
    let (mut city, agent, citizen) = talking(5_001);
    assert_eq!(city.agent_status("8001"), AgentStatus::Talking);
    city.assert_they_hear_each_other(citizen, agent);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(1.0));
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    city.run_for(seconds(40.0));
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    let story = city.story_of(0);
    let spoken: Vec<&str> = story.iter().map(String::as_str).collect();
    assert_eq!(
        spoken,
        [
            "invite",
            "answered_by_machine",
            "dialog_opened",
            "step",
            "person_requested",
            "offered",
            "dialog_opened",
            "answered_by_person",
            "recording_started",
            "ended",
            "quality",
            "recording_ended",
            "quality"
        ]
    );
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_hangs_up_and_the_citizen_goes_on_in_the_plan() {
    let (mut city, agent, citizen) = talking(5_002);
    city.does(agent, [hang_up()]);
    city.run_for(seconds(1.0));
    assert!(city.phones[citizen].ear.share_of_late(Sound::Tone(880.0), 0.5) > 0.9);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::Callee, EndReason::Hangup));
    let left = |k: &&EventKind| matches!(k, EventKind::PartLeft { who, .. } if who == "8001");
    assert_eq!(city.events_of(0).iter().filter(|k| left(k)).count(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn a_greeting_does_not_hold_back_an_agent() {
    // The greeting is a second of 300 Hz; the agent picks up after 300 ms.
    let mut city = city(5_003);
    let agent = city.agent_with("8001", &["general"], |_, phone| {
        phone.answers_after = Some(seconds(0.3))
    });
    city.signs_in("8001");
    let citizen = city.calls_in("5000");
    city.run_for(seconds(0.5));
    city.run_for(seconds(0.4));
    let hears_greeting = city.phones[citizen].ear.share_of_late(Sound::Tone(300.0), 0.3);
    assert!(hears_greeting < 0.1, "{hears_greeting}");
    city.assert_they_hear_each_other(citizen, agent);
}

#[test]
fn who_waits_hears_music_until_somebody_is_free() {
    let mut city = city(5_004);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(20.0));
    assert!(city.phones[citizen].ear.share_of_late(Sound::Tone(440.0), 5.0) > 0.9);
    let agent = city.agent_at_work("8001", &["general"]);
    city.run_for(seconds(1.5));
    city.assert_they_hear_each_other(citizen, agent);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn mu_law_here_a_law_there() {
    for (here, there) in [(Law::Mu, Law::A), (Law::A, Law::Mu)] {
        let mut city = city(5_005);
        let agent = city.agent_with("8001", &["general"], |_, phone| phone.laws = vec![there]);
        city.signs_in("8001");
        let mut config = city.phone_config();
        (config.laws, config.hums) = (vec![here], Some(2_000.0));
        let citizen = city.add_phone(config, Vec::new());
        city.dial(citizen, "5000");
        city.run_for(seconds(2.0));
        city.assert_they_hear_each_other(citizen, agent);
        city.does(agent, [hang_up()]);
        city.run_to_the_end();
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_agent_sees_who_calls_and_for_which_hotline() {
    let (city, _, citizen) = talking(5_006);
    let invite = city
        .sip_log
        .iter()
        .map(|(.., bytes)| String::from_utf8_lossy(bytes).into_owned())
        .find(|text| text.starts_with("INVITE sip:8001@"))
        .unwrap();
    let from = invite.lines().find(|line| line.starts_with("From:")).unwrap();
    let number = format!("sip:1380000{:04}@", 1_000 + citizen);
    assert!(from.contains("\"12345 general\"") && from.contains(&number), "{from}");
    assert!(invite.contains("X-Yihao-Call: "), "{invite}");
}

#[test]
fn keys_of_the_citizen_reach_the_agent() {
    let (mut city, agent, citizen) = talking(5_007);
    city.does(citizen, [crate::support::script::press("42")]);
    city.run_for(seconds(2.0));
    city.does(
        agent,
        [Action::ExpectKeys(crate::support::script::digits("42"), seconds(1.0))],
    );
    city.run_for(seconds(1.5));
    city.assert_went_well(agent);
}
