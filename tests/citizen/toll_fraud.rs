//! Somebody wants us to pay for a call abroad: by a plan, by REFER, by a redirection. Nothing of it is dialled.

use yihao::ivr::{TransferPolicy, dialplan};
use yihao::kernel::{EndReason, EndedBy};
use yihao::sip::message::Method;

use crate::support::by_hand::ByHand;
use crate::support::plans;
use crate::support::script::{answered, gone, hear, seconds};
use crate::support::to_110::{CITIZEN, city, failure};
use crate::support::world::World;

/// INVITEs that left the server.
fn invites_sent(city: &World) -> usize {
    let server = World::server_sip();
    city.sip_log
        .iter()
        .filter(|(_, from, _, b)| *from == server && b.starts_with(b"INVITE "))
        .count()
}

#[test]
fn a_plan_that_transfers_abroad_is_not_loaded() {
    let plan = "[[number]]\ndial = \"1\"\nhotline = \"x\"\n[step.start]\ntransfer = \"0085290001234\"\non = { otherwise = \"hangup\" }\n";
    let policy = TransferPolicy::new(&plans::EMERGENCY).unwrap();
    let loaded = dialplan::load(&[("x.toml".to_owned(), plan.to_owned())], &|_| true, &policy);
    assert!(loaded.is_err());
}

#[test]
fn a_number_without_a_route_is_denied_at_the_last_moment_too() {
    let mut city = city(1_100);
    city.reload(|shared| shared.routes.clear());
    let phone = city.citizen_dials("4110", vec![answered(), hear(880.0), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(invites_sent(&city), 0);
    assert_eq!(
        failure(&city),
        Some((EndReason::Forbidden, None)),
        "{:?}",
        city.story_of(0)
    );
    city.assert_nothing_is_left();
}

#[test]
fn refer_is_refused() {
    let mut city = city(1_101);
    let mut hand = ByHand::new(8, "refer");
    let invite = hand.invite("3000");
    hand.send(&mut city, &invite);
    city.run_for(seconds(0.1));
    hand.learn_tag(&city);
    hand.ack(&mut city, "3000");
    let refer = hand.request(
        "REFER",
        "3000",
        2,
        "r",
        "Refer-To: <sip:0085290001234@192.0.2.11>\r\n",
        "",
    );
    hand.send(&mut city, &refer);
    city.run_for(seconds(1.0));
    let statuses = hand.statuses(&city, &Method::Refer);
    assert!(
        statuses.len() == 1 && [403, 405, 603].contains(&statuses[0]),
        "{statuses:?}"
    );
    assert_eq!(invites_sent(&city), 0);
    let bye = hand.request("BYE", "3000", 3, "b", "", "");
    hand.send(&mut city, &bye);
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn a_redirection_is_not_followed() {
    let mut city = city(1_102);
    city.emergency_is_at(Some("198.51.100.9:5060".parse().unwrap()));
    let config = city.phone_config();
    city.add_phone(config, vec![answered(), hear(880.0), gone()]);
    city.dial(CITIZEN, "4110");
    city.run_for(seconds(0.2));
    let hand = ByHand::new(9, "");
    let invite = hand
        .requests(&city)
        .into_iter()
        .find(|r| r.method == Method::Invite)
        .unwrap();
    let mut redirection = invite.reply(302);
    redirection.headers.push(
        yihao::sip::message::HeaderName::Contact,
        "<sip:0085290001234@192.0.2.11>",
    );
    city.send_raw(hand.address, &redirection.to_bytes());
    city.run_to_the_end();
    city.assert_went_well(CITIZEN);
    assert_eq!(invites_sent(&city), 1, "only the one to 110's own address");
    assert_eq!(failure(&city).map(|f| f.0), Some(EndReason::Forbidden));
    city.assert_nothing_is_left();
}

#[test]
fn an_unknown_outside_number_is_not_a_way_out() {
    let mut city = city(1_103);
    let phone = city.citizen_dials("0085290001234", vec![gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::UnknownNumber));
    assert_eq!(invites_sent(&city), 0);
    city.assert_nothing_is_left();
}
