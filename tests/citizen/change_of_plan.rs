//! Time passes and plans change: a call ends at its longest time, under the plan it began with; a caller whose telephone has
//! stopped refreshing its session is let go.

use std::net::SocketAddr;

use yihao::kernel::{EndReason, EndedBy};
use yihao::sip::message::Method;

use crate::support::by_hand::ByHand;
use crate::support::plans;
use crate::support::script::{answered, gone, hang_up, hear, press, seconds, wait};
use crate::support::world::World;

#[test]
fn the_longest_call_ends() {
    let mut city = World::new(1_300);
    city.reload(|shared| shared.call_max = seconds(20.0));
    let phone = city.citizen_dials("3000", vec![answered(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::MaxDuration));
    let bye = city.sip_log.iter().find(|(.., b)| b.starts_with(b"BYE ")).unwrap();
    assert!(String::from_utf8_lossy(&bye.3).contains("Reason: Q.850;cause=102"));
    city.assert_nothing_is_left();
}

#[test]
fn a_call_ends_under_the_plan_it_began_with() {
    // The new plan plays p2 where the old one played p1.
    let mut shared = plans::shared();
    let old = "[[number]]\ndial = \"2500\"\nhotline = \"x\"\n[step.start]\nmenu = \"examples/p1.wav\"\nkeys = { 1 = \"end\", 2 = \"start\" }\non = { timeout = \"hangup\", wrong_key = \"hangup\" }\n[step.end]\nplay = \"examples/p1.wav\"\nnext = \"hangup\"\n";
    let new = old.replace("p1.wav", "p2.wav");
    shared.plan = plans::plan_with(&[("x.toml", old)]);
    let mut city = World::with(1_301, shared);
    let first = city.citizen_dials(
        "2500",
        vec![
            answered(),
            hear(440.0),
            wait(2.0),
            press("2"),
            hear(440.0),
            press("1"),
            hear(440.0),
            gone(),
        ],
    );
    city.run_for(seconds(1.0));
    city.reload(|shared| shared.plan = plans::plan_with(&[("x.toml", &new)]));
    let second = city.citizen_dials("2500", vec![answered(), hear(880.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(first);
    city.assert_went_well(second);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}

/// A call with a session timer whose refreshing is left to `refresher`.
fn timed_call(city: &mut World, refresher: &str) -> ByHand {
    let mut hand = ByHand::new(8, "timer");
    let more = format!("Supported: timer\r\nSession-Expires: 90;refresher={refresher}\r\n");
    let invite = hand.request("INVITE", "3000", 1, "t", &more, &hand.offer());
    hand.send(city, &invite);
    city.run_for(seconds(0.1));
    hand.learn_tag(city);
    hand.ack(city, "3000");
    hand
}

/// Keeps the sound alive, so that only the session timer can end the call.
fn hum(city: &mut World, hand: &ByHand, s: u32) {
    for n in 0..s {
        for to in city.server_rtp() {
            let mut packet = vec![0x80, 8, 0, n as u8];
            packet.extend((n * 160).to_be_bytes());
            packet.extend([1, 2, 3, 4]);
            packet.extend([0xD5; 160]);
            city.send_rtp(SocketAddr::new(hand.address.ip(), 30_000), to, &packet);
        }
        city.run_for(seconds(1.0));
    }
}

#[test]
fn a_caller_who_does_not_refresh_his_session_is_gone() {
    let mut city = World::new(1_302);
    let hand = timed_call(&mut city, "uac");
    hum(&mut city, &hand, 100);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::SessionExpired));
    city.assert_nothing_is_left();
}

#[test]
fn our_own_refresh_finds_nobody() {
    let mut city = World::new(1_303);
    let hand = timed_call(&mut city, "uas");
    hum(&mut city, &hand, 100);
    city.run_to_the_end();
    let refreshed = hand
        .requests(&city)
        .into_iter()
        .any(|r| matches!(r.method, Method::Invite | Method::Update));
    assert!(refreshed, "we ask whether he is there");
    let (by, reason) = city.end_of(0);
    assert_eq!(by, EndedBy::System);
    assert!(
        matches!(reason, EndReason::Unreachable | EndReason::SessionExpired),
        "{reason:?}"
    );
    city.assert_nothing_is_left();
}

#[test]
fn half_an_hour_with_a_session_timer() {
    // A refresh crosses the line after a quarter of an hour; the citizen notices nothing of it.
    let mut city = World::new(1_304);
    let phone = city.citizen_dials("3000", vec![answered(), wait(2_000.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}
