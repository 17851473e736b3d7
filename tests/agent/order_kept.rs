//! The order of callers: nobody is overtaken by a later one, offers do not stop, a freed agent waits for nobody's wrap-up but his
//! own, and a refusal costs the caller neither his call nor his place.

use yihao::kernel::{AgentStatus, EventKind};

use crate::support::people::{city, city_with, queue};
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// The citizens' telephones in the order in which somebody answered them.
fn served(city: &World, first_phone: usize) -> Vec<usize> {
    let answered = city.ledger.iter().filter_map(|e| match &e.kind {
        EventKind::AnsweredByPerson { .. } => e.call(),
        _ => None,
    });
    let from = |call| {
        city.ledger.iter().find_map(|e| match &e.kind {
            EventKind::Invite { from, .. } if e.call() == Some(call) => Some(from.reveal().to_owned()),
            _ => None,
        })
    };
    let number = |text: String| text.strip_prefix("1380000").unwrap().parse::<usize>().unwrap() - 1_000 - first_phone;
    answered.filter_map(from).map(number).collect()
}

#[test]
fn eight_callers_are_served_in_the_order_in_which_they_came() {
    let mut general = queue("general");
    general.wrap_up = seconds(5.0);
    let mut city = city_with(5_901, vec![general]);
    city.agent("8001", &["general"]);
    city.agent_with("8002", &["general"], |_, phone| phone.refuses = Some(486)); // one who always refuses
    let citizens: Vec<usize> = (0..8)
        .map(|_| {
            let phone = city.calls_in("5000");
            city.run_for(seconds(1.0));
            phone
        })
        .collect();
    city.signs_in("8001");
    city.signs_in("8002");
    for (n, _) in citizens.iter().enumerate() {
        assert!(
            city.run_until(|city| served(city, 2).len() > n, seconds(60.0)),
            "caller {n} is served: {:?}",
            served(&city, 2)
        );
        let talking = citizens[*served(&city, 2).last().unwrap()];
        city.run_for(seconds(3.0));
        city.does(talking, [hang_up()]);
    }
    assert_eq!(served(&city, 2), (0..8).collect::<Vec<_>>());
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn a_freed_agent_does_not_wait_for_anothers_wrap_up() {
    let mut general = queue("general");
    general.wrap_up = seconds(600.0);
    let mut city = city_with(5_902, vec![general]);
    city.agent_at_work("8001", &["general"]);
    let first = city.calls_in("5000");
    city.run_for(seconds(3.0));
    let second = city.calls_in("5000");
    city.does(first, [hang_up()]);
    city.run_for(seconds(2.0));
    assert_eq!(city.agent_status("8001"), AgentStatus::WrapUp);
    let other = city.agent_at_work("8002", &["general"]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(second, other);
}

#[test]
fn two_queues_and_an_agent_for_both() {
    let mut city = city(5_903);
    let agent = city.agent_at_work("8001", &["general", "fund"]);
    let first = city.calls_in("5001");
    city.run_for(seconds(2.0));
    let second = city.calls_in("5000");
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(first, agent);
    city.does(first, [hang_up()]);
    city.run_for(seconds(34.0)); // he writes it up
    city.assert_they_hear_each_other(second, agent);
}
