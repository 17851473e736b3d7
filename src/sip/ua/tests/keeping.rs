//! Session timers (RFC 4028): refreshed as long as both live, ended when one is gone.

use std::time::Duration;

use super::manners::established;
use super::pair::*;
use super::solo::{SDP, Solo, header};
use crate::sip::ua::{LegEnd, UaConfig};

fn short() -> UaConfig {
    UaConfig {
        session_expires_s: 120,
        ..UaConfig::default()
    }
}

#[test]
fn a_long_call_is_refreshed_and_goes_on() {
    let (mut pair, alice, _) = talk(Pair::with(90, short(), short()));
    pair.run(Duration::from_secs(1000));
    assert!(pair.times_sent(Bob, "UPDATE sip") >= 15);
    assert_eq!(pair.times_sent(Alice, "UPDATE sip"), 0);
    assert!(pair.ends_of(Alice).is_empty() && pair.ends_of(Bob).is_empty());
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_caller_that_vanished_in_a_long_call_is_noticed() {
    let (mut pair, _, _) = talk(Pair::with(91, short(), short()));
    pair.cut();
    pair.run(Duration::from_secs(130));
    // Bob refreshes and finds nobody; Alice waits in vain for the refresh.
    assert_eq!(pair.ends_of(Bob), [LegEnd::SessionExpired]);
    assert_eq!(pair.ends_of(Alice), [LegEnd::SessionExpired]);
    pair.run(Duration::from_secs(70));
    assert_eq!(pair.ua(Alice).legs() + pair.ua(Bob).legs(), 0);
}

#[test]
fn a_lost_refresh_is_no_end() {
    let (mut pair, alice, _) = talk(Pair::with(92, short(), short()));
    pair.lose(Bob, "UPDATE sip", 3);
    pair.lose(Alice, "200 OK | 1 UPDATE", 1);
    pair.run(Duration::from_secs(300));
    assert!(pair.ends_of(Alice).is_empty() && pair.ends_of(Bob).is_empty());
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn an_interval_that_is_too_short_is_422_and_the_caller_comes_back() {
    let patient = UaConfig {
        session_expires_s: 300,
        min_se_s: 200,
        ..UaConfig::default()
    };
    let (mut pair, alice, _) = talk(Pair::with(93, short(), patient));
    assert_eq!(pair.times_sent(Bob, "422"), 1);
    assert_eq!(pair.saw(Bob, "Confirmed"), 1);
    pair.run(Duration::from_secs(500));
    assert_eq!(pair.times_sent(Bob, "UPDATE sip"), 5); // each 100 s
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_peer_without_update_is_refreshed_by_re_invite() {
    let mut solo = Solo::new(short());
    established(&mut solo, "Supported: timer\r\nAllow: INVITE, ACK, BYE\r\n");
    let granted = header(&solo.last_that("SIP/2.0 200"), "Session-Expires");
    assert_eq!(granted, "120;refresher=uas");
    solo.run(Duration::from_secs(61));
    let refresh = solo.last_that("INVITE");
    assert_eq!(header(&refresh, "Session-Expires"), "120;refresher=uac");
    assert!(refresh.contains("m=audio 40000"));
}

#[test]
fn a_peer_that_promised_to_refresh_and_does_not_is_hung_up() {
    let mut solo = Solo::new(UaConfig::default());
    let extra = "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n";
    let to = established(&mut solo, extra);
    assert_eq!(
        header(&solo.last_that("SIP/2.0 200"), "Session-Expires"),
        "600;refresher=uac"
    );
    assert_eq!(header(&solo.last_that("SIP/2.0 200"), "Require"), "timer");
    solo.run(Duration::from_secs(500));
    let again = "Supported: timer\r\nSession-Expires: 600;refresher=uac\r\n";
    let update = solo.request_to(&to, "UPDATE", 2, again, "");
    solo.hear(&update);
    solo.run(Duration::from_secs(560));
    assert_eq!(solo.end(), None);
    solo.run(Duration::from_millis(8100));
    assert_eq!(solo.end(), Some(LegEnd::SessionExpired));
    assert_eq!(solo.count_that("BYE"), 1);
}

#[test]
fn a_peer_that_knows_no_timers_is_left_in_peace() {
    let mut solo = Solo::new(short());
    established(&mut solo, "");
    assert!(!solo.last_that("SIP/2.0 200").contains("Session-Expires"));
    solo.run(Duration::from_secs(10_000));
    assert_eq!(solo.end(), None);
}

#[test]
fn a_proxy_may_ask_on_behalf_of_a_caller_that_knows_no_timers() {
    let mut solo = Solo::new(short());
    let invite = solo.request("INVITE", 1, "Session-Expires: 60\r\n", SDP);
    solo.hear(&invite);
    // No 422: the caller could do nothing about it. We refresh.
    assert_eq!(solo.names(), ["Incoming"]);
}
