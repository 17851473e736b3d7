//! Calls that cannot be taken: each is refused with the right word, on record, and the refusal costs nothing afterwards.

use yihao::call::{CallerId, Lines, Peer};
use yihao::kernel::{EndReason, EndedBy};
use yihao::sip::message::{HeaderName, Method, Response};

use crate::support::by_hand::ByHand;
use crate::support::script::{answered, gone, hang_up, hear, seconds};
use crate::support::world::World;

/// The final answer to one INVITE of a stranger.
fn refusal(city: &mut World, to: &str) -> Response {
    let hand = ByHand::new(9, &format!("r{}", city.calls()));
    let invite = hand.invite(to);
    hand.send(city, &invite);
    city.run_for(seconds(1.0));
    hand.answers(city, &Method::Invite)
        .into_iter()
        .map(|(_, r)| r)
        .find(|r| r.status >= 200)
        .unwrap()
}

fn retry_after(response: &Response) -> Option<String> {
    response
        .headers
        .text(&HeaderName::RetryAfter)
        .map(std::borrow::Cow::into_owned)
}

#[test]
fn an_unknown_number() {
    let mut city = World::new(400);
    let phone = city.citizen_dials("98765", vec![gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::UnknownNumber));
    assert_eq!(city.story_of(0), ["invite", "ended"]);
    city.assert_nothing_is_left();
}

#[test]
fn one_stranger_cannot_take_every_line() {
    let mut city = World::new(401);
    city.reload(|shared| shared.limits.calls_per_source_max = 2);
    let hands: Vec<ByHand> = (0..3).map(|n| ByHand::new(9, &format!("many{n}"))).collect();
    for hand in &hands {
        let invite = hand.invite("3000");
        hand.send(&mut city, &invite);
    }
    city.run_for(seconds(1.0));
    assert!(hands[1].statuses(&city, &Method::Invite).contains(&200));
    let third = hands[2]
        .answers(&city, &Method::Invite)
        .into_iter()
        .map(|(_, r)| r)
        .find(|r| r.status >= 200)
        .unwrap();
    assert_eq!((third.status, retry_after(&third).as_deref()), (503, Some("30")));
    let other = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(other);
    assert_eq!(city.end_of(2), (EndedBy::System, EndReason::Overload));
    city.assert_nothing_is_left();
}

#[test]
fn a_peer_has_its_own_limit_and_strangers_may_be_kept_out() {
    let mut city = World::new(402);
    city.reload(|shared| {
        let network = "192.0.2.0/24".parse().unwrap();
        let peer = Peer {
            name: "carrier".into(),
            networks: vec![network],
            lines: Lines::at_most(1),
            caller_id: CallerId::Asserted,
        };
        shared.peers = vec![peer];
        shared.limits.strangers_may_call = false;
    });
    assert_eq!(refusal(&mut city, "1000").status, 403);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::Forbidden));
    let first = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    let second = city.citizen_dials("1000", vec![gone()]);
    city.run_to_the_end();
    city.assert_went_well(first);
    city.assert_went_well(second);
    assert_eq!(city.end_of(2), (EndedBy::System, EndReason::Overload));
    city.assert_nothing_is_left();
}

#[test]
fn the_server_is_about_to_stop() {
    let mut city = World::new(403);
    let running = city.citizen_dials("3000", vec![answered(), gone()]);
    city.run_for(seconds(1.0));
    city.reload(|shared| shared.draining = true);
    let refused = refusal(&mut city, "1000");
    assert_eq!(refused.status, 503);
    assert!(retry_after(&refused).is_some());
    assert_eq!(
        city.end_of(1),
        (EndedBy::System, EndReason::Draining),
        "a call turned away while draining is on record too"
    );
    assert_eq!(city.exchange.live(), 1, "the running call goes on");
    city.end_all();
    city.run_to_the_end();
    city.assert_went_well(running);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::Draining));
    city.assert_nothing_is_left();
}

#[test]
fn no_port_is_free() {
    let mut city = World::new(404);
    city.ports_exhausted = true;
    let refused = refusal(&mut city, "1000");
    assert_eq!((refused.status, retry_after(&refused).as_deref()), (503, Some("10")));
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::Overload));
    city.ports_exhausted = false;
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    city.assert_nothing_is_left();
}

/// A telephone asks for an extension that nobody has: the call is refused, and it was a call.
#[test]
fn a_call_that_asks_too_much_is_on_record() {
    let mut city = World::new(905);
    let hand = ByHand::new(9, "too-much");
    let invite = hand.request("INVITE", "1000", 1, "much", "Require: no-such-extension\r\n", "");
    hand.send(&mut city, &invite);
    city.run_to_the_end();
    assert_eq!(hand.statuses(&city, &Method::Invite).last(), Some(&420));
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::ProtocolError));
    city.assert_nothing_is_left();
}
