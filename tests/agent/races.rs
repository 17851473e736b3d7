//! Two things happen at once. One agent has the call, everybody else falls silent, nobody is left reserved, and the citizen is
//! never lost between them.

use yihao::call::{Order, Place};
use yihao::kernel::{AgentStatus, EndedBy, EventKind, Part, Role};

use super::answered::talking;
use crate::support::people::{city, id};
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

fn is_quiet_afterwards(mut city: World, citizen: usize) {
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(150.0));
    for name in ["8001", "8002"] {
        assert_eq!(city.agent_status(name), AgentStatus::Available, "{name}");
    }
    city.assert_nothing_is_left();
}

#[test]
fn a_colleague_picks_up_a_ringing_call_at_the_moment_when_it_is_answered() {
    for step in 0..24_u32 {
        let mut city = city(58_010 + u64::from(step));
        let first = city.agent_with("8001", &["general"], |_, phone| {
            phone.answers_after = Some(seconds(2.0))
        });
        let second = city.agent_with("8002", &["fund"], |_, phone| phone.answers_after = Some(seconds(1.0)));
        city.signs_in("8001");
        city.signs_in("8002");
        let citizen = city.calls_in("5000");
        city.run_for(seconds(0.96 + 0.004 * f64::from(step)));
        let pick_up = Order::PickUp {
            agent: id("8002"),
            from: "8001".into(),
        };
        city.order(pick_up).unwrap();
        city.run_for(seconds(3.0));
        let speaking: Vec<usize> = [first, second]
            .into_iter()
            .filter(|phone| city.phones[*phone].is_in_a_call())
            .collect();
        assert_eq!(speaking.len(), 1, "step {step}: one of them has the call");
        city.assert_they_hear_each_other(citizen, speaking[0]);
        assert_eq!(
            city.count(|k| matches!(k, EventKind::AnsweredByPerson { .. })),
            1,
            "step {step}"
        );
        is_quiet_afterwards(city, citizen);
    }
}

#[test]
fn sent_on_to_a_colleague_at_the_moment_when_the_citizen_hangs_up() {
    for ms in 0..30_u64 {
        let (mut city, _, citizen) = talking(58_100 + ms);
        city.agent_at_work("8002", &["fund"]);
        let to = Place::Agent(id("8002"));
        city.does(citizen, [hang_up()]);
        city.run_for(std::time::Duration::from_millis(ms));
        let _either_way = city.order(Order::SendOn { agent: id("8001"), to });
        city.run_for(seconds(60.0));
        assert_eq!(city.end_of(0).0, EndedBy::Caller);
        for name in ["8001", "8002"] {
            assert_eq!(city.agent_status(name), AgentStatus::Available, "{name} after {ms} ms");
        }
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_agent_parks_or_sends_on_while_a_supervisor_listens() {
    for order in [
        Order::Park { agent: id("8001") },
        Order::SendOn {
            agent: id("8001"),
            to: Place::Queue("fund".into()),
        },
    ] {
        let (mut city, _, citizen) = talking(5_830);
        let boss = city.agent_with("9001", &[], |profile, _| profile.role = Role::Supervisor);
        let listen = Order::Supervise {
            supervisor: id("9001"),
            agent: id("8001"),
            part: Part::Listening,
        };
        city.order(listen).unwrap();
        city.run_for(seconds(3.0));
        city.order(order).unwrap();
        city.run_for(seconds(2.0));
        assert!(!city.phones[boss].is_in_a_call(), "there is nobody to listen to");
        assert!(city.phones[citizen].is_in_a_call(), "the citizen is kept");
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(60.0));
        city.assert_nothing_is_left();
    }
}

#[test]
fn the_house_closes_at_any_moment() {
    for step in 0..20_u32 {
        let mut city = city(58_200 + u64::from(step));
        city.agent_at_work("8001", &["general"]);
        city.agent_at_work("8002", &["fund"]);
        city.calls_in("5000");
        city.calls_in("5001");
        city.run_for(seconds(0.4 + 0.05 * f64::from(step)));
        city.end_all();
        city.run_for(seconds(90.0));
        for name in ["8001", "8002"] {
            assert_eq!(city.agent_status(name), AgentStatus::Available, "{name} at step {step}");
        }
        city.assert_nothing_is_left();
    }
}
