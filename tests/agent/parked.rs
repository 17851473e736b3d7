//! A parked citizen hears music under a number; a colleague takes him; who is forgotten comes back.

use yihao::call::{Denied, Done, Order};
use yihao::kernel::{AgentStatus, EventKind};

use crate::agent::answered::talking;
use crate::support::people::id;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

fn park(city: &mut World) -> String {
    let done = city.order(Order::Park { agent: id("8001") }).unwrap();
    city.run_for(seconds(1.0));
    match done {
        Done::Call { slot: Some(slot), .. } => slot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_colleague_takes_the_call_by_its_number() {
    let (mut city, agent, citizen) = talking(5_401);
    let colleague = city.agent_at_work("8002", &["fund"]);
    let slot = park(&mut city);
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    assert!(!city.phones[agent].is_in_a_call() && city.phones[citizen].is_in_a_call());
    city.run_for(seconds(10.0));
    let from = slot.clone();
    assert!(matches!(
        city.order(Order::PickUp {
            agent: id("8002"),
            from
        }),
        Ok(Done::Call { .. })
    ));
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, colleague);
    let from = slot;
    assert_eq!(
        city.order(Order::PickUp {
            agent: id("8001"),
            from
        }),
        Err(Denied::Unknown),
        "taken"
    );
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(city.recordings.len(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn who_is_forgotten_rings_at_whoever_parked_him_and_then_waits_in_the_queue_again() {
    let (mut city, agent, citizen) = talking(5_402);
    park(&mut city);
    city.run_for(seconds(123.0));
    city.assert_they_hear_each_other(citizen, agent);
    // And once more, with nobody at the telephone.
    park(&mut city);
    city.unbind("8001");
    city.run_for(seconds(125.0));
    assert!(
        city.count(|k| matches!(k, EventKind::PersonRequested { .. })) == 2,
        "in the queue again"
    );
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_while_parked() {
    let (mut city, _, citizen) = talking(5_403);
    let slot = park(&mut city);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    assert_eq!(
        city.order(Order::PickUp {
            agent: id("8001"),
            from: slot
        }),
        Err(Denied::Unknown)
    );
    city.assert_nothing_is_left();
}

#[test]
fn a_call_that_rings_at_an_empty_desk_is_picked_up_by_a_neighbour() {
    let mut city = crate::support::people::city(5_404);
    city.agent_with("8001", &["general"], |_, phone| phone.answers_after = None);
    city.signs_in("8001");
    let neighbour = city.agent_at_work("8002", &["fund"]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    assert_eq!(city.agent_status("8001"), AgentStatus::Ringing);
    let from = "8001".to_owned();
    assert!(matches!(
        city.order(Order::PickUp {
            agent: id("8002"),
            from
        }),
        Ok(Done::Call { .. })
    ));
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, neighbour);
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}
