//! Which agent is rung: strategies, tiers, skills.

use super::*;

fn by(strategy: Strategy) -> QueueConfig {
    QueueConfig {
        strategy,
        wrap_up: s(0),
        ..queue("general")
    }
}

/// Serves calls one after another, each for so many seconds, all of them answered. Who had them.
fn served(room: &mut Room, talks: &[u64]) -> Vec<u32> {
    let mut agents = Vec::new();
    for (no, talk) in (1..).zip(talks) {
        let agent = room.connect(no, "general");
        room.pass(s(*talk));
        room.part_over(agent, no);
        agents.push(agent);
    }
    agents
}

fn skilled(no: u32, skills: &[(&str, u8)]) -> Profile {
    Profile {
        skills: skills
            .iter()
            .map(|(name, level)| ((*name).to_owned(), *level))
            .collect(),
        ..profile(no, &["general"])
    }
}

fn asks(skill: &str, level: u8) -> Requirement {
    Requirement {
        skill: skill.into(),
        level,
        preferred: false,
        widens_every: None,
    }
}

fn asking(no: u32, requires: Vec<Requirement>) -> Waiter {
    Waiter {
        requires,
        ..Room::waiter(no, "general")
    }
}

#[test]
fn longest_idle_rings_who_has_been_free_longest() {
    let mut room = Room::new([by(Strategy::LongestIdle)], 3);
    assert_eq!(served(&mut room, &[50, 10, 10, 10]), [1, 2, 3, 1]);
    // Two at once: who comes back first is free longest.
    let (a, b) = (room.connect(11, "general"), room.connect(12, "general"));
    assert_eq!((a, b), (2, 3));
    room.part_over(3, 12);
    room.part_over(2, 11);
    assert_eq!(served(&mut room, &[1, 1, 1]), [1, 3, 2]);
}

#[test]
fn round_robin_goes_on_from_whose_turn_it_was() {
    let mut room = Room::new([by(Strategy::RoundRobin)], 3);
    assert_eq!(served(&mut room, &[5, 5, 5, 5]), [1, 2, 3, 1]);
    room.pause(2);
    room.act(2, Action::Ready);
    assert_eq!(
        served(&mut room, &[5, 5]),
        [2, 3],
        "a short pause costs nobody his turn"
    );
}

#[test]
fn top_down_rings_the_first_of_the_list() {
    let mut room = Room::new([by(Strategy::TopDown)], 3);
    assert_eq!(served(&mut room, &[5, 5, 5]), [1, 1, 1]);
    room.pause(1);
    assert_eq!(served(&mut room, &[5, 5]), [2, 2]);
}

#[test]
fn least_talk_evens_out_the_minutes_and_fewest_calls_the_calls() {
    let mut room = Room::new([by(Strategy::LeastTalk)], 2);
    assert_eq!(served(&mut room, &[100, 30, 30, 30, 30]), [1, 2, 2, 2, 2]);
    assert_eq!(served(&mut room, &[1]), [1]);

    let mut room = Room::new([by(Strategy::FewestCalls)], 2);
    assert_eq!(served(&mut room, &[100, 30, 30, 30]), [1, 2, 1, 2]);
}

#[test]
fn at_midnight_everybody_begins_with_no_calls_and_no_minutes() {
    let mut room = Room::new([by(Strategy::LeastTalk)], 2);
    assert_eq!(served(&mut room, &[100, 30]), [1, 2]);
    // At 23:59 agent 2 has talked least, and he speaks until 00:01.
    room.pass(s(12 * 3_600 - 60 - 130));
    assert_eq!(room.connect(20, "general"), 2);
    room.pass(s(120));
    assert_eq!(
        room.view(2).talked_today,
        s(60),
        "what was talked before midnight was yesterday's"
    );
    assert_eq!(room.view(1).talked_today, s(0));
    room.part_over(2, 20);
    assert_eq!((room.view(2).calls_today, room.view(1).calls_today), (0, 0));
    assert_eq!(room.connect(21, "general"), 1, "yesterday's minutes do not count");
}

#[test]
fn all_ring_and_the_first_who_answers_has_the_call() {
    let mut room = Room::new([by(Strategy::RingAll)], 3);
    room.enter(1, "general");
    let offers = room.offers();
    assert_eq!(offers.iter().map(|(_, agent, _)| *agent).collect::<Vec<_>>(), [1, 2, 3]);
    room.answer(offers[1].0).unwrap();
    let heard = room.heard();
    for other in [0, 2] {
        assert!(heard.contains(&Command::Withdraw { offer: offers[other].0 }));
        assert_eq!(room.answer(offers[other].0), Err(Refused::TooLate));
    }
    let statuses = [1, 2, 3].map(|no| room.status(no));
    use AgentStatus::{Available, Talking};
    assert_eq!(statuses, [Available, Talking, Available]);
    room.enter(2, "general");
    assert_eq!(room.pairs(), [(1, 2), (3, 2)]);
}

