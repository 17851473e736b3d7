//! Hold: the agent's telephone or an order puts the citizen on hold; he hears music, not silence, and is taken back.

use yihao::call::Order;
use yihao::call::phone::{Action, HoldWay, Sound};
use yihao::kernel::{AgentStatus, EventKind};

use super::answered::talking;
use crate::support::people::id;
use crate::support::script::{hang_up, seconds};

/// What a citizen on hold hears.
const MUSIC: Sound = Sound::Tone(350.0);

#[test]
fn by_telephone_in_each_way() {
    for way in [HoldWay::SendOnly, HoldWay::Inactive, HoldWay::NoAddress] {
        let (mut city, agent, citizen) = talking(5_101);
        city.does(agent, [Action::HoldBy(way)]);
        city.run_for(seconds(3.0));
        assert_eq!(city.agent_status("8001"), AgentStatus::Holding, "{way:?}");
        assert!(city.phones[citizen].ear.share_of_late(MUSIC, 2.0) > 0.9, "{way:?}");
        city.run_for(seconds(90.0)); // nobody's silence counts meanwhile
        city.does(agent, [Action::Resume]);
        city.run_for(seconds(1.0));
        assert_eq!(city.agent_status("8001"), AgentStatus::Talking);
        city.assert_they_hear_each_other(citizen, agent);
        city.does(agent, [hang_up()]);
        city.run_to_the_end();
        city.assert_nothing_is_left();
    }
}

#[test]
fn by_order() {
    let (mut city, agent, citizen) = talking(5_102);
    let hold = |on| Order::Hold { agent: id("8001"), on };
    city.order(hold(true)).unwrap();
    city.order(hold(true)).unwrap();
    city.run_for(seconds(3.0));
    assert!(city.phones[citizen].ear.share_of_late(MUSIC, 2.0) > 0.9);
    city.assert_does_not_hear(agent, citizen);
    city.order(hold(false)).unwrap();
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(citizen, agent);
    assert_eq!(
        city.count(|k| matches!(k, EventKind::AgentHeld { .. })),
        2,
        "on and off"
    );
}

#[test]
fn the_citizen_hangs_up_on_hold() {
    let (mut city, agent, citizen) = talking(5_103);
    city.does(agent, [Action::Hold]);
    city.run_for(seconds(2.0));
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(1.0));
    assert!(!city.phones[agent].is_in_a_call(), "the agent is told");
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn the_agent_hangs_up_on_hold() {
    let (mut city, agent, citizen) = talking(5_104);
    city.does(agent, [Action::Hold]);
    city.run_for(seconds(2.0));
    city.does(agent, [hang_up()]);
    city.run_for(seconds(1.0));
    assert!(
        city.phones[citizen].ear.share_of_late(Sound::Tone(880.0), 0.5) > 0.9,
        "the plan goes on"
    );
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_puts_the_agent_on_hold() {
    let (mut city, agent, citizen) = talking(5_105);
    city.does(citizen, [Action::Hold]);
    city.run_for(seconds(90.0));
    city.does(citizen, [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(citizen, agent);
}
