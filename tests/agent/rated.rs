//! 好差评: after the agent has hung up, the citizen is asked how it was, answers with one key, and is not asked again for hours.

use yihao::kernel::{AgentId, EventKind};

use crate::support::people::{PLAN, floor, queue};
use crate::support::plans;
use crate::support::script::{hang_up, press, seconds};
use crate::support::world::World;

const RATED: &str = r#"
[[number]]
dial = "5009"
hotline = "12345"

[step.start]
queue = "general"
on = { answered = "rate", otherwise = "hangup" }

[step.rate]
survey = true
on = { done = "hangup", otherwise = "main.goodbye", unavailable = "hangup" }
"#;

fn city(seed: u64) -> (World, usize) {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("people.toml", PLAN), ("rated.toml", RATED)]);
    let mut city = World::with(seed, shared);
    city.exchange.set_floor(floor(vec![queue("general")]), city.now);
    let agent = city.agent_at_work("8001", &["general"]);
    (city, agent)
}

/// They talk for so long, then the agent hangs up.
fn talk(city: &mut World, agent: usize, citizen: usize, talk_s: f64) {
    city.dial(citizen, "5009");
    city.run_for(seconds(1.5 + talk_s));
    city.does(agent, [hang_up()]);
    city.run_for(seconds(0.5));
}

fn stars(city: &World) -> Vec<u8> {
    let rated = |kind: &EventKind| match kind {
        EventKind::Rated { stars, .. } => Some(*stars),
        _ => None,
    };
    city.ledger.iter().filter_map(|event| rated(&event.kind)).collect()
}

fn asked(city: &World) -> usize {
    city.count(|kind| matches!(kind, EventKind::RatingAsked { .. }))
}

#[test]
fn one_key_is_the_answer_and_it_names_the_agent() {
    let (mut city, agent) = city(5_101);
    let citizen = city.humming_citizen(Vec::new());
    talk(&mut city, agent, citizen, 25.0);
    assert_eq!(asked(&city), 1, "{:?}", city.story_of(0));
    city.does(citizen, [press("4")]); // while the question is being said
    city.run_to_the_end();
    assert_eq!(stars(&city), [4]);
    let about =
        |kind: &EventKind| matches!(kind, EventKind::Rated { agent, .. } if *agent == AgentId::parse("8001").unwrap());
    assert_eq!(city.count(about), 1);
    city.assert_nothing_is_left();
}

#[test]
fn a_key_that_means_nothing_is_asked_about_once_more() {
    let (mut city, agent) = city(5_102);
    let citizen = city.humming_citizen(Vec::new());
    talk(&mut city, agent, citizen, 25.0);
    city.does(citizen, [press("9")]);
    city.run_for(seconds(2.0));
    city.does(citizen, [press("1")]);
    city.run_to_the_end();
    assert_eq!(stars(&city), [1]);
    city.assert_nothing_is_left();
}

#[test]
fn who_says_nothing_is_not_pressed() {
    let (mut city, agent) = city(5_103);
    let citizen = city.humming_citizen(Vec::new());
    talk(&mut city, agent, citizen, 25.0);
    city.run_to_the_end();
    assert_eq!((asked(&city), stars(&city)), (1, vec![]));
    city.assert_nothing_is_left();
}

#[test]
fn a_word_between_two_doors_is_not_judged_and_nobody_is_asked_twice_in_four_hours() {
    let (mut city, agent) = city(5_104);
    let citizen = city.humming_citizen(Vec::new());
    talk(&mut city, agent, citizen, 10.0);
    city.run_for(seconds(60.0));
    assert_eq!(asked(&city), 0, "ten seconds of talk");
    talk(&mut city, agent, citizen, 25.0);
    city.does(citizen, [press("5")]);
    city.run_for(seconds(60.0));
    talk(&mut city, agent, citizen, 25.0);
    city.run_for(seconds(60.0));
    assert_eq!((asked(&city), stars(&city)), (1, vec![5]));
    city.run_for(seconds(4.0 * 3_600.0));
    talk(&mut city, agent, citizen, 25.0);
    assert_eq!(asked(&city), 2);
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn hanging_up_is_an_answer_too() {
    let (mut city, agent) = city(5_105);
    let citizen = city.humming_citizen(Vec::new());
    talk(&mut city, agent, citizen, 25.0);
    city.does(citizen, [hang_up()]);
    city.run_to_the_end();
    assert_eq!((asked(&city), stars(&city)), (1, vec![]));
    city.assert_nothing_is_left();
}
