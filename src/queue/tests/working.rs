//! An agent's day: pauses, his own calls, writing up, accounts that change.

use super::*;

#[test]
fn time_to_write_up_can_be_extended_as_far_as_the_queue_allows() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    room.part_over(1, 1);
    let began = room.now.wall;
    room.act(1, Action::ExtendWrapUp { by: s(60) });
    assert_eq!(room.view(1).until, Some(began + s(90)));
    room.act(1, Action::ExtendWrapUp { by: s(60) });
    assert_eq!(room.view(1).until, Some(began + s(120)));
    let refused = room
        .floor
        .act(&agent(1), Action::ExtendWrapUp { by: s(1) }, None, room.now);
    assert_eq!(refused, Err(Refused::NoMoreTime));
    room.pass(s(119));
    assert_eq!(room.status(1), AgentStatus::WrapUp);
    room.pass(s(1));
    assert_eq!(room.status(1), AgentStatus::Available);
    let refused = room
        .floor
        .act(&agent(1), Action::ExtendWrapUp { by: s(1) }, None, room.now);
    assert_eq!(refused, Err(Refused::NotNow));
}

#[test]
fn an_agents_own_time_to_write_up_goes_before_the_queues_and_not_above_its_limit() {
    let own = |no, seconds| Profile {
        wrap_up: Some(s(seconds)),
        ..profile(no, &["general"])
    };
    let mut room = Room::with(config([queue("general")]), vec![own(1, 5), own(2, 1_000)]);
    for no in 1..=2 {
        let agent = room.connect(no, "general");
        room.part_over(agent, no);
    }
    assert_eq!(room.view(1).until, Some(NOON + s(5)));
    assert_eq!(room.view(2).until, Some(NOON + s(120)));
}

#[test]
fn a_freed_agent_never_waits_for_anothers_wrap_up() {
    let mut room = Room::new([queue("general")], 2);
    room.connect(1, "general");
    room.connect(2, "general");
    room.enter(3, "general");
    room.part_over(1, 1);
    room.heard();
    room.pass(s(29));
    room.part_over(2, 2);
    room.act(2, Action::Ready);
    assert_eq!(room.pairs(), [(2, 3)], "agent 1 still writes up");
}

#[test]
fn talk_time_is_talk_time_without_hold_and_without_the_wait() {
    let mut room = Room::new([queue("general")], 1);
    room.pause(1);
    room.enter(1, "general");
    room.pass(s(500));
    room.act(1, Action::Ready);
    let (offer, ..) = room.offer();
    room.pass(s(10));
    room.answer(offer).unwrap();
    room.pass(s(40));
    room.do_with(|floor, now| floor.hold(&agent(1), true, now));
    assert_eq!(room.status(1), AgentStatus::Holding);
    room.pass(s(1_000));
    room.do_with(|floor, now| floor.hold(&agent(1), false, now));
    room.pass(s(20));
    assert_eq!(room.view(1).talked_today, s(60));
    room.part_over(1, 1);
    assert_eq!(room.view(1).talked_today, s(60));
}

#[test]
fn a_transfer_credits_each_agent_with_his_own_minutes_and_who_took_over_writes_up() {
    let mut room = Room::new([queue("general")], 2);
    assert_eq!(room.connect(1, "general"), 1);
    room.pass(s(60));
    room.do_with(|floor, now| floor.engage(&agent(2), call(1), None, now).unwrap());
    room.pass(s(10));
    room.do_with(|floor, now| floor.hand_over(&agent(1), &agent(2), now));
    room.part_over(1, 1);
    room.pass(s(300));
    room.part_over(2, 1);
    assert_eq!((room.view(1).talked_today, room.view(2).talked_today), (s(70), s(310)));
    assert_eq!((room.view(1).calls_today, room.view(2).calls_today), (1, 1));
    assert_eq!(room.status(2), AgentStatus::WrapUp);
}

#[test]
fn an_agents_own_call_takes_back_what_rings_and_goes_back_to_what_he_did() {
    let mut room = Room::new([queue("general")], 2);
    room.pause(2);
    room.enter(1, "general");
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 1);
    room.do_with(|floor, now| floor.engage(&agent(1), call(9), None, now).unwrap());
    assert!(room.heard().contains(&Command::Withdraw { offer }));
    let refused = room.floor.engage(&agent(1), call(10), None, room.now);
    assert_eq!(refused, Err(Refused::NotNow));
    room.do_with(|floor, now| floor.engage(&agent(2), call(11), None, now).unwrap());
    room.pass(s(100));
    room.part_over(2, 11);
    assert_eq!(room.status(2), AgentStatus::Paused);
    room.part_over(1, 9);
    assert_eq!(
        room.pairs(),
        [(1, 1)],
        "no wrap-up for his own call, and the caller still stands first"
    );
}

