//! Which message belongs to which transaction, and where answers go: RFC 3261 §17.2.3, §18.2, RFC 3581, RFC 2543.

use super::*;

fn via(request: &mut Request, value: &str) {
    request.headers.set(HeaderName::Via, value);
}

#[test]
fn the_same_branch_from_another_host_is_another_request() {
    let mut bench = Bench::udp();
    let mut one = incoming(&Method::Options, "z9hG4bK1");
    via(&mut one, "SIP/2.0/UDP a.example.com;branch=z9hG4bK1");
    let mut same = one.clone();
    via(&mut same, "SIP/2.0/UDP A.EXAMPLE.COM;branch=z9hG4bK1");
    let mut two = one.clone();
    via(&mut two, "SIP/2.0/UDP b.example.com;branch=z9hG4bK1");
    for request in [&one, &same, &two] {
        bench.receive_request(request);
    }
    assert_eq!(bench.told.len(), 2);
}

#[test]
fn requests_with_a_bare_cookie_do_not_collapse_into_one() {
    let mut bench = Bench::udp();
    let one = incoming(&Method::Options, "z9hG4bK");
    let mut two = one.clone();
    two.headers.set(HeaderName::CallId, "another@example.com");
    bench.accept(&one);
    bench.accept(&two);
    bench.receive_request(&two);
    assert!(bench.told.is_empty(), "the repetition is recognised");
}

#[test]
fn an_rfc_2543_caller_is_refused_and_acknowledges() {
    let mut bench = Bench::udp();
    let old = |method: Method| {
        let mut request = incoming(&method, "x");
        via(&mut request, "SIP/2.0/UDP 192.0.2.9:5070");
        request
    };
    let invite = old(Method::Invite);
    let key = bench.accept(&invite);
    bench.receive_request(&invite);
    assert_eq!(bench.times("SIP/2.0 100"), [0, 0]);
    bench.respond(key, &invite, 486);
    let to = header(&bench.last, "To").unwrap();
    // An ACK with a tag that we never gave belongs to something else.
    let mut stranger = old(Method::Ack);
    stranger.headers.set(HeaderName::To, "<sip:12345@example.gov.cn>;tag=x");
    bench.receive_request(&stranger);
    assert!(matches!(bench.told.pop(), Some(Command::Ack { .. })));
    bench.until(600);
    let mut ack = old(Method::Ack);
    ack.headers.set(HeaderName::To, to);
    bench.receive_request(&ack);
    assert!(bench.told.is_empty());
    bench.until(60_000);
    assert_eq!(bench.times("SIP/2.0 486"), [0, 500]);
    bench.assert_empty();
}

#[test]
fn an_rfc_2543_caller_cancels() {
    let mut bench = Bench::udp();
    let mut invite = incoming(&Method::Invite, "x");
    via(&mut invite, "SIP/2.0/UDP 192.0.2.9:5070");
    bench.accept(&invite);
    let mut cancel = incoming(&Method::Cancel, "x");
    via(&mut cancel, "SIP/2.0/UDP 192.0.2.9:5070");
    bench.receive_request(&cancel);
    assert!(matches!(bench.told[..], [Command::Cancelled { .. }]));
}

#[test]
fn an_answer_goes_to_the_port_in_the_via_or_5060() {
    for (value, to) in [
        ("SIP/2.0/UDP 192.0.2.9:6000;branch=z9hG4bK1", "192.0.2.9:6000"),
        ("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2", "192.0.2.9:5060"),
        // Behind NAT: back to where it came from (RFC 3581).
        ("SIP/2.0/UDP 10.0.0.1:6000;rport;branch=z9hG4bK3", "192.0.2.9:5070"),
        // Somebody wants our answers to hit a third party.
        (
            "SIP/2.0/UDP 192.0.2.9;maddr=192.0.2.200;branch=z9hG4bK4",
            "192.0.2.9:5060",
        ),
        (
            "SIP/2.0/UDP 192.0.2.9;received=192.0.2.200;branch=z9hG4bK5",
            "192.0.2.9:5060",
        ),
    ] {
        let mut bench = Bench::udp();
        let mut invite = incoming(&Method::Invite, "x");
        via(&mut invite, value);
        bench.accept(&invite);
        let remote = bench.last_flow.unwrap().remote;
        assert_eq!(remote, to.parse().unwrap(), "{value}");
    }
}

#[test]
fn received_and_rport_are_noted_in_the_top_via_only() {
    for (came, noted) in [
        ("192.0.2.9:5070", "192.0.2.9:5070;branch=z9hG4bK1"),
        ("pc.example.com", "pc.example.com;branch=z9hG4bK1;received=192.0.2.9"),
        ("192.0.2.9:5070;received=192.0.2.200", "192.0.2.9:5070;branch=z9hG4bK1"),
        (
            "192.0.2.9;rport",
            "192.0.2.9;rport=5070;branch=z9hG4bK1;received=192.0.2.9",
        ),
    ] {
        let mut bench = Bench::udp();
        let mut request = incoming(&Method::Options, "x");
        let below = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0";
        via(&mut request, &format!("SIP/2.0/UDP {came};branch=z9hG4bK1, {below}"));
        request.headers.push(HeaderName::Via, below);
        bench.receive_request(&request);
        let Some(Command::Request { request, .. }) = bench.told.pop() else {
            panic!("no request");
        };
        let vias = request.headers.list(&HeaderName::Via);
        assert_eq!(vias, [&format!("SIP/2.0/UDP {noted}"), below, below]);
    }
}

#[test]
fn a_mapped_address_is_noted_as_ipv4() {
    let mut bench = Bench::udp();
    bench.flow.remote = "[::ffff:192.0.2.9]:5070".parse().unwrap();
    bench.receive_request(&incoming(&Method::Options, "z9hG4bK1"));
    let Some(Command::Request { request, .. }) = bench.told.pop() else {
        panic!("no request");
    };
    let top = request.headers.via_top().unwrap();
    assert_eq!(top.host, host("192.0.2.9"));
    assert_eq!(top.received(), None);
}

#[test]
fn a_copy_that_came_by_another_way_is_recognised() {
    let mut bench = Bench::udp();
    let first = bench.accept(&incoming(&Method::Invite, "z9hG4bK1"));
    let copy = bench.accept(&incoming(&Method::Invite, "z9hG4bK2"));
    assert!(!bench.layer.is_merged(first) && bench.layer.is_merged(copy));
    bench.respond(copy, &incoming(&Method::Invite, "z9hG4bK2"), 482);
    // Inside a dialog there are no copies.
    for branch in ["z9hG4bK3", "z9hG4bK4"] {
        let mut bye = incoming(&Method::Bye, branch);
        bye.headers.set(HeaderName::To, "<sip:12345@example.gov.cn>;tag=b1");
        let key = bench.accept(&bye);
        assert!(!bench.layer.is_merged(key));
    }
}

#[test]
fn the_ack_of_a_2xx_gets_a_fresh_branch_each_time() {
    let mut bench = Bench::udp();
    let flow = bench.flow;
    let mut branches = Vec::new();
    for _ in 0..2 {
        bench.layer.transmit(outgoing(&Method::Ack), flow);
        bench.drain();
        branches.push(branch_of(&bench.last));
    }
    assert_ne!(branches[0], branches[1]);
    bench.assert_empty();
}

#[test]
fn an_ack_sent_as_a_request_is_not_repeated() {
    let mut bench = Bench::udp();
    bench.ask(outgoing(&Method::Ack));
    bench.until(40_000);
    assert_eq!(bench.times("ACK"), [0]);
    bench.assert_empty();
}
