//! What a stranger is told: the generic checks, and requests that belong to no dialog.

use std::time::Duration;

use super::pair::sdp_from;
use super::solo::*;
use crate::kernel::Direction;
use crate::sip::message::{Method, parse_datagram};
use crate::sip::ua::{LegEnd, Side, UaConfig, UaEvent};

fn told(method: &str, extra: &str, body: &str) -> (u16, String) {
    let mut solo = Solo::new(UaConfig::default());
    let request = solo.request(method, 1, extra, body);
    solo.hear(&request);
    assert_eq!(solo.ua.legs(), 0);
    (solo.status(), solo.last())
}

#[test]
fn a_method_that_nobody_knows_is_501_and_one_not_served_here_405() {
    let (status, text) = told("DANCE", "", "");
    assert!(status == 501 && text.contains("Allow: INVITE, ACK, BYE"), "{text}");
    assert_eq!(told("INVITEX", "", "").0, 501);
    let (status, text) = told("SUBSCRIBE", "", "");
    assert!(status == 405 && text.contains("Allow: "), "{text}");
    assert_eq!(told("REGISTER", "", "").0, 405);
}

#[test]
fn an_extension_that_we_do_not_know_is_420_and_named() {
    let (status, text) = told("INVITE", "Require: timer, nothingSupportsThis\r\n", SDP);
    assert_eq!(status, 420);
    assert_eq!(header(&text, "Unsupported"), "nothingSupportsThis");
    // A UAS has no business with Proxy-Require.
    assert_eq!(told("OPTIONS", "Proxy-Require: nothing\r\n", "").0, 200);
}

#[test]
fn bodies_that_we_do_not_read_are_415_and_unreadable_ones_488() {
    let (status, text) = told("INVITE", "Content-Type: application/unknown\r\n", "x");
    assert!(status == 415 && text.contains("Accept: application/sdp"), "{text}");
    let (status, text) = told("INVITE", "Content-Encoding: gzip\r\n", SDP);
    assert!(status == 415 && text.contains("Accept-Encoding: identity"), "{text}");
    assert_eq!(told("INVITE", "", "no session at all").0, 488);
    assert_eq!(told("INVITE", "Accept: text/plain\r\n", SDP).0, 406);
}

#[test]
fn an_address_of_another_scheme_is_416() {
    let mut solo = Solo::new(UaConfig::default());
    let request = solo.request("INVITE", 1, "", SDP);
    solo.hear(&request.replace("INVITE sip:12345@192.0.2.1 ", "INVITE nobody:x@192.0.2.1 "));
    assert_eq!(solo.status(), 416);
}

#[test]
fn hop_counts_are_no_business_of_the_last_one() {
    let mut solo = Solo::new(UaConfig::default());
    let request = solo.request("OPTIONS", 1, "", "");
    solo.hear(&request.replace("Max-Forwards: 70", "Max-Forwards: 0"));
    assert_eq!(solo.status(), 200);
    let text = solo.last();
    for name in ["Allow", "Accept", "Supported", "Contact"] {
        header(&text, name);
    }
}

#[test]
fn a_copy_by_another_way_is_482() {
    let mut solo = Solo::new(UaConfig::default());
    let first = solo.request("INVITE", 1, "", SDP);
    let second = solo.request("INVITE", 1, "", SDP);
    solo.hear(&first);
    solo.hear(&second);
    assert_eq!(solo.status(), 482);
    assert_eq!(solo.names(), ["Incoming"]);
}

#[test]
fn requests_for_unknown_dialogs_are_481_and_their_acks_nothing() {
    let stranger = "<sip:12345@192.0.2.1>;tag=unknown";
    for method in ["BYE", "INVITE", "INFO", "UPDATE", "PRACK", "OPTIONS"] {
        let mut solo = Solo::new(UaConfig::default());
        let request = solo.request_to(stranger, method, 2, "", "");
        solo.hear(&request);
        assert_eq!(solo.status(), 481, "{method}");
    }
    let mut solo = Solo::new(UaConfig::default());
    let ack = solo.request_to(stranger, "ACK", 2, "", "");
    solo.hear(&ack);
    assert!(solo.sent.is_empty() && solo.events.is_empty());
    assert_eq!(told("BYE", "", "").0, 481);
}

#[test]
fn another_ones_from_tag_does_not_hang_up_the_call() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let bye = solo.request_to(&to, "BYE", 2, "", "");
    solo.hear(&bye.replace("tag=peer", "tag=stranger"));
    assert_eq!(solo.status(), 481);
    let bye = solo.request_to(&to, "BYE", 2, "", "");
    solo.hear(&bye.replace("Call-ID: by-hand", "Call-ID: guessed"));
    assert_eq!(solo.status(), 481);
    assert_eq!(solo.ua.legs(), 1);
}

