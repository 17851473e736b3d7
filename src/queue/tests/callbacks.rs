//! Citizens who are owed a call: in their turn, at a decent hour, and never twice at once.

use super::*;

fn at(room: &mut Room, hour: u64, minute: u64) {
    let into = room.now.wall.as_millis() - NOON.as_millis() + 12 * 3_600_000;
    let day = 86_400_000;
    let wanted = i64::try_from((hour * 60 + minute) * 60_000).unwrap();
    let ahead = (wanted - into % day).rem_euclid(day);
    room.pass(Duration::from_millis(ahead.unsigned_abs()));
}

fn owe(room: &mut Room, no: u32) {
    let debt = debt(no, "general", room.now.wall);
    room.do_with(|floor, now| floor.owe(debt, now));
}

fn asks_to_be_called(room: &mut Room, no: u32) {
    let debt = Debt {
        because: "requested".into(),
        ..debt(no, "general", room.now.wall)
    };
    room.do_with(|floor, now| floor.leave_for_callback(call(no), debt, now));
}

fn tried(room: &mut Room, no: u32, reached: bool) {
    room.do_with(|floor, now| floor.callback_tried(call(no), reached, now));
}

/// The debt as it is known.
fn known(room: &Room, no: u32) -> Option<Debt> {
    room.floor.debts().into_iter().find(|debt| debt.call == call(no))
}

#[test]
fn who_asks_to_be_called_back_keeps_his_place() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    for no in 2..=4 {
        room.enter(no, "general");
        room.pass(s(5));
    }
    asks_to_be_called(&mut room, 3);
    room.part_over(1, 1);
    for expected in 2..=4 {
        room.act(1, Action::Ready);
        let (offer, _, call_no) = room.offer();
        assert_eq!(call_no, expected);
        room.answer(offer).unwrap();
        if expected == 3 {
            // The agent's telephone rang first; now the citizen is called.
            room.do_with(|floor, now| floor.engage(&agent(1), call(30), Some(call(3)), now).unwrap());
            assert_eq!(room.view(1).call, Some(call(30)));
            tried(&mut room, 3, true);
            assert_eq!(known(&room, 3), None);
            room.part_over(1, 30);
            assert_eq!(
                room.status(1),
                AgentStatus::WrapUp,
                "a call-back is written up like a call"
            );
        } else {
            room.part_over(1, expected);
        }
    }
}

#[test]
fn other_debts_come_after_all_callers_the_oldest_first() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    owe(&mut room, 2);
    room.pass(s(10));
    owe(&mut room, 3);
    room.enter(4, "general");
    room.part_over(1, 1);
    for expected in [4, 2, 3] {
        room.act(1, Action::Ready);
        let (offer, _, call_no) = room.offer();
        assert_eq!(call_no, expected);
        room.answer(offer).unwrap();
        if expected != 4 {
            tried(&mut room, expected, true);
        }
        room.part_over(1, expected);
    }
    assert_eq!(room.floor.debts(), []);
}

#[test]
fn a_heap_of_debts_never_takes_more_desks_than_stay_free() {
    let mut room = Room::new([queue("general")], 10);
    for no in 1..=40 {
        owe(&mut room, no);
    }
    let offers = room.offers();
    assert_eq!(offers.len(), 5, "five in flight, five free");
    for (offer, _, no) in &offers {
        room.answer(*offer).unwrap();
        assert_eq!(
            room.pairs(),
            [],
            "{no}: the citizen's telephone rings now, that is in flight still"
        );
    }
    for no in 100..105 {
        room.enter(no, "general");
    }
    assert_eq!(room.pairs().len(), 5, "live callers find free agents at once");
    tried(&mut room, offers[0].2, true);
    assert_eq!(room.pairs(), [], "nobody is free");
}

#[test]
fn nobody_is_called_at_two_in_the_morning() {
    let mut room = Room::new([queue("general")], 2);
    at(&mut room, 2, 0);
    owe(&mut room, 1);
    room.enter(2, "general");
    asks_to_be_called(&mut room, 2);
    room.heard();
    at(&mut room, 7, 59);
    assert_eq!(room.pairs(), []);
    at(&mut room, 8, 0);
    let mut pairs = room.pairs();
    pairs.sort_unstable();
    assert_eq!(pairs, [(1, 2), (2, 1)]);
    // At 20:00 it ends.
    at(&mut room, 19, 59);
    owe(&mut room, 3);
    let busy = room.heard();
    assert!(!busy.is_empty());
    at(&mut room, 20, 0);
    room.heard();
    owe(&mut room, 4);
    assert_eq!(room.pairs(), []);
}

