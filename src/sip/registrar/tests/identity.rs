//! Who is who: what a stranger learns (nothing), what an account may bind (its own address), what overheard credentials are
//! worth (nothing).

use super::bench::*;
use crate::sip::digest::work;
use crate::sip::message::{HeaderName, Response};

/// One attempt with a password, after the challenge: the answer, and how much was hashed for it.
fn attempt(user: &str, password: &str) -> (Response, u32) {
    let mut bench = Bench::new();
    let mut phone = Phone::with_password(user, 5, password);
    let challenge = bench.ask(&phone.request(), phone.flow()).unwrap();
    phone.challenged(&challenge);
    let request = phone.request();
    let (answer, hashes) = work::of(|| bench.ask(&request, phone.flow()));
    (answer.unwrap(), hashes)
}

/// Everything of an answer but what is random in every answer.
fn look(response: &Response) -> Vec<(String, usize)> {
    let random = |name: &str| ["To", "WWW-Authenticate"].contains(&name);
    let each = response.headers.iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value)
            .replace("8001", "USER")
            .replace("9999", "USER");
        let shown = if random(name.as_str()) { String::new() } else { text };
        (format!("{name}: {shown}"), value.len())
    });
    each.collect()
}

#[test]
fn an_unknown_user_and_a_wrong_password_look_alike_and_cost_the_same() {
    let (wrong, wrong_work) = attempt("8001", "wrong");
    let (unknown, unknown_work) = attempt("9999", PASSWORD);
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(look(&wrong), look(&unknown));
    assert_eq!(wrong_work, unknown_work, "hashes computed");
    assert!(wrong_work >= 3, "{wrong_work}: it was really looked at");
}

#[test]
fn an_account_binds_its_own_address_only() {
    for (from, to) in [
        ("8002", "8002"),
        ("8001", "8002"),
        ("8002", "8001"),
        ("8001", "9999"),
        ("8001", "80%301"),
    ] {
        let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
        phone.names = Some((from.into(), to.into()));
        let answer = phone.register(&mut bench);
        let own = to == "80%301"; // an escaped 0: the same name
        assert_eq!(answer.status, if own { 200 } else { 403 }, "{from} {to}");
        assert_eq!(bench.registrar.len(), usize::from(own));
        assert_eq!(
            told(&answer).len(),
            usize::from(own),
            "and is told nothing of another's"
        );
    }
}

#[test]
fn a_stranger_learns_nothing_about_whose_address_there_is() {
    let ask = |to: &str| {
        let (mut bench, mut phone) = (Bench::new(), Phone::new("9999", 5));
        Phone::new("8001", 6).register(&mut bench);
        phone.names = Some(("9999".into(), to.into()));
        bench.ask(&phone.request(), phone.flow()).unwrap()
    };
    let (real, none) = (ask("8001"), ask("8777"));
    assert_eq!((real.status, none.status), (401, 401));
    assert!(told(&real).is_empty());
}

#[test]
fn overheard_credentials_are_worth_nothing() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    let challenge = bench.ask(&phone.request(), phone.flow()).unwrap();
    phone.challenged(&challenge);
    let request = phone.request();
    assert_eq!(bench.ask(&request, phone.flow()).unwrap().status, 200);
    // The same credentials in another request of the same address: the count has been used.
    let mut stolen = request.clone();
    stolen.headers.set(HeaderName::Contact, "<sip:8001@198.51.100.66>");
    let answer = bench.ask(&stolen, phone.flow()).unwrap();
    assert_eq!(answer.status, 401);
    assert!(challenge_of(&answer).contains("stale=true"));
    // And from elsewhere, even before they were used: the nonce was given to another.
    let next = phone.request();
    let elsewhere = Phone::new("8001", 66).flow();
    assert_eq!(bench.ask(&next, elsewhere).unwrap().status, 401);
    assert_eq!(bench.contacts("8001"), ["sip:8001@192.0.2.5:5060"]);
}

#[test]
fn a_nonce_that_is_too_old_costs_one_more_question() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    bench.run_for(seconds(3_601));
    let answer = bench.ask(&phone.request(), phone.flow()).unwrap();
    assert_eq!(answer.status, 401);
    assert!(challenge_of(&answer).contains("stale=true"));
    phone.challenged(&answer);
    assert_eq!(bench.ask(&phone.request(), phone.flow()).unwrap().status, 200);
    assert_eq!(bench.registrar.tally().stale, 1);
}

#[test]
fn a_telephone_that_counts_on_its_nonce_is_asked_once_only() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    for _ in 0..10 {
        assert_eq!(phone.register(&mut bench).status, 200);
        bench.run_for(seconds(100));
    }
    assert_eq!(bench.registrar.tally().challenged, 1);
}

#[test]
fn both_hashes_are_offered_the_stronger_first() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    let answer = bench.ask(&phone.request(), phone.flow()).unwrap();
    let offered: Vec<String> = answer
        .headers
        .all(&HeaderName::WwwAuthenticate)
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .collect();
    assert_eq!(offered.len(), 2);
    assert!(offered[0].contains("algorithm=SHA-256") && offered[1].contains("algorithm=MD5"));
}

fn challenge_of(response: &Response) -> String {
    response
        .headers
        .text(&HeaderName::WwwAuthenticate)
        .unwrap()
        .into_owned()
}
