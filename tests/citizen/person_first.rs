//! 12345: a person first. The citizen stands in the queue before a word is said; the menu is an offer, never a gate. While no
//! agent exists, he hears so, may leave a message, and is owed a call.

use yihao::kernel::{EndReason, EndedBy, EventKind};

use crate::support::script::{answered, gone, hang_up, press, seconds, speak, wait};
use crate::support::world::World;

fn position(story: &[String], what: &str) -> Option<usize> {
    story.iter().position(|k| k == what)
}

#[test]
fn the_person_is_asked_for_before_a_prompt_ends() {
    let mut city = World::new(800);
    city.citizen_dials("12345", vec![answered(), wait(0.5), hang_up(), gone()]);
    city.run_for(seconds(0.2));
    let story = city.story_of(0);
    assert!(
        position(&story, "answered_by_machine") < position(&story, "person_requested"),
        "{story:?}"
    );
    assert!(position(&story, "person_requested").is_some(), "{story:?}");
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn no_agent_so_a_message() {
    let mut city = World::new(801);
    // Greeting 2 s, apology and offer: each piece is a second of 300 Hz here.
    let script = vec![
        answered(),
        wait(4.0),
        press("1"),
        wait(0.5),
        press("#"),
        wait(0.3),
        speak(660.0, 3.0),
        wait(0.2),
        press("#"),
        gone(),
    ];
    let phone = city.citizen_dials("12345", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let owed = |k: &&&EventKind| matches!(k, EventKind::CallbackOwed { .. });
    let events = city.events_of(0);
    assert_eq!(
        events.iter().filter(owed).count(),
        2,
        "for the queue that had nobody, and for the message: {events:?}"
    );
    assert!(
        city.played.iter().any(|p| format!("{p:?}").contains("sorry/no-agent")),
        "{:?}",
        city.played
    );
    assert_eq!(city.recordings.len(), 1);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

#[test]
fn who_does_nothing_at_all_is_asked_for_a_message() {
    let mut city = World::new(802);
    let phone = city.citizen_dials("12345", vec![answered(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0).0, EndedBy::System);
    city.assert_nothing_is_left();
}

#[test]
fn the_merged_hotline_keeps_its_name() {
    let mut city = World::new(803);
    city.citizen_dials("12315", vec![answered(), wait(1.0), hang_up(), gone()]);
    city.run_to_the_end();
    let hotline = |k: &&EventKind| matches!(k, EventKind::Invite { hotline: Some(h), .. } if h == "12315");
    assert!(city.events_of(0).into_iter().any(|k| hotline(&k)));
    assert!(city.played.iter().any(|p| format!("{p:?}").contains("welcome/12315")));
    city.assert_nothing_is_left();
}
