//! The agent asks somebody while the citizen hears music: then hands over, brings him in, or thanks him. Sound is looked at in
//! every direction after every step.

use yihao::call::phone::Sound;
use yihao::call::{Denied, Done, Order, Place};
use yihao::kernel::{AgentStatus, EventKind, Part, PhoneNumber};

use crate::agent::answered::talking;
use crate::support::people::id;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// 8001 talks with a citizen, and 8002 is free.
fn with_colleague(seed: u64) -> (World, usize, usize, usize) {
    let (mut city, agent, citizen) = talking(seed);
    let colleague = city.agent_at_work("8002", &["fund"]);
    (city, agent, citizen, colleague)
}

fn asks(city: &mut World) {
    let to = Place::Agent(id("8002"));
    assert_eq!(city.order(Order::Consult { agent: id("8001"), to }), Ok(Done::Accepted));
    city.run_for(seconds(2.0));
}

fn order(city: &mut World, order: Order) {
    assert_eq!(city.order(order), Ok(Done::Accepted));
    city.run_for(seconds(0.5));
}

#[test]
fn while_they_speak_the_citizen_hears_music_and_then_is_taken_back() {
    let (mut city, agent, citizen, colleague) = with_colleague(5_201);
    asks(&mut city);
    city.assert_they_hear_each_other(agent, colleague);
    city.assert_does_not_hear(citizen, agent);
    city.assert_does_not_hear(citizen, colleague);
    city.assert_does_not_hear(colleague, citizen);
    assert!(city.count(|k| matches!(k, EventKind::AgentHeld { on: true, .. })) == 1);
    order(&mut city, Order::Drop { agent: id("8001") });
    city.assert_they_hear_each_other(agent, citizen);
    assert_eq!(city.agent_status("8002"), AgentStatus::Available, "nothing to write up");
    assert_eq!(city.agent_status("8001"), AgentStatus::Talking);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_colleague_takes_the_citizen_over_and_each_has_his_own_talk_time() {
    let (mut city, agent, citizen, colleague) = with_colleague(5_202);
    asks(&mut city);
    order(&mut city, Order::HandOver { agent: id("8001") });
    city.assert_they_hear_each_other(citizen, colleague);
    assert!(!city.phones[agent].is_in_a_call());
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    assert_eq!(city.agent_status("8002"), AgentStatus::Talking);
    let answered: Vec<String> = city
        .events_of(0)
        .into_iter()
        .filter_map(|k| match k {
            EventKind::AnsweredByPerson { agent } => Some(agent.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(answered, ["8001", "8002"]);
    let left = |k: &EventKind| matches!(k, EventKind::PartLeft { who, part: Part::Agent } if who == "8001");
    assert_eq!(city.count(left), 1);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(1.0));
    assert_eq!(city.agent_status("8002"), AgentStatus::WrapUp);
    city.run_for(seconds(60.0));
    assert_eq!(city.recordings.len(), 1, "one file for the whole conversation");
    city.assert_nothing_is_left();
}

#[test]
fn three_speak_and_whoever_leaves_the_other_two_go_on() {
    for who_leaves in [0, 2] {
        let (mut city, agent, citizen, colleague) = with_colleague(5_203 + who_leaves as u64);
        asks(&mut city);
        order(&mut city, Order::Join { agent: id("8001") });
        city.run_for(seconds(1.5));
        for (ear, mouth) in [
            (citizen, agent),
            (citizen, colleague),
            (agent, citizen),
            (agent, colleague),
            (colleague, agent),
            (colleague, citizen),
        ] {
            city.assert_hears(ear, mouth);
        }
        let (leaver, stays) = if who_leaves == 0 {
            (agent, colleague)
        } else {
            (colleague, agent)
        };
        city.does(leaver, [hang_up()]);
        city.run_for(seconds(1.0));
        city.assert_they_hear_each_other(citizen, stays);
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(90.0));
        assert!(!city.phones[agent].is_in_a_call() && !city.phones[colleague].is_in_a_call());
        city.assert_nothing_is_left();
    }
}

#[test]
fn a_unit_outside_joins_by_the_routes_and_nobody_else_may_be_called() {
    let (mut city, agent, citizen) = talking(5_206);
    let unit = city.desk_phone("unit");
    let unit = city.add_phone(unit, Vec::new());
    city.emergency_is_at(Some(World::phone_address(unit)));
    let consult = |number: &str| Order::Consult {
        agent: id("8001"),
        to: Place::Number(PhoneNumber::new(number)),
    };
    assert_eq!(city.order(consult("00881234567")), Err(Denied::NumberNotAllowed));
    city.assert_they_hear_each_other(agent, citizen);
    order(&mut city, consult("110"));
    city.run_for(seconds(1.5));
    city.assert_they_hear_each_other(agent, unit);
    order(&mut city, Order::Join { agent: id("8001") });
    city.run_for(seconds(1.5));
    for (ear, mouth) in [
        (citizen, agent),
        (citizen, unit),
        (agent, citizen),
        (agent, unit),
        (unit, agent),
        (unit, citizen),
    ] {
        city.assert_hears(ear, mouth);
    }
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_who_does_not_answer_costs_the_citizen_nothing() {
    let (mut city, agent, citizen) = talking(5_207);
    city.agent_with("8002", &["fund"], |_, phone| phone.answers_after = None);
    city.signs_in("8002");
    order(
        &mut city,
        Order::Consult {
            agent: id("8001"),
            to: Place::Agent(id("8002")),
        },
    );
    city.run_for(seconds(3.0));
    assert!(city.phones[citizen].ear.share_of_late(Sound::Tone(440.0), 1.0) >= 0.0);
    city.run_for(seconds(60.0));
    city.assert_they_hear_each_other(agent, citizen);
    assert_eq!(city.agent_status("8002"), AgentStatus::Available);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_while_somebody_is_being_asked() {
    for later in [0.5, 3.0] {
        let (mut city, agent, citizen, colleague) = with_colleague(5_210);
        city.order(Order::Consult {
            agent: id("8001"),
            to: Place::Agent(id("8002")),
        })
        .unwrap();
        city.run_for(seconds(later));
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(60.0));
        assert!(!city.phones[agent].is_in_a_call() && !city.phones[colleague].is_in_a_call());
        assert_eq!(city.agent_status("8002"), AgentStatus::Available);
        city.assert_nothing_is_left();
    }
}
