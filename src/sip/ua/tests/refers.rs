//! Calls are sent on: REFER, the news about it, and calls that take the place of others.

use std::time::Duration;

use super::manners::established;
use super::pair::{Alice, Bob, Pair, call_from, talk};
use super::solo::*;
use crate::sip::message::{HeaderName, NameAddr, Uri};
use crate::sip::transaction::ServerKey;
use crate::sip::ua::{LegEnd, ReferId, Replaces, Side, UaConfig, UaEvent};

fn referring() -> UaConfig {
    UaConfig {
        allow_refer: true,
        ..UaConfig::default()
    }
}

fn somewhere() -> NameAddr {
    NameAddr::new(Uri::parse("sip:8002@192.0.2.2").unwrap())
}

fn asked(pair: &Pair) -> Vec<ServerKey> {
    let events = pair.ends[1].events.iter();
    let refers = events.filter_map(|event| match event {
        UaEvent::Refer { key, .. } => Some(*key),
        _ => None,
    });
    refers.collect()
}

/// What the referrer was told: statuses, the last one marked.
fn news(pair: &Pair) -> Vec<(u16, bool)> {
    let events = pair.ends[0].events.iter();
    let news = events.filter_map(|event| match event {
        UaEvent::ReferNotified { status, last, .. } => Some((*status, *last)),
        _ => None,
    });
    news.collect()
}

fn answered(pair: &Pair) -> Vec<u16> {
    let events = pair.ends[0].events.iter();
    let answers = events.filter_map(|event| match event {
        UaEvent::ReferAnswered { status, .. } => Some(*status),
        _ => None,
    });
    answers.collect()
}

fn accept(pair: &mut Pair, index: usize) -> ReferId {
    let key = asked(pair)[index];
    pair.act(Bob, |ua, now| ua.accept_refer(key, now)).unwrap()
}

#[test]
fn whoever_sends_a_call_on_hears_how_it_went() {
    let (mut pair, alice, _) = talk(Pair::with(301, referring(), referring()));
    pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
    pair.run_ms(100);
    let refer = accept(&mut pair, 0);
    pair.run_ms(100);
    assert_eq!((answered(&pair), news(&pair)), (vec![202], vec![(100, false)]));
    pair.act(Bob, |ua, now| ua.refer_progress(refer, 180, now));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.refer_progress(refer, 200, now));
    pair.run_ms(100);
    assert_eq!(news(&pair), [(100, false), (180, false), (200, true)]);
    pair.act(Bob, |ua, now| ua.refer_progress(refer, 503, now)); // too late to mean anything
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
    assert_eq!(news(&pair).len(), 3);
}

#[test]
fn news_are_repeated_where_the_network_loses_them_and_come_in_order() {
    let (mut pair, alice, _) = talk(Pair::with(302, referring(), referring()));
    pair.lose(Bob, "NOTIFY", 3);
    pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
    pair.run_ms(100);
    let refer = accept(&mut pair, 0);
    pair.run_ms(100);
    // The 100 is not through yet; the end must not overtake it.
    pair.act(Bob, |ua, now| ua.refer_progress(refer, 486, now));
    pair.run_ms(10_000);
    assert_eq!(news(&pair), [(100, false), (486, true)]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

/// Most telephones hang up as soon as the REFER is accepted, and still want to know.
#[test]
fn news_reach_a_telephone_that_has_hung_up() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    let refer = solo.request_to(&to, "REFER", 2, "Refer-To: <sip:8002@192.0.2.1>\r\n", "");
    solo.hear(&refer);
    let key = solo.refer_key();
    let id = solo.act(|ua, now| ua.accept_refer(key, now)).unwrap();
    assert!(solo.last_that("SIP/2.0 202").contains("Contact: <sip:192.0.2.1:5060>"));
    let first = solo.last_that("NOTIFY sip:peer@192.0.2.50:5060 ");
    assert_eq!(header(&first, "Event"), "refer");
    assert_eq!(header(&first, "Subscription-State"), "active;expires=180");
    assert!(first.ends_with("\r\n\r\nSIP/2.0 100 Trying\r\n"));
    let bye = solo.request_to(&to, "BYE", 3, "", "");
    solo.hear(&bye);
    let leg = solo.leg();
    solo.act(|ua, now| ua.confirm_bye(leg, now));
    assert_eq!((solo.end(), solo.ua.legs()), (Some(LegEnd::Hangup(Side::Them)), 0));
    solo.hear(&answer(&first, "200 OK", "", "", ""));
    solo.act(|ua, now| ua.refer_progress(id, 200, now));
    let second = solo.last_that("NOTIFY ");
    assert!(second.ends_with("SIP/2.0 200 OK\r\n"));
    assert_eq!(header(&second, "Subscription-State"), "terminated;reason=noresource");
    let number = |text: &str| header(text, "CSeq");
    assert_eq!(
        (number(&first), number(&second)),
        ("1 NOTIFY".into(), "2 NOTIFY".into())
    );
    solo.hear(&answer(&second, "200 OK", "", "", ""));
    assert!(solo.ua.core.referrals.is_empty());
}

#[test]
fn a_telephone_that_has_forgotten_its_refer_is_told_nothing_more_and_keeps_its_call() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    let refer = solo.request_to(&to, "REFER", 2, "Refer-To: <sip:8002@192.0.2.1>\r\n", "");
    solo.hear(&refer);
    let key = solo.refer_key();
    let id = solo.act(|ua, now| ua.accept_refer(key, now)).unwrap();
    let first = solo.last_that("NOTIFY ");
    solo.hear(&answer(&first, "481 Unknown", "", "", ""));
    solo.act(|ua, now| ua.refer_progress(id, 200, now));
    assert_eq!((solo.count_that("NOTIFY "), solo.ua.legs()), (1, 1));
    assert!(solo.ua.core.referrals.is_empty());
    // And one that never answers: the same, after the usual half minute.
    let refer = solo.request_to(&to, "REFER", 3, "Refer-To: <sip:8002@192.0.2.1>\r\n", "");
    solo.hear(&refer);
    let key = solo.refer_key();
    solo.act(|ua, now| ua.accept_refer(key, now)).unwrap();
    assert_eq!(
        header(&solo.last_that("NOTIFY "), "Event"),
        "refer;id=3",
        "the second is told from the first"
    );
    solo.run(Duration::from_secs(40));
    assert!(solo.ua.core.referrals.is_empty());
    assert_eq!(solo.ua.legs(), 1);
}

