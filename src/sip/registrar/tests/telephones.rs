//! Telephones come, stay, go, ask, and come again (RFC 3261 §10.2).

use super::bench::*;
use crate::kernel::Wall;
use crate::sip::message::HeaderName;

#[test]
fn a_telephone_comes_stays_and_goes() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    let granted = phone.register(&mut bench);
    assert_eq!(granted.status, 200);
    assert_eq!(told(&granted), ["<sip:8001@192.0.2.5:5060>;expires=3600"]);
    let date = granted.headers.text(&HeaderName::Date).unwrap();
    assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
    assert!(granted.headers.to().unwrap().tag().is_some());
    assert_eq!(bench.changes.len(), 1);
    assert_eq!(bench.changes[0].bindings[0].flow, phone.flow());
    assert_eq!(bench.changes[0].bindings[0].user_agent, "phone");

    bench.run_for(seconds(1_800));
    assert_eq!(
        told(&phone.register(&mut bench)),
        ["<sip:8001@192.0.2.5:5060>;expires=3600"]
    );
    assert_eq!(bench.changes.len(), 1, "a refresh is no news");
    bench.run_for(seconds(3_599));
    assert_eq!(bench.registrar.len(), 1);

    phone.expires = Some(0);
    assert_eq!(told(&phone.register(&mut bench)), Vec::<String>::new());
    assert!(bench.changes[1].bindings.is_empty() && bench.registrar.is_empty());
    let tally = bench.registrar.tally();
    assert_eq!(
        (tally.added, tally.refreshed, tally.removed, tally.expired),
        (1, 1, 1, 0)
    );
}

#[test]
fn one_that_does_not_come_back_is_gone_on_time() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.expires = Some(100);
    phone.register(&mut bench);
    bench.run_for(seconds(99));
    assert_eq!(bench.registrar.len(), 1);
    bench.run_for(seconds(1));
    assert_eq!(bench.changes.last().unwrap().bindings, []);
    assert_eq!(bench.registrar.tally().expired, 1);
    bench.run_for(seconds(10));
    assert!(bench.on_disk().is_empty(), "and from the disk a little later");
}

#[test]
fn an_agent_has_a_desk_phone_and_a_softphone_and_each_has_its_own_time() {
    let mut bench = Bench::new();
    let (mut desk, mut soft) = (Phone::new("8001", 5), Phone::new("8001", 6));
    (desk.expires, soft.expires) = (Some(300), Some(600));
    soft.contact += ";q=0.5";
    soft.register(&mut bench);
    let both = desk.register(&mut bench);
    assert_eq!(
        told(&both),
        [
            "<sip:8001@192.0.2.6:5060>;expires=600;q=0.500",
            "<sip:8001@192.0.2.5:5060>;expires=300"
        ]
    );
    let order: Vec<u16> = bench.changes[1].bindings.iter().map(|it| it.q).collect();
    assert_eq!(order, [1_000, 500], "the preferred one first");
    bench.run_for(seconds(300));
    assert_eq!(bench.contacts("8001"), ["sip:8001@192.0.2.6:5060"]);
    bench.run_for(seconds(300));
    assert!(bench.registrar.is_empty());
}

#[test]
fn refreshes_do_not_put_off_the_end_of_another() {
    let mut bench = Bench::new();
    let (mut first, mut second) = (Phone::new("8001", 5), Phone::new("8001", 6));
    first.expires = Some(90);
    second.expires = Some(60);
    first.register(&mut bench);
    for _ in 0..10 {
        second.register(&mut bench);
        bench.run_for(seconds(30));
    }
    assert_eq!(bench.contacts("8001"), ["sip:8001@192.0.2.6:5060"]);
}

#[test]
fn a_star_forgets_all_and_only_with_zero() {
    let mut bench = Bench::new();
    for host in 5..8 {
        Phone::new("8001", host).register(&mut bench);
    }
    let mut phone = Phone::new("8001", 9);
    phone.contact = "*".into();
    assert_eq!(phone.register(&mut bench).status, 400, "* with a time");
    phone.expires = None;
    assert_eq!(phone.register(&mut bench).status, 400, "* without a time");
    assert_eq!(bench.registrar.len(), 3);
    phone.expires = Some(0);
    assert_eq!(phone.register(&mut bench).status, 200);
    assert_eq!(bench.registrar.len(), 0);
    assert_eq!(bench.registrar.tally().removed, 3);
}

#[test]
fn who_only_asks_is_told_and_changes_nothing() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    let mut other = Phone::new("8001", 6);
    other.contact.clear();
    bench.run_for(seconds(600));
    assert_eq!(
        told(&other.register(&mut bench)),
        ["<sip:8001@192.0.2.5:5060>;expires=3000"]
    );
    assert_eq!((bench.changes.len(), bench.registrar.tally().fetched), (1, 1));
}

