//! Whole calls in bad weather: every story is told with many seeds.

use std::time::Duration;

use super::pair::*;
use crate::kernel::{Direction, LegId};

/// Calls, rings, answers, changes the session from both sides, hangs up; the network does what it likes.
fn live_through(seed: u64, weather: Weather) -> Pair {
    let mut pair = Pair::new(seed);
    pair.weather = weather;
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run(Duration::from_secs(20));
    if pair.saw(Bob, "Incoming") > 0 {
        be_bob(&mut pair, alice);
    }
    let hanger = if seed.is_multiple_of(2) { Alice } else { Bob };
    if let Some(leg) = leg_of(&pair, hanger, alice) {
        pair.act(hanger, |ua, now| ua.hangup(leg, None, now));
    }
    pair.run(Duration::from_secs(70));
    pair
}

fn leg_of(pair: &Pair, who: Who, alice: LegId) -> Option<LegId> {
    match who {
        Alice => Some(alice),
        Bob => (pair.saw(Bob, "Incoming") > 0).then(|| pair.incoming(Bob)),
    }
}

fn be_bob(pair: &mut Pair, alice: LegId) {
    let bob = pair.incoming(Bob);
    let early = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
    pair.run(Duration::from_secs(3));
    pair.act(Bob, |ua, now| ua.accept(bob, &early, now));
    pair.run(Duration::from_secs(15));
    let hold = sdp_from(20_002, Direction::SendOnly);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &hold, now));
    pair.act(Bob, |ua, now| ua.reoffer(bob, &early, now));
    pair.run(Duration::from_secs(30));
}

#[test]
fn every_third_packet_lost_still_makes_a_call() {
    let weather = Weather {
        loss: 0.33,
        doubling: 0.0,
        delay_ms: (10, 60),
    };
    let mut answered = 0;
    for seed in 0..60 {
        let mut pair = live_through(seed, weather);
        answered += pair.saw(Bob, "Confirmed");
        assert_eq!(pair.saw(Bob, "Incoming"), 1, "seed {seed}");
        pair.comes_to_rest();
    }
    assert!(answered >= 58, "{answered} of 60 calls came about");
}

#[test]
fn doubled_and_reordered_packets_never_make_a_second_leg() {
    let weather = Weather {
        loss: 0.0,
        doubling: 0.5,
        delay_ms: (1, 1500),
    };
    for seed in 100..160 {
        let mut pair = live_through(seed, weather);
        assert_eq!(pair.saw(Bob, "Incoming"), 1, "seed {seed}");
        assert_eq!(pair.saw(Bob, "Confirmed"), 1, "seed {seed}: {:?}", pair.names(Bob));
        pair.comes_to_rest();
    }
}

#[test]
fn the_worst_weather_leaves_nothing_behind() {
    let weather = Weather {
        loss: 0.6,
        doubling: 0.3,
        delay_ms: (1, 4000),
    };
    for seed in 200..280 {
        let mut pair = live_through(seed, weather);
        assert!(pair.saw(Bob, "Incoming") <= 1, "seed {seed}");
        // Whatever happened, both are told to hang up in the end.
        for who in [Alice, Bob] {
            for leg in [1, 2] {
                pair.act(who, |ua, now| ua.hangup(LegId(leg), None, now));
            }
        }
        pair.comes_to_rest();
    }
}

#[test]
fn the_cancel_races_the_answer_at_every_distance() {
    for late_ms in 0..60 {
        let mut pair = Pair::new(late_ms);
        let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
        pair.run_ms(100);
        let bob = pair.incoming(Bob);
        let answer = sdp_from(40_000, Direction::SendRecv);
        let (first, second) = if late_ms < 30 { (Alice, Bob) } else { (Bob, Alice) };
        for who in [first, second] {
            pair.act(who, |ua, now| match who {
                Alice => ua.hangup(alice, None, now),
                Bob => ua.accept(bob, &answer, now),
            });
            pair.run_ms(late_ms % 30);
        }
        pair.run_ms(500);
        assert_eq!(pair.ends_of(Alice).len(), 1, "{late_ms} ms");
        assert_eq!(pair.ends_of(Bob).len(), 1, "{late_ms} ms");
        pair.comes_to_rest();
    }
}
