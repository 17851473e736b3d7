//! We are called: RFC 3261 §17.2.1 and the Accepted state of RFC 6026.

use super::*;

fn called() -> (Bench, ServerKey, Request) {
    let mut bench = Bench::udp();
    let invite = incoming(&Method::Invite, "z9hG4bK1");
    let key = bench.accept(&invite);
    (bench, key, invite)
}

#[test]
fn trying_is_said_at_once_and_again_when_the_invite_comes_again() {
    let (mut bench, _, invite) = called();
    bench.until(500);
    bench.receive_request(&invite);
    assert_eq!(bench.times("SIP/2.0 100"), [0, 500]);
    assert!(bench.told.is_empty(), "the user hears of it once");
    let to = header(&bench.last, "To").unwrap();
    assert!(!to.contains("tag="), "100 needs no tag");
}

#[test]
fn the_last_provisional_answer_is_what_is_repeated() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 180);
    bench.until(500);
    bench.receive_request(&invite);
    assert_eq!(bench.times("SIP/2.0 180"), [0, 500]);
    assert_eq!(bench.times("SIP/2.0 100"), [0]);
}

#[test]
fn a_refusal_is_repeated_until_the_ack_timers_g_and_i() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 486);
    bench.until(2_000);
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    bench.receive_request(&invite);
    bench.until(6_999);
    assert_eq!(bench.layer.len(), 1);
    bench.until(7_000);
    bench.assert_empty();
    assert_eq!(bench.times("SIP/2.0 486"), [0, 500, 1_500]);
    assert!(bench.told.is_empty(), "the ACK of a refusal is the layer's");
}

#[test]
fn without_an_ack_it_is_given_up_timers_g_and_h() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 404);
    bench.until(32_000);
    let expected = [
        0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ];
    assert_eq!(bench.times("SIP/2.0 404"), expected);
    assert!(matches!(
        bench.told[..],
        [Command::ServerFailed { key: it, error: Failure::Timeout }] if it == key
    ));
    bench.assert_empty();
}

#[test]
fn a_repeated_invite_gets_the_refusal_again() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 404);
    bench.until(100);
    bench.receive_request(&invite);
    assert_eq!(bench.times("SIP/2.0 404"), [0, 100]);
    bench.respond(key, &invite, 200);
    assert!(bench.times("SIP/2.0 200").is_empty(), "one final answer only");
}

#[test]
fn on_tcp_a_refusal_is_not_repeated_and_the_ack_ends_it() {
    let mut bench = Bench::tcp();
    let invite = incoming(&Method::Invite, "z9hG4bK1");
    let key = bench.accept(&invite);
    bench.respond(key, &invite, 404);
    bench.until(10_000);
    assert_eq!(bench.times("SIP/2.0 404"), [0]);
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    bench.assert_empty();
}

#[test]
fn after_a_2xx_invites_are_absorbed_and_only_the_user_repeats_it_timer_l() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 200);
    bench.until(500);
    bench.receive_request(&invite);
    bench.respond(key, &invite, 200);
    bench.until(1_000);
    bench.respond(key, &invite, 486);
    assert_eq!(bench.times("SIP/2.0 200"), [0, 500]);
    assert!(bench.times("SIP/2.0 486").is_empty());
    bench.until(31_999);
    assert_eq!(bench.layer.len(), 1);
    bench.until(32_000);
    bench.assert_empty();
    assert!(bench.told.is_empty());
}

#[test]
fn the_ack_of_a_2xx_goes_up_with_a_branch_of_its_own_or_the_invites() {
    for branch in ["z9hG4bK2", "z9hG4bK1"] {
        let (mut bench, key, invite) = called();
        bench.respond(key, &invite, 200);
        bench.receive_request(&incoming(&Method::Ack, branch));
        assert!(matches!(bench.told[..], [Command::Ack { .. }]), "{branch}");
    }
}

#[test]
fn answers_get_a_to_tag_that_stays_the_same() {
    let (mut bench, key, invite) = called();
    bench.respond(key, &invite, 180);
    let first = header(&bench.last, "To").unwrap();
    assert!(first.starts_with("<sip:12345@example.gov.cn>;tag="));
    bench.respond(key, &invite, 200);
    assert_eq!(header(&bench.last, "To").unwrap(), first);
}

#[test]
fn a_broken_flow_is_told_while_an_answer_is_owed() {
    let (mut bench, key, invite) = called();
    let flow = bench.flow;
    bench.respond(key, &invite, 404);
    bench.layer.flow_failed(&flow, bench.now);
    bench.drain();
    assert_eq!(bench.failures(), [Failure::Transport]);
    bench.assert_empty();
    bench.respond(key, &invite, 404);
    assert_eq!(bench.times("SIP/2.0 404"), [0], "nothing is left to answer");
}
