//! Telephones behind routers, on connections, with more than one address.

use super::bench::*;
use crate::sip::Transport;
use crate::sip::message::HeaderName;

#[test]
fn calls_go_to_where_the_request_came_from_and_name_the_contact_as_it_was_given() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.address = "198.51.100.9:40123".parse().unwrap();
    phone.contact = "<sip:8001@192.168.1.20:5060;ob>".into();
    let granted = phone.register(&mut bench);
    assert_eq!(
        told(&granted),
        ["<sip:8001@192.168.1.20:5060;ob>;expires=120"],
        "it keeps its way open"
    );
    let via = granted.headers.text(&HeaderName::Via).unwrap();
    assert!(
        via.contains("received=198.51.100.9") && via.contains("rport=40123"),
        "{via}"
    );
    let binding = &bench.changes[0].bindings[0];
    assert_eq!(binding.contact.to_string(), "sip:8001@192.168.1.20:5060;ob");
    assert_eq!(binding.flow.remote, phone.address);
    assert_eq!(bench.sent.last().unwrap().0.remote, phone.address);

    // The router forgot and gave it another port: the same telephone by another way.
    phone.address.set_port(40999);
    phone.register(&mut bench);
    assert_eq!(bench.registrar.len(), 1);
    assert_eq!(bench.changes[1].bindings[0].flow.remote.port(), 40999);
    assert_eq!(
        bench.on_disk()[0].flow.remote.port(),
        40999,
        "the new way is on the disk at once"
    );
}

#[test]
fn a_telephone_that_sends_from_another_port_than_it_listens_on() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.address.set_port(51_234);
    phone.via = "";
    let request = phone.request();
    assert!(bench.ask(&request, phone.flow()).is_some());
    assert_eq!(bench.sent[0].0.remote.port(), 5060, "answers go to the port of its Via");
    assert_eq!(phone.register(&mut bench).status, 200);
    assert_eq!(
        bench.changes[0].bindings[0].flow.remote.port(),
        5060,
        "and calls to the one of its Contact"
    );
}

#[test]
fn a_telephone_on_a_connection_is_gone_with_it() {
    let mut bench = Bench::new();
    bench.quick_disk = false;
    let (mut on_tcp, mut other) = (
        Phone::new("8001", 5).on_connection(7),
        Phone::new("8001", 6).on_connection(8),
    );
    let granted = on_tcp.register(&mut bench);
    assert_eq!(granted.status, 200, "no disk to wait for: it goes with the server");
    assert!(
        told(&granted)[0].ends_with("expires=600"),
        "it speaks before its connection is closed for silence"
    );
    other.register(&mut bench);
    assert_eq!(bench.registrar.len(), 2);
    bench.registrar.flow_failed(&on_tcp.flow(), bench.now);
    bench.run_for(seconds(0));
    assert_eq!(bench.contacts("8001"), ["sip:8001@192.0.2.6:5060"]);
    assert_eq!(bench.changes.last().unwrap().bindings.len(), 1);
    assert_eq!(bench.registrar.tally().broken, 1);
    // It comes again on a new one.
    on_tcp.connection = 9;
    assert_eq!(on_tcp.register(&mut bench).status, 200);
    bench.registrar.flow_failed(&other.flow(), bench.now);
    bench.registrar.flow_failed(&on_tcp.flow(), bench.now);
    assert!(bench.registrar.is_empty());
}

#[test]
fn the_end_of_an_old_connection_does_not_take_the_telephone_from_the_new_one() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5).on_connection(7));
    phone.register(&mut bench);
    let old = phone.flow();
    phone.connection = 8;
    phone.register(&mut bench);
    assert_eq!(bench.changes.last().unwrap().bindings[0].flow.connection, 8);
    bench.registrar.flow_failed(&old, bench.now);
    assert_eq!(bench.registrar.len(), 1);
}

#[test]
fn a_telephone_may_go_from_udp_to_tcp() {
    let (mut bench, mut phone) = (Bench::new(), Phone::new("8001", 5));
    phone.register(&mut bench);
    let mut phone = phone.on_connection(3);
    phone.register(&mut bench);
    assert_eq!(bench.registrar.len(), 1);
    assert_eq!(bench.changes[1].bindings[0].flow.transport, Transport::Tcp);
}
