//! The server was killed and is back: agents, debts and the callers who redial.

use super::*;

fn restored(no: u32, status: AgentStatus, since: Wall) -> Restored {
    Restored {
        agent: agent(no),
        status,
        reason: None,
        call: None,
        queue: None,
        until: None,
        since,
        talked_today: Duration::ZERO,
        calls_today: 0,
    }
}

fn ago(seconds: i64) -> Wall {
    Wall::from_millis(NOON.as_millis() - seconds * 1_000)
}

fn back(agents: Vec<Restored>, returning: Vec<Returning>, debts: Vec<Debt>) -> Room {
    let profiles = (1..=8).map(|no| profile(no, &["general"])).collect();
    let mut room = Room::closed(config([queue("general"), queue("fund")]), profiles);
    room.do_with(|floor, now| {
        floor.restore(agents, returning, debts, now);
        for no in 1..=8 {
            floor.reachable(&agent(no), true, now);
        }
    });
    room
}

#[test]
fn agents_do_what_they_did() {
    use AgentStatus::{Available, Holding, Paused, Ringing, SignedOut, Talking, WrapUp};
    let in_call = |no, status| Restored {
        call: Some(call(no)),
        queue: Some("general".into()),
        ..restored(no, status, ago(100))
    };
    let agents = vec![
        restored(1, SignedOut, ago(100)),
        restored(2, Available, ago(50)),
        Restored {
            reason: Some("meal".into()),
            talked_today: s(600),
            calls_today: 7,
            ..restored(3, Paused, ago(1_000))
        },
        in_call(4, Ringing),
        in_call(5, Talking),
        in_call(6, Holding),
        Restored {
            until: Some(NOON + s(10)),
            ..in_call(7, WrapUp)
        },
        Restored {
            until: Some(ago(1)),
            ..in_call(8, WrapUp)
        },
    ];
    let mut room = back(agents, Vec::new(), Vec::new());
    let statuses: Vec<AgentStatus> = (1..=8).map(|no| room.status(no)).collect();
    assert_eq!(
        statuses,
        [
            SignedOut, Available, Paused, Available, WrapUp, WrapUp, WrapUp, Available
        ]
    );
    let paused = room.view(3);
    assert_eq!((paused.reason.as_deref(), paused.since), (Some("meal"), ago(1_000)));
    assert_eq!((paused.talked_today, paused.calls_today), (s(600), 7));
    assert_eq!(
        room.view(5).until,
        Some(NOON + s(30)),
        "who spoke writes up from now on"
    );
    assert_eq!(room.view(7).until, Some(NOON + s(10)), "who wrote up goes on");
    let told: Vec<AgentId> = room
        .heard()
        .into_iter()
        .filter_map(|command| match command {
            Command::Changed { agent, .. } => Some(agent),
            Command::Offer { .. }
            | Command::Withdraw { .. }
            | Command::Done { .. }
            | Command::Announce { .. }
            | Command::OfferEnded { .. } => None,
        })
        .collect();
    assert_eq!(told.len(), 4, "only what is different is said: {told:?}");
    room.pass(s(10));
    assert_eq!(room.status(7), Available);
    room.pass(s(20));
    assert_eq!((room.status(5), room.status(6)), (Available, Available));
}

#[test]
fn who_was_free_longest_still_is() {
    let agents = vec![
        restored(1, AgentStatus::Available, ago(10)),
        restored(2, AgentStatus::Available, ago(500)),
        restored(3, AgentStatus::Available, ago(200)),
    ];
    let mut room = back(agents, Vec::new(), Vec::new());
    room.heard();
    for no in 1..=3 {
        room.enter(no, "general");
    }
    assert_eq!(room.pairs(), [(2, 1), (3, 2), (1, 3)]);
}

fn returning(no: u32, waited: u64) -> Returning {
    let waited_s = i64::try_from(waited).unwrap();
    Returning {
        number: number(no),
        queue: "general".into(),
        waited: s(waited),
        entered: ago(waited_s + 20), // the server was away for 20 s
    }
}

#[test]
fn callers_who_redial_stand_where_they_stood_in_whatever_order_they_come_back() {
    let cut_off = vec![returning(1, 300), returning(2, 200), returning(3, 100)];
    let mut room = back(vec![restored(1, AgentStatus::Paused, ago(5))], cut_off, Vec::new());
    room.pass(s(30));
    room.enter(50, "general"); // a newcomer
    room.pass(s(10));
    let again = |call_no, no| Waiter {
        number: number(no),
        ..Room::waiter(call_no, "general")
    };
    assert_eq!(room.enter_as(again(53, 3)), s(100));
    assert_eq!(room.enter_as(again(51, 1)), s(300));
    assert_eq!(room.enter_as(again(52, 2)), s(200));
    assert_eq!(
        room.enter_as(again(54, 2)),
        s(0),
        "once for each time that he was cut off"
    );
    let order: Vec<CallId> = room.floor.queues(room.now)[1].waiting.iter().map(|w| w.0).collect();
    assert_eq!(order, [51, 52, 53, 50, 54].map(call));
    let waited = room.leave(51);
    assert_eq!(waited, s(300));
}

#[test]
fn who_comes_back_too_late_is_a_newcomer_and_anonymous_callers_are_nobody() {
    let anonymous = Returning {
        number: PhoneNumber::new("anonymous"),
        ..returning(9, 100)
    };
    let mut room = back(
        vec![restored(1, AgentStatus::Paused, ago(5))],
        vec![anonymous, returning(1, 300)],
        Vec::new(),
    );
    let unknown = Waiter {
        number: PhoneNumber::new("anonymous"),
        ..Room::waiter(60, "general")
    };
    assert_eq!(room.enter_as(unknown), s(0));
    room.pass(s(121));
    assert_eq!(room.enter_as(Room::waiter(1, "general")), s(0));
}

#[test]
fn a_wall_clock_that_was_set_back_meanwhile_costs_nobody_his_wait() {
    let ahead = Returning {
        entered: NOON + s(7_200),
        ..returning(1, 300)
    };
    let behind = Returning {
        entered: ago(86_400),
        ..returning(2, 100)
    };
    let mut room = back(
        vec![restored(1, AgentStatus::Paused, ago(5))],
        vec![ahead, behind],
        Vec::new(),
    );
    assert_eq!(room.enter_as(Room::waiter(2, "general")), s(100));
    assert_eq!(room.enter_as(Room::waiter(1, "general")), s(300));
    room.enter(3, "general");
    let order: Vec<CallId> = room.floor.queues(room.now)[1].waiting.iter().map(|w| w.0).collect();
    assert_eq!(order[2], call(3), "both stand before a newcomer");
}

#[test]
fn debts_are_still_owed_and_who_asked_for_the_call_keeps_his_place() {
    let asked = Debt {
        because: "requested".into(),
        ..debt(1, "general", ago(300))
    };
    let lost = debt(2, "general", ago(900));
    let mut room = back(
        vec![restored(1, AgentStatus::Paused, ago(5))],
        Vec::new(),
        vec![lost, asked],
    );
    room.enter(3, "general");
    room.heard();
    for expected in [1, 3, 2] {
        room.act(1, Action::Ready);
        let (offer, _, call_no) = room.offer();
        assert_eq!(call_no, expected);
        room.answer(offer).unwrap();
        room.do_with(|floor, now| floor.callback_tried(call(expected), true, now));
        room.part_over(1, expected);
    }
}
