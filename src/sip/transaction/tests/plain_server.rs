//! We are asked for something other than a call: RFC 3261 §17.2.2.

use super::*;

fn asked() -> (Bench, ServerKey, Request) {
    let mut bench = Bench::udp();
    let request = incoming(&Method::Bye, "z9hG4bK1");
    let key = bench.accept(&request);
    (bench, key, request)
}

#[test]
fn while_nothing_is_said_repetitions_are_absorbed() {
    let (mut bench, _, request) = asked();
    bench.until(500);
    bench.receive_request(&request);
    assert!(bench.sent.is_empty() && bench.told.is_empty());
}

#[test]
fn the_last_answer_is_repeated_until_timer_j() {
    let (mut bench, key, request) = asked();
    bench.respond(key, &request, 100);
    bench.until(500);
    bench.receive_request(&request);
    bench.until(1_000);
    bench.respond(key, &request, 200);
    bench.until(1_500);
    bench.receive_request(&request);
    bench.respond(key, &request, 500);
    assert_eq!(bench.times("SIP/2.0 100"), [0, 500]);
    assert_eq!(bench.times("SIP/2.0 200"), [1_000, 1_500]);
    assert!(bench.times("SIP/2.0 500").is_empty());
    bench.until(32_999);
    assert_eq!(bench.layer.len(), 1);
    bench.until(33_000);
    bench.assert_empty();
    assert!(bench.told.is_empty());
}

#[test]
fn on_tcp_it_ends_with_the_answer() {
    let mut bench = Bench::tcp();
    let request = incoming(&Method::Bye, "z9hG4bK1");
    let key = bench.accept(&request);
    bench.respond(key, &request, 200);
    assert_eq!(bench.times("SIP/2.0 200"), [0]);
    bench.assert_empty();
}

#[test]
fn a_request_that_its_user_forgets_leaves_nothing_behind() {
    let (mut bench, _, _) = asked();
    bench.until(32_000);
    assert!(bench.sent.is_empty(), "a 408 would come too late (RFC 4320)");
    assert_eq!(bench.failures(), [Failure::Timeout]);
    bench.assert_empty();
}

#[test]
fn a_broken_flow_ends_it() {
    let (mut bench, _, _) = asked();
    let flow = bench.flow;
    bench.layer.flow_failed(&flow, bench.now);
    bench.drain();
    assert_eq!(bench.failures(), [Failure::Transport]);
    bench.assert_empty();
}
