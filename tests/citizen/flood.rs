//! Somebody sends INVITEs by the hundred and never says ACK, perhaps in other people's names. Lines come back, nobody is
//! flooded with sound by us, and a citizen still gets through.

use std::net::IpAddr;

use yihao::kernel::{EndReason, EndedBy};
use yihao::sip::message::Method;

use crate::support::by_hand::ByHand;
use crate::support::script::{answered, gone, hang_up, hear, seconds};
use crate::support::world::World;

fn flood(city: &mut World, hands: &[ByHand], to: &str) {
    for hand in hands {
        let invite = hand.invite(to);
        hand.send(city, &invite);
        city.run_for(seconds(0.01));
    }
}

#[test]
fn two_hundred_invites_without_ack_leave_nothing_behind() {
    let mut city = World::new(1_400);
    let hands: Vec<ByHand> = (1..=200).map(|n| ByHand::new(n, &format!("f{n}"))).collect();
    flood(&mut city, &hands, "1000");
    let citizen = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(citizen);
    assert_eq!(city.calls(), 201);
    for n in 0..200 {
        assert_eq!(city.end_of(n), (EndedBy::System, EndReason::NoAck));
    }
    city.assert_nothing_is_left();
}

#[test]
fn a_forged_source_is_not_flooded_with_sound() {
    let mut city = World::new(1_401);
    let hands: Vec<ByHand> = (0..20).map(|n| ByHand::new(9, &format!("v{n}"))).collect();
    flood(&mut city, &hands, "1000");
    city.run_to_the_end();
    let victim = IpAddr::from([198, 51, 100, 9]);
    let sound: usize = city
        .mailbox
        .iter()
        .filter(|l| l.to.ip() == victim && l.to.port() != 5060)
        .map(|l| l.bytes.len())
        .sum();
    let asked: usize = hands.iter().map(|h| h.invite("1000").len()).sum();
    assert!(
        sound < 5 * asked,
        "{sound} octets of sound for {asked} octets of INVITE"
    );
    city.assert_nothing_is_left();
}

#[test]
fn one_source_gets_its_share_and_no_more() {
    let mut city = World::new(1_402);
    city.reload(|shared| shared.limits.calls_per_source_max = 10);
    let hands: Vec<ByHand> = (0..50).map(|n| ByHand::new(9, &format!("s{n}"))).collect();
    flood(&mut city, &hands, "3000");
    let citizen = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(citizen);
    let taken = hands
        .iter()
        .filter(|h| h.statuses(&city, &Method::Invite).contains(&200))
        .count();
    let refused = hands
        .iter()
        .filter(|h| h.statuses(&city, &Method::Invite).contains(&503))
        .count();
    assert_eq!((taken, refused), (10, 40));
    city.assert_nothing_is_left();
}

#[test]
fn cancels_and_byes_for_calls_that_never_were() {
    let mut city = World::new(1_403);
    let hand = ByHand::new(9, "nobody");
    for n in 0..50 {
        for method in ["CANCEL", "BYE", "INFO", "UPDATE", "PRACK", "ACK", "REFER", "NOTIFY"] {
            let text = hand.request(method, "1000;tag=none", n + 1, &format!("{method}{n}"), "", "");
            hand.send(&mut city, &text);
        }
    }
    city.run_to_the_end();
    assert!(hand.statuses(&city, &Method::Bye).iter().all(|s| *s == 481));
    assert!(hand.statuses(&city, &Method::Cancel).iter().all(|s| *s == 481));
    assert!(hand.answers(&city, &Method::Ack).is_empty());
    assert_eq!(city.calls(), 0);
    city.assert_nothing_is_left();
}