#[test]
fn a_call_while_writing_up_does_not_shorten_the_time_for_it() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    room.part_over(1, 1);
    let until = room.view(1).until;
    room.pass(s(5));
    room.do_with(|floor, now| floor.engage(&agent(1), call(9), None, now).unwrap());
    room.pass(s(5));
    room.part_over(1, 9);
    assert_eq!((room.status(1), room.view(1).until), (AgentStatus::WrapUp, until));
    room.do_with(|floor, now| floor.engage(&agent(1), call(10), None, now).unwrap());
    room.pass(s(60));
    room.part_over(1, 10);
    assert_eq!(room.status(1), AgentStatus::Available);
}

#[test]
fn who_pauses_while_his_telephone_rings_has_refused() {
    let mut room = Room::new([queue("general")], 2);
    room.enter(1, "general");
    let (offer, ..) = room.offer();
    room.act(1, Action::Pause { reason: "meal".into() });
    let heard = room.heard();
    assert!(heard.contains(&Command::Withdraw { offer }));
    assert!(heard.contains(&Command::OfferEnded {
        call: call(1),
        agent: agent(1),
        outcome: OfferEnd::Rejected
    }));
    let offered = heard
        .iter()
        .any(|command| matches!(command, Command::Offer { agent: to, .. } if *to == agent(2)));
    assert!(offered, "the caller is offered to the other at once");
    assert_eq!(room.status(1), AgentStatus::Paused);
}

#[test]
fn an_account_that_is_taken_away_ends_after_the_call() {
    let mut room = Room::new([queue("general")], 2);
    room.connect(1, "general");
    let others = vec![profile(2, &["general"])];
    room.do_with(|floor, now| floor.set_agents(others, now));
    assert_eq!(room.status(1), AgentStatus::Talking);
    let refused = room.floor.act(&agent(1), Action::Ready, None, room.now);
    assert_eq!(refused, Err(Refused::UnknownAgent));
    room.part_over(1, 1);
    assert_eq!(room.floor.agents(room.now).len(), 1);
    assert!(room.floor.profile(&agent(1)).is_none() && room.floor.profile(&agent(2)).is_some());
}

#[test]
fn a_new_skill_or_queue_works_at_once() {
    let mut room = Room::new([queue("general"), queue("fund")], 1);
    let only_general = vec![profile(1, &["general"])];
    room.do_with(|floor, now| floor.set_agents(only_general, now));
    room.enter(1, "fund");
    assert_eq!(room.done(), ["no_agents"]);
    let sleepy = [
        QueueConfig {
            needs_agents: false,
            ..queue("fund")
        },
        queue("general"),
    ];
    room.do_with(|floor, now| floor.reconfigure(config(sleepy), now));
    room.enter(2, "fund");
    assert_eq!(room.pairs(), []);
    let both = vec![profile(1, &["general", "fund"])];
    room.do_with(|floor, now| floor.set_agents(both, now));
    assert_eq!(room.pairs(), [(1, 2)]);
}

#[test]
fn who_did_it_is_told_with_the_change() {
    let mut room = Room::new([queue("general")], 1);
    let action = Action::Pause {
        reason: "training".into(),
    };
    room.floor.act(&agent(1), action, Some("8900"), room.now).unwrap();
    let told = room.floor.next_command();
    let by = match told {
        Some(Command::Changed { by, .. }) => by,
        other => panic!("{other:?}"),
    };
    assert_eq!(by.as_deref(), Some("8900"));
}

#[test]
fn a_reload_loses_no_clock_no_pause_and_no_count() {
    let mut room = Room::new([queue("general")], 4);
    room.connect(1, "general");
    room.part_over(1, 1);
    let until = room.view(1).until;
    room.pause(2);
    room.enter(2, "general");
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 3);
    room.end(offer, OfferEnd::NoAnswer);
    room.heard();
    let profiles: Vec<Profile> = (1..=4).map(|no| profile(no, &["general"])).collect();
    let settings = config([
        QueueConfig {
            wrap_up: s(5),
            ..queue("general")
        },
        queue("fund"),
    ]);
    room.do_with(|floor, now| {
        floor.reconfigure(settings, now);
        floor.set_agents(profiles, now);
    });
    assert_eq!(room.pairs(), [], "what rings goes on ringing");
    assert_eq!((room.status(1), room.view(1).until), (AgentStatus::WrapUp, until));
    assert_eq!(room.view(2).reason.as_deref(), Some("meal"));
    assert_eq!((room.status(4), room.view(1).calls_today), (AgentStatus::Ringing, 1));
    room.enter(3, "general");
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 3);
    room.end(offer, OfferEnd::NoAnswer);
    assert_eq!(
        room.status(3),
        AgentStatus::Paused,
        "the second unanswered offer in a row"
    );
}
