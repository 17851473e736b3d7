//! What happens a thousand times a day: a caller, an agent, a conversation, and what is written about it.

use super::*;

#[test]
fn a_caller_reaches_the_agent_who_has_been_free_longest_and_then_it_is_written_up() {
    let mut room = Room::new([queue("general")], 3);
    room.enter(1, "general");
    let (offer, agent_no, call_no) = room.offer();
    assert_eq!((agent_no, call_no), (1, 1));
    assert_eq!(room.status(1), AgentStatus::Ringing);
    room.pass(s(3));
    room.answer(offer).unwrap();
    assert_eq!(room.status(1), AgentStatus::Talking);
    room.pass(s(100));
    room.part_over(1, 1);
    assert_eq!(room.status(1), AgentStatus::WrapUp);
    assert_eq!(room.view(1).until, Some(room.now.wall + s(30)));
    assert_eq!((room.view(1).talked_today, room.view(1).calls_today), (s(100), 1));
    room.pass(s(30));
    assert_eq!(room.status(1), AgentStatus::Available);
    room.heard();
    for no in 2..=4 {
        room.enter(no, "general");
    }
    assert_eq!(room.pairs(), [(2, 2), (3, 3), (1, 4)]);
}

#[test]
fn who_waits_is_given_to_the_first_agent_who_is_free_in_the_order_of_coming() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    for no in 2..=9 {
        room.pass(s(1));
        room.enter(no, "general");
    }
    assert_eq!(room.offers(), []);
    room.part_over(1, 1);
    for no in 2..=9 {
        assert_eq!(room.status(1), AgentStatus::WrapUp);
        room.act(1, Action::Ready);
        let (offer, _, served) = room.offer();
        assert_eq!(served, no, "the eighth caller is not served first");
        room.answer(offer).unwrap();
        room.part_over(1, no);
    }
}

#[test]
fn the_telephone_that_nobody_answers_costs_the_caller_nothing_and_the_agent_is_paused() {
    let mut room = Room::new([queue("general")], 2);
    room.enter(1, "general");
    let (first, ..) = room.offer();
    room.pass(s(15));
    room.end(first, OfferEnd::NoAnswer);
    let (second, agent_no, call_no) = room.offer();
    assert_eq!((agent_no, call_no), (2, 1), "another is free, so another is asked");
    room.answer(second).unwrap();
    room.enter(2, "general");
    let (third, agent_no, _) = room.offer();
    assert_eq!(agent_no, 1);
    room.end(third, OfferEnd::NoAnswer);
    assert_eq!(room.status(1), AgentStatus::Paused);
    assert_eq!(room.view(1).reason.as_deref(), Some("no_answer"));
}

#[test]
fn an_agent_never_stays_reserved_though_nobody_says_what_became_of_the_offer() {
    let mut room = Room::new([queue("general")], 1);
    room.enter(1, "general");
    let (offer, ..) = room.offer();
    room.pass(s(21));
    let heard = room.heard();
    assert!(heard.contains(&Command::Withdraw { offer }), "{heard:?}");
    assert_eq!(room.status(1), AgentStatus::Available);
    assert_eq!(room.answer(offer), Err(Refused::TooLate));
    room.pass(s(5));
    assert_eq!(room.pairs(), [(1, 1)], "he is asked again when he has had a rest");
}

#[test]
fn the_caller_hangs_up_and_the_telephone_stops_ringing() {
    let mut room = Room::new([queue("general")], 1);
    room.enter(1, "general");
    let (offer, ..) = room.offer();
    room.pass(s(4));
    assert_eq!(room.leave(1), s(4));
    let heard = room.heard();
    assert!(heard.contains(&Command::Withdraw { offer }), "{heard:?}");
    assert_eq!(room.answer(offer), Err(Refused::TooLate));
    assert_eq!(room.status(1), AgentStatus::Available);
    room.enter(2, "general");
    assert_eq!(room.pairs(), [(1, 2)]);
}

#[test]
fn what_an_agent_wants_during_a_call_is_done_after_it() {
    let mut room = Room::new([queue("general")], 2);
    room.connect(1, "general");
    room.connect(2, "general");
    room.pause(1);
    room.act(2, Action::SignOut);
    assert_eq!(
        (room.status(1), room.status(2)),
        (AgentStatus::Talking, AgentStatus::Talking)
    );
    room.part_over(1, 1);
    room.part_over(2, 2);
    assert_eq!(
        (room.status(1), room.status(2)),
        (AgentStatus::WrapUp, AgentStatus::SignedOut)
    );
    room.pass(s(30));
    assert_eq!(room.status(1), AgentStatus::Paused);
    assert_eq!(room.view(1).reason.as_deref(), Some("meal"));
}

#[test]
fn who_is_not_signed_in_or_not_there_is_told_so() {
    let mut room = Room::closed(config([queue("general")]), vec![profile(1, &["general"])]);
    let now = room.now;
    let refused = room.floor.act(&agent(1), Action::Ready, None, now);
    assert_eq!(refused, Err(Refused::NotSignedIn));
    let refused = room.floor.act(&agent(9), Action::Ready, None, now);
    assert_eq!(refused, Err(Refused::UnknownAgent));
    let refused = room.floor.enter(Room::waiter(1, "nowhere"), now);
    assert_eq!(refused, Err(Refused::UnknownQueue));
    room.act(1, Action::SignIn { ready: false });
    assert_eq!(room.status(1), AgentStatus::Paused);
}
