//! An agent asks somebody from the second line of his telephone, as all telephones can: the citizen hears music, and then both are
//! brought together, or three speak, or the agent comes back.

use yihao::call::Order;
use yihao::call::phone::{Action, Sound};
use yihao::kernel::{AgentStatus, EventKind, Part};
use yihao::sip::ua::LegEnd;

use crate::support::people::{city, id};
use crate::support::script::{answered, hang_up, seconds};
use crate::support::world::World;

const AGENT: usize = 0;
/// The carrier brings all calls here.
const LINE: usize = 1;

/// 8001 speaks with a citizen; a unit outside, and a colleague. Returns the citizen and the colleague.
fn house(seed: u64) -> (World, usize, usize) {
    let mut city = city(seed);
    city.agent_at_work("8001", &["general"]);
    let mut phone = city.desk_phone("unit");
    phone.answers_after = Some(seconds(2.0));
    city.add_phone(phone, Vec::new());
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    let colleague = city.agent_at_work("8002", &["fund"]);
    (city, citizen, colleague)
}

/// 8001 asks; they speak.
fn asks(city: &mut World, number: &str, asked: usize, citizen: usize) {
    city.agent_does("8001", [Action::Dial(number.into()), answered()]);
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(AGENT, asked);
    city.assert_does_not_hear(citizen, AGENT);
    city.assert_does_not_hear(citizen, asked);
    city.assert_does_not_hear(asked, citizen);
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(350.0), 1.0) > 0.9,
        "music meanwhile"
    );
}

fn sent_on(city: &World) -> Vec<(String, bool)> {
    let all = city.events_of(0).into_iter().filter_map(|k| match k {
        EventKind::SentOn { to, attended, .. } => Some((to.clone(), *attended)),
        _ => None,
    });
    all.collect()
}

fn ends_well(city: &mut World, citizen: usize) {
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(120.0));
    assert_eq!((city.calls(), city.recordings.len()), (1, 1), "one call, one recording");
    for agent in ["8001", "8002"] {
        assert_eq!(city.agent_status(agent), AgentStatus::Available, "{agent}");
    }
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_is_asked_and_takes_over() {
    let (mut city, citizen, colleague) = house(6_401);
    asks(&mut city, "8002", colleague, citizen);
    city.agent_does("8001", [Action::BringTogether, Action::WaitReferred(200, seconds(5.0))]);
    city.run_for(seconds(2.0));
    city.assert_went_well(AGENT);
    city.assert_they_hear_each_other(citizen, colleague);
    assert!(!city.phones[AGENT].is_in_a_call(), "both lines are free");
    assert_eq!(sent_on(&city), [("agent:8002".to_owned(), true)]);
    assert_eq!(city.agent_status("8002"), AgentStatus::Talking);
    ends_well(&mut city, citizen);
}

#[test]
fn a_unit_outside_is_asked_and_takes_over() {
    let (mut city, citizen, _) = house(6_402);
    asks(&mut city, "13800009999", LINE, citizen);
    city.agent_does("8001", [Action::BringTogether, Action::WaitReferred(200, seconds(5.0))]);
    city.run_for(seconds(2.0));
    city.assert_went_well(AGENT);
    city.assert_they_hear_each_other(citizen, LINE);
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    ends_well(&mut city, citizen);
}