/// The one who sent the call on hangs up at once, or is hung up on, and hears the end of it all the same.
#[test]
fn who_has_left_still_hears_the_end() {
    for who in [Alice, Bob] {
        let (mut pair, alice, bob) = talk(Pair::with(308, referring(), referring()));
        pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
        pair.run_ms(100);
        let refer = accept(&mut pair, 0);
        let leg = if who == Alice { alice } else { bob };
        pair.act(who, |ua, now| ua.hangup(leg, None, now));
        pair.run_ms(2_000);
        pair.act(Bob, |ua, now| ua.refer_progress(refer, 200, now));
        pair.run_ms(100);
        assert_eq!(news(&pair), [(100, false), (200, true)], "{who:?} hung up");
        pair.comes_to_rest();
    }
}

#[test]
fn an_end_that_is_never_told_is_told_after_three_minutes() {
    let (mut pair, alice, _) = talk(Pair::with(303, referring(), referring()));
    pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
    pair.run_ms(100);
    accept(&mut pair, 0);
    pair.run(Duration::from_secs(181));
    assert_eq!(news(&pair), [(100, false), (408, true)]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn two_refers_in_one_call_are_told_apart() {
    let (mut pair, alice, _) = talk(Pair::with(304, referring(), referring()));
    for _ in 0..2 {
        pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
        pair.run_ms(100);
    }
    let (first, second) = (accept(&mut pair, 0), accept(&mut pair, 1));
    pair.run_ms(100);
    pair.act(Bob, |ua, now| ua.refer_progress(second, 404, now));
    pair.act(Bob, |ua, now| ua.refer_progress(first, 200, now));
    pair.run_ms(100);
    let mut last: Vec<u16> = news(&pair).iter().filter(|it| it.1).map(|it| it.0).collect();
    last.sort_unstable();
    assert_eq!(last, [200, 404]);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn a_refused_refer_changes_nothing() {
    let (mut pair, alice, _) = talk(Pair::with(305, referring(), referring()));
    pair.act(Alice, |ua, now| ua.refer(alice, &somewhere(), now));
    pair.run_ms(100);
    let (key, request) = pair.ends[1]
        .events
        .iter()
        .find_map(|event| match event {
            UaEvent::Refer { key, request, .. } => Some((*key, request.clone())),
            _ => None,
        })
        .unwrap();
    pair.act(Bob, |ua, now| ua.respond(key, request.reply(603), now));
    pair.run_ms(100);
    assert_eq!((answered(&pair), news(&pair)), (vec![603], vec![]));
    assert_eq!(pair.act(Bob, |ua, now| ua.accept_refer(key, now)), None);
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn what_the_application_needs_stands_in_the_event() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    let extra = "Refer-To: <sip:8002@192.0.2.1?Replaces=abc%40d%3Bto-tag%3Da1%3Bfrom-tag%3Db2>\r\nReferred-By: <sip:8001@192.0.2.1>\r\n";
    let refer = solo.request_to(&to, "REFER", 2, extra, "");
    solo.hear(&refer);
    let Some(UaEvent::Refer {
        refer_to,
        replaces: Some(replaces),
        referred_by: Some(by),
        ..
    }) = solo.events.last()
    else {
        panic!("{:?}", solo.events.last());
    };
    assert_eq!(refer_to.uri.user.as_deref(), Some("8002"));
    assert_eq!(replaces.to_string(), "abc@d;to-tag=a1;from-tag=b2");
    assert_eq!(by.uri.user.as_deref(), Some("8001"));
}

#[test]
fn what_cannot_be_a_refer_is_refused_at_once() {
    let none = "";
    let two = "Refer-To: <sip:a@192.0.2.1>\r\nRefer-To: <sip:b@192.0.2.1>\r\n";
    let broken = "Refer-To: <sip:>\r\n";
    let strange = "Refer-To: <sip:a@192.0.2.1>\r\nRequire: explicitsub\r\n";
    for (extra, status) in [(none, 400), (two, 400), (broken, 400), (strange, 420)] {
        let mut solo = Solo::new(referring());
        let to = established(&mut solo, "");
        let refer = solo.request_to(&to, "REFER", 2, extra, "");
        solo.hear(&refer);
        assert_eq!(solo.status(), status, "{extra}");
    }
    let mut solo = Solo::new(referring());
    let refer = solo.request("REFER", 1, "Refer-To: <sip:a@192.0.2.1>\r\n", "");
    solo.hear(&refer);
    assert_eq!(solo.status(), 405, "outside of a call nobody is sent anywhere");
}

#[test]
fn a_flood_of_refers_in_one_call_is_held_back() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    for cseq in 2..20 {
        let refer = solo.request_to(&to, "REFER", cseq, "Refer-To: <sip:a@192.0.2.1>\r\n", "");
        solo.hear(&refer);
    }
    assert_eq!(solo.names().iter().filter(|name| *name == "Refer").count(), 4);
    assert_eq!(solo.status(), 500);
    // The call ends, and nobody answers those four any more: it is done for us.
    let bye = solo.request_to(&to, "BYE", 30, "", "");
    solo.hear(&bye);
    let leg = solo.leg();
    solo.act(|ua, now| ua.confirm_bye(leg, now));
    assert_eq!(solo.count_that("SIP/2.0 481"), 4);
    assert!(solo.ua.core.referrals.is_empty());
}

#[test]
fn a_telephone_may_want_no_news() {
    for silent in ["Refer-Sub: false\r\nSupported: norefersub\r\n", "Require: nosub\r\n"] {
        let mut solo = Solo::new(referring());
        let to = established(&mut solo, "");
        let extra = format!("Refer-To: <sip:8002@192.0.2.1>\r\n{silent}");
        let refer = solo.request_to(&to, "REFER", 2, &extra, "");
        solo.hear(&refer);
        let key = solo.refer_key();
        let id = solo.act(|ua, now| ua.accept_refer(key, now)).unwrap();
        assert_eq!(header(&solo.last_that("SIP/2.0 202"), "Refer-Sub"), "false");
        solo.act(|ua, now| ua.refer_progress(id, 200, now));
        assert_eq!(solo.count_that("NOTIFY "), 0);
        assert!(solo.ua.core.referrals.is_empty());
    }
}

#[test]
fn there_is_nothing_else_to_subscribe_to() {
    let mut solo = Solo::new(referring());
    for (event, status) in [("message-summary", 489), ("presence", 489), ("refer", 403)] {
        let subscribe = solo.request("SUBSCRIBE", 1, &format!("Event: {event}\r\n"), "");
        solo.hear(&subscribe);
        assert_eq!(solo.status(), status, "{event}");
    }
    let subscribe = solo.request("SUBSCRIBE", 1, "Event: dialog\r\n", "");
    solo.hear(&subscribe);
    assert_eq!(header(&solo.last(), "Allow-Events"), "refer");
    let message = solo.request("MESSAGE", 1, "Content-Type: text/plain\r\n", "hello");
    solo.hear(&message);
    assert_eq!(solo.status(), 405);
}

#[test]
fn a_subscription_is_refreshed_and_given_back() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    let refer = solo.request_to(&to, "REFER", 2, "Refer-To: <sip:8002@192.0.2.1>\r\n", "");
    solo.hear(&refer);
    let key = solo.refer_key();
    solo.act(|ua, now| ua.accept_refer(key, now)).unwrap();
    let first = solo.last_that("NOTIFY ");
    solo.hear(&answer(&first, "200 OK", "", "", ""));
    let again = solo.request_to(&to, "SUBSCRIBE", 3, "Event: refer\r\nExpires: 60\r\n", "");
    solo.hear(&again);
    assert_eq!(header(&solo.last_that("SIP/2.0 200"), "Expires"), "60");
    let second = solo.last_that("NOTIFY ");
    assert_eq!(header(&second, "Subscription-State"), "active;expires=60");
    solo.hear(&answer(&second, "200 OK", "", "", ""));
    let enough = solo.request_to(&to, "SUBSCRIBE", 4, "Event: refer\r\nExpires: 0\r\n", "");
    solo.hear(&enough);
    let third = solo.last_that("NOTIFY ");
    assert_eq!(header(&third, "Subscription-State"), "terminated;reason=timeout");
    solo.hear(&answer(&third, "200 OK", "", "", ""));
    assert!(solo.ua.core.referrals.is_empty());
    let stranger = solo.request_to(&to, "SUBSCRIBE", 5, "Event: refer;id=77\r\n", "");
    solo.hear(&stranger);
    assert_eq!(solo.status(), 481);
}

#[test]
fn news_that_nobody_asked_for_are_refused() {
    let mut solo = Solo::new(referring());
    let to = established(&mut solo, "");
    let news = "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n";
    let notify = solo.request_to(&to, "NOTIFY", 2, news, "SIP/2.0 200 OK\r\n");
    solo.hear(&notify);
    assert_eq!(solo.status(), 481);
    let leg = solo.leg();
    solo.act(|ua, now| ua.refer(leg, &somewhere(), now));
    for (more, body, status) in [
        ("Event: presence\r\n", "SIP/2.0 200 OK", 489),
        ("Event: refer\r\n", "all is well", 400),
        ("Event: refer\r\n", "SIP/2.0 200 OK", 200),
    ] {
        let more = format!("{more}Subscription-State: active\r\nContent-Type: message/sipfrag\r\n");
        let notify = solo.request_to(&to, "NOTIFY", 3, &more, body);
        solo.hear(&notify);
        assert_eq!(solo.status(), status, "{more}{body}");
    }
}

#[test]
fn a_dialog_is_found_by_its_two_tags() {
    let (mut pair, alice, bob) = talk(Pair::with(306, referring(), referring()));
    let named = pair.ua(Alice).replaces(alice).unwrap();
    assert_eq!(pair.ua(Bob).replaced(&named), Ok(bob));
    let early = Replaces {
        early_only: true,
        ..named.clone()
    };
    assert_eq!(pair.ua(Bob).replaced(&early), Err(486), "it is answered");
    let swapped = Replaces {
        to_tag: named.from_tag.clone(),
        from_tag: named.to_tag.clone(),
        ..named.clone()
    };
    let elsewhere = Replaces {
        call_id: "another".into(),
        ..named.clone()
    };
    for stranger in [swapped, elsewhere] {
        assert_eq!(pair.ua(Bob).replaced(&stranger), Err(481));
    }
    pair.ends[1].confirms = false;
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.run_ms(100);
    assert_eq!(pair.ua(Bob).replaced(&named), Err(603), "it is ending");
    pair.act(Bob, |ua, now| ua.confirm_bye(bob, now));
    assert_eq!(pair.ua(Bob).replaced(&named), Err(481));
    pair.comes_to_rest();
}

#[test]
fn who_rings_with_us_cannot_be_replaced_and_whom_we_call_can() {
    let mut pair = Pair::with(307, referring(), referring());
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Bob, |ua, now| ua.provisional(bob, 180, None, now));
    pair.run_ms(100);
    let seen_by_alice = pair.ua(Alice).replaces(alice).unwrap();
    let seen_by_bob = pair.ua(Bob).replaces(bob).unwrap();
    assert_eq!(pair.ua(Bob).replaced(&seen_by_alice), Err(481));
    assert_eq!(pair.ua(Alice).replaced(&seen_by_bob), Ok(alice));
    pair.act(Alice, |ua, now| ua.hangup(alice, None, now));
    pair.comes_to_rest();
}

#[test]
fn an_invite_that_replaces_in_two_ways_replaces_nothing() {
    let value = "Replaces: a;to-tag=1;from-tag=2\r\n";
    for (extra, status) in [(value.repeat(2), 400), ("Replaces: a\r\n".to_owned(), 400)] {
        let mut solo = Solo::new(referring());
        let invite = solo.request("INVITE", 1, &extra, SDP);
        solo.hear(&invite);
        assert_eq!(solo.status(), status);
    }
    let mut solo = Solo::new(referring());
    let invite = solo.request("INVITE", 1, &format!("{value}Require: replaces\r\n"), SDP);
    solo.hear(&invite);
    let Some(UaEvent::Incoming { invite, .. }) = solo.events.last() else {
        panic!("a call")
    };
    assert!(Replaces::of(invite).is_some() && invite.headers.count(&HeaderName::Replaces) == 1);
    // Who does not know Replaces says so, and does not take it for a usual call.
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, &format!("{value}Require: replaces\r\n"), SDP);
    solo.hear(&invite);
    assert_eq!(solo.status(), 420);
}
