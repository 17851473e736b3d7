//! Calls that are answered, refused, given up, hung up — on a fair network with a planned mishap.

use super::pair::*;
use crate::kernel::Direction;
use crate::sip::ua::{LegEnd, Side};

#[test]
fn the_caller_hangs_up_an_answered_call() {
    let (mut pair, alice, _) = talking(1);
    assert_eq!(pair.names(Bob), ["Incoming", "Confirmed"]);
    assert_eq!(pair.names(Alice), ["Provisional", "Answered"]);
    assert_eq!(audio_port(&pair.last_answer(Alice)), 40_000);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Hangup(Side::Us)]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Them)]);
    pair.comes_to_rest();
}

#[test]
fn the_called_one_hangs_up_and_says_why() {
    let (mut pair, _, bob) = talking(2);
    let cause = Some((16, "Normal call clearing".to_owned()));
    pair.act(Bob, |ua, now| ua.hangup(bob, cause.as_ref(), now));
    pair.run_ms(100);
    let told = format!("{:?}", pair.ends[0].events);
    assert!(told.contains("Q.850;cause=16"), "{told}");
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Us)]);
    pair.comes_to_rest();
}

#[test]
fn both_hang_up_in_the_same_moment() {
    let (mut pair, alice, bob) = talking(3);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Hangup(Side::Us)]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Us)]);
    pair.comes_to_rest();
}

#[test]
fn the_bye_is_answered_only_when_the_ledger_has_it() {
    let (mut pair, alice, bob) = talking(4);
    pair.ends[1].confirms = false;
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(3000);
    assert_eq!(pair.saw(Bob, "ByeReceived"), 1);
    assert!(pair.ends_of(Alice).is_empty() && pair.ends_of(Bob).is_empty());
    pair.act(Bob, |ua, now| ua.confirm_bye(bob, now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice).len() + pair.ends_of(Bob).len(), 2);
    pair.comes_to_rest();
}

#[test]
fn busy_is_told_to_the_caller() {
    let mut pair = Pair::new(5);
    pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Bob, |ua, now| ua.reject(bob, 486, &[], now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Rejected { status: 486 }]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Rejected { status: 486 }]);
    pair.comes_to_rest();
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut pair = Pair::new(6);
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Bob, |ua, now| ua.provisional(bob, 180, None, now));
    pair.run_ms(2000);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(100);
    assert_eq!(pair.names(Bob), ["Incoming", "Cancelled", "Ended"]);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Cancelled]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Cancelled]);
    pair.comes_to_rest();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up_at_once() {
    let mut pair = Pair::new(7);
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(200);
    assert_eq!(pair.saw(Alice, "Answered"), 0);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Cancelled]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Them)]);
    assert_eq!(pair.times_sent(Alice, "ACK"), 1);
    pair.comes_to_rest();
}

#[test]
fn accepting_after_the_caller_gave_up_does_nothing() {
    let mut pair = Pair::new(8);
    pair.ends[1].confirms = false;
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(100);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.act(Bob, |ua, now| ua.confirm_bye(bob, now));
    pair.run_ms(100);
    assert_eq!(pair.times_sent(Bob, "200 OK | 1 INVITE"), 0);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Cancelled]);
    pair.comes_to_rest();
}

#[test]
fn nobody_answers_the_telephone() {
    let mut pair = Pair::new(9);
    pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(61_000);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Timeout]);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Cancelled]);
    pair.comes_to_rest();
}

#[test]
fn nobody_is_there_at_all() {
    let mut pair = Pair::new(10);
    pair.cut();
    pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(33_000);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Timeout]);
    pair.comes_to_rest();
}

#[test]
fn a_call_given_up_before_any_answer_ends_without_a_cancel() {
    let mut pair = Pair::new(11);
    pair.cut();
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(1000);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
    assert_eq!(pair.times_sent(Alice, "CANCEL"), 0);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Cancelled]);
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut pair = Pair::new(12);
    pair.lose(Alice, "ACK", 1);
    pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
    pair.run_ms(100);
    assert_eq!(pair.times_sent(Bob, "BYE"), 0);
    pair.run_ms(1000);
    assert_eq!(pair.times_sent(Bob, "BYE"), 1);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Us)]);
    pair.comes_to_rest();
}

#[test]
fn the_caller_hangs_up_and_its_ack_was_lost() {
    let mut pair = Pair::new(13);
    pair.lose(Alice, "ACK", 9);
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(100);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Bob), [LegEnd::Hangup(Side::Them)]);
    let answers = pair.times_sent(Bob, "200 OK | 1 INVITE");
    pair.comes_to_rest();
    assert_eq!(pair.times_sent(Bob, "200 OK | 1 INVITE"), answers);
}

#[test]
fn the_application_may_hang_up_a_call_that_only_rings() {
    let mut pair = Pair::new(14);
    pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
    pair.run_ms(100);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Rejected { status: 480 }]);
    pair.comes_to_rest();
}

#[test]
fn a_key_travels_by_info() {
    let (mut pair, alice, _) = talking(15);
    let hash = crate::kernel::Digit::from_char('#').unwrap();
    pair.act(Alice, |ua, now| ua.send_info_dtmf(alice, hash, now));
    pair.run_ms(100);
    assert_eq!(pair.saw(Bob, "Digit"), 1);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}