#[test]
fn where_all_ring_one_who_becomes_free_rings_too() {
    let mut room = Room::new([by(Strategy::RingAll)], 2);
    room.pause(2);
    room.enter(1, "general");
    assert_eq!(room.pairs(), [(1, 1)]);
    room.act(2, Action::Ready);
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 2);
    room.answer(offer).unwrap();
    assert_eq!(room.status(1), AgentStatus::Available);
}

#[test]
fn by_lot_everybody_has_his_share() {
    let mut room = Room::new([by(Strategy::Random)], 4);
    let mut shares = [0_u32; 4];
    for agent in served(&mut room, &[1; 400]) {
        shares[agent as usize - 1] += 1;
    }
    assert!(shares.iter().all(|share| (60..140).contains(share)), "{shares:?}");
}

#[test]
fn a_lower_tier_is_asked_first_whoever_has_been_free_longer() {
    let tiers = [(1, 2), (2, 1), (3, 1)].map(|(no, tier)| Profile {
        queues: [("general".to_owned(), tier)].into(),
        ..profile(no, &[])
    });
    let mut room = Room::with(config([by(Strategy::LongestIdle)]), tiers.to_vec());
    let agents = [1, 2, 3].map(|no| room.connect(no, "general"));
    assert_eq!(agents, [2, 3, 1]);
}

#[test]
fn a_skill_that_is_required_is_waited_for() {
    let agents = vec![
        skilled(1, &[("english", 4)]),
        skilled(2, &[("english", 8)]),
        skilled(3, &[]),
    ];
    let mut room = Room::with(config([by(Strategy::LongestIdle)]), agents);
    room.enter_as(asking(1, vec![asks("english", 5)]));
    assert_eq!(room.pairs(), [(2, 1)]);
    room.enter_as(asking(2, vec![asks("english", 5)]));
    assert_eq!(room.pairs(), [], "nobody else speaks it well enough");
    room.enter(3, "general");
    assert_eq!(room.pairs(), [(1, 3)], "who asks for nothing does not wait behind him");
}

#[test]
fn requirements_sink_with_time_so_that_somebody_answers() {
    let agents = vec![skilled(1, &[]), skilled(2, &[("english", 3)])];
    let mut room = Room::with(config([by(Strategy::LongestIdle)]), agents);
    let sinking = Requirement {
        widens_every: Some(s(20)),
        ..asks("english", 5)
    };
    room.enter_as(asking(1, vec![sinking.clone()]));
    room.pass(s(39));
    assert_eq!(room.pairs(), []);
    room.pass(s(1));
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 2, "after 40 s level 3 is enough");
    room.answer(offer).unwrap();
    room.enter_as(asking(2, vec![sinking]));
    room.pass(s(99));
    assert_eq!(room.pairs(), []);
    room.pass(s(1));
    assert_eq!(room.pairs(), [(1, 2)], "after 100 s anybody is better than nobody");
}

#[test]
fn a_wish_is_fulfilled_if_it_costs_no_wait() {
    let agents = vec![skilled(1, &[]), skilled(2, &[("dialect", 2)])];
    let mut room = Room::with(config([by(Strategy::LongestIdle)]), agents);
    let wish = Requirement {
        preferred: true,
        ..asks("dialect", 1)
    };
    room.enter_as(asking(1, vec![wish.clone()]));
    assert_eq!(room.pairs(), [(2, 1)]);
    room.enter_as(asking(2, vec![wish]));
    assert_eq!(room.pairs(), [(1, 2)]);
}

#[test]
fn an_agent_of_several_queues_takes_who_stands_first_in_all_of_them() {
    let mut room = Room::new([queue("general"), queue("fund")], 1);
    room.pause(1);
    for (no, name) in [(1, "general"), (2, "fund"), (3, "general"), (4, "fund")] {
        room.enter(no, name);
        room.pass(s(1));
    }
    room.act(1, Action::Ready);
    for no in 1..=4 {
        let (offer, _, call_no) = room.offer();
        assert_eq!(call_no, no);
        room.answer(offer).unwrap();
        room.part_over(1, no);
        room.act(1, Action::Ready);
    }
}

#[test]
fn who_cannot_be_reached_is_offered_nothing() {
    let mut room = Room::new([queue("general")], 2);
    room.do_with(|floor, now| floor.reachable(&agent(1), false, now));
    room.enter(1, "general");
    assert_eq!(room.pairs(), [(2, 1)]);
    room.enter(2, "general");
    assert_eq!(room.pairs(), []);
    room.do_with(|floor, now| floor.reachable(&agent(1), true, now));
    assert_eq!(room.pairs(), [(1, 2)], "his telephone is back, and the caller is there");
}
