//! We call: RFC 3261 §17.1.1 and the Accepted state of RFC 6026.

use super::*;

fn calling() -> (Bench, ClientKey, String) {
    let mut bench = Bench::udp();
    let key = bench.ask(outgoing(&Method::Invite));
    let invite = bench.last.clone();
    (bench, key, invite)
}

#[test]
fn nobody_answers_timers_a_and_b() {
    let (mut bench, key, _) = calling();
    bench.until(31_999);
    let expected = [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500];
    assert_eq!(bench.times("INVITE"), expected);
    assert!(bench.told.is_empty());
    bench.until(32_000);
    assert!(matches!(
        bench.told[..],
        [Command::ClientFailed { key: it, error: Failure::Timeout }] if it == key
    ));
    bench.assert_empty();
}

#[test]
fn on_tcp_nothing_is_repeated_but_timer_b_still_runs() {
    let mut bench = Bench::tcp();
    bench.ask(outgoing(&Method::Invite));
    bench.until(40_000);
    assert_eq!(bench.times("INVITE"), [0]);
    assert_eq!(bench.failures(), [Failure::Timeout]);
    bench.assert_empty();
}

#[test]
fn our_via_asks_for_rport_and_max_forwards_is_there() {
    let (_, _, invite) = calling();
    let via = header(&invite, "Via").unwrap();
    assert!(via.starts_with("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"));
    assert!(via.ends_with(";rport"));
    assert_eq!(header(&invite, "Max-Forwards").as_deref(), Some("70"));
}

#[test]
fn ringing_ends_the_repetition_and_may_last_for_minutes() {
    let (mut bench, _, invite) = calling();
    bench.until(700);
    bench.answer(&invite, 180, "b1");
    bench.until(300_000);
    assert_eq!(bench.times("INVITE"), [0, 500]);
    bench.answer(&invite, 183, "b1");
    assert_eq!(bench.answers(), [180, 183]);
    assert_eq!(bench.layer.len(), 1);
}

#[test]
fn a_refusal_is_acknowledged_each_time_it_comes_timer_d() {
    let (mut bench, _, invite) = calling();
    bench.until(100);
    for at in [200, 700, 1_700] {
        bench.until(at);
        bench.answer(&invite, 486, "b1");
    }
    assert_eq!(bench.times("ACK"), [200, 700, 1_700]);
    assert_eq!(bench.answers(), [486]);
    bench.until(32_199);
    assert_eq!(bench.layer.len(), 1);
    bench.until(32_200);
    bench.assert_empty();
    assert!(bench.failures().is_empty());
}

#[test]
fn the_ack_of_a_refusal_looks_like_its_invite() {
    let mut bench = Bench::udp();
    let mut request = outgoing(&Method::Invite);
    request.headers.push(HeaderName::Route, "<sip:a.example.com;lr>");
    request.headers.push(HeaderName::Route, "<sip:b.example.com;lr>");
    bench.ask(request);
    let invite = bench.last.clone();
    bench.answer(&invite, 404, "b1");
    let ack = bench.last.clone();
    assert!(ack.starts_with("ACK sip:12345@example.gov.cn SIP/2.0\r\n"));
    for name in ["Via", "From", "Call-ID", "Max-Forwards"] {
        assert_eq!(header(&ack, name), header(&invite, name), "{name}");
    }
    assert_eq!(header(&ack, "CSeq").as_deref(), Some("7 ACK"));
    let to = "<sip:12345@example.gov.cn>;tag=b1";
    assert_eq!(header(&ack, "To").as_deref(), Some(to));
    assert_eq!(ack.matches("\r\nRoute: ").count(), 2);
    assert_eq!(ack.matches("\r\nVia: ").count(), 1);
}

#[test]
fn on_tcp_a_refusal_ends_it_at_once() {
    let mut bench = Bench::tcp();
    bench.ask(outgoing(&Method::Invite));
    let invite = bench.last.clone();
    bench.answer(&invite, 603, "b1");
    assert_eq!(bench.times("ACK"), [0]);
    assert_eq!(bench.answers(), [603]);
    bench.assert_empty();
}

#[test]
fn every_2xx_goes_up_also_from_other_branches_of_a_fork_timer_m() {
    let (mut bench, _, invite) = calling();
    bench.until(1_000);
    for tag in ["b1", "b1", "b2"] {
        bench.answer(&invite, 200, tag);
    }
    // What comes after it and is no 2xx concerns nobody.
    bench.answer(&invite, 180, "b2");
    bench.answer(&invite, 486, "b3");
    assert_eq!(bench.answers(), [200, 200, 200]);
    assert!(bench.times("ACK").is_empty(), "the ACK of a 2xx is the user's");
    bench.until(32_999);
    assert_eq!(bench.layer.len(), 1);
    bench.until(33_000);
    bench.assert_empty();
    bench.answer(&invite, 200, "b1");
    assert_eq!(bench.answers().len(), 3, "too late: dropped");
}

#[test]
fn a_broken_flow_fails_the_call() {
    for provisional in [false, true] {
        let (mut bench, _, invite) = calling();
        if provisional {
            bench.answer(&invite, 180, "b1");
        }
        let flow = bench.flow;
        bench.layer.flow_failed(&flow, bench.now);
        bench.drain();
        assert_eq!(bench.failures(), [Failure::Transport]);
        bench.assert_empty();
    }
}

#[test]
fn a_broken_flow_of_somebody_else_changes_nothing() {
    let (mut bench, _, _) = calling();
    let mut other = bench.flow;
    other.remote.set_port(9);
    bench.layer.flow_failed(&other, bench.now);
    bench.drain();
    assert!(bench.told.is_empty());
    assert_eq!(bench.layer.len(), 1);
}