#[test]
fn an_old_number_within_a_dialog_is_500() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let info = solo.request_to(&to, "INFO", 9, "", "");
    solo.hear(&info);
    assert_eq!(solo.status(), 200);
    let bye = solo.request_to(&to, "BYE", 8, "", "");
    solo.hear(&bye);
    assert_eq!(solo.status(), 500);
    assert_eq!(solo.ua.legs(), 1);
}

#[test]
fn what_the_application_wants_reaches_it() {
    let config = UaConfig {
        allow_out_of_dialog: vec![Method::Register, Method::Message],
        ..UaConfig::default()
    };
    let mut solo = Solo::new(config);
    let request = solo.request("REGISTER", 1, "", "");
    solo.hear(&request);
    let Some(UaEvent::OutOfDialog { key, request, .. }) = solo.events.pop() else {
        panic!("no event");
    };
    let response = request.reply(403);
    solo.act(|ua, now| ua.respond(key, response, now));
    assert_eq!(solo.status(), 403);
    assert!(header(&solo.last(), "To").contains(";tag="));
}

#[test]
fn while_draining_a_pulse_is_told_and_old_calls_go_on() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    solo.ua.set_draining(true);
    // A new INVITE is refused by the exchange, which puts it on record first.
    let pulse = solo.request("OPTIONS", 1, "", "").replace("by-hand", "another");
    solo.hear(&pulse);
    assert_eq!(solo.status(), 503);
    assert_eq!(header(&solo.last(), "Retry-After"), "30");
    let info = solo.request_to(&to, "INFO", 5, "", "");
    solo.hear(&info);
    assert_eq!(solo.status(), 200);
}

#[test]
fn a_call_may_come_without_contact_and_tag_as_in_rfc_2543() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "", SDP);
    let old = invite
        .replace(";branch=z9hG4bK-1", "")
        .replace(";tag=peer", "")
        .replace("Contact: <sip:peer@192.0.2.50:5060>\r\n", "");
    solo.hear(&old);
    let leg = solo.leg();
    let sdp = sdp_from(40_000, Direction::SendRecv);
    solo.act(|ua, now| ua.accept(leg, &sdp, now));
    solo.run(Duration::from_millis(10));
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let ack = solo.request_to(&header(&solo.last(), "To"), "ACK", 1, "", "");
    solo.hear(&ack.replace(";tag=peer", ""));
    assert!(solo.last().starts_with("BYE sip:peer@192.0.2.50 "), "{}", solo.last());
}

#[test]
fn an_invite_that_names_its_patience_runs_out() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "Expires: 20\r\n", SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    solo.run(Duration::from_secs(21));
    assert_eq!(solo.names(), ["Incoming", "Cancelled"]);
    solo.act(|ua, now| ua.confirm_bye(leg, now));
    assert_eq!(solo.status(), 487);
}