#[test]
fn a_telephone_that_asks_for_too_little_is_told_the_least_and_one_that_asks_for_too_much_gets_the_most() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.expires = Some(30);
    let refused = phone.register(&mut bench);
    assert_eq!(refused.status, 423);
    assert_eq!(refused.headers.text(&HeaderName::MinExpires).unwrap(), "60");
    for (asked, granted) in [(Some(4_000_000_000), 3_600), (None, 3_600), (Some(61), 61)] {
        phone.expires = asked;
        let contact = format!("<sip:8001@192.0.2.5:5060>;expires={granted}");
        assert_eq!(told(&phone.register(&mut bench)), [contact]);
    }
    phone.contact = "<sip:8001@192.0.2.5:5060>;expires=soon".into();
    assert!(
        told(&phone.register(&mut bench))[0].ends_with("expires=3600"),
        "nonsense is the default"
    );
    phone.contact = "<sip:8001@192.0.2.5:5060>;expires=100".into();
    assert!(
        told(&phone.register(&mut bench))[0].ends_with("expires=100"),
        "its own time goes before"
    );
}

#[test]
fn an_older_request_that_comes_late_changes_nothing() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    let late = {
        phone.expires = Some(0);
        phone.request()
    };
    phone.expires = Some(3_600);
    assert_eq!(phone.register(&mut bench).status, 200);
    let refused = bench.ask(&late, phone.flow()).unwrap();
    assert_eq!(refused.status, 500);
    assert_eq!(bench.registrar.len(), 1);
    // A telephone that has started again begins to count anew, with another Call-ID.
    (phone.call_id, phone.cseq) = ("new".into(), 0);
    assert_eq!(phone.register(&mut bench).status, 200);
}

#[test]
fn the_same_datagram_again_gets_the_same_answer_and_changes_nothing() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    let challenge = bench.ask(&phone.request(), phone.flow()).unwrap();
    phone.challenged(&challenge);
    let request = phone.request();
    let first = bench.ask(&request, phone.flow()).unwrap();
    assert_eq!(first.status, 200);
    bench.run_for(seconds(5));
    let again = bench.ask(&request, phone.flow()).unwrap();
    assert_eq!((again, bench.registrar.tally().repeated), (first, 1));
    let elsewhere = Phone::new("8001", 6).flow();
    assert_eq!(
        bench.ask(&request, elsewhere).unwrap().status,
        401,
        "overheard, it is worth nothing"
    );
    bench.run_for(seconds(30));
    assert_eq!(
        bench.ask(&request, phone.flow()).unwrap().status,
        401,
        "after 64 T1 nothing is kept"
    );
}

#[test]
fn a_telephone_with_an_instance_replaces_itself() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    let instance = ";+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\";reg-id=1";
    phone.contact += instance;
    phone.headers.push(("Supported", "path, outbound, gruu".into()));
    phone.headers.push(("Path", "<sip:edge.example.com;lr>".into()));
    let granted = phone.register(&mut bench);
    assert_eq!(granted.status, 200);
    assert!(
        !granted.headers.contains(&HeaderName::Require),
        "outbound is not promised"
    );
    let mut moved = Phone::new("8001", 6);
    moved.contact += instance;
    let granted = moved.register(&mut bench);
    let contact =
        "<sip:8001@192.0.2.6:5060>;expires=3600;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000001>\"";
    assert_eq!(told(&granted), [contact]);
    assert_eq!(bench.contacts("8001"), ["sip:8001@192.0.2.6:5060"]);
}

#[test]
fn who_insists_on_what_we_do_not_have_is_told_so() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.headers.push(("Require", "outbound".into()));
    let refused = phone.register(&mut bench);
    assert_eq!(refused.status, 420);
    assert_eq!(refused.headers.text(&HeaderName::Unsupported).unwrap(), "outbound");
}

#[test]
fn contacts_that_nobody_could_call_are_refused() {
    for contact in [
        "<mailto:8001@example.com>",
        "<tel:8001>",
        &format!("<sip:{}@192.0.2.5>", "x".repeat(600)),
        "<sip:a@192.0.2.5>, <http://192.0.2.5>",
    ] {
        let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
        phone.contact = contact.into();
        assert_eq!(phone.register(&mut bench).status, 400, "{contact}");
        assert!(bench.registrar.is_empty());
    }
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.contact = "<sip:8001@192.0.2.5?Route=%3Csip:evil.example.com%3E>".into();
    assert_eq!(phone.register(&mut bench).status, 200);
    assert_eq!(
        bench.contacts("8001"),
        ["sip:8001@192.0.2.5"],
        "it brings no headers into our requests"
    );
}

#[test]
fn an_account_that_goes_or_gets_a_new_password_has_no_telephone_any_more() {
    let mut bench = Bench::new();
    for user in ["8001", "8002", "8003"] {
        Phone::new(user, 5).register(&mut bench);
    }
    let mut new = accounts(&["8001", "8002"]);
    let other = crate::sip::digest::HashedPassword::of("8002", REALM, "another-password");
    new.by_user.insert("8002".into(), other);
    bench.registrar.set_accounts(new.into(), bench.now);
    bench.run_for(seconds(10));
    let left: Vec<String> = bench.registrar.bindings().into_iter().map(|it| it.user).collect();
    assert_eq!(left, ["8001"]);
    let told: Vec<&str> = bench.changes[3..].iter().map(|it| it.user.as_str()).collect();
    assert!(told.contains(&"8002") && told.contains(&"8003"));
    assert_eq!(Phone::new("8003", 5).register(&mut bench).status, 401);
    assert_eq!(bench.on_disk().len(), 1);
    assert!(bench.on_disk()[0].expires > Wall::from_millis(0));
}
