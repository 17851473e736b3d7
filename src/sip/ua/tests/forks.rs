//! Calls of ours against a peer written by hand: forks, challenges, redirections, broken answers.

use std::time::Duration;

use super::pair::{Alice, call_from};
use super::solo::*;
use crate::kernel::LegId;
use crate::sip::ua::{Credentials, LegEnd, OutgoingCall, Side, UaConfig, UaEvent};

const CONTACT: &str = "Contact: <sip:bob@192.0.2.50:5060>\r\n";

fn calling(out: OutgoingCall) -> (Solo, LegId, String) {
    let mut solo = Solo::new(UaConfig::default());
    solo.flow.remote = "192.0.2.2:5060".parse().unwrap();
    let leg = solo.act(|ua, now| ua.invite(out, now));
    let invite = solo.last();
    (solo, leg, invite)
}

#[test]
fn the_first_of_two_answers_wins_and_the_other_is_hung_up() {
    let (mut solo, leg, invite) = calling(call_from(Alice));
    for tag in ["one", "two"] {
        solo.hear(&answer(&invite, "180 Ringing", tag, CONTACT, ""));
    }
    solo.hear(&answer(&invite, "200 OK", "two", CONTACT, SDP));
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, SDP));
    assert_eq!(solo.count_that("ACK"), 2);
    assert!(header(&solo.last_that("BYE"), "To").ends_with("tag=one"));
    // The loser's repetition gets its ACK, not another BYE.
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, SDP));
    assert_eq!((solo.count_that("ACK"), solo.count_that("BYE")), (3, 1));
    assert_eq!(solo.names(), ["Provisional", "Provisional", "Answered"]);
    let stray_bye = solo.last_that("BYE");
    solo.hear(&answer(&stray_bye, "200 OK", "", "", ""));
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let bye = solo.last_that("BYE");
    assert!(header(&bye, "To").ends_with("tag=two"));
    solo.hear(&answer(&bye, "200 OK", "", "", ""));
    assert_eq!(solo.end(), Some(LegEnd::Hangup(Side::Us)));
    solo.run(Duration::from_secs(100));
    assert_eq!((solo.ua.legs(), solo.ua.transactions()), (0, 0));
}

#[test]
fn an_answer_after_the_end_is_acknowledged_and_hung_up() {
    let (mut solo, leg, invite) = calling(call_from(Alice));
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, SDP));
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let bye = solo.last_that("BYE");
    solo.hear(&answer(&bye, "200 OK", "", "", ""));
    assert_eq!(solo.ua.legs(), 0);
    solo.hear(&answer(&invite, "200 OK", "late", CONTACT, SDP));
    assert!(header(&solo.last_that("ACK"), "To").ends_with("tag=late"));
    assert!(header(&solo.last_that("BYE"), "To").ends_with("tag=late"));
}

#[test]
fn a_redirection_is_reported_and_never_followed() {
    let (mut solo, _, invite) = calling(call_from(Alice));
    let contact = "Contact: <sip:0090012345@toll.example.com>\r\n";
    solo.hear(&answer(&invite, "302 Moved Temporarily", "x", contact, ""));
    assert_eq!(solo.count_that("INVITE"), 1);
    let Some(LegEnd::Redirected { contacts }) = solo.end() else {
        panic!("{:?}", solo.events);
    };
    assert_eq!(contacts[0].uri.to_string(), "sip:0090012345@toll.example.com");
}

#[test]
fn a_challenge_is_answered_once() {
    let out = OutgoingCall {
        credentials: Some(Credentials {
            username: "12345".to_owned(),
            password: "secret".to_owned(),
            realm: None,
        }),
        ..call_from(Alice)
    };
    let (mut solo, _, invite) = calling(out);
    let challenge = "Proxy-Authenticate: Digest realm=\"example.com\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n";
    solo.hear(&answer(
        &invite,
        "407 Proxy Authentication Required",
        "x",
        challenge,
        "",
    ));
    let second = solo.last_that("INVITE");
    assert_eq!(header(&second, "CSeq"), "2 INVITE");
    assert!(header(&second, "Proxy-Authorization").contains("username=\"12345\""));
    assert!(!second.contains("secret"));
    solo.hear(&answer(
        &second,
        "407 Proxy Authentication Required",
        "y",
        challenge,
        "",
    ));
    assert_eq!(solo.count_that("INVITE"), 2);
    assert_eq!(solo.end(), Some(LegEnd::Rejected { status: 407 }));
}

