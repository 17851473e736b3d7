//! Transfers go out by a trunk: to the address that answers, with the caller's number, by the lines of the contract.

use std::net::IpAddr;
use std::sync::Arc;

use yihao::call::phone::Action;
use yihao::call::{CallerId, Gateway, Lines, Peer, Route};
use yihao::ivr::TransferPolicy;
use yihao::kernel::{EndReason, EventKind};
use yihao::sip::message::{HeaderName, Message, Method, Request, Uri, parse_datagram};
use yihao::sip::trunk::{SrvRecord, TrunkConfig};

use super::trunk;
use crate::support::plans;
use crate::support::script::{answered, gone, hang_up, hear, seconds, speak, wait};
use crate::support::world::World;

/// A number whose whole plan is a transfer to 110.
pub(super) const POLICE: &str = r#"
title = "straight to the police"

[[number]]
dial = "9110"
hotline = "police"

[step.start]
transfer = "110"
on = { otherwise = "failed" }

[step.failed]
play = "examples/p2.wav"
next = "hangup"
"#;

pub(super) fn gateway(lines: &Lines) -> Gateway {
    Gateway {
        name: "carrier".into(),
        server: Uri::parse("sip:carrier.example.com").unwrap(),
        outbound_proxy: None,
        account: None,
        lines: lines.clone(),
        caller_id: CallerId::Asserted,
        present_number: Some("12345".into()),
    }
}

/// A city whose 110 is behind two addresses of a carrier: telephones 1 and 2, when somebody puts them there.
fn city(seed: u64, config: TrunkConfig, lines: &Lines) -> World {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("police.toml", POLICE)]);
    let numbers = TransferPolicy::new(&plans::EMERGENCY).unwrap();
    shared.routes = vec![Route {
        numbers,
        gateway: Arc::new(gateway(lines)),
    }];
    let mut city = World::with(seed, shared);
    let record = |priority, index| SrvRecord {
        priority,
        weight: 0,
        port: 5060,
        target: format!("sbc{index}.example.com"),
    };
    city.services.insert(
        "_sip._udp.carrier.example.com".into(),
        vec![record(10, 1), record(20, 2)],
    );
    for index in [1, 2] {
        city.hosts.insert(
            format!("sbc{index}.example.com"),
            vec![World::phone_address(index).ip()],
        );
    }
    city.add_trunks(vec![config]);
    city
}

/// The caller, a place at the carrier that hums 660 Hz, and one that hums 880 Hz.
fn people(city: &mut World, caller: Vec<Action>) -> usize {
    let config = city.phone_config();
    let citizen = city.add_phone(config, caller);
    for hz in [660.0, 1_200.0] {
        let mut config = city.phone_config();
        config.answers_after = Some(seconds(1.0));
        city.add_phone(
            config,
            vec![Action::WaitAnswer(seconds(900.0)), speak(hz, 3.0), wait(1.0), hang_up()],
        );
    }
    citizen
}

fn invites_to(city: &World, address: IpAddr) -> Vec<Request> {
    let parsed = city
        .sip_log
        .iter()
        .filter(|(_, _, to, _)| to.ip() == address)
        .map(|(.., bytes)| parse_datagram(bytes));
    parsed
        .filter_map(|message| match message {
            Ok(Message::Request(request)) if request.method == Method::Invite => Some(request),
            Ok(_) | Err(_) => None,
        })
        .collect()
}

fn failure(city: &World) -> Option<(EndReason, Option<u16>)> {
    city.events_of(0).into_iter().find_map(|kind| match kind {
        EventKind::TransferFailed { reason, status } => Some((*reason, *status)),
        _ => None,
    })
}

#[test]
fn the_police_see_who_calls() {
    let mut city = city(1_101, trunk("sip:carrier.example.com"), &Lines::at_most(10));
    let citizen = people(&mut city, vec![answered(), hear(660.0), gone()]);
    city.dial(citizen, "9110");
    city.run_for(seconds(60.0));
    city.assert_went_well(citizen);
    let invites = invites_to(&city, World::phone_address(1).ip());
    let invite = &invites[0];
    assert_eq!(invite.uri.to_string(), "sip:110@carrier.example.com");
    assert_eq!(
        invite.headers.from().unwrap().uri.to_string(),
        "sip:12345@carrier.example.com"
    );
    let asserted = invite
        .headers
        .text(&HeaderName::PAssertedIdentity)
        .unwrap()
        .into_owned();
    assert_eq!(asserted, "<sip:13800001000@carrier.example.com>");
    assert!(
        invites_to(&city, World::phone_address(2).ip()).is_empty(),
        "the first address answered"
    );
    city.assert_nothing_is_left();
}

#[test]
fn the_first_address_is_dead_so_the_second_rings() {
    let mut city = city(1_102, trunk("sip:carrier.example.com"), &Lines::at_most(1));
    let citizen = people(&mut city, vec![answered(), hear(1_200.0), gone()]);
    city.unplugged.insert(1);
    let began = city.now.mono;
    city.dial(citizen, "9110");
    let second = World::phone_address(2).ip();
    assert!(city.run_until(|city| !invites_to(city, second).is_empty(), seconds(10.0)));
    let after = city.now.mono.since(began).as_secs_f64();
    assert!(
        (4.0..6.0).contains(&after),
        "a dead address costs a citizen five seconds, not thirty-two: {after}"
    );
    city.run_for(seconds(90.0));
    city.assert_went_well(citizen);
    assert_eq!(failure(&city), None);
    let started = city
        .story_of(0)
        .iter()
        .filter(|name| *name == "transfer_started")
        .count();
    assert_eq!(started, 2, "each try is on record");
    let state = city.trunk_log.last().unwrap().1.clone();
    assert_eq!(
        state.targets[0].address,
        World::phone_address(1),
        "a minute later the first may be tried again"
    );
    city.assert_nothing_is_left();
}

