//! Words get lost for good: the ACK, the BYE, the answer to it. Each call ends once, on record, and leaves nothing behind.

use std::time::Duration;

use yihao::kernel::{EndReason, EndedBy};

use crate::support::script::{answered, gone, hang_up, hear, wait};
use crate::support::world::World;

/// Loses each message that begins with one of `lost`.
fn lose(city: &mut World, lost: &'static [&'static str]) {
    city.sip_filter = Box::new(move |bytes, _, _| !lost.iter().any(|l| bytes.starts_with(l.as_bytes())));
}

fn is_bye_ok(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.starts_with("SIP/2.0 200") && text.lines().any(|l| l.starts_with("CSeq:") && l.ends_with("BYE"))
}

#[test]
fn the_ack_never_comes() {
    let mut city = World::new(100);
    lose(&mut city, &["ACK "]);
    let phone = city.citizen_dials("3000", vec![answered(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::NoAck));
    let sent = city
        .sip_log
        .iter()
        .filter(|(_, from, _, b)| *from == World::server_sip() && b.starts_with(b"SIP/2.0 200"));
    assert_eq!(sent.count(), 11, "the 200 is repeated for 64 T1 (RFC 3261 §13.3.1.4)");
    city.assert_nothing_is_left();
}

#[test]
fn the_first_bye_is_lost() {
    let mut city = World::new(101);
    let mut lost = 0;
    city.sip_filter = Box::new(move |bytes, _, _| {
        let drop = bytes.starts_with(b"BYE ") && lost < 3;
        lost += u32::from(drop);
        !drop
    });
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn no_bye_ever_arrives_and_the_sound_has_stopped() {
    let mut city = World::new(102);
    lose(&mut city, &["BYE "]);
    city.citizen_dials("3000", vec![answered(), wait(2.0), hang_up()]);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::DeadMedia));
    city.assert_nothing_is_left();
}

#[test]
fn the_answer_to_the_bye_is_lost_twice() {
    let mut city = World::new(103);
    let mut lost = 0;
    city.sip_filter = Box::new(move |bytes, _, _| {
        let drop = is_bye_ok(bytes) && lost < 2;
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
fn our_own_bye_is_never_answered() {
    let mut city = World::new(104);
    city.reload(|shared| shared.call_max = Duration::from_secs(5));
    city.sip_filter = Box::new(|bytes, _, _| !is_bye_ok(bytes));
    let phone = city.citizen_dials("3000", vec![answered(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::MaxDuration));
    city.assert_nothing_is_left();
}

#[test]
fn the_first_answers_are_lost_and_the_repeated_invite_is_no_second_call() {
    let mut city = World::new(105);
    let mut lost = 0;
    city.sip_filter = Box::new(move |bytes, from, _| {
        let drop = from == World::server_sip() && bytes.starts_with(b"SIP/2.0") && lost < 3;
        lost += u32::from(drop);
        !drop
    });
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.calls(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn a_caller_who_vanishes_is_noticed_by_his_silence() {
    let mut city = World::new(106);
    let phone = city.citizen_dials("3000", vec![answered(), wait(5.0)]);
    city.run_for(Duration::from_secs(5));
    city.unplugged.insert(phone);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::DeadMedia));
    assert!(city.story_of(0).contains(&"media_lost".to_owned()));
    city.assert_nothing_is_left();
}

#[test]
fn a_caller_who_vanishes_while_the_phone_is_ringing_here_is_no_call_for_ever() {
    let mut city = World::new(107);
    city.commit_takes = Duration::from_secs(3);
    let phone = city.citizen_dials("3000", vec![]);
    city.run_for(Duration::from_secs(1));
    city.unplugged.insert(phone);
    city.run_to_the_end();
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::NoAck));
    city.assert_nothing_is_left();
}
