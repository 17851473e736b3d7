//! Both sides speak at once: CANCEL against 200, BYE against BYE, re-INVITE against re-INVITE.

use std::net::SocketAddr;
use std::time::Duration;

use yihao::call::phone::Action;
use yihao::kernel::{EndReason, EndedBy};
use yihao::sip::message::{HeaderName, Method};

use crate::support::by_hand::ByHand;
use crate::support::script::{answered, gone, hang_up, hear, seconds, wait};
use crate::support::world::World;

#[test]
fn cancel_before_the_answer() {
    let mut city = World::new(200);
    city.commit_takes = Duration::from_millis(500);
    let phone = city.citizen_dials("1000", vec![wait(0.1), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Abandoned));
    assert!(!city.was_answered(0));
    let call_id = city.phones[phone].report().sip_call_id.clone();
    assert!(city.was_sent(&call_id, "487", "INVITE") && !city.was_sent(&call_id, "200", "INVITE"));
    city.assert_nothing_is_left();
}

#[test]
fn cancel_meets_the_answer_on_the_wire() {
    // The 200 is on its way to the telephone when the CANCEL is on its way to us: 5 ms each, the answer leaves at 6 ms.
    let mut city = World::new(201);
    city.sip_weather.delay = Duration::from_millis(50);
    city.commit_takes = Duration::from_millis(60);
    let phone = city.citizen_dials("1000", vec![wait(0.102), hang_up(), gone()]);
    city.run_to_the_end();
    let call_id = city.phones[phone].report().sip_call_id.clone();
    assert!(city.was_sent(&call_id, "200", "CANCEL") && city.was_sent(&call_id, "200", "INVITE"));
    assert_eq!(
        city.end_of(0),
        (EndedBy::Caller, EndReason::Hangup),
        "the answer was first: a BYE follows it"
    );
    assert!(city.was_answered(0));
    city.assert_nothing_is_left();
}

#[test]
fn cancel_at_every_millisecond_leaves_one_end() {
    for ms in 0..60 {
        let mut city = World::new(2_000 + ms);
        city.commit_takes = Duration::from_millis(20);
        let phone = city.citizen_dials("1000", vec![wait(ms as f64 / 1_000.0), hang_up(), gone()]);
        city.run_to_the_end();
        let (by, reason) = city.end_of(0);
        assert_eq!(by, EndedBy::Caller, "after {ms} ms");
        let call_id = city.phones[phone].report().sip_call_id.clone();
        let ok = city.was_sent(&call_id, "200", "INVITE");
        assert_eq!(ok, reason == EndReason::Hangup, "after {ms} ms");
        assert_eq!(
            ok,
            city.was_answered(0),
            "the record says answered when, and only when, the 200 left: {ms} ms"
        );
        city.assert_nothing_is_left();
    }
}

#[test]
fn cancel_while_the_disk_is_very_slow() {
    let mut city = World::new(202);
    city.commit_takes = Duration::from_secs(3);
    let phone = city.citizen_dials("1000", vec![wait(1.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.calls(), 1);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Abandoned));
    assert!(!city.was_answered(0));
    city.assert_nothing_is_left();
}