#[test]
fn the_bye_carries_the_credentials_that_the_invite_needed() {
    let out = OutgoingCall {
        credentials: Some(Credentials {
            username: "12345".to_owned(),
            password: "secret".to_owned(),
            realm: None,
        }),
        ..call_from(Alice)
    };
    let (mut solo, leg, invite) = calling(out);
    let challenge =
        "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\"\r\n";
    solo.hear(&answer(&invite, "401 Unauthorized", "x", challenge, ""));
    let second = solo.last_that("INVITE");
    solo.hear(&answer(&second, "200 OK", "one", CONTACT, SDP));
    assert!(solo.last_that("ACK").contains("Authorization: Digest"));
    assert_eq!(header(&solo.last_that("ACK"), "CSeq"), "2 ACK");
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let bye = solo.last_that("BYE");
    assert!(header(&bye, "Authorization").contains("nc=00000002"));
    let fresh = challenge
        .replace("abc", "def")
        .replace("algorithm", "stale=true, algorithm");
    solo.hear(&answer(&bye, "401 Unauthorized", "", &fresh, ""));
    assert_eq!(solo.count_that("BYE"), 2);
    let again = solo.last_that("BYE");
    solo.hear(&answer(&again, "200 OK", "", "", ""));
    assert_eq!(solo.end(), Some(LegEnd::Hangup(Side::Us)));
}

#[test]
fn an_answer_without_a_session_is_no_call() {
    let (mut solo, _, invite) = calling(call_from(Alice));
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, ""));
    assert_eq!(solo.count_that("ACK"), 1);
    assert_eq!(solo.count_that("BYE"), 1);
    assert_eq!(solo.end(), Some(LegEnd::ProtocolError));
    let bye = solo.last_that("BYE");
    solo.hear(&answer(&bye, "200 OK", "", "", ""));
    assert_eq!(solo.ua.legs(), 0);
}

#[test]
fn a_gateway_may_have_answered_in_its_183_only() {
    let (mut solo, _, invite) = calling(call_from(Alice));
    solo.hear(&answer(&invite, "183 Session Progress", "one", CONTACT, SDP));
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, ""));
    assert_eq!(solo.names(), ["Provisional", "Answered"]);
    let early = solo.events.first();
    assert!(matches!(early, Some(UaEvent::Provisional { sdp: Some(_), .. })));
}

#[test]
fn the_routes_of_the_answer_count_last_hop_first() {
    let (mut solo, leg, invite) = calling(call_from(Alice));
    let extra = format!("{CONTACT}Record-Route: <sip:192.0.2.61;lr>\r\nRecord-Route: <sip:192.0.2.60;lr>\r\n");
    solo.hear(&answer(&invite, "200 OK", "one", &extra, SDP));
    let ack = solo.last_that("ACK");
    assert_eq!(header(&ack, "Route"), "<sip:192.0.2.60;lr>");
    assert_eq!(solo.sent.last().unwrap().0.remote, "192.0.2.60:5060".parse().unwrap());
    solo.act(|ua, now| ua.hangup(leg, None, now));
    assert!(solo.last().starts_with("BYE sip:bob@192.0.2.50:5060 "));
}

