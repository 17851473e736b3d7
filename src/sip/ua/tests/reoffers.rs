//! Changing a session that runs: hold, resume, glare, refusal, silence.

use std::time::Duration;

use super::manners::established;
use super::pair::*;
use super::solo::{SDP, Solo, answer, header};
use crate::kernel::Direction;
use crate::sip::ua::{LegEnd, UaConfig, UaEvent};

#[test]
fn a_call_is_held_and_resumed() {
    let (mut pair, alice, _) = talking(40);
    pair.ends[1].answers = Some(sdp_from(40_000, Direction::RecvOnly));
    let hold = sdp_from(20_000, Direction::SendOnly);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &hold, now));
    pair.run_ms(200);
    let offered = format!("{:?}", pair.ends[1].events.last());
    assert!(offered.contains("Offer") && offered.contains("sendonly"), "{offered}");
    assert!(pair.last_answer(Alice).to_string().contains("recvonly"));
    pair.ends[1].answers = Some(sdp_from(40_002, Direction::SendRecv));
    let resume = sdp_from(20_000, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &resume, now));
    pair.run_ms(200);
    assert_eq!(audio_port(&pair.last_answer(Alice)), 40_002);
    assert_eq!(pair.times_sent(Alice, "ACK"), 3);
    assert_eq!(pair.saw(Bob, "Confirmed"), 1);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn two_that_offer_in_the_same_moment_come_to_terms() {
    for seed in 50..70 {
        let (mut pair, alice, bob) = talking(seed);
        let mine = sdp_from(20_010, Direction::SendRecv);
        let theirs = sdp_from(40_010, Direction::SendRecv);
        pair.act(Alice, |ua, now| ua.reoffer(alice, &mine, now));
        pair.act(Bob, |ua, now| ua.reoffer(bob, &theirs, now));
        pair.run(Duration::from_secs(10));
        assert!(pair.times_sent(Alice, "491") >= 1 && pair.times_sent(Bob, "491") >= 1);
        for who in [Alice, Bob] {
            assert_eq!(pair.saw(who, "Offer"), 1, "seed {seed}");
            assert_eq!(pair.saw(who, "OfferRefused"), 0);
            assert_eq!(pair.saw(who, "Answer"), 1, "seed {seed}");
        }
        pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
        pair.comes_to_rest();
    }
}

#[test]
fn the_owner_of_the_call_id_waits_longer_after_a_491() {
    let (mut pair, alice, bob) = talking(71);
    let sdp = sdp_from(20_010, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
    pair.act(Bob, |ua, now| ua.reoffer(bob, &sdp, now));
    pair.run_ms(2050);
    assert!(pair.times_sent(Bob, "INVITE sip") >= 2);
    assert_eq!(pair.times_sent(Alice, "INVITE sip"), 2); // the first, and the one that met a 491
    pair.run_ms(2500);
    assert_eq!(pair.times_sent(Alice, "INVITE sip"), 3);
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let (mut pair, alice, bob) = talking(72);
    pair.ends[1].answers = None;
    let sdp = sdp_from(20_010, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.answer(bob, Err(488), now));
    pair.run_ms(100);
    assert!(matches!(
        pair.ends[0].events.last(),
        Some(UaEvent::OfferRefused { status: 488, .. })
    ));
    assert_eq!(pair.ua(Alice).legs() + pair.ua(Bob).legs(), 2);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_re_invite_that_nobody_answers_means_that_nobody_is_there() {
    let (mut pair, alice, _) = talking(73);
    pair.cut();
    let sdp = sdp_from(20_010, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
    pair.run(Duration::from_secs(33));
    assert_eq!(pair.ends_of(Alice), [LegEnd::Timeout]);
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.ua(Alice).legs(), 0);
}

#[test]
fn an_application_that_never_answers_an_offer_gets_the_re_invite_cancelled() {
    let (mut pair, alice, _) = talking(74);
    pair.ends[1].answers = None;
    let sdp = sdp_from(20_010, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
    pair.run(Duration::from_secs(34));
    assert_eq!(pair.saw(Alice, "OfferRefused"), 1);
    assert!(pair.ends_of(Alice).is_empty());
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn hanging_up_while_an_offer_is_open_closes_it() {
    let (mut pair, alice, bob) = talking(75);
    pair.ends[1].answers = None;
    let sdp = sdp_from(20_010, Direction::SendRecv);
    pair.act(Alice, |ua, now| ua.reoffer(alice, &sdp, now));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.hangup(bob, None, now));
    pair.run_ms(100);
    assert_eq!(pair.times_sent(Bob, "487 Request Terminated | 2 INVITE"), 1);
    pair.comes_to_rest();
}

#[test]
fn a_peer_that_asks_for_an_offer_gets_one() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let leg = solo.leg();
    let reinvite = solo.request_to(&to, "INVITE", 2, "", "");
    solo.hear(&reinvite);
    assert!(matches!(solo.events.last(), Some(UaEvent::OfferWanted { .. })));
    let offer = sdp_from(40_000, Direction::SendRecv);
    solo.act(|ua, now| ua.answer(leg, Ok(&offer), now));
    assert!(solo.last().contains("m=audio 40000"));
    let ack = solo.request_to(&to, "ACK", 2, "", SDP);
    solo.hear(&ack);
    assert!(matches!(solo.events.last(), Some(UaEvent::Answer { .. })));
    assert_eq!(solo.ua.legs(), 1);
}

#[test]
fn an_offer_upon_an_offer_is_to_come_again_later() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let first = solo.request_to(&to, "INVITE", 2, "", SDP);
    solo.hear(&first);
    let second = solo.request_to(&to, "INVITE", 3, "", SDP);
    solo.hear(&second);
    assert_eq!(solo.status(), 500);
    let seconds: u32 = header(&solo.last(), "Retry-After").parse().unwrap();
    assert!(seconds <= 10);
    let update = solo.request_to(&to, "UPDATE", 4, "", SDP);
    solo.hear(&update);
    assert_eq!(solo.status(), 500);
}

#[test]
fn a_re_invite_is_as_good_as_the_ack_that_was_lost() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "", SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    let sdp = sdp_from(40_000, Direction::SendRecv);
    solo.act(|ua, now| ua.accept(leg, &sdp, now));
    let to = header(&solo.last(), "To");
    let reinvite = solo.request_to(&to, "INVITE", 2, "", SDP);
    solo.hear(&reinvite);
    assert_eq!(solo.names(), ["Incoming", "Confirmed", "Offer"]);
}

