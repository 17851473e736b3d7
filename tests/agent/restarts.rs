//! The server was killed and is there again: who waited and calls again stands where he stood, agents are who they were, debts are
//! owed.

use std::time::Duration;

use yihao::kernel::{AgentStatus, EventKind, PhoneNumber};
use yihao::queue::{Restored, Returning};

use crate::support::people::{city, id};
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

fn number_of(phone: usize) -> PhoneNumber {
    PhoneNumber::new(&format!("1380000{:04}", 1_000 + phone))
}

/// 8001 was free; who has these telephones was waiting, the first for the longest time.
fn after_the_restart(seed: u64, waiting: &[(usize, u64)]) -> World {
    let mut city = city(seed);
    city.agent("8001", &["general"]);
    let since = city.now.wall;
    let agents = vec![Restored {
        agent: id("8001"),
        status: AgentStatus::Available,
        reason: None,
        call: None,
        queue: None,
        until: None,
        since,
        talked_today: Duration::ZERO,
        calls_today: 0,
    }];
    let returning = waiting.iter().map(|(phone, waited_s)| Returning {
        number: number_of(*phone),
        queue: "general".into(),
        waited: Duration::from_secs(*waited_s),
        entered: since,
    });
    city.exchange.restore(agents, returning.collect(), Vec::new(), city.now);
    city
}

#[test]
fn who_calls_again_has_his_place_and_is_told_so() {
    let mut city = after_the_restart(5_701, &[(2, 40)]);
    let agent = 0;
    city.unbind("8001");
    let newcomer = city.calls_in("5000");
    city.run_for(seconds(5.0));
    let cut_off = city.calls_in("5000");
    city.run_for(seconds(3.0));
    assert!(
        city.played
            .iter()
            .any(|piece| format!("{piece:?}").contains("queue/kept"))
    );
    let carried = |k: &EventKind| matches!(k, EventKind::PersonRequested { carried_ms: 40_000, .. });
    assert_eq!(city.count(carried), 1);
    city.bind("8001");
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(agent, cut_off);
    assert!(city.phones[newcomer].is_in_a_call(), "who came later waits on");
    city.does(cut_off, [hang_up()]);
    city.does(newcomer, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn an_agent_who_was_free_is_free() {
    let mut city = after_the_restart(5_702, &[]);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(0, citizen);
}

#[test]
fn the_dialogs_of_a_conversation_are_on_record() {
    let (city, _, _) = super::answered::talking(5_703);
    let opened = |k: &EventKind| matches!(k, EventKind::DialogOpened { .. });
    assert_eq!(
        city.count(opened),
        2,
        "the citizen's and the agent's: both can be told goodbye after a kill"
    );
}
