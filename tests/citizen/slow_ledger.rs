//! The disk is slow. Nothing is said to anyone before it is on record, and nobody gets two calls for his patience.
//! (That no answer leaves before its entry is checked by the world itself, in every story.)

use std::time::Duration;

use yihao::kernel::{EndReason, EndedBy, EventKind};

use crate::support::script::{answered, gone, hang_up, hear, wait};
use crate::support::world::World;

#[test]
fn the_ledger_takes_three_seconds() {
    let mut city = World::new(600);
    city.commit_takes = Duration::from_secs(3);
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let report = city.phones[phone].report();
    let waited = report.answered_after_s.unwrap();
    assert!((3.0..3.1).contains(&waited), "answered after {waited} s");
    let invites = city.sip_log.iter().filter(|(.., b)| b.starts_with(b"INVITE "));
    assert_eq!(invites.count(), 1, "100 Trying keeps the caller from repeating himself");
    assert_eq!(city.calls(), 1);
    city.assert_nothing_is_left();
}

#[test]
fn the_ledger_takes_three_seconds_and_the_trying_is_lost() {
    let mut city = World::new(601);
    city.commit_takes = Duration::from_secs(3);
    city.sip_filter = Box::new(|bytes, _, _| !bytes.starts_with(b"SIP/2.0 100"));
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let invites = city.sip_log.iter().filter(|(.., b)| b.starts_with(b"INVITE "));
    assert!(invites.count() > 2);
    assert_eq!(city.calls(), 1, "a repeated INVITE is no second call");
    city.assert_nothing_is_left();
}

#[test]
fn an_unknown_number_on_a_slow_disk() {
    let mut city = World::new(602);
    city.commit_takes = Duration::from_secs(3);
    let phone = city.citizen_dials("55555", vec![gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    let ended = city.phones[phone].report().timeline.last().unwrap().0;
    assert!(ended > 3.0, "refused after {ended} s");
    city.assert_nothing_is_left();
}

#[test]
fn the_bye_waits_for_its_entry_too() {
    let mut city = World::new(603);
    city.commit_takes = Duration::from_secs(2);
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn a_disk_slower_than_the_caller_is_patient() {
    let mut city = World::new(604);
    city.commit_takes = Duration::from_secs(25);
    city.citizen_dials("1000", vec![wait(10.0), hang_up(), gone()]);
    city.run_to_the_end();
    let (by, reason) = city.end_of(0);
    assert_eq!((by, reason), (EndedBy::Caller, EndReason::Abandoned));
    assert!(!city.was_answered(0));
    city.assert_nothing_is_left();
}

#[test]
fn events_stand_in_the_order_in_which_they_happened() {
    let mut city = World::new(605);
    let script = vec![
        answered(),
        hear(440.0),
        crate::support::script::press("1"),
        hear(880.0),
        hang_up(),
        gone(),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(
        city.story_of(0),
        [
            "invite",
            "answered_by_machine",
            "dialog_opened",
            "step",
            "keys",
            "step",
            "ended",
            "quality"
        ]
    );
    let times: Vec<_> = city.ledger.iter().map(|e| e.at).collect();
    assert!(times.is_sorted());
    let quality = city.events_of(0).into_iter().find_map(|k| match k {
        EventKind::Quality {
            sent, received, lost, ..
        } => Some((*sent, *received, *lost)),
        _ => None,
    });
    let (sent, received, lost) = quality.unwrap();
    assert!(sent > 10 && received > 0 && lost == 0, "{quality:?}");
}
