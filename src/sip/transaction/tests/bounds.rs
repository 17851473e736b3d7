//! What strangers can make us keep and send is bounded.

use super::*;
use crate::sip::message::{Malformed, MalformedKind};
use crate::sip::transaction::pressure::REPEATING_PER_SOURCE_MAX;

fn small() -> Bench {
    let config = TransactionConfig {
        max_transactions: 8,
        ..TransactionConfig::default()
    };
    Bench::with(config, Transport::Udp)
}

fn nth(method: &Method, n: u32) -> Request {
    let mut request = incoming(method, &format!("z9hG4bK{n}"));
    let call_id = format!("call-{n}@example.com");
    request.headers.set(HeaderName::CallId, call_id);
    request
}

#[test]
fn over_the_bound_new_calls_are_refused_without_memory_and_running_ones_can_end() {
    let mut bench = small();
    for n in 0..8 {
        bench.accept(&nth(&Method::Invite, n));
    }
    bench.receive_request(&nth(&Method::Invite, 100));
    assert!(bench.last.starts_with("SIP/2.0 503"));
    assert!(header(&bench.last, "Retry-After").is_some());
    let refusal = bench.last.clone();
    bench.receive_request(&nth(&Method::Invite, 100));
    assert_eq!(bench.last, refusal, "the same tag each time");
    assert!(bench.told.is_empty() && bench.layer.len() == 8);

    bench.receive_request(&nth(&Method::Cancel, 3));
    assert!(matches!(bench.told[..], [Command::Cancelled { .. }]));
    let mut bye = nth(&Method::Bye, 4);
    bye.headers.set(HeaderName::To, "<sip:12345@example.gov.cn>;tag=b1");
    bench.receive_request(&bye);
    assert!(matches!(bench.told[1..], [Command::Request { .. }]));
    for n in 200..300 {
        let mut bye = nth(&Method::Bye, n);
        bye.headers.set(HeaderName::To, "<sip:12345@example.gov.cn>;tag=b1");
        bench.receive_request(&bye);
    }
    assert_eq!(bench.layer.len(), 10);
}

#[test]
fn forged_invites_do_not_turn_us_into_a_cannon() {
    let mut bench = Bench::udp();
    for n in 0..1_000 {
        let invite = nth(&Method::Invite, n);
        let key = bench.accept(&invite);
        bench.respond(key, &invite, 404);
    }
    bench.until(60_000);
    let repeated = bench.times("SIP/2.0 404").len() - 1_000;
    let most = usize::try_from(REPEATING_PER_SOURCE_MAX).unwrap() * 10;
    assert_eq!(repeated, most);
    bench.assert_empty();
}

#[test]
fn who_acknowledges_is_repeated_to_again() {
    let mut bench = Bench::udp();
    for n in 0..REPEATING_PER_SOURCE_MAX {
        let invite = nth(&Method::Invite, n);
        let key = bench.accept(&invite);
        bench.respond(key, &invite, 404);
    }
    bench.until(600);
    bench.receive_request(&nth(&Method::Ack, 0));
    let invite = nth(&Method::Invite, 1_000);
    let key = bench.accept(&invite);
    bench.respond(key, &invite, 486);
    bench.until(2_200);
    assert_eq!(bench.times("SIP/2.0 486"), [600, 1_100, 2_100]);
}

#[test]
fn what_cannot_be_read_is_answered_without_memory() {
    let mut bench = Bench::udp();
    let malformed = |method: Method| Malformed {
        kind: MalformedKind::Empty,
        status: 400,
        reply: Some(Box::new(nth(&method, 1))),
    };
    let flow = bench.flow;
    bench.layer.reject_malformed(malformed(Method::Invite), flow);
    bench.drain();
    assert!(bench.last.starts_with("SIP/2.0 400"));
    assert!(header(&bench.last, "To").unwrap().contains(";tag="));
    bench.layer.reject_malformed(malformed(Method::Ack), flow);
    let nothing = Malformed {
        reply: None,
        ..malformed(Method::Invite)
    };
    bench.layer.reject_malformed(nothing, flow);
    bench.drain();
    assert_eq!(bench.sent.len(), 1);
    bench.assert_empty();
}

#[test]
fn a_finished_transaction_keeps_little() {
    // Besides its name and the octets of its last answer.
    let size = size_of::<crate::sip::transaction::layer::Entry>();
    assert!(size <= 256, "{size}");
}
