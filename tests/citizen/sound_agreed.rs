//! Telephones of all kinds agree with us on a sound: late offers, µ-law only, nothing in common; hold in three ways and back.

use yihao::call::phone::{Action, HoldWay, Sound};
use yihao::kernel::{EndReason, EndedBy, EventKind, Law};
use yihao::sip::message::Method;

use crate::support::by_hand::ByHand;
use crate::support::script::{answered, gone, hang_up, hear, press, wait};
use crate::support::world::World;

#[test]
fn the_offer_comes_late() {
    let mut city = World::new(300);
    let mut config = city.phone_config();
    config.late_offer = true;
    let phone = city.add_phone(
        config,
        vec![answered(), hear(440.0), press("1"), hear(880.0), hang_up(), gone()],
    );
    city.dial(phone, "1000");
    city.run_to_the_end();
    city.assert_went_well(phone);
    city.assert_nothing_is_left();
}

#[test]
fn a_telephone_that_knows_mu_law_only() {
    let mut city = World::new(301);
    let mut config = city.phone_config();
    config.laws = vec![Law::Mu];
    let phone = city.add_phone(
        config,
        vec![answered(), hear(440.0), press("1"), hear(880.0), hang_up(), gone()],
    );
    city.dial(phone, "1000");
    city.run_to_the_end();
    city.assert_went_well(phone);
    let codec = |k: &&EventKind| matches!(k, EventKind::AnsweredByMachine { codec } if codec == "PCMU");
    assert!(city.events_of(0).iter().any(codec));
    city.assert_nothing_is_left();
}

#[test]
fn nothing_in_common_is_refused_on_record() {
    let mut city = World::new(302);
    let hand = ByHand::new(7, "g729");
    let offer = hand
        .offer()
        .replace("RTP/AVP 8 101", "RTP/AVP 18")
        .replace("rtpmap:8 PCMA", "rtpmap:18 G729");
    let invite = hand.request("INVITE", "1000", 1, "x", "", &offer);
    hand.send(&mut city, &invite);
    city.run_to_the_end();
    assert_eq!(
        hand.statuses(&city, &Method::Invite)
            .iter()
            .filter(|s| **s >= 200)
            .collect::<Vec<_>>()
            .first(),
        Some(&&488)
    );
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::NotAcceptable));
    assert!(!city.was_answered(0));
    city.assert_nothing_is_left();
}

#[test]
fn signalling_by_ipv4_and_sound_by_ipv6() {
    let mut city = World::new(305);
    let hand = ByHand::new(7, "linphone");
    let ip = hand.address.ip().to_string();
    let offer = hand.offer().replace(&format!("IP4 {ip}"), "IP6 2001:db8::7");
    let invite = hand.request("INVITE", "1000", 1, "x", "", &offer);
    hand.send(&mut city, &invite);
    city.run_for(crate::support::script::seconds(0.1));
    let answers = hand.answers(&city, &Method::Invite);
    let (_, ok) = answers.iter().find(|(_, r)| r.status == 200).unwrap();
    let body = String::from_utf8_lossy(&ok.body);
    assert!(body.contains("c=IN IP6 2001:db8::1\r\n"), "{body}");
}

#[test]
fn an_ack_without_the_answer_we_asked_for_ends_the_call() {
    let mut city = World::new(303);
    let mut hand = ByHand::new(7, "noanswer");
    let invite = hand.request("INVITE", "1000", 1, "x", "", "");
    hand.send(&mut city, &invite);
    city.run_for(crate::support::script::seconds(0.1));
    hand.learn_tag(&city);
    hand.ack(&mut city, "1000");
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::ProtocolError));
    city.assert_nothing_is_left();
}

/// Hears the prompt, holds for 40 s (longer than dead media would take), comes back and hears the rest of the prompt.
fn hold_and_resume(seed: u64, way: HoldWay) {
    let mut city = World::new(seed);
    let script = vec![
        answered(),
        hear(440.0),
        wait(0.5),
        Action::HoldBy(way),
        wait(40.0),
        Action::Resume,
        hear(440.0),
        press("1"),
        hear(880.0),
        hang_up(),
        gone(),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let held: Vec<bool> = city
        .events_of(0)
        .into_iter()
        .filter_map(|k| {
            if let EventKind::Held { on } = k {
                Some(*on)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(held, [true, false], "{way:?}");
    let silence = city.phones[phone].ear.share(Sound::Silence, 5.0, 35.0);
    assert!(silence > 0.99, "nothing is played to who holds us: {silence}");
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup), "{way:?}");
    city.assert_nothing_is_left();
}

#[test]
fn on_hold_by_sendonly_and_back() {
    hold_and_resume(310, HoldWay::SendOnly);
}

#[test]
fn on_hold_by_inactive_and_back() {
    hold_and_resume(311, HoldWay::Inactive);
}

#[test]
fn on_hold_the_old_way_and_back() {
    hold_and_resume(312, HoldWay::NoAddress);
}
