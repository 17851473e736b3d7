//! The house registers with its carrier and keeps the registration, whatever the carrier does.

use yihao::sip::message::{HeaderName, Method};
use yihao::sip::trunk::TrunkConfig;

use super::registrar::Registrar;
use super::trunk;
use crate::support::script::seconds;
use crate::support::world::World;

fn registered() -> TrunkConfig {
    TrunkConfig {
        expires_s: Some(600),
        options_interval_s: Some(30),
        ..trunk("sip:203.0.113.5")
    }
}

/// A city with a registered trunk.
fn city(seed: u64) -> (World, Registrar) {
    let (mut city, mut carrier) = (World::new(seed), Registrar::new());
    city.add_trunks(vec![registered()]);
    carrier.serve(&mut city, seconds(2.0));
    assert!(city.trunk_is_up("carrier"), "{:?}", city.trunk_log);
    (city, carrier)
}

#[test]
fn a_challenge_is_answered_and_the_registration_renewed_in_time() {
    let (mut city, mut carrier) = city(1_001);
    assert_eq!((carrier.challenged.len(), carrier.taken.len()), (1, 1));
    carrier.serve(&mut city, seconds(3_600.0));
    let gaps: Vec<f64> = carrier
        .taken
        .windows(2)
        .map(|two| two[1].0.since(two[0].0).as_secs_f64())
        .collect();
    assert!(gaps.iter().all(|gap| (480.0..540.0).contains(gap)), "{gaps:?}");
    assert!(carrier.taken.len() >= 7);
    let requests: Vec<_> = carrier.taken.iter().map(|(_, _, request)| request).collect();
    let number = |at: usize| requests[at].headers.cseq().unwrap().number;
    for (at, request) in requests.iter().enumerate() {
        assert_eq!(request.method, Method::Register);
        assert_eq!(request.uri.to_string(), "sip:203.0.113.5");
        let contact = request.headers.text(&HeaderName::Contact).unwrap().into_owned();
        assert_eq!(
            contact, "<sip:hotline@192.0.2.1:5060>",
            "the address that the carrier can reach"
        );
        assert_eq!(
            request.headers.call_id().unwrap(),
            requests[0].headers.call_id().unwrap()
        );
        assert!(at == 0 || number(at) > number(at - 1));
    }
    assert!(
        city.trunk_log
            .iter()
            .filter(|(_, state)| state.name == "carrier" && state.up)
            .count()
            == 1,
        "never down"
    );
}

#[test]
fn the_carrier_is_asked_for_its_pulse() {
    let (mut city, mut carrier) = city(1_002);
    carrier.serve(&mut city, seconds(600.0));
    assert!((20..=24).contains(&carrier.pings.len()), "{}", carrier.pings.len());
}

#[test]
fn the_carrier_restarts_and_knows_nobody_any_more() {
    let (mut city, mut carrier) = city(1_003);
    carrier.answers = false;
    carrier.serve(&mut city, seconds(90.0));
    assert!(
        !city.trunk_is_up("carrier"),
        "an OPTIONS without an answer says it within a minute and a half"
    );
    carrier.answers = true;
    carrier.forget();
    carrier.serve(&mut city, seconds(60.0));
    assert!(city.trunk_is_up("carrier"), "and the next one that it is back");
    let before = carrier.taken.len();
    carrier.serve(&mut city, seconds(600.0));
    assert!(
        carrier.taken.len() > before,
        "its new nonce is answered as the old one was"
    );
    assert!(city.trunk_is_up("carrier"));
}

#[test]
fn a_carrier_that_is_gone_for_long_forgets_us_and_is_found_again() {
    let (mut city, mut carrier) = city(1_004);
    carrier.answers = false;
    carrier.serve(&mut city, seconds(3_600.0));
    assert!(!city.trunk_is_up("carrier"));
    carrier.answers = true;
    carrier.serve(&mut city, seconds(1_900.0));
    assert!(
        city.trunk_is_up("carrier"),
        "half an hour is the longest pause between two tries"
    );
}

#[test]
fn a_wrong_password_is_not_tried_again_and_again() {
    let (mut city, mut carrier) = (World::new(1_005), Registrar::new());
    carrier.password = "another".into();
    city.add_trunks(vec![registered()]);
    carrier.serve(&mut city, seconds(7_200.0));
    assert!(!city.trunk_is_up("carrier"));
    assert!(carrier.taken.is_empty());
    assert!(
        (4..40).contains(&carrier.challenged.len()),
        "{} tries in two hours",
        carrier.challenged.len()
    );
    let gaps: Vec<f64> = carrier
        .challenged
        .windows(2)
        .map(|two| two[1].since(two[0]).as_secs_f64())
        .collect();
    let pauses: Vec<f64> = gaps.into_iter().filter(|gap| *gap > 1.0).collect();
    assert!(pauses.last() > pauses.first(), "the pauses grow: {pauses:?}");
    carrier.password = "right".into();
    carrier.serve(&mut city, seconds(1_900.0));
    assert!(city.trunk_is_up("carrier"));
}

#[test]
fn the_house_closes_and_gives_its_registration_back() {
    let (mut city, mut carrier) = city(1_006);
    city.exchange.stop_trunks(city.now);
    assert!(!city.exchange.trunks_are_stopped(city.now));
    carrier.serve(&mut city, seconds(1.0));
    assert!(city.exchange.trunks_are_stopped(city.now));
    assert_eq!(carrier.taken.last().unwrap().1, 0);
}

#[test]
fn a_carrier_that_does_not_take_our_farewell_is_not_waited_for() {
    let (mut city, mut carrier) = city(1_007);
    carrier.answers = false;
    city.exchange.stop_trunks(city.now);
    carrier.serve(&mut city, seconds(1.9));
    assert!(!city.exchange.trunks_are_stopped(city.now));
    carrier.serve(&mut city, seconds(0.2));
    assert!(city.exchange.trunks_are_stopped(city.now));
}
