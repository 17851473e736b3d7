//! Agents without a page at hand dial what they want, and hear whether it was done.

use yihao::call::phone::Action;
use yihao::ivr::spoken::Piece;
use yihao::kernel::{AgentStatus, EventKind};

use crate::support::people::city;
use crate::support::script::{SOON, hang_up, seconds};
use crate::support::world::World;

/// The agent dials, and the call is over by itself in a few seconds.
fn dials(city: &mut World, agent: &str, code: &str) {
    city.agent_does(
        agent,
        [
            Action::Dial(code.into()),
            Action::WaitAnswer(SOON),
            Action::WaitHangUp(SOON),
        ],
    );
    city.run_for(seconds(6.0));
    let phone = city.agent_named(agent).phone;
    city.assert_went_well(phone);
}

/// What was said last.
fn said(city: &World) -> String {
    match city.played.last() {
        Some(Piece::Prompt(id)) => id.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_comes_to_work_pauses_and_goes_home() {
    let mut city = city(6_001);
    let phone = city.agent("8001", &["general"]);
    for (code, status, prompt) in [
        ("*71", AgentStatus::Available, "code/signed-in"),
        ("*742", AgentStatus::Paused, "code/paused"),
        ("*73", AgentStatus::Available, "code/ready"),
        ("*72", AgentStatus::SignedOut, "code/signed-out"),
    ] {
        let heard = city.phones[phone].ear.seconds();
        dials(&mut city, "8001", code);
        assert_eq!(
            (city.agent_status("8001"), said(&city)),
            (status, prompt.to_owned()),
            "{code}"
        );
        assert!(
            city.phones[phone].ear.seconds() > heard + 0.9,
            "a second of words was heard"
        );
    }
    let meals = city.count(|k| matches!(k, EventKind::AgentChanged { reason: Some(r), .. } if r == "meal"));
    assert_eq!(
        (meals, city.calls()),
        (1, 0),
        "what an agent tells us is no call of a citizen"
    );
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut city = city(6_002);
    city.agent_at_work("8001", &["general"]);
    for (code, prompt) in [
        ("*85", "code/no-call"),
        ("*75", "code/refused"),
        ("*999", "code/refused"),
        ("*749", "code/refused"),
    ] {
        dials(&mut city, "8001", code);
        assert_eq!(said(&city), prompt, "{code}");
    }
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_answer_waits_for_the_ledger() {
    let mut city = city(6_003);
    city.commit_takes = seconds(1.0);
    let phone = city.agent("8001", &["general"]);
    city.dial(phone, "*71");
    city.run_for(seconds(0.9));
    assert!(!city.phones[phone].is_answered());
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.run_for(seconds(0.5));
    assert!(city.phones[phone].is_answered());
    city.run_for(seconds(40.0));
    city.assert_nothing_is_left();
}

#[test]
fn private_data_are_kept_out_of_the_recording_while_the_citizen_waits() {
    let mut city = city(6_004);
    let agent = city.agent_at_work("8001", &["general"]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(citizen, agent);
    for (code, masked) in [("*85", true), ("*86", false)] {
        dials(&mut city, "8001", code);
        let last = city.events_of(0).into_iter().rev().find_map(|k| match k {
            EventKind::RecordingMasked { on, .. } => Some(*on),
            _ => None,
        });
        assert_eq!(last, Some(masked));
        city.agent_does("8001", [Action::Resume]);
        city.run_for(seconds(1.0));
        city.assert_they_hear_each_other(citizen, agent);
    }
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn who_hangs_up_before_the_words_are_said_leaves_nothing_behind() {
    for after in [0.0, 0.004, 0.03, 0.3] {
        let mut city = city(6_005);
        let phone = city.agent("8001", &["general"]);
        city.dial(phone, "*71");
        city.run_for(seconds(after));
        city.does(phone, [hang_up()]);
        city.run_for(seconds(80.0));
        city.assert_nothing_is_left();
    }
}

#[test]
fn a_second_code_at_once_finds_the_line_busy() {
    let mut city = city(6_006);
    let phone = city.agent("8001", &["general"]);
    city.does(phone, [Action::Dial("*71".into()), Action::Dial("*72".into())]);
    city.run_for(seconds(60.0));
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.assert_nothing_is_left();
}
