//! What callers are told while they wait, and when rather nothing.

use super::*;

fn told(room: &mut Room) -> Vec<(CallId, Announcement)> {
    let told = room.heard().into_iter().filter_map(|command| match command {
        Command::Announce { call, words } => Some((call, words)),
        Command::Offer { .. }
        | Command::Withdraw { .. }
        | Command::Done { .. }
        | Command::Changed { .. }
        | Command::OfferEnded { .. } => None,
    });
    told.collect()
}

fn telling() -> QueueConfig {
    QueueConfig {
        announce_every: Some(s(30)),
        wrap_up: s(0),
        ..queue("general")
    }
}

#[test]
fn the_place_is_told_and_the_wait_withheld_while_nothing_is_known_of_it() {
    let mut room = Room::new([telling()], 1);
    room.connect(1, "general");
    room.enter(2, "general");
    room.enter(3, "general");
    room.pass(s(30));
    let words = |ahead| Announcement { ahead, minutes: None };
    assert_eq!(told(&mut room), [(call(2), words(0)), (call(3), words(1))]);
    room.pass(s(29));
    assert_eq!(told(&mut room), []);
}

#[test]
fn the_wait_is_told_in_whole_minutes_once_ten_were_answered_and_forgotten_after_half_an_hour() {
    let mut room = Room::new([telling()], 1);
    for no in 1..=10 {
        room.connect(no, "general");
        room.pass(s(100));
        room.part_over(1, no);
    }
    room.connect(20, "general");
    room.enter(21, "general");
    room.enter(22, "general");
    room.pass(s(30));
    let minutes: Vec<_> = told(&mut room).iter().map(|(_, words)| words.minutes).collect();
    assert_eq!(minutes, [Some((1, 2)), Some((3, 5))], "100 s and 200 s");
    room.pass(s(1_900));
    told(&mut room);
    room.pass(s(30));
    let minutes: Vec<_> = told(&mut room).iter().map(|(_, words)| words.minutes).collect();
    assert_eq!(minutes, [None, None]);
}

#[test]
fn an_announcement_never_stands_before_an_answer() {
    let mut room = Room::new([telling()], 1);
    room.pause(1);
    room.enter(1, "general");
    room.pass(s(29));
    room.act(1, Action::Ready);
    let (offer, ..) = room.offer();
    room.pass(s(10));
    assert_eq!(
        told(&mut room),
        [],
        "a telephone rings for him: he is not told to be patient"
    );
    room.end(offer, OfferEnd::Rejected);
    told(&mut room);
    room.pass(s(5));
    let (offer, ..) = room.offer();
    room.answer(offer).unwrap();
    room.pass(s(300));
    assert_eq!(told(&mut room), []);
}

#[test]
fn what_was_estimated_is_judged_by_what_came() {
    let mut room = Room::new([telling()], 1);
    for no in 1..=10 {
        room.connect(no, "general");
        room.pass(s(100));
        room.part_over(1, no);
    }
    room.connect(20, "general");
    room.enter(21, "general");
    let view = &room.floor.queues(room.now)[0];
    assert_eq!(
        (view.estimate, view.estimate_error),
        (Some(s(200)), None),
        "behind the one who waits"
    );
    room.pass(s(70));
    room.part_over(1, 20);
    let (offer, ..) = room.offer();
    room.answer(offer).unwrap();
    let view = &room.floor.queues(room.now)[0];
    assert_eq!(view.estimate_error, Some(s(30)), "100 s were estimated, 70 s it took");
}
