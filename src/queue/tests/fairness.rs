//! Priority helps, and nobody starves for it.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

fn with_priority(no: u32, priority: i32) -> Waiter {
    Waiter {
        priority,
        ..Room::waiter(no, "general")
    }
}

#[test]
fn a_higher_priority_goes_first_until_the_other_has_waited_for_it() {
    let mut room = Room::new([queue("general")], 1);
    room.pause(1);
    room.enter_as(with_priority(1, 0));
    room.pass(s(59));
    room.enter_as(with_priority(2, 1)); // within 60 s: before him
    room.pass(s(2));
    room.enter_as(with_priority(3, 1)); // after 61 s: behind him
    room.act(1, Action::Ready);
    let mut order = Vec::new();
    for _ in 0..3 {
        let (offer, _, call_no) = room.offer();
        order.push(call_no);
        room.answer(offer).unwrap();
        room.part_over(1, call_no);
        room.act(1, Action::Ready);
    }
    assert_eq!(order, [2, 1, 3]);
}

#[test]
fn the_wait_of_another_queue_is_carried_over() {
    let mut room = Room::new([queue("general"), queue("fund")], 1);
    room.pause(1);
    room.enter(1, "general");
    room.pass(s(100));
    room.enter(2, "fund");
    let waited = room.leave(1);
    assert_eq!(waited, s(100));
    let told = room.enter_as(Waiter {
        carried: waited,
        ..Room::waiter(1, "fund")
    });
    assert_eq!(told, s(100));
    room.pass(s(5));
    room.act(1, Action::Ready);
    let heard = room.heard();
    let waited = heard.iter().find_map(|command| match command {
        Command::Offer { task, waited, .. } if *task == Task::Call(call(1)) => Some(*waited),
        Command::Offer { .. }
        | Command::Withdraw { .. }
        | Command::Done { .. }
        | Command::Announce { .. }
        | Command::Changed { .. }
        | Command::OfferEnded { .. } => None,
    });
    assert_eq!(waited, Some(s(105)), "he goes before who came to this queue earlier");
}

/// The bound of `queue::waiting`, with more urgent callers than the desk can ever serve: with one agent, who takes 10 s for a
/// call, and an urgent call (three steps above) every 5 s, somebody of the lowest priority is served after those who stood
/// there when he came and those who came within 3 × 60 s after him, and not one more.
#[test]
fn the_lowest_priority_is_served_within_the_stated_bound_though_urgent_calls_never_end() {
    let mut room = Room::new(
        [QueueConfig {
            wrap_up: s(0),
            ..queue("general")
        }],
        1,
    );
    let (mut no, mut next_call, mut agent_free) = (0, 0, 0);
    let mut lowest: Option<(u32, usize)> = None;
    let mut speaking = None;
    let mut served_before = 0;
    for second in 0..4_000_u64 {
        if speaking.is_some() && second >= agent_free {
            room.part_over(1, speaking.take().unwrap());
        }
        if second >= next_call {
            no += 1;
            room.enter_as(with_priority(no, 3));
            next_call = second + 5;
        }
        if second == 300 {
            no += 1;
            let standing = room.floor.queues(room.now)[0].waiting.len();
            lowest = Some((no, standing));
            served_before = 0;
            room.enter_as(with_priority(no, 0));
        }
        for (offer, _, call_no) in room.offers() {
            room.answer(offer).unwrap();
            speaking = Some(call_no);
            agent_free = second + 10;
            if let Some((low, standing)) = lowest
                && low == call_no
            {
                let after_him = 180 / 5;
                assert!(served_before <= standing + after_him, "{served_before} went before him");
                assert!(
                    served_before + 2 >= standing + after_him,
                    "the bound is no wider than it must be"
                );
                return;
            }
            served_before += 1;
        }
        room.pass(s(1));
    }
    panic!("he starved");
}

#[test]
fn nobody_is_overtaken_by_one_who_came_later_than_priority_is_worth() {
    let mut rng = SmallRng::seed_from_u64(5);
    let mut room = Room::new(
        [QueueConfig {
            wrap_up: s(0),
            ..queue("general")
        }],
        3,
    );
    let (lowest, highest) = (-1, 2);
    let mut entered: BTreeMap<u32, (Mono, i32)> = BTreeMap::new();
    let mut speaking: Vec<(u32, u32)> = Vec::new();
    for no in 1..1_500 {
        let priority = rng.random_range(lowest..=highest);
        entered.insert(no, (room.now.mono, priority));
        room.enter_as(with_priority(no, priority));
        if rng.random_bool(0.5)
            && let Some((agent, call)) = speaking.pop()
        {
            room.part_over(agent, call);
        }
        for (offer, agent, call_no) in room.offers() {
            room.answer(offer).unwrap();
            speaking.insert(0, (agent, call_no));
            let (came, _) = entered.remove(&call_no).unwrap();
            for (other, (first, priority)) in &entered {
                let worth = s(60) * u32::try_from(highest - priority).unwrap();
                assert!(came <= *first + worth, "{call_no} overtook {other}");
            }
        }
        room.pass(Duration::from_millis(rng.random_range(0..4_000)));
    }
    assert!(entered.len() > 200, "there was a crowd");
}