#[test]
fn a_reliable_ringing_gets_its_prack_once_and_in_order() {
    let (mut solo, _, invite) = calling(call_from(Alice));
    let ringing = |rseq: u32| format!("{CONTACT}Require: 100rel\r\nRSeq: {rseq}\r\n");
    solo.hear(&answer(&invite, "183 Session Progress", "one", &ringing(7), SDP));
    assert_eq!(header(&solo.last_that("PRACK"), "RAck"), "7 1 INVITE");
    solo.hear(&answer(&invite, "183 Session Progress", "one", &ringing(7), SDP));
    solo.hear(&answer(&invite, "180 Ringing", "one", &ringing(9), ""));
    assert_eq!(solo.count_that("PRACK"), 1);
    solo.hear(&answer(&invite, "180 Ringing", "one", &ringing(8), ""));
    assert_eq!(header(&solo.last_that("PRACK"), "RAck"), "8 1 INVITE");
    // Its answer was reliable: what the 200 says again is not looked at.
    solo.hear(&answer(&invite, "200 OK", "one", CONTACT, SDP));
    assert!(matches!(solo.events.last(), Some(UaEvent::Answered { sdp: None, .. })));
}

#[test]
fn cancel_waits_for_a_sign_of_life_and_names_its_reason() {
    let (mut solo, leg, invite) = calling(call_from(Alice));
    let cause = Some((200, "Call completed elsewhere".to_owned()));
    solo.act(|ua, now| ua.hangup(leg, cause.as_ref(), now));
    assert_eq!(solo.count_that("CANCEL"), 0);
    solo.hear(&answer(&invite, "180 Ringing", "one", CONTACT, ""));
    let cancel = solo.last_that("CANCEL");
    assert!(header(&cancel, "Reason").starts_with("SIP;cause=200"));
    assert_eq!(header(&cancel, "CSeq"), "1 CANCEL");
    solo.hear(&answer(&cancel, "200 OK", "one", "", ""));
    solo.hear(&answer(&invite, "487 Request Terminated", "one", "", ""));
    assert_eq!(solo.end(), Some(LegEnd::Cancelled));
    assert_eq!(solo.names(), ["Ended"]);
}

#[test]
fn a_cancelled_call_that_never_ends_is_forgotten() {
    let (mut solo, leg, invite) = calling(call_from(Alice));
    solo.hear(&answer(&invite, "180 Ringing", "one", CONTACT, ""));
    solo.act(|ua, now| ua.hangup(leg, None, now));
    solo.run(Duration::from_secs(70));
    assert_eq!(solo.end(), Some(LegEnd::Cancelled));
    assert_eq!((solo.ua.legs(), solo.ua.transactions()), (0, 0));
}

#[test]
fn the_interval_is_lengthened_once_when_they_ask() {
    let (mut solo, _, invite) = calling(call_from(Alice));
    solo.hear(&answer(
        &invite,
        "422 Session Interval Too Small",
        "x",
        "Min-SE: 3600\r\n",
        "",
    ));
    let second = solo.last_that("INVITE");
    assert_eq!(header(&second, "Session-Expires"), "3600");
    assert_eq!(header(&second, "Min-SE"), "3600");
    solo.hear(&answer(
        &second,
        "422 Session Interval Too Small",
        "x",
        "Min-SE: 7200\r\n",
        "",
    ));
    assert_eq!(solo.end(), Some(LegEnd::Rejected { status: 422 }));
}

#[test]
fn requests_of_the_application_get_their_answers() {
    let mut solo = Solo::new(UaConfig::default());
    let text = solo.request("OPTIONS", 1, "", "");
    let Ok(crate::sip::message::Message::Request(mut options)) = crate::sip::message::parse_datagram(text.as_bytes())
    else {
        panic!("no request");
    };
    options.headers.remove(crate::sip::message::HeaderName::Via);
    let flow = solo.flow;
    let first = solo.act(|ua, now| ua.request(options.clone(), flow, now));
    let sent = solo.last();
    solo.hear(&answer(&sent, "200 OK", "x", "", ""));
    assert!(matches!(solo.events.last(), Some(UaEvent::Response { key, .. }) if *key == first));
    solo.act(|ua, now| ua.request(options, flow, now));
    solo.run(Duration::from_secs(33));
    assert!(matches!(solo.events.last(), Some(UaEvent::RequestFailed { .. })));
}
