//! What an answer says is on the disk, and what is on the disk is true again after a restart.

use super::bench::*;
use crate::sip::message::Response;

/// Registers up to the point where the answer waits for the disk.
fn until_it_waits(bench: &mut Bench, phone: &mut Phone) -> crate::sip::message::Request {
    let challenge = bench.ask(&phone.request(), phone.flow()).unwrap();
    phone.challenged(&challenge);
    let request = phone.request();
    assert_eq!(bench.ask(&request, phone.flow()), None);
    request
}

#[test]
fn a_new_telephone_is_on_the_disk_before_it_is_told_so() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    bench.quick_disk = false;
    let request = until_it_waits(&mut bench, &mut phone);
    assert_eq!(bench.persisted[0].1[0].contact.to_string(), "sip:8001@192.0.2.5:5060");
    // It is impatient: nothing is done twice, and nothing is said early.
    bench.run_for(seconds(1));
    assert_eq!(bench.ask(&request, phone.flow()), None);
    assert_eq!(bench.persisted.len(), 1);
    bench.disk_catches_up();
    let granted: Vec<&Response> = bench
        .sent
        .iter()
        .map(|(_, it)| it)
        .filter(|it| it.status == 200)
        .collect();
    assert_eq!(granted.len(), 1);
    assert_eq!(
        bench.ask(&request, phone.flow()).unwrap().status,
        200,
        "asked again, it is told again"
    );
}

#[test]
fn nobody_is_told_of_a_telephone_that_the_disk_does_not_have() {
    let (mut bench, mut phone, mut other) = (Bench::new(), Phone::new("8001", 5), Phone::new("8001", 6));
    other.register(&mut bench);
    bench.quick_disk = false;
    until_it_waits(&mut bench, &mut phone);
    other.contact.clear();
    let request = other.request();
    assert_eq!(
        bench.ask(&request, other.flow()),
        None,
        "who asks meanwhile waits with it"
    );
    bench.disk_catches_up();
    let (flow, answer) = bench.sent.last().unwrap();
    assert_eq!((flow.remote, told(answer).len()), (other.address, 2));
    assert_eq!(bench.sent.iter().filter(|(_, it)| it.status == 200).count(), 3);
}

#[test]
fn one_that_goes_is_gone_from_the_disk_before_it_is_told_so() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    bench.quick_disk = false;
    phone.expires = Some(0);
    assert_eq!(bench.ask(&phone.request(), phone.flow()), None);
    assert!(bench.persisted.last().unwrap().1.is_empty());
    bench.disk_catches_up();
    assert_eq!(bench.sent.last().unwrap().1.status, 200);
}

#[test]
fn a_refresh_waits_for_no_disk_and_is_written_within_seconds() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    bench.quick_disk = false;
    bench.run_for(seconds(1_000));
    let written = bench.persisted.len();
    for _ in 0..50 {
        assert_eq!(phone.register(&mut bench).status, 200);
    }
    assert_eq!(bench.persisted.len(), written);
    bench.run_for(seconds(2));
    assert_eq!(bench.persisted.len(), written + 1, "fifty refreshes are one write");
    assert_eq!(bench.on_disk()[0].cseq, phone.cseq);
}

#[test]
fn after_a_restart_telephones_are_where_they_were() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    let mut short = Phone::new("8002", 6);
    short.expires = Some(60);
    short.register(&mut bench);
    Phone::new("8003", 7).on_connection(4).register(&mut bench);
    bench.run_for(seconds(70));
    let mut again = Bench::at(
        crate::sip::registrar::RegistrarConfig {
            secret: [8; 32],
            ..config()
        },
        bench.on_disk(),
        bench.now.later(seconds(30)),
    );
    assert_eq!(again.changes.iter().filter(|it| !it.bindings.is_empty()).count(), 1);
    let back = again.registrar.bindings();
    assert_eq!(back, bench.contacts_of("8001"));
    // It refreshes with the nonce that it had: one more question, and its own Call-ID goes on.
    assert_eq!(phone.register(&mut again).status, 200);
    assert_eq!(again.registrar.tally().stale, 1);
    again.run_for(seconds(3_600));
    assert!(
        again.registrar.is_empty(),
        "and if it does not come back, its time is over as it was told"
    );
}

#[test]
fn what_was_killed_before_the_disk_had_it_was_never_promised() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    bench.quick_disk = false;
    let request = until_it_waits(&mut bench, &mut phone);
    // kill -9; the telephone has no answer and sends again, to a server with another secret.
    let mut again = Bench::with(
        crate::sip::registrar::RegistrarConfig {
            secret: [8; 32],
            ..config()
        },
        bench.on_disk(),
    );
    assert!(again.registrar.is_empty());
    let challenge = again.ask(&request, phone.flow()).unwrap();
    assert_eq!(challenge.status, 401);
    phone.challenged(&challenge);
    assert_eq!(phone.register(&mut again).status, 200);
}

#[test]
fn a_clock_that_was_wrong_does_not_keep_a_telephone_for_years() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    let mut early = bench.now;
    early.wall = crate::kernel::Wall::from_millis(0);
    let mut again = Bench::at(config(), bench.on_disk(), early);
    assert_eq!(again.registrar.len(), 1);
    again.run_for(seconds(3_600));
    assert!(again.registrar.is_empty());
}

#[test]
fn what_can_only_be_read_later_does_not_push_aside_who_came_meanwhile() {
    let (mut bench, mut old) = (Bench::new(), Phone::new("8001", 5));
    old.register(&mut bench);
    let written = bench.on_disk();
    let mut again = Bench::new();
    let mut new = Phone::new("8001", 6);
    new.register(&mut again);
    again.registrar.restore(written, again.now);
    assert_eq!(
        again.contacts("8001"),
        ["sip:8001@192.0.2.6:5060", "sip:8001@192.0.2.5:5060"]
    );
}