#[test]
fn a_broken_connection_ends_the_call_that_nobody_has_answered() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "", SDP);
    solo.hear(&invite);
    let flow = solo.flow;
    solo.act(|ua, now| ua.flow_failed(&flow, now));
    assert_eq!(solo.end(), Some(LegEnd::TransportFailed));
    assert_eq!(solo.ua.legs(), 0);
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_with_487() {
    let mut solo = Solo::new(UaConfig::default());
    let invite = solo.request("INVITE", 1, "", SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    solo.act(|ua, now| ua.provisional(leg, 180, None, now));
    let bye = solo.request_to(&header(&solo.last(), "To"), "BYE", 2, "", "");
    solo.hear(&bye);
    assert_eq!(solo.names(), ["Incoming", "ByeReceived"]);
    solo.act(|ua, now| ua.confirm_bye(leg, now));
    assert_eq!(solo.count_that("SIP/2.0 200"), 1);
    assert_eq!(solo.status(), 487);
    assert_eq!(solo.end(), Some(LegEnd::Cancelled));
}

#[test]
fn an_end_that_the_application_forgets_is_answered_in_the_end() {
    let mut solo = Solo::new(UaConfig::default());
    let to = established(&mut solo, "");
    let bye = solo.request_to(&to, "BYE", 2, "", "");
    solo.hear(&bye);
    solo.run(Duration::from_secs(40));
    assert_eq!(solo.end(), Some(LegEnd::Hangup(Side::Them)));
    assert_eq!(solo.ua.legs(), 0);
}

#[test]
fn refer_is_405_unless_the_application_wants_it() {
    for allow_refer in [false, true] {
        let mut solo = Solo::new(UaConfig {
            allow_refer,
            ..UaConfig::default()
        });
        let to = established(&mut solo, "");
        let extra = "Refer-To: <sip:00900@toll.example.com>\r\n";
        let refer = solo.request_to(&to, "REFER", 2, extra, "");
        solo.hear(&refer);
        if allow_refer {
            assert!(solo.names().contains(&"Refer".to_owned()));
        } else {
            assert_eq!(solo.status(), 405);
        }
        assert_eq!(solo.count_that("INVITE"), 0);
    }
}

#[test]
fn behind_a_nat_requests_go_where_the_packets_came_from() {
    let mut solo = Solo::new(UaConfig::default());
    solo.flow.remote = "203.0.113.7:41000".parse().unwrap();
    established(&mut solo, "");
    let leg = solo.leg();
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let (flow, bye) = solo.sent.last().unwrap();
    assert!(bye.starts_with("BYE sip:peer@192.0.2.50:5060 "));
    assert_eq!(flow.remote, solo.flow.remote);
}

#[test]
fn without_a_nat_requests_go_to_the_contact() {
    let mut solo = Solo::new(UaConfig::default());
    solo.flow.remote = "192.0.2.50:41000".parse().unwrap(); // sends from another port than it listens on
    established(&mut solo, "");
    let leg = solo.leg();
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let (flow, _) = solo.sent.last().unwrap();
    assert_eq!(flow.remote, "192.0.2.50:5060".parse().unwrap());
}

#[test]
fn recorded_routes_are_followed_in_their_order() {
    let mut solo = Solo::new(UaConfig::default());
    let routes = "Record-Route: <sip:192.0.2.60:5070;lr>, <sip:192.0.2.61;lr>\r\n";
    established(&mut solo, routes);
    assert!(solo.last_that("SIP/2.0 200").contains("192.0.2.60:5070;lr"));
    let leg = solo.leg();
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let (flow, bye) = solo.sent.last().unwrap();
    assert!(bye.starts_with("BYE sip:peer@192.0.2.50:5060 "));
    let first = bye.find("Route: <sip:192.0.2.60:5070;lr>").unwrap();
    assert!(bye.find("Route: <sip:192.0.2.61;lr>").unwrap() > first);
    assert_eq!(flow.remote, "192.0.2.60:5070".parse().unwrap());
}

#[test]
fn a_strict_router_takes_the_place_of_the_request_uri() {
    let mut solo = Solo::new(UaConfig::default());
    established(&mut solo, "Record-Route: <sip:192.0.2.60>\r\n");
    let leg = solo.leg();
    solo.act(|ua, now| ua.hangup(leg, None, now));
    let bye = solo.last();
    assert!(bye.starts_with("BYE sip:192.0.2.60 "), "{bye}");
    assert_eq!(header(&bye, "Route"), "<sip:peer@192.0.2.50:5060>");
}

#[test]
fn on_tcp_everything_stays_on_its_connection() {
    let mut solo = Solo::new(UaConfig {
        tcp_listen_port: Some(5066),
        ..UaConfig::default()
    });
    solo.flow.transport = crate::sip::flow::Transport::Tcp;
    solo.flow.connection = 17;
    established(&mut solo, "");
    assert_eq!(
        header(&solo.last_that("SIP/2.0 200"), "Contact"),
        "<sip:192.0.2.1:5066;transport=tcp>"
    );
    let leg = solo.leg();
    solo.act(|ua, now| ua.hangup(leg, None, now));
    assert_eq!(solo.sent.last().unwrap().0, solo.flow);
}

#[test]
fn garbage_makes_no_leg() {
    let mut solo = Solo::new(UaConfig::default());
    let (flow, garbage) = (solo.flow, parse_datagram(b"INVITE sip:x SIP/2.0\r\n\r\n"));
    solo.act(|ua, now| ua.receive(garbage, flow, now));
    assert_eq!(solo.ua.legs(), 0);
    assert!(solo.events.is_empty());
}

/// An INVITE is answered and acknowledged; our To with its tag.
pub fn established(solo: &mut Solo, extra: &str) -> String {
    let invite = solo.request("INVITE", 1, extra, SDP);
    solo.hear(&invite);
    let leg = solo.leg();
    let sdp = sdp_from(40_000, Direction::SendRecv);
    solo.act(|ua, now| ua.accept(leg, &sdp, now));
    let to = header(&solo.last(), "To");
    let ack = solo.request_to(&to, "ACK", 1, "", "");
    solo.hear(&ack);
    assert_eq!(solo.names(), ["Incoming", "Confirmed"]);
    to
}

/// Behind two address translators, one for each family, the peer was told the IPv4 address over IPv6 as well.
#[test]
fn each_family_is_told_its_own_public_address() {
    let config = UaConfig {
        advertised: vec!["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
        ..UaConfig::default()
    };
    let flows = [("192.0.2.1:5060", "203.0.113.7"), ("[2001:db8::1]:5060", "2001:db8::7")];
    for (local, told) in flows {
        let mut solo = Solo::new(config.clone());
        solo.flow.local = local.parse().unwrap();
        let invite = solo.request("INVITE", 1, "", SDP);
        solo.hear(&invite);
        let leg = solo.leg();
        let sdp = sdp_from(40_000, Direction::SendRecv);
        solo.act(|ua, now| ua.accept(leg, &sdp, now));
        assert!(header(&solo.last(), "Contact").contains(told), "{}", solo.last());
    }
}
