//! A supervisor listens, whispers, joins, takes over. Only with the role; each use is on record; sound in every direction.

use yihao::call::{Denied, Done, Order};
use yihao::kernel::{AgentStatus, EventKind, Part, Role};

use crate::agent::answered::talking;
use crate::support::people::id;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// 8001 talks with a citizen; 9001 supervises.
fn with_supervisor(seed: u64) -> (World, usize, usize, usize) {
    let (mut city, agent, citizen) = talking(seed);
    let boss = city.agent_with("9001", &[], |profile, _| profile.role = Role::Supervisor);
    (city, agent, citizen, boss)
}

fn supervise(city: &mut World, part: Part) {
    let order = Order::Supervise {
        supervisor: id("9001"),
        agent: id("8001"),
        part,
    };
    assert_eq!(city.order(order), Ok(Done::Accepted));
    city.run_for(seconds(3.0));
}

fn parts(city: &World, who: &str) -> Vec<Part> {
    let joined = |kind: &EventKind| match kind {
        EventKind::Joined { who: name, part } if name == who => Some(*part),
        _ => None,
    };
    city.ledger.iter().filter_map(|event| joined(&event.kind)).collect()
}

#[test]
fn listening_is_heard_by_nobody() {
    let (mut city, agent, citizen, boss) = with_supervisor(5_301);
    supervise(&mut city, Part::Listening);
    city.assert_hears(boss, agent);
    city.assert_hears(boss, citizen);
    city.assert_does_not_hear(agent, boss);
    city.assert_does_not_hear(citizen, boss);
    city.assert_they_hear_each_other(agent, citizen);
    assert_eq!(parts(&city, "9001"), [Part::Listening]);
    city.does(boss, [hang_up()]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(agent, citizen);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn a_whisper_reaches_the_agent_alone_and_barging_reaches_both() {
    let (mut city, agent, citizen, boss) = with_supervisor(5_302);
    supervise(&mut city, Part::Whispering);
    city.assert_hears(agent, boss);
    city.assert_does_not_hear(citizen, boss);
    city.assert_they_hear_each_other(agent, citizen);
    supervise(&mut city, Part::Barging); // in the call already: no second ringing
    for (ear, mouth) in [
        (citizen, boss),
        (agent, boss),
        (boss, citizen),
        (boss, agent),
        (citizen, agent),
        (agent, citizen),
    ] {
        city.assert_hears(ear, mouth);
    }
    supervise(&mut city, Part::Listening);
    city.assert_does_not_hear(agent, boss);
    city.assert_does_not_hear(citizen, boss);
    assert_eq!(parts(&city, "9001"), [Part::Whispering, Part::Barging, Part::Listening]);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    assert!(!city.phones[boss].is_in_a_call() && !city.phones[agent].is_in_a_call());
    city.assert_nothing_is_left();
}

#[test]
fn taking_over_sends_the_agent_away_and_keeps_the_citizen() {
    let (mut city, agent, citizen, boss) = with_supervisor(5_303);
    supervise(&mut city, Part::Listening);
    assert_eq!(
        city.order(Order::TakeOver { supervisor: id("9001") }),
        Ok(Done::Accepted)
    );
    city.run_for(seconds(0.5));
    city.assert_they_hear_each_other(citizen, boss);
    assert!(!city.phones[agent].is_in_a_call());
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(city.recordings.len(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_hangs_up_while_somebody_listens_and_the_listener_is_not_left_with_the_citizen() {
    let (mut city, agent, _, boss) = with_supervisor(5_304);
    supervise(&mut city, Part::Listening);
    city.does(agent, [hang_up()]);
    city.run_for(seconds(2.0));
    assert!(!city.phones[boss].is_in_a_call());
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn without_the_role_nobody_listens() {
    let (mut city, _, _) = talking(5_305);
    city.agent_at_work("8002", &["general"]);
    let listen = |supervisor: &str| Order::Supervise {
        supervisor: id(supervisor),
        agent: id("8001"),
        part: Part::Listening,
    };
    assert_eq!(city.order(listen("8002")), Err(Denied::NotAllowed));
    assert_eq!(city.order(listen("8001")), Err(Denied::NotAllowed));
    assert_eq!(city.order(listen("7777")), Err(Denied::Unknown));
    assert_eq!(parts(&city, "8002"), []);
}
