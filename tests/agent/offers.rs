//! An offer that comes to nothing: the agent refuses, does not pick up, cannot be reached; the citizen hangs up while it rings.
//! Nobody is dropped, nobody rings on, nobody is left reserved.

use yihao::kernel::{AgentStatus, EndReason, EndedBy, EventKind, OfferEnd};
use yihao::queue::Strategy;

use crate::support::people::{city, city_with, queue};
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

fn ends(city: &World) -> Vec<(String, OfferEnd)> {
    let events = city.ledger.iter();
    let ended = events.filter_map(|e| match &e.kind {
        EventKind::OfferEnded { agent, outcome } => Some((agent.clone(), *outcome)),
        _ => None,
    });
    ended.collect()
}

#[test]
fn an_agent_who_refuses_does_not_drop_the_caller() {
    for (status, outcome) in [
        (486, OfferEnd::Busy),
        (603, OfferEnd::Rejected),
        (480, OfferEnd::NoAnswer),
        (404, OfferEnd::Unreachable),
        (500, OfferEnd::Unreachable),
    ] {
        let mut city = city(5_201);
        city.agent_with("8001", &["general"], |_, phone| phone.refuses = Some(status));
        city.signs_in("8001");
        let citizen = city.calls_in("5000");
        city.run_for(seconds(2.0));
        assert_eq!(ends(&city), [("8001".to_owned(), outcome)], "{status}");
        assert!(city.phones[citizen].is_in_a_call(), "{status}");
        let second = city.agent_at_work("8002", &["general"]);
        city.run_for(seconds(2.0));
        city.assert_they_hear_each_other(citizen, second);
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(60.0));
        city.assert_nothing_is_left();
    }
}

#[test]
fn nobody_picks_up_and_the_agent_is_paused_in_the_end() {
    let mut city = city(5_202);
    city.agent_with("8001", &["general"], |_, phone| phone.answers_after = None);
    city.signs_in("8001");
    let citizen = city.calls_in("5000");
    city.run_for(seconds(60.0));
    assert_eq!(ends(&city), vec![("8001".to_owned(), OfferEnd::NoAnswer); 2]);
    assert_eq!(city.agent_status("8001"), AgentStatus::Paused, "RONA after two");
    assert!(city.phones[citizen].is_in_a_call());
    city.does(citizen, [hang_up()]);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn a_telephone_that_is_not_there_is_given_up_soon() {
    let mut city = city(5_203);
    let dead = city.agent_at_work("8001", &["general"]);
    city.unplugged.insert(dead);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(6.0));
    assert_eq!(ends(&city), [("8001".to_owned(), OfferEnd::Unreachable)]);
    let second = city.agent_at_work("8002", &["general"]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, second);
}

#[test]
fn the_citizen_hangs_up_while_it_rings_and_the_agent_stops_ringing() {
    let mut city = city(5_204);
    let agent = city.agent_with("8001", &["general"], |_, phone| phone.answers_after = None);
    city.signs_in("8001");
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    assert!(city.phones[agent].is_ringing());
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(0.1));
    assert!(!city.phones[agent].is_ringing());
    assert_eq!(city.agent_status("8001"), AgentStatus::Available);
    city.run_to_the_end();
    let story = city.story_of(0);
    let end = story.iter().position(|k| k == "ended").unwrap();
    assert_eq!(
        story[end - 3..end],
        ["offer_ended", "queue_left", "callback_owed"],
        "{story:?}"
    );
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_at_every_moment_of_the_pickup() {
    for ms in 0..40_u64 {
        let mut city = city(52_000 + ms);
        let agent = city.agent_with("8001", &["general"], |_, phone| {
            phone.answers_after = Some(seconds(1.0))
        });
        city.signs_in("8001");
        let citizen = city.calls_in("5000");
        city.run_for(seconds(1.005 + ms as f64 / 1_000.0));
        city.does(citizen, [hang_up()]);
        city.run_for(seconds(40.0));
        assert!(!city.phones[agent].is_in_a_call(), "after {ms} ms");
        assert_eq!(city.agent_status("8001"), AgentStatus::Available, "after {ms} ms");
        assert_eq!(city.end_of(0).0, EndedBy::Caller, "after {ms} ms");
        city.assert_nothing_is_left();
    }
}

#[test]
fn all_ring_and_the_first_who_answers_has_the_call() {
    let mut general = queue("general");
    general.strategy = Strategy::RingAll;
    let mut city = city_with(5_205, vec![general]);
    let agents: Vec<usize> = (1..=5)
        .map(|n| {
            let name = format!("800{n}");
            let phone = city.agent_with(&name, &["general"], |_, phone| {
                phone.answers_after = Some(seconds(1.0 + 0.001 * f64::from(n % 3)));
            });
            city.signs_in(&name);
            phone
        })
        .collect();
    let citizen = city.calls_in("5000");
    city.run_for(seconds(3.0));
    let speaking: Vec<usize> = agents
        .iter()
        .copied()
        .filter(|a| city.phones[*a].is_in_a_call())
        .collect();
    assert_eq!(speaking.len(), 1, "two agents never win one call");
    assert_eq!(city.count(|k| matches!(k, EventKind::AnsweredByPerson { .. })), 1);
    city.assert_they_hear_each_other(citizen, speaking[0]);
    let reason = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"";
    let told = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        (text.starts_with("CANCEL ") || text.starts_with("BYE ")) && text.contains(reason)
    };
    assert_eq!(city.sip_log.iter().filter(|(.., bytes)| told(bytes)).count(), 4);
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    city.assert_nothing_is_left();
}

#[test]
fn no_port_is_left_for_the_agents_leg() {
    let mut city = city(5_206);
    let citizen = city.calls_in("5000");
    city.run_for(seconds(2.0));
    city.ports_exhausted = true;
    city.agent_at_work("8001", &["general"]);
    city.run_for(seconds(2.0));
    assert_eq!(ends(&city), [("8001".to_owned(), OfferEnd::Unreachable)]);
    assert!(city.phones[citizen].is_in_a_call(), "the caller stays");
    city.ports_exhausted = false;
    let second = city.agent_at_work("8002", &["general"]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(citizen, second);
}

#[test]
fn a_telephone_with_one_line_is_not_busy_with_the_call_that_it_just_lost() {
    // Both ring for the first caller; 8001 is faster, and 8002 is at once offered the second.
    let mut general = queue("general");
    general.strategy = Strategy::RingAll;
    let mut city = city_with(5_207, vec![general]);
    city.agent_with("8001", &["general"], |_, phone| {
        phone.answers_after = Some(seconds(1.0))
    });
    let slow = city.agent_with("8002", &["general"], |_, phone| {
        phone.answers_after = Some(seconds(2.0));
        phone.rtp.truncate(1);
    });
    city.signs_in("8001");
    city.signs_in("8002");
    city.calls_in("5000");
    city.run_for(seconds(0.5));
    let second = city.calls_in("5000");
    city.run_for(seconds(4.0));
    city.assert_they_hear_each_other(second, slow);
    assert!(
        !ends(&city).iter().any(|(_, end)| *end == OfferEnd::Busy),
        "{:?}",
        ends(&city)
    );
}
