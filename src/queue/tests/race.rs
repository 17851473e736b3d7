//! Two agents reach for one call, the caller hangs up, the network brings old news late: in every order.
//!
//! Story: an exchange gave one caller to two agents who answered in the same instant; when the first hung up, all went down.

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::*;

/// What is on its way to the floor.
#[derive(Clone, Copy, Debug)]
enum News {
    Answered(OfferId),
    Ended(OfferId, OfferEnd),
    HangsUp(CallId),
    TakenBack(u32),
    Engaged(u32),
    GuardRings,
}

/// Who has a call for certain.
#[derive(Default)]
struct Truth {
    with: BTreeMap<CallId, AgentId>,
    ringing: BTreeMap<OfferId, (AgentId, CallId)>,
    news: Vec<News>,
}

fn hear(floor: &mut Floor, truth: &mut Truth, rng: &mut SmallRng) {
    while let Some(command) = floor.next_command() {
        match command {
            Command::Offer { offer, agent, task, .. } => {
                let Task::Call(call) = task else {
                    panic!("nobody is owed a call here")
                };
                assert!(
                    !truth.with.contains_key(&call),
                    "{call} is offered though somebody has it"
                );
                assert!(!truth.with.values().any(|who| *who == agent), "{agent} speaks");
                let twice = truth.ringing.values().any(|(who, _)| *who == agent);
                assert!(!twice, "a double offer to {agent}");
                truth.ringing.insert(offer, (agent, call));
                // What becomes of it is on its way at once, more than one word and some of it wrong.
                truth.news.push(News::Answered(offer));
                if rng.random_bool(0.5) {
                    let how = [
                        OfferEnd::NoAnswer,
                        OfferEnd::Rejected,
                        OfferEnd::Busy,
                        OfferEnd::Withdrawn,
                    ];
                    truth.news.push(News::Ended(offer, how[rng.random_range(0..4)]));
                }
            }
            Command::Withdraw { offer } => assert!(truth.ringing.remove(&offer).is_some()),
            Command::Done { .. } | Command::Announce { .. } | Command::Changed { .. } | Command::OfferEnded { .. } => {}
        }
    }
}

fn race(floor: &mut Floor, first_call: u32, now: &mut Now, rng: &mut SmallRng) {
    let mut truth = Truth::default();
    for no in 1..=3 {
        let _ = floor.act(&agent(no), Action::SignIn { ready: true }, None, *now);
    }
    let calls = first_call..first_call + 2;
    for no in calls.clone() {
        let queue = if rng.random() { "all" } else { "one" };
        floor.enter(Room::waiter(no, queue), *now).unwrap();
        if rng.random_bool(0.4) {
            truth.news.push(News::HangsUp(call(no)));
        }
    }
    let who = rng.random_range(1..4);
    truth.news.push(match rng.random_range(0..3) {
        0 => News::TakenBack(who),
        1 => News::Engaged(who),
        _ => News::GuardRings,
    });
    hear(floor, &mut truth, rng);
    truth.news.shuffle(rng);
    while let Some(news) = truth.news.pop() {
        *now = now.later(Duration::from_millis(1));
        match news {
            News::Answered(offer) => match (floor.offer_answered(offer, *now), truth.ringing.remove(&offer)) {
                (Ok(()), Some((agent, call))) => {
                    let other = truth.with.insert(call, agent);
                    assert_eq!(other, None, "two agents have won {call}");
                }
                (Err(Refused::TooLate), None) => {}
                (said, rang) => panic!("{offer:?}: {said:?}, though it rang: {rang:?}"),
            },
            News::Ended(offer, how) => {
                floor.offer_ended(offer, how, *now);
                truth.ringing.remove(&offer);
            }
            News::HangsUp(call) => {
                floor.leave(call, *now);
                // Who was given to him hears it, and hangs up too.
                if let Some(agent) = truth.with.remove(&call) {
                    floor.part_over(&agent, call, *now);
                }
            }
            News::TakenBack(no) => {
                let _ = floor.act(&agent(no), Action::Pause { reason: "meal".into() }, None, *now);
            }
            News::Engaged(no) => {
                if floor.engage(&agent(no), call(first_call + 5), None, *now).is_ok() {
                    truth.with.insert(call(first_call + 5), agent(no));
                }
            }
            News::GuardRings => {
                *now = now.later(s(25));
                floor.handle_timeout(*now);
            }
        }
        hear(floor, &mut truth, rng);
        if truth.news.len() > 12 {
            truth.news.truncate(12); // a telephone that is rung again and again says enough
        }
    }
    // Everybody goes home, so that the next race begins with nothing.
    for (call, agent) in std::mem::take(&mut truth.with) {
        floor.part_over(&agent, call, *now);
    }
    for no in calls {
        floor.leave(call(no), *now);
    }
    hear(floor, &mut truth, rng);
    assert!(floor.offers.is_empty() && floor.calls.is_empty(), "something is left");
    truth.with.clear();
    for no in 1..=3 {
        let _ = floor.act(&agent(no), Action::SignOut, None, *now);
    }
    while floor.next_command().is_some() {}
}

#[test]
fn a_hundred_thousand_races_and_no_call_is_won_twice() {
    let all = QueueConfig {
        strategy: Strategy::RingAll,
        wrap_up: s(0),
        ..queue("all")
    };
    let one = QueueConfig {
        wrap_up: s(0),
        ..queue("one")
    };
    let mut now = Now {
        mono: Mono::from_nanos(1),
        wall: NOON,
    };
    let mut floor = Floor::new(config([all, one]), 3);
    floor.set_agents((1..=3).map(|no| profile(no, &["all", "one"])).collect(), now);
    for no in 1..=3 {
        floor.reachable(&agent(no), true, now);
    }
    let mut rng = SmallRng::seed_from_u64(2_024);
    for no in 0..1_000 {
        race(&mut floor, 10 * no + 1, &mut now, &mut rng);
    }
}
