//! Keys: by RFC 4733, by INFO, by both at once, as tones; typed ahead, wrong, missing; and a key stops the prompt at once.

use yihao::call::phone::{Action, KeyPress, Sound};
use yihao::kernel::{EndReason, EndedBy, EventKind};

use crate::support::plans;
use crate::support::script::{answered, gone, hang_up, hear, press, press_by, seconds, wait};
use crate::support::world::World;

/// Asks for up to eight digits and plays 880 Hz when it has them.
const GATHER: &str = r#"
[[number]]
dial = "2000"
hotline = "gather"

[step.start]
gather = "examples/p1.wav"
into = "n"
min = 1
max = 8
between_s = 3
on.timeout = { times = 1, then = "hangup" }
on.wrong = { times = 1, then = "hangup" }
next = "thanks"

[step.thanks]
play = "examples/p2.wav"
next = "hangup"
"#;

fn keys_of(city: &World, index: usize) -> Vec<String> {
    let keys = |k: &EventKind| {
        if let EventKind::Keys { keys, .. } = k {
            Some(keys.clone())
        } else {
            None
        }
    };
    city.events_of(index).into_iter().filter_map(keys).collect()
}

fn city_with_gather(seed: u64) -> World {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("gather.toml", GATHER)]);
    World::with(seed, shared)
}

fn types(seed: u64, keys: &str, way: KeyPress, telephone_events: bool) {
    let mut city = city_with_gather(seed);
    let mut config = city.phone_config();
    config.dtmf = telephone_events;
    let phone = city.add_phone(
        config,
        vec![
            answered(),
            wait(0.5),
            press_by(keys, way),
            hear(880.0),
            hang_up(),
            gone(),
        ],
    );
    city.dial(phone, "2000");
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), [keys.trim_end_matches('#')], "{way:?}");
    city.assert_nothing_is_left();
}

#[test]
fn by_telephone_events() {
    types(500, "1223334#", KeyPress::Rfc4733, true);
}

#[test]
fn by_info() {
    types(501, "1223334#", KeyPress::Info, true);
}

#[test]
fn as_tones() {
    types(502, "159#", KeyPress::Rfc4733, false);
}

#[test]
fn both_ways_at_once_count_once() {
    let mut city = city_with_gather(503);
    let mut script = vec![answered(), wait(0.5)];
    for key in "5577#".chars() {
        script.extend([press_by(&key.to_string(), KeyPress::Both), wait(0.6)]);
    }
    script.extend([hear(880.0), hang_up(), gone()]);
    let phone = city.citizen_dials("2000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), ["5577"]);
    city.assert_nothing_is_left();
}

#[test]
fn keys_survive_a_line_that_loses_every_third_packet() {
    for offset in 0..3 {
        let mut city = city_with_gather(504 + offset);
        city.rtp_weather.lose_every = 3;
        city.skip_rtp_packets(offset);
        let phone = city.citizen_dials(
            "2000",
            vec![answered(), wait(0.5), press("1223334#"), hear(880.0), hang_up(), gone()],
        );
        city.run_to_the_end();
        city.assert_went_well(phone);
        assert_eq!(keys_of(&city, 0), ["1223334"]);
    }
}

#[test]
fn a_key_stops_the_prompt_within_a_tenth_of_a_second() {
    let mut city = World::new(510);
    let script = vec![
        answered(),
        hear(440.0),
        wait(0.5),
        press("1"),
        wait(1.0),
        hang_up(),
        gone(),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    // The prompt of 440 Hz would last 3 s. The key is pressed about 0.65 s into it.
    let pressed = city.phones[phone]
        .report()
        .timeline
        .iter()
        .find(|(_, what)| what.starts_with("presses"))
        .unwrap()
        .0;
    let ear = &city.phones[phone].ear;
    let began = city.phones[phone].report().answered_after_s.unwrap();
    let at = pressed - began;
    // A key is known with its first packet; 2 × 5 ms of network, a turn of 20 ms, 60 ms of our own jitter buffer.
    assert!(
        ear.share(Sound::Tone(440.0), at + 0.1, at + 0.6) < 0.05,
        "the prompt is still heard"
    );
    assert!(
        ear.share(Sound::Tone(880.0), at + 0.2, at + 0.6) > 0.9,
        "the next one is not heard"
    );
}

#[test]
fn a_key_typed_before_the_question_answers_it() {
    let plan = r#"
[[number]]
dial = "2001"
hotline = "ahead"

[step.start]
say = "welcome/12345"
next = "ask"

[step.ask]
menu = "examples/p1.wav"
keys = { 1 = "second" }
on = { timeout = "hangup", wrong_key = "hangup" }

[step.second]
play = "examples/p2.wav"
next = "hangup"
"#;
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("ahead.toml", plan)]);
    let mut city = World::with(511, shared);
    let phone = city.citizen_dials("2001", vec![answered(), wait(0.2), press("1"), hear(880.0), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), ["1"]);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

#[test]
fn wrong_keys_are_forgiven_twice() {
    let mut city = World::new(512);
    let script = vec![
        answered(),
        hear(440.0),
        press("7"),
        wait(1.0),
        press("8"),
        wait(1.0),
        press("9"),
        gone(),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), ["7", "8", "9"]);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

#[test]
fn no_key_at_all_ends_by_the_plan() {
    let mut city = World::new(513);
    let phone = city.citizen_dials("1000", vec![answered(), Action::WaitHangUp(seconds(120.0))]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), Vec::<String>::new());
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

#[test]
fn the_keys_of_a_private_question_are_not_in_the_ledger() {
    let mut city = city_with_gather(514);
    city.reload(|shared| {
        let private = GATHER.replace("max = 8", "max = 8\nprivate = true");
        shared.plan = plans::plan_with(&[("gather.toml", &private)]);
    });
    let phone = city.citizen_dials(
        "2000",
        vec![answered(), wait(0.5), press("4321#"), hear(880.0), hang_up(), gone()],
    );
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(keys_of(&city, 0), ["****"]);
    city.assert_nothing_is_left();
}
