//! Floods, guesses, crowds: what is too much, and that it hurts nobody else.

use super::bench::*;
use crate::sip::message::HeaderName;
use crate::sip::registrar::RegistrarConfig;

#[test]
fn a_flood_from_one_address_is_not_answered_and_others_are() {
    let mut bench = Bench::with(
        RegistrarConfig {
            requests_per_source_per_s: 10,
            requests_per_source_burst: 20,
            ..config()
        },
        Vec::new(),
    );
    let mut flood = Phone::new("8001", 66);
    let answered = (0..1_000).filter(|_| bench.ask(&flood.request(), flood.flow()).is_some());
    assert_eq!(answered.count(), 20);
    assert_eq!(Phone::new("8001", 5).register(&mut bench).status, 200);
    bench.run_for(seconds(2));
    assert!(bench.ask(&flood.request(), flood.flow()).is_some(), "it may come again");
    assert_eq!(bench.registrar.tally().limited, 980);
}

#[test]
fn who_guesses_a_password_is_not_heard_for_a_while_not_even_with_the_right_one() {
    let mut bench = Bench::new();
    let (mut guesser, mut right) = (Phone::with_password("8001", 66, "wrong"), Phone::new("8001", 66));
    for n in 1..=10 {
        guesser.register(&mut bench);
        // A telephone gives up after one wrong password; a guesser does not.
        guesser = Phone::with_password("8001", 66, &format!("wrong{n}"));
        guesser.call_id = format!("guess{n}");
    }
    assert_eq!(bench.blocked, [("192.0.2.66".to_owned(), Some("8001".to_owned()))]);
    let refused = right.register(&mut bench);
    assert_eq!(refused.status, 503);
    assert_eq!(refused.headers.text(&HeaderName::RetryAfter).unwrap(), "120");
    assert_eq!(
        Phone::new("8001", 5).register(&mut bench).status,
        200,
        "the agent's own telephone is heard"
    );
    assert_eq!(
        Phone::new("8002", 66).register(&mut bench).status,
        200,
        "and his neighbour's"
    );
    bench.run_for(seconds(121));
    assert_eq!(right.register(&mut bench).status, 200);
}

#[test]
fn who_tries_many_names_is_not_heard_but_telephones_that_are_at_home_there_are() {
    let mut bench = Bench::new();
    let mut at_home = Phone::new("8001", 66);
    at_home.register(&mut bench);
    for n in 0..200 {
        Phone::with_password(&format!("9{n:03}"), 66, "guess").register(&mut bench);
    }
    assert_eq!(bench.blocked, [("192.0.2.66".to_owned(), None)]);
    assert_eq!(Phone::new("8002", 66).register(&mut bench).status, 503);
    assert_eq!(
        Phone::new("9999", 66).register(&mut bench).status,
        503,
        "an unknown name looks alike"
    );
    assert_eq!(at_home.register(&mut bench).status, 200);
    assert_eq!(Phone::new("8002", 5).register(&mut bench).status, 200);
}

#[test]
fn nobody_gets_another_blocked_with_a_forged_address() {
    let mut bench = Bench::new();
    let mut forger = Phone::with_password("8001", 66, "wrong");
    let challenge = bench.ask(&forger.request(), forger.flow()).unwrap();
    forger.challenged(&challenge);
    let victim = Phone::new("8001", 5).flow();
    for _ in 0..500 {
        let answer = bench.ask(&forger.request(), victim).unwrap();
        assert_eq!(answer.status, 401);
    }
    assert_eq!(
        bench.registrar.tally().wrong,
        0,
        "the nonce was not given to the victim: no password was tried"
    );
    assert_eq!(Phone::new("8001", 5).register(&mut bench).status, 200);
}

#[test]
fn one_telephone_too_many_takes_the_place_of_the_one_heard_longest_ago() {
    let mut bench = Bench::new();
    for host in 10..18 {
        Phone::new("8001", host).register(&mut bench);
        bench.run_for(seconds(1));
    }
    let mut first = Phone::new("8001", 10);
    first.call_id = "again".into();
    first.register(&mut bench);
    bench.run_for(seconds(1));
    assert_eq!(Phone::new("8001", 18).register(&mut bench).status, 200);
    let contacts = bench.contacts("8001");
    assert_eq!(contacts.len(), 8);
    let has = |host: u8| contacts.contains(&format!("sip:8001@192.0.2.{host}:5060"));
    assert!(has(10) && has(18) && !has(11));
    let mut many = Phone::new("8001", 30);
    many.contact = (0..9)
        .map(|n| format!("<sip:{n}@192.0.2.30>"))
        .collect::<Vec<_>>()
        .join(", ");
    assert_eq!(many.register(&mut bench).status, 403, "nine in one request");
}

#[test]
fn a_full_house_turns_newcomers_away_and_keeps_who_is_there() {
    let mut bench = Bench::with(
        RegistrarConfig {
            bindings_max: 2,
            ..config()
        },
        Vec::new(),
    );
    let (mut one, mut two, mut three) = (Phone::new("8001", 5), Phone::new("8002", 6), Phone::new("8003", 7));
    one.register(&mut bench);
    two.register(&mut bench);
    let refused = three.register(&mut bench);
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains(&HeaderName::RetryAfter));
    assert_eq!(one.register(&mut bench).status, 200);
    two.expires = Some(0);
    two.register(&mut bench);
    assert_eq!(three.register(&mut bench).status, 200);
}

#[test]
fn a_disk_that_takes_nothing_does_not_fill_the_memory() {
    let mut bench = Bench::with(
        RegistrarConfig {
            waiting_max: 2,
            ..config()
        },
        Vec::new(),
    );
    bench.quick_disk = false;
    for (host, user) in [(5, "8001"), (6, "8002")] {
        let mut phone = Phone::new(user, host);
        let challenge = bench.ask(&phone.request(), phone.flow()).unwrap();
        phone.challenged(&challenge);
        assert!(bench.ask(&phone.request(), phone.flow()).is_none(), "its answer waits");
    }
    assert_eq!(Phone::new("8003", 7).register(&mut bench).status, 503);
    assert_eq!(bench.registrar.tally().overload, 1);
    bench.disk_catches_up();
    assert_eq!(bench.sent.iter().filter(|(_, it)| it.status == 200).count(), 2);
}

#[test]
fn what_cannot_be_read_is_answered_as_far_as_it_can_be() {
    let (mut bench, phone) = (Bench::new(), Phone::new("8001", 5));
    let broken = "REGISTER sip:example.gov.cn SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1\r\n\
                  From: <sip:8001@example.gov.cn>;tag=1\r\nTo: <sip:8001@example.gov.cn>\r\nCall-ID: a\r\n\
                  CSeq: 1 REGISTER\r\nContact: sip:a@b?Route=%3Cc%3E\r\nContent-Length: 0\r\n\r\n";
    bench.datagram(broken.as_bytes(), phone.flow());
    assert_eq!(bench.sent[0].1.status, 400);
    bench.datagram(b"REGISTER ", phone.flow());
    bench.datagram(b"REGISTER sip:x SIP/2.0\r\n\r\n", phone.flow());
    assert_eq!(bench.sent.len(), 1, "and not at all where no answer could travel");
}