#[test]
fn the_next_call_does_not_wait_for_the_dead_address_again() {
    let mut city = city(1_103, trunk("sip:carrier.example.com"), &Lines::at_most(10));
    let citizen = people(&mut city, vec![answered(), hear(1_200.0), hang_up(), gone()]);
    city.unplugged.insert(1);
    city.dial(citizen, "9110");
    city.run_for(seconds(20.0));
    let tried = invites_to(&city, World::phone_address(1).ip()).len();
    city.citizen_dials("9110", vec![answered(), wait(3.0), hang_up(), gone()]);
    city.run_for(seconds(10.0));
    assert_eq!(invites_to(&city, World::phone_address(1).ip()).len(), tried);
    city.run_for(seconds(120.0));
    city.assert_nothing_is_left();
}

#[test]
fn an_overloaded_address_is_left_at_once() {
    let mut city = city(1_104, trunk("sip:carrier.example.com"), &Lines::at_most(1));
    let config = city.phone_config();
    let citizen = city.add_phone(config, vec![answered(), hear(660.0), gone()]);
    let mut overloaded = city.phone_config();
    overloaded.refuses = Some(503);
    city.add_phone(overloaded, Vec::new());
    let mut config = city.phone_config();
    config.answers_after = Some(seconds(1.0));
    city.add_phone(config, vec![answered(), speak(660.0, 3.0), hang_up()]);
    city.dial(citizen, "9110");
    city.run_for(seconds(2.0));
    assert_eq!(invites_to(&city, World::phone_address(2).ip()).len(), 1);
    city.run_for(seconds(90.0));
    city.assert_went_well(citizen);
    city.assert_nothing_is_left();
}

#[test]
fn busy_is_busy_and_no_other_address_is_bothered() {
    let mut city = city(1_105, trunk("sip:carrier.example.com"), &Lines::at_most(10));
    let config = city.phone_config();
    let citizen = city.add_phone(config, vec![answered(), hear(880.0), gone()]);
    let mut busy = city.phone_config();
    busy.refuses = Some(486);
    city.add_phone(busy, Vec::new());
    city.dial(citizen, "9110");
    city.run_for(seconds(90.0));
    city.assert_went_well(citizen);
    assert_eq!(failure(&city), Some((EndReason::Busy, Some(486))));
    assert!(invites_to(&city, World::phone_address(2).ip()).is_empty());
    city.assert_nothing_is_left();
}

#[test]
fn a_trunk_that_is_down_refuses_at_once_and_on_record() {
    let config = TrunkConfig {
        options_interval_s: Some(30),
        ..trunk("sip:carrier.example.com")
    };
    let mut city = city(1_106, config, &Lines::at_most(10));
    let citizen = people(&mut city, vec![answered(), hear(880.0), gone()]);
    city.run_for(seconds(5.0));
    assert!(city.trunk_is_up("carrier"), "telephones answer OPTIONS");
    city.unplugged.extend([1, 2]);
    city.run_for(seconds(120.0));
    assert!(!city.trunk_is_up("carrier"));
    city.dial(citizen, "9110");
    city.run_for(seconds(2.0));
    assert_eq!(failure(&city), Some((EndReason::Unreachable, None)));
    city.run_for(seconds(30.0));
    city.assert_went_well(citizen);
    city.unplugged.clear();
    city.run_for(seconds(120.0));
    assert!(city.trunk_is_up("carrier"), "and when they are back it is up");
    let again = city.citizen_dials("9110", vec![answered(), hear(660.0), gone()]);
    city.run_for(seconds(90.0));
    city.assert_went_well(again);
}

#[test]
fn the_lines_of_the_contract_hold_for_both_directions() {
    let lines = Lines::at_most(1);
    let mut city = city(1_107, trunk("sip:carrier.example.com"), &lines);
    let citizen = people(&mut city, vec![answered(), wait(8.0), hang_up(), gone()]);
    city.reload(|shared| {
        // The third telephone stands behind the carrier and calls us by the trunk.
        let networks = vec!["192.0.2.13/32".parse().unwrap()];
        shared.peers = vec![Peer {
            name: "carrier".into(),
            networks,
            lines: lines.clone(),
            caller_id: CallerId::Asserted,
        }];
    });
    city.dial(citizen, "9110");
    city.run_for(seconds(2.0));
    let inbound = city.citizen_dials("9110", vec![gone()]);
    let stranger = city.citizen_dials("9110", vec![answered(), hear(880.0), gone()]);
    city.run_for(seconds(1.0));
    assert!(
        city.phones[inbound].report().end.is_some(),
        "no line for a call from the carrier"
    );
    assert_eq!(city.end_of(1).1, EndReason::Overload);
    city.run_for(seconds(60.0));
    city.assert_went_well(stranger);
    let overload = |kind: &&EventKind| {
        matches!(
            kind,
            EventKind::TransferFailed {
                reason: EndReason::Overload,
                ..
            }
        )
    };
    assert!(
        city.events_of(2).iter().any(overload),
        "nor for a second transfer: {:?}",
        city.events_of(2)
    );
    city.assert_nothing_is_left();
}
