//! Nobody can be reached, so the citizen leaves a message. What was said is kept to the last moment, and one call back is owed.

use yihao::call::phone::{Sound, is_sound};
use yihao::kernel::{EndReason, EndedBy, EventKind};

use crate::support::plans;
use crate::support::script::{answered, gone, hear, press, seconds, speak, wait};
use crate::support::world::World;

/// Straight to the recorder.
const MESSAGE: &str = r##"
[[number]]
dial = "4000"
hotline = "message"

[step.start]
record = "message"
say = "examples/p1.wav"
max_s = 10
silence_s = 3
ends = "#"
on = { recorded = "thanks", empty = "nothing", failed = "nothing" }

[step.thanks]
play = "examples/p2.wav"
next = "hangup"

[step.nothing]
say = "message/nothing"
next = "hangup"
"##;

pub(super) fn recorder(seed: u64) -> World {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("to-message.toml", MESSAGE)]);
    World::with(seed, shared)
}

fn owed(city: &World) -> Vec<String> {
    let because = |k: &EventKind| match k {
        EventKind::CallbackOwed { because, .. } => Some(because.clone()),
        _ => None,
    };
    city.events_of(0).into_iter().filter_map(because).collect()
}

/// Seconds of a tone in the recording.
fn seconds_of(tone: f64, recording: &[u8]) -> f64 {
    recording
        .chunks_exact(160)
        .filter(|frame| is_sound(Sound::Tone(tone), frame))
        .count() as f64
        / 50.0
}

fn recorded_ms(city: &World) -> u64 {
    let ms = |k: &EventKind| {
        if let EventKind::RecordingEnded { duration_ms, .. } = k {
            Some(*duration_ms)
        } else {
            None
        }
    };
    city.events_of(0).into_iter().find_map(ms).unwrap()
}

/// Skips the instructions, then speaks four seconds.
fn message_then(more: Vec<yihao::call::phone::Action>) -> Vec<yihao::call::phone::Action> {
    let mut script = vec![answered(), hear(440.0), press("#"), wait(1.0), speak(660.0, 4.0)];
    script.extend(more);
    script
}

#[test]
fn ended_by_the_key() {
    let mut city = recorder(700);
    let phone = city.citizen_dials("4000", message_then(vec![wait(0.3), press("#"), hear(880.0), gone()]));
    city.run_to_the_end();
    city.assert_went_well(phone);
    let spoken = seconds_of(660.0, city.last_recording());
    assert!((3.9..4.1).contains(&spoken), "{spoken} s of what was said");
    assert_eq!(owed(&city), ["message_left"]);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

#[test]
fn ended_by_silence() {
    let mut city = recorder(701);
    let phone = city.citizen_dials("4000", message_then(vec![hear(880.0), gone()]));
    city.run_to_the_end();
    city.assert_went_well(phone);
    let ms = recorded_ms(&city);
    assert!(
        (7_500..9_000).contains(&ms),
        "{ms}: a second, four of speech, three of silence"
    );
    assert_eq!(owed(&city), ["message_left"]);
    city.assert_nothing_is_left();
}

#[test]
fn ended_by_its_longest_time() {
    let mut city = recorder(702);
    let script = vec![
        answered(),
        hear(440.0),
        press("#"),
        speak(660.0, 12.0),
        hear(880.0),
        gone(),
    ];
    let phone = city.citizen_dials("4000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let ms = recorded_ms(&city);
    assert!((9_900..=10_100).contains(&ms), "{ms}");
    city.assert_nothing_is_left();
}

#[test]
fn ended_by_hanging_up_in_the_middle_of_a_word() {
    let mut city = recorder(703);
    let phone = city.citizen_dials(
        "4000",
        vec![answered(), hear(440.0), press("#"), wait(0.2), speak(660.0, 60.0)],
    );
    city.run_for(seconds(5.0));
    let now = city.now;
    city.phones[phone].hang_up(now);
    city.run_to_the_end();
    let spoken = seconds_of(660.0, city.last_recording());
    assert!(spoken > 3.5, "{spoken} s: all but the network's delay");
    assert_eq!(owed(&city), ["message_left"], "owed once");
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn nothing_was_said() {
    let mut city = recorder(704);
    let phone = city.citizen_dials(
        "4000",
        vec![
            answered(),
            hear(440.0),
            press("#"),
            wait(0.2),
            press("#"),
            hear(300.0),
            gone(),
        ],
    );
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(owed(&city), Vec::<String>::new());
    city.assert_nothing_is_left();
}

#[test]
fn said_in_mu_law_over_a_line_that_loses_every_third_packet() {
    let mut city = recorder(705);
    city.rtp_weather.lose_every = 3;
    let mut config = city.phone_config();
    config.laws = vec![yihao::kernel::Law::Mu];
    let phone = city.add_phone(config, message_then(vec![wait(0.3), press("#"), hear(880.0), gone()]));
    city.dial(phone, "4000");
    city.run_to_the_end();
    city.assert_went_well(phone);
    let spoken = seconds_of(660.0, city.last_recording());
    assert!(
        (3.7..4.3).contains(&spoken),
        "{spoken} s: gaps are concealed and time is true"
    );
    city.assert_nothing_is_left();
}

#[test]
fn the_caller_vanishes_while_speaking() {
    let mut city = recorder(706);
    let phone = city.citizen_dials(
        "4000",
        vec![answered(), hear(440.0), press("#"), wait(0.2), speak(660.0, 60.0)],
    );
    city.run_for(seconds(4.0));
    city.unplugged.insert(phone);
    city.run_to_the_end();
    assert!(seconds_of(660.0, city.last_recording()) > 2.5);
    assert_eq!(owed(&city), ["message_left"]);
    city.end_of(0);
    city.assert_nothing_is_left();
}
