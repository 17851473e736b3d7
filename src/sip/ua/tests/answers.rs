//! The answer and its ACK, when the network does not carry them.

use std::time::Duration;

use super::pair::*;
use crate::kernel::Direction;
use crate::sip::ua::{LegEnd, OutgoingCall, Side};

fn ring(mut pair: Pair, out: OutgoingCall) -> (Pair, crate::kernel::LegId, crate::kernel::LegId) {
    let alice = pair.act(Alice, |ua, now| ua.invite(out, now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    (pair, alice, bob)
}

#[test]
fn the_200_is_repeated_until_its_ack() {
    let (mut pair, alice, bob) = ring(Pair::new(20), call_from(Alice));
    pair.lose(Bob, "200 OK | 1 INVITE", 2);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(400);
    assert_eq!(pair.saw(Alice, "Answered"), 0);
    pair.run_ms(1600); // repeated after T1, then 2·T1
    assert_eq!(pair.saw(Alice, "Answered"), 1);
    assert_eq!(pair.times_sent(Bob, "200 OK | 1 INVITE"), 3);
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.times_sent(Bob, "200 OK | 1 INVITE"), 3);
    assert_eq!(pair.saw(Bob, "Confirmed"), 1);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_lost_ack_is_sent_again_for_the_repeated_200() {
    let (mut pair, alice, bob) = ring(Pair::new(21), call_from(Alice));
    pair.lose(Alice, "ACK", 2);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(3000);
    assert_eq!(pair.times_sent(Alice, "ACK"), 3);
    assert_eq!(pair.saw(Alice, "Answered"), 1);
    assert_eq!(pair.saw(Bob, "Confirmed"), 1);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn without_any_ack_the_call_ends_after_64_t1() {
    let (mut pair, _, bob) = ring(Pair::new(22), call_from(Alice));
    pair.lose(Alice, "ACK", 99);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(31_900);
    assert!(pair.ends_of(Bob).is_empty());
    pair.run_ms(300);
    assert_eq!(pair.ends_of(Bob), [LegEnd::NoAck]);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Hangup(Side::Them)]);
    pair.comes_to_rest();
}

#[test]
fn the_caller_vanishes_just_after_the_answer() {
    let (mut pair, _, bob) = ring(Pair::new(23), call_from(Alice));
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.cut();
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run(Duration::from_secs(33));
    assert_eq!(pair.ends_of(Bob), [LegEnd::NoAck]);
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.ua(Bob).legs(), 0);
    // Ten or so repetitions at most: a forged INVITE is no amplifier.
    assert!(pair.times_sent(Bob, "200 OK | 1 INVITE") <= 11);
}

#[test]
fn the_caller_vanishes_in_the_middle_and_our_bye_finds_nobody() {
    let (mut pair, _, bob) = talking(24);
    pair.cut();
    pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
    pair.run(Duration::from_secs(31));
    assert!(pair.ends_of(Bob).is_empty());
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Us)]);
    assert_eq!(pair.ua(Bob).legs(), 0);
}

#[test]
fn a_lost_bye_is_repeated() {
    let (mut pair, alice, _) = talking(25);
    pair.lose(Alice, "BYE", 3);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(5000);
    assert_eq!(pair.times_sent(Alice, "BYE"), 4);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Them)]);
    pair.comes_to_rest();
}

#[test]
fn the_called_one_offers_when_the_caller_did_not() {
    let late = OutgoingCall {
        offer: None,
        ..call_from(Alice)
    };
    let (mut pair, alice, bob) = ring(Pair::new(26), late);
    pair.lose(Alice, "ACK", 1);
    let offer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &offer, now));
    pair.run_ms(2000);
    assert_eq!(pair.names(Alice), ["Answered", "Offer"]);
    assert_eq!(pair.names(Bob), ["Incoming", "Answer", "Confirmed"]);
    assert_eq!(audio_port(&pair.last_answer(Bob)), 30_000);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_late_offer_may_be_thought_over_and_refused() {
    let late = OutgoingCall {
        offer: None,
        ..call_from(Alice)
    };
    let (mut pair, alice, bob) = ring(Pair::new(27), late);
    pair.ends[0].answers = None;
    let offer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &offer, now));
    pair.run_ms(2000);
    assert_eq!(pair.times_sent(Alice, "ACK"), 0);
    pair.act(Alice, |ua, now| ua.answer(alice, Err(488), now));
    pair.run_ms(200);
    assert_eq!(pair.ends_of(Alice), [LegEnd::ProtocolError]);
    assert_eq!(pair.ends_of(Bob).len(), 1);
    pair.comes_to_rest();
}