#[test]
fn the_clock_is_put_right_and_nobody_is_woken() {
    let mut room = Room::new([queue("general")], 2);
    at(&mut room, 3, 0);
    // Somebody had set the clock five hours ahead: now it says 8:00, wrongly or rightly.
    owe(&mut room, 1);
    room.heard();
    room.now.wall = room.now.wall + s(5 * 3_600);
    room.do_with(Floor::handle_timeout);
    assert_eq!(room.pairs(), [(1, 1)], "by the clock it is morning");
    room.now.wall = Wall::from_millis(room.now.wall.as_millis() - 5 * 3_600_000);
    room.do_with(Floor::handle_timeout);
    owe(&mut room, 2);
    assert_eq!(room.pairs(), [], "by the clock it is night");
}

#[test]
fn who_is_not_reached_is_called_again_later_and_at_last_left_to_a_person() {
    let mut room = Room::new(
        [QueueConfig {
            wrap_up: s(0),
            ..queue("general")
        }],
        1,
    );
    owe(&mut room, 1);
    for attempt in 1..=3 {
        let (offer, ..) = room.offer();
        room.answer(offer).unwrap();
        tried(&mut room, 1, false);
        room.part_over(1, 1);
        assert_eq!(known(&room, 1).unwrap().attempts, attempt);
        room.pass(s(1_799));
        assert_eq!(room.pairs(), []);
        room.pass(s(1));
    }
    assert_eq!(room.pairs(), [], "three attempts were made; a person has to decide");
    room.pass(s(86_400));
    assert_eq!(room.pairs(), []);
    let settled = room.floor.settle(call(1), room.now);
    assert_eq!(settled.map(|debt| debt.attempts), Some(3));
}

#[test]
fn an_agents_silence_is_not_the_citizens() {
    let mut room = Room::new([queue("general")], 3);
    owe(&mut room, 1);
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 1);
    room.end(offer, OfferEnd::NoAnswer);
    let (offer, agent_no, _) = room.offer();
    assert_eq!(agent_no, 2);
    assert_eq!(known(&room, 1).unwrap().attempts, 0, "the citizen was not called yet");
    // Answered, and gone before he dialled.
    room.answer(offer).unwrap();
    room.part_over(2, 1);
    let debt = known(&room, 1).unwrap();
    assert_eq!((debt.attempts, debt.not_before), (0, Some(room.now.wall + s(1_800))));
}

#[test]
fn the_citizen_calls_himself_before_he_is_called() {
    let mut room = Room::new([queue("general")], 1);
    room.connect(1, "general");
    room.enter(2, "general");
    room.enter(3, "general");
    asks_to_be_called(&mut room, 2);
    room.pass(s(60));
    // The same number, another call: he has his place, and is not called while he waits.
    room.enter_as(Waiter {
        number: number(2),
        ..Room::waiter(20, "general")
    });
    room.part_over(1, 1);
    room.act(1, Action::Ready);
    let (offer, _, call_no) = room.offer();
    assert_eq!(call_no, 20);
    room.answer(offer).unwrap();
    let owed = room.floor.debts_to(&number(2));
    assert_eq!(owed, [call(2)]);
    assert!(room.floor.settle(call(2), room.now).is_some());
    assert_eq!(room.floor.debts_to(&number(2)), []);
}

#[test]
fn a_debt_that_an_agent_pays_himself_is_offered_to_nobody_else() {
    let mut room = Room::new([queue("general")], 3);
    owe(&mut room, 1);
    let (_, agent_no, _) = room.offer();
    assert_eq!(agent_no, 1);
    let now = room.now;
    room.floor.engage(&agent(2), call(30), Some(call(1)), now).unwrap();
    let refused = room.floor.engage(&agent(3), call(31), Some(call(1)), now);
    assert_eq!(refused, Err(Refused::NotNow));
    room.hear();
    assert_eq!(room.pairs(), []);
    assert_eq!(room.status(1), AgentStatus::Available, "his telephone stops ringing");
    tried(&mut room, 1, true);
    room.part_over(2, 30);
    assert_eq!(room.status(2), AgentStatus::WrapUp);
}

#[test]
fn where_people_decide_nothing_is_called_by_itself() {
    let by_hand = QueueConfig {
        callback: CallbackRules {
            automatic: false,
            ..queue("general").callback
        },
        ..queue("general")
    };
    let mut room = Room::new([by_hand], 2);
    owe(&mut room, 1);
    room.pass(s(86_400));
    assert_eq!(room.pairs(), []);
    assert_eq!(room.floor.queues(room.now)[0].debts, 1);
}