#[test]
fn cancel_of_a_call_that_is_being_refused() {
    let mut city = World::new(203);
    city.commit_takes = Duration::from_secs(1);
    let phone = city.citizen_dials("99999", vec![wait(0.5), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(
        city.end_of(0),
        (EndedBy::System, EndReason::UnknownNumber),
        "the first cause wins"
    );
    city.assert_nothing_is_left();
}

#[test]
fn both_hang_up_at_once() {
    let mut city = World::new(204);
    city.reload(|shared| shared.call_max = Duration::from_secs(5));
    let phone = city.citizen_dials("3000", vec![answered(), wait(4.99), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    city.end_of(0);
    city.assert_nothing_is_left();
}

#[test]
fn the_caller_hangs_up_before_his_own_ack_arrives() {
    let mut city = World::new(205);
    let mut lost = 0;
    city.sip_filter = Box::new(move |bytes, _, _| {
        let drop = bytes.starts_with(b"ACK ") && lost < 1;
        lost += u32::from(drop);
        !drop
    });
    let phone = city.citizen_dials("1000", vec![answered(), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn two_offers_cross_on_the_wire() {
    // We make no offers of our own here, so the glare is theirs: a second re-INVITE while the first is still open.
    let mut city = World::new(206);
    let mut hand = ByHand::new(7, "glare");
    let invite = hand.invite("3000");
    hand.send(&mut city, &invite);
    city.run_for(seconds(0.1));
    hand.learn_tag(&city);
    hand.ack(&mut city, "3000");
    let first = hand.request("INVITE", "3000", 2, "g2", "", &hand.offer());
    let second = hand.request("INVITE", "3000", 3, "g3", "", &hand.offer());
    hand.send(&mut city, &first);
    hand.send(&mut city, &second);
    city.run_for(seconds(1.0));
    let statuses: Vec<_> = hand
        .answers(&city, &Method::Invite)
        .into_iter()
        .map(|(_, r)| r.status)
        .collect();
    assert!(statuses.iter().filter(|s| **s == 200).count() >= 2, "{statuses:?}");
    let bye = hand.request("BYE", "3000", 4, "g4", "", "");
    hand.send(&mut city, &bye);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn hold_resume_and_hang_up_in_one_breath() {
    let mut city = World::new(207);
    let script = vec![
        answered(),
        hear(440.0),
        Action::Hold,
        Action::Resume,
        Action::Hold,
        Action::Resume,
        wait(3.0),
        hang_up(),
        gone(),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn glare_our_refresh_meets_their_reoffer() {
    // A session timer makes us send a re-INVITE after 45 s. Theirs leaves at the same moment: each refuses the other's with
    // 491, ours is tried again, and the call goes on.
    let mut city = World::new(208);
    let mut hand = ByHand::new(7, "crossing");
    let more = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
    let invite = hand.request("INVITE", "3000", 1, "c1", more, &hand.offer());
    hand.send(&mut city, &invite);
    city.run_for(seconds(0.1));
    hand.learn_tag(&city);
    hand.ack(&mut city, "3000");
    city.reload(|shared| shared.call_max = seconds(200.0));
    let refresh = |city: &World| hand.requests(city).into_iter().rfind(|r| r.method == Method::Invite);
    while refresh(&city).is_none() && city.exchange.live() > 0 {
        sound_from(&mut city, &hand);
    }
    let ours = refresh(&city).unwrap();
    let theirs = hand.request("INVITE", "3000", 2, "c2", "", &hand.offer());
    hand.send(&mut city, &theirs);
    city.run_for(seconds(0.02));
    assert_eq!(hand.statuses(&city, &Method::Invite).last(), Some(&491));
    let ack = theirs
        .replace("INVITE", "ACK")
        .split("Content-Type")
        .next()
        .unwrap()
        .to_owned()
        + "Content-Length: 0\r\n\r\n";
    hand.send(&mut city, &ack);
    city.send_raw(hand.address, &ours.reply(491).to_bytes());
    for _ in 0..3 {
        sound_from(&mut city, &hand);
    }
    let again = refresh(&city).unwrap();
    assert!(
        again.headers.cseq().unwrap().number > ours.headers.cseq().unwrap().number,
        "tried again"
    );
    let mut ok = again.reply(200);
    ok.headers.push(HeaderName::Contact, "<sip:13800001234@198.51.100.7>");
    ok.headers.push(HeaderName::ContentType, "application/sdp");
    ok.body = hand.offer().into_bytes();
    city.send_raw(hand.address, &ok.to_bytes());
    for _ in 0..60 {
        sound_from(&mut city, &hand);
    }
    assert_eq!(city.exchange.live(), 1, "the session lives on");
    let bye = hand.request("BYE", "3000", 4, "c4", "", "");
    hand.send(&mut city, &bye);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

/// A second with one packet of silence from the caller, so that his sound is not dead.
fn sound_from(city: &mut World, hand: &ByHand) {
    for to in city.server_rtp() {
        let mut packet = vec![0x80, 8, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4];
        packet.extend([0xD5; 160]);
        city.send_rtp(SocketAddr::new(hand.address.ip(), 30_000), to, &packet);
    }
    city.run_for(seconds(1.0));
}