#[test]
fn the_agent_goes_to_and_fro_and_thanks_the_colleague() {
    let (mut city, citizen, colleague) = house(6_403);
    asks(&mut city, "8002", colleague, citizen);
    city.agent_does("8001", [Action::Swap]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    city.assert_does_not_hear(colleague, AGENT);
    city.assert_does_not_hear(colleague, citizen);
    city.agent_does("8001", [Action::Swap]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, colleague);
    city.assert_does_not_hear(citizen, AGENT);
    city.agent_does("8001", [hang_up(), Action::Wait(seconds(1.0)), Action::Resume]);
    city.run_for(seconds(3.0));
    assert!(!city.phones[colleague].is_in_a_call());
    assert_eq!(city.agent_status("8002"), AgentStatus::Available);
    city.assert_they_hear_each_other(AGENT, citizen);
    ends_well(&mut city, citizen);
}

#[test]
fn the_colleague_hangs_up_and_the_agent_comes_back() {
    let (mut city, citizen, colleague) = house(6_404);
    asks(&mut city, "8002", colleague, citizen);
    city.does(colleague, [hang_up()]);
    city.run_for(seconds(1.0));
    city.agent_does("8001", [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    ends_well(&mut city, citizen);
}

#[test]
fn a_colleague_who_is_busy_is_told_by_the_end_of_the_line() {
    let (mut city, citizen, _) = house(6_405);
    city.agent_with("8003", &["fund"], |_, phone| phone.refuses = Some(486));
    city.signs_in("8003");
    city.agent_does("8001", [Action::Dial("8003".into())]);
    city.run_for(seconds(3.0));
    assert_eq!(
        city.phones[AGENT].report().ends.len(),
        1,
        "the second line is free again"
    );
    city.agent_does("8001", [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    ends_well(&mut city, citizen);
}

#[test]
fn all_three_speak() {
    let (mut city, citizen, colleague) = house(6_406);
    asks(&mut city, "8002", colleague, citizen);
    city.order(Order::Join { agent: id("8001") }).unwrap();
    city.run_for(seconds(2.0));
    for (ear, mouth) in [(AGENT, citizen), (citizen, colleague), (colleague, AGENT)] {
        city.assert_hears(ear, mouth);
        city.assert_hears(mouth, ear);
    }
    let held = city.events_of(0).into_iter().rev().find_map(|k| match k {
        EventKind::AgentHeld { on, .. } => Some(*on),
        _ => None,
    });
    assert_eq!(
        held,
        Some(false),
        "nobody is on hold any more, whatever the first line says"
    );
    // The colleague leaves; the second line goes with him, and the agent takes up the first.
    city.does(colleague, [hang_up()]);
    city.run_for(seconds(1.0));
    city.agent_does("8001", [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    ends_well(&mut city, citizen);
}

#[test]
fn the_agent_leaves_the_three() {
    let (mut city, citizen, colleague) = house(6_407);
    asks(&mut city, "8002", colleague, citizen);
    city.order(Order::Join { agent: id("8001") }).unwrap();
    city.run_for(seconds(2.0));
    city.order(Order::HangUp { agent: id("8001") }).unwrap();
    city.run_for(seconds(2.0));
    assert!(!city.phones[AGENT].is_in_a_call());
    city.assert_they_hear_each_other(citizen, colleague);
    ends_well(&mut city, citizen);
}

#[test]
fn the_citizen_hangs_up_at_every_moment() {
    for step in 0..24 {
        let (mut city, citizen, _) = house(6_420 + step);
        city.agent_does(
            "8001",
            [
                Action::Dial("8002".into()),
                answered(),
                Action::Wait(seconds(2.0)),
                Action::BringTogether,
            ],
        );
        city.run_for(seconds(0.15 * step as f64));
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(120.0));
        // Who dials after the citizen has gone asks nobody: he calls a colleague, and it is his to end.
        if city.phones[AGENT].is_in_a_call() {
            city.does(AGENT, [hang_up()]);
            city.run_for(seconds(60.0));
        }
        for agent in ["8001", "8002"] {
            assert_eq!(city.agent_status(agent), AgentStatus::Available, "{agent}, step {step}");
        }
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_agent_hangs_up_one_line_or_the_other_at_every_moment() {
    for step in 0..24 {
        for first in [true, false] {
            let (mut city, citizen, _) = house(6_460 + step);
            city.agent_does("8001", [Action::Dial("8002".into())]);
            city.run_for(seconds(0.1 * step as f64));
            let back = if first { vec![Action::Swap] } else { Vec::new() };
            city.agent_does("8001", back.into_iter().chain([hang_up()]));
            city.run_for(seconds(5.0));
            city.does(citizen, [hang_up()]);
            city.agent_does("8001", [hang_up()]);
            city.run_for(seconds(120.0));
            for agent in ["8001", "8002"] {
                assert_eq!(
                    city.agent_status(agent),
                    AgentStatus::Available,
                    "{agent}, step {step}, {first}"
                );
            }
            city.assert_nothing_is_left();
        }
    }
}

#[test]
fn a_third_line_and_forbidden_numbers_are_refused_and_nothing_changes() {
    let (mut city, citizen, colleague) = house(6_408);
    city.agent_does("8001", [Action::Dial("0012025550123".into())]);
    city.run_for(seconds(1.0));
    assert_eq!(city.phones[AGENT].report().ends, [LegEnd::Rejected { status: 403 }]);
    city.agent_does("8001", [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(AGENT, citizen);
    asks(&mut city, "8002", colleague, citizen);
    // A second telephone of the same agent.
    let second = city.desk_phone("8001");
    let second = city.add_phone(second, Vec::new());
    city.dial(second, "13800009999");
    city.run_for(seconds(1.0));
    assert_eq!(city.phones[second].report().ends, [LegEnd::Rejected { status: 486 }]);
    city.assert_they_hear_each_other(AGENT, colleague);
    ends_well(&mut city, citizen);
}

#[test]
fn lines_of_others_are_not_brought_together() {
    let (mut city, citizen, colleague) = house(6_409);
    asks(&mut city, "8002", colleague, citizen);
    // Nobody answers for a dialog that is none of these two: the other end refuses, and all goes on.
    city.does(
        citizen,
        [Action::SendOn("8002".into()), Action::WaitReferred(603, seconds(5.0))],
    );
    city.does(
        colleague,
        [
            Action::SendOn("13800009999".into()),
            Action::WaitReferred(603, seconds(5.0)),
        ],
    );
    city.run_for(seconds(2.0));
    city.assert_went_well(citizen);
    city.assert_went_well(colleague);
    city.agent_does(
        "8001",
        [
            Action::SendOn("13800009999".into()),
            Action::WaitReferred(603, seconds(5.0)),
        ],
    );
    city.run_for(seconds(2.0));
    city.assert_went_well(AGENT);
    city.assert_they_hear_each_other(AGENT, colleague);
    let joined = city.count(|k| matches!(k, EventKind::Joined { part: Part::Third, .. }));
    assert_eq!(joined, 0);
    ends_well(&mut city, citizen);
}
