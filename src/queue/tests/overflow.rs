//! Who cannot be served in time is told so, and goes on in his plan. A free agent goes before every limit.

use super::*;

#[test]
fn a_full_queue_turns_away_who_would_have_to_wait() {
    let mut room = Room::new(
        [QueueConfig {
            length_max: 2,
            ..queue("general")
        }],
        1,
    );
    room.pause(1);
    for no in 1..=3 {
        room.enter(no, "general");
    }
    assert_eq!(room.done(), ["full"]);
    let none = QueueConfig {
        length_max: 0,
        ..queue("general")
    };
    let mut room = Room::new([none], 1);
    room.enter(1, "general");
    assert_eq!(room.pairs(), [(1, 1)], "no length at all, and yet an agent is free");
}

#[test]
fn the_longest_wait_ends_but_never_while_a_telephone_rings_for_him() {
    let limited = QueueConfig {
        wait_max: Some(s(60)),
        ..queue("general")
    };
    let mut room = Room::new([limited], 1);
    room.pause(1);
    room.enter(1, "general");
    room.pass(s(50));
    room.act(1, Action::Ready);
    let (offer, ..) = room.offer();
    room.pass(s(12));
    assert_eq!(room.done(), [""; 0]);
    room.end(offer, OfferEnd::NoAnswer);
    assert_eq!(room.done(), ["timeout"]);

    room.pause(1);
    room.enter(2, "general");
    room.pass(s(60));
    assert_eq!(room.done(), ["timeout"]);
}

#[test]
fn nobody_at_work_is_said_at_once_and_a_pause_is_not_going_home() {
    let mut room = Room::new([queue("general")], 1);
    room.pause(1);
    room.enter(1, "general");
    assert_eq!(room.done(), [""; 0], "he may come back");
    room.act(1, Action::SignOut);
    room.enter(2, "general");
    assert_eq!(room.done(), ["no_agents"]);
    room.pass(s(59));
    assert_eq!(room.done(), [""; 0], "the next shift may be at the door");
    room.pass(s(1));
    assert_eq!(room.done(), ["no_agents"], "who waited is not left alone for ever");
    let mut room = Room::new(
        [QueueConfig {
            needs_agents: false,
            ..queue("general")
        }],
        0,
    );
    room.enter(1, "general");
    room.pass(s(3_600));
    assert_eq!(room.done(), [""; 0]);
}

#[test]
fn nobody_at_work_who_could_ever_take_the_call_is_the_same() {
    let mut room = Room::new([queue("general")], 1);
    let english = |widens_every| Waiter {
        requires: vec![Requirement {
            skill: "english".into(),
            level: 1,
            preferred: false,
            widens_every,
        }],
        ..Room::waiter(1, "general")
    };
    room.enter_as(english(None));
    assert_eq!(room.done(), ["no_agents"]);
    room.enter_as(english(Some(s(30))));
    assert_eq!(room.done(), [""; 0], "in half a minute anybody will do");
    room.pass(s(30));
    assert_eq!(room.pairs(), [(1, 1)]);
}

#[test]
fn a_wait_that_would_be_too_long_is_not_begun() {
    let limited = QueueConfig {
        estimate_max: Some(s(120)),
        wrap_up: s(0),
        ..queue("general")
    };
    let mut room = Room::new([limited], 1);
    // Ten calls of 60 s: what one place costs is known.
    for no in 1..=10 {
        room.connect(no, "general");
        room.pass(s(60));
        room.part_over(1, no);
    }
    for no in 11..=20 {
        room.enter(no, "general");
    }
    let turned_away = room.done();
    assert_eq!(
        turned_away.len(),
        7,
        "one speaks, two would wait 60 and 120 s: {turned_away:?}"
    );
    assert!(turned_away.iter().all(|outcome| outcome == "long_wait"));
}

#[test]
fn callers_of_a_queue_that_is_taken_away_are_told() {
    let mut room = Room::new([queue("general"), queue("fund")], 2);
    room.connect(1, "fund");
    room.pause(2);
    room.enter(2, "fund");
    room.enter(3, "general");
    room.do_with(|floor, now| floor.reconfigure(config([queue("general")]), now));
    assert_eq!(room.done(), ["no_agents"]);
    assert_eq!(room.status(1), AgentStatus::Talking, "who speaks goes on");
    room.part_over(1, 1);
    assert_eq!(room.pairs(), [(1, 3)]);
}
