//! Before the answer: reliable provisional responses, PRACK, UPDATE, early media (RFC 3262, RFC 3311).

use std::time::Duration;

use super::pair::*;
use super::solo::{SDP, Solo, header};
use crate::kernel::{Direction, LegId};
use crate::sip::message::HeaderName;
use crate::sip::ua::{LegEnd, OutgoingCall, UaConfig, UaEvent};

fn ring(mut pair: Pair, out: OutgoingCall) -> (Pair, LegId, LegId) {
    let alice = pair.act(Alice, |ua, now| ua.invite(out, now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    (pair, alice, bob)
}

#[test]
fn early_media_is_announced_reliably_and_the_200_repeats_nothing() {
    let (mut pair, alice, bob) = ring(Pair::new(80), call_from(Alice));
    let early = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
    pair.run_ms(200);
    assert_eq!(pair.times_sent(Alice, "PRACK"), 1);
    pair.act(Bob, |ua, now| ua.accept(bob, &early, now));
    pair.run_ms(200);
    let sdps: Vec<bool> = pair.ends[0]
        .events
        .iter()
        .map(|event| match event {
            UaEvent::Provisional { sdp, .. } | UaEvent::Answered { sdp, .. } => sdp.is_some(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sdps, [true, false]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_lost_prack_is_repeated_and_the_answer_waits_for_it() {
    let (mut pair, alice, bob) = ring(Pair::new(81), call_from(Alice));
    pair.lose(Alice, "PRACK", 2);
    let early = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
    pair.act(Bob, |ua, now| ua.accept(bob, &early, now));
    pair.run_ms(300);
    assert_eq!(pair.saw(Alice, "Answered"), 0);
    pair.run_ms(3000);
    assert_eq!(pair.saw(Alice, "Answered"), 1);
    assert_eq!(pair.saw(Alice, "Provisional"), 1);
    assert_eq!(pair.saw(Bob, "Confirmed"), 1);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_prack_that_never_comes_ends_the_call() {
    let (mut pair, _, bob) = ring(Pair::new(82), call_from(Alice));
    pair.lose(Alice, "PRACK", 999);
    let early = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
    pair.run_ms(33_000);
    assert_eq!(pair.ends_of(Bob), [LegEnd::NoAck]);
    assert_eq!(pair.ends_of(Alice), [LegEnd::Rejected { status: 504 }]);
    pair.comes_to_rest();
}

#[test]
fn the_called_one_offers_in_its_183_and_is_answered_in_the_prack() {
    let late = OutgoingCall {
        offer: None,
        headers: vec![(HeaderName::Require, "100rel".to_owned())],
        ..call_from(Alice)
    };
    let (mut pair, alice, bob) = ring(Pair::new(83), late);
    let offer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&offer), now));
    pair.run_ms(200);
    assert_eq!(pair.names(Alice), ["Provisional", "Offer"]);
    assert_eq!(audio_port(&pair.last_answer(Bob)), 30_000);
    pair.act(Bob, |ua, now| ua.accept(bob, &offer, now));
    pair.run_ms(200);
    assert_eq!(pair.names(Alice), ["Provisional", "Offer", "Answered"]);
    assert_eq!(pair.names(Bob), ["Incoming", "Answer", "Confirmed"]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn the_session_changes_by_update_before_the_answer() {
    for updater in [Alice, Bob] {
        let (mut pair, alice, bob) = ring(Pair::new(84), call_from(Alice));
        let early = sdp_from(40_000, Direction::SendRecv);
        pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
        pair.run_ms(200);
        let changed = sdp_from(50_000, Direction::SendRecv);
        let leg = if updater == Alice { alice } else { bob };
        pair.act(updater, |ua, now| ua.reoffer(leg, &changed, now));
        pair.run_ms(200);
        assert_eq!(pair.saw(updater, "Answer"), 1, "{updater:?}");
        assert_eq!(pair.saw(updater.other(), "Offer"), 1, "{updater:?}");
        assert!(pair.times_sent(updater, "UPDATE sip") == 1);
        pair.act(Bob, |ua, now| ua.accept(bob, &early, now));
        pair.run_ms(200);
        assert_eq!(pair.saw(Bob, "Confirmed"), 1);
        pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
        pair.comes_to_rest();
    }
}

#[test]
fn an_answer_given_while_an_update_is_open_follows_it() {
    let (mut pair, alice, bob) = ring(Pair::new(85), call_from(Alice));
    pair.ends[1].answers = None;
    let early = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.provisional(bob, 183, Some(&early), now));
    pair.run_ms(200);
    let changed = sdp_from(50_000, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &changed, now));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.accept(bob, &early, now));
    pair.run_ms(100);
    assert_eq!(pair.saw(Alice, "Answered"), 0);
    pair.act(Bob, |ua, now| ua.answer(bob, Ok(&early), now));
    pair.run_ms(100);
    assert_eq!(pair.names(Alice), ["Provisional", "Answer", "Answered"]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn provisional_responses_keep_their_order() {
    let out = OutgoingCall {
        headers: vec![(HeaderName::Require, "100rel".to_owned())],
        ..call_from(Alice)
    };
    let (mut pair, alice, bob) = ring(Pair::new(86), out);
    pair.lose(Bob, "180 Ringing", 1);
    for status in [180, 181, 182] {
        pair.act(Bob, |ua, now| ua.provisional(bob, status, None, now));
    }
    pair.run_ms(2000);
    let statuses: Vec<u16> = pair.ends[0]
        .events
        .iter()
        .filter_map(|event| match event {
            UaEvent::Provisional { status, .. } => Some(*status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, [180, 181, 182]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_long_ringing_gives_a_sign_of_life_each_minute() {
    let out = OutgoingCall {
        ring_timeout: Duration::from_secs(200),
        ..call_from(Alice)
    };
    let (mut pair, alice, bob) = ring(Pair::new(87), out);
    pair.act(Bob, |ua, now| ua.provisional(bob, 180, None, now));
    pair.run(Duration::from_secs(130));
    assert_eq!(pair.times_sent(Bob, "180 Ringing"), 3);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_prack_may_offer_and_a_wrong_one_is_481() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "Supported: 100rel\r\n", SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    let early = sdp_from(40_000, Direction::SendRecv);
    solo.act(|ua, now| ua.provisional(leg, 183, Some(&early), now));
    let (to, rseq) = (header(&solo.last(), "To"), header(&solo.last(), "RSeq"));
    let wrong = solo.request_to(&to, "PRACK", 2, "RAck: 99999999 1 INVITE\r\n", "");
    solo.hear(&wrong);
    assert_eq!(solo.status(), 481);
    let rack = format!("RAck: {rseq} 1 INVITE\r\n");
    let prack = solo.request_to(&to, "PRACK", 3, &rack, SDP);
    solo.hear(&prack);
    assert!(matches!(solo.events.last(), Some(UaEvent::Offer { .. })));
    let answer = sdp_from(40_004, Direction::SendRecv);
    solo.act(|ua, now| ua.answer(leg, Ok(&answer), now));
    assert!(solo.status() == 200 && solo.last().contains("m=audio 40004"));
}

#[test]
fn an_offer_before_our_answer_has_to_wait() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "", SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    solo.act(|ua, now| ua.provisional(leg, 180, None, now));
    let to = header(&solo.last(), "To");
    let update = solo.request_to(&to, "UPDATE", 2, "", SDP);
    solo.hear(&update);
    assert_eq!(solo.status(), 500);
    header(&solo.last(), "Retry-After");
}