#[test]
fn a_cancelled_re_invite_ends_only_itself() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let leg = solo.leg();
    let reinvite = solo.request_to(&to, "INVITE", 2, "", SDP);
    solo.hear(&reinvite);
    let cancel = reinvite
        .replace("INVITE sip", "CANCEL sip")
        .replace("2 INVITE", "2 CANCEL");
    solo.hear(
        &cancel
            .replace(SDP, "")
            .replace(&format!("Content-Length: {}", SDP.len()), "Content-Length: 0"),
    );
    assert_eq!(solo.status(), 487);
    assert_eq!(solo.ua.legs(), 1);
    let sdp = sdp_from(40_000, Direction::SendRecv);
    let before = solo.sent.len();
    solo.act(|ua, now| ua.answer(leg, Ok(&sdp), now));
    assert_eq!(solo.sent.len(), before);
}

#[test]
fn an_update_changes_a_session_too() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let leg = solo.leg();
    let update = solo.request_to(&to, "UPDATE", 2, "", SDP);
    solo.hear(&update);
    assert!(matches!(solo.events.last(), Some(UaEvent::Offer { .. })));
    let sdp = sdp_from(40_002, Direction::SendRecv);
    solo.act(|ua, now| ua.answer(leg, Ok(&sdp), now));
    assert!(solo.status() == 200 && solo.last().contains("m=audio 40002"));
}

#[test]
fn a_peer_that_moves_is_followed() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let leg = solo.leg();
    let update = solo.request_to(&to, "UPDATE", 2, "", "");
    solo.hear(&update.replace("<sip:peer@192.0.2.50:5060>", "<sip:peer@192.0.2.50:5099>"));
    assert_eq!(solo.status(), 200);
    solo.act(|ua, now| ua.hangup(leg, None, now));
    assert!(solo.last().starts_with("BYE sip:peer@192.0.2.50:5099 "));
}

#[test]
fn a_peer_that_has_forgotten_the_call_ends_it() {
    let mut solo = Solo::new(UaConfig::default());
    established(&mut solo, "");
    let leg = solo.leg();
    let sdp = sdp_from(40_002, Direction::SendRecv);
    solo.act(|ua, now| ua.reoffer(leg, &sdp, now));
    let reinvite = solo.last_that("INVITE");
    solo.hear(&answer(&reinvite, "481 Call/Transaction Does Not Exist", "", "", ""));
    assert_eq!(solo.end(), Some(LegEnd::Timeout));
    assert_eq!(solo.count_that("BYE"), 1);
}
