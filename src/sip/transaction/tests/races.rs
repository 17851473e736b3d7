//! Messages that cross: CANCEL against answers, duplicates, latecomers.

use super::*;

fn calling() -> (Bench, ClientKey, String) {
    let mut bench = Bench::udp();
    let key = bench.ask(outgoing(&Method::Invite));
    let invite = bench.last.clone();
    (bench, key, invite)
}

#[test]
fn the_caller_hangs_up_before_anything_came_back() {
    let (mut bench, key, invite) = calling();
    bench.until(100);
    bench.cancel(key);
    bench.cancel(key);
    bench.until(600);
    assert!(bench.times("CANCEL").is_empty(), "it could overtake the INVITE");
    bench.answer(&invite, 100, "");
    assert_eq!(bench.times("CANCEL"), [600]);
    let cancel = bench.last.clone();
    assert_eq!(branch_of(&cancel), branch_of(&invite));
    assert_eq!(header(&cancel, "CSeq").as_deref(), Some("7 CANCEL"));
    assert_eq!(header(&cancel, "To"), header(&invite, "To"));
    bench.answer(&cancel, 200, "b1");
    bench.answer(&invite, 487, "b1");
    assert_eq!(bench.answers(), [100, 487], "the CANCEL's own 200 is nobody's business");
    assert_eq!(bench.times("ACK"), [600]);
    bench.until(60_000);
    bench.assert_empty();
}

#[test]
fn a_cancel_while_it_rings_goes_out_at_once_and_is_repeated_if_lost() {
    let (mut bench, key, invite) = calling();
    bench.answer(&invite, 180, "b1");
    bench.until(5_000);
    bench.layer.cancel_because(key, Some("SIP;cause=200".into()), bench.now);
    bench.drain();
    assert_eq!(header(&bench.last, "Reason").as_deref(), Some("SIP;cause=200"));
    bench.until(6_600);
    assert_eq!(bench.times("CANCEL"), [5_000, 5_500, 6_500]);
}

#[test]
fn the_answer_overtakes_the_cancel() {
    let (mut bench, key, invite) = calling();
    bench.answer(&invite, 180, "b1");
    bench.cancel(key);
    let cancel = bench.last.clone();
    bench.answer(&invite, 200, "b1");
    bench.answer(&cancel, 481, "b1");
    // The user gets the 2xx, and hangs up with ACK and BYE.
    assert_eq!(bench.answers(), [180, 200]);
    bench.cancel(key);
    assert_eq!(bench.times("CANCEL").len(), 1, "no CANCEL after a final answer");
    bench.until(60_000);
    assert!(bench.failures().is_empty());
    bench.assert_empty();
}

#[test]
fn answered_before_the_cancel_could_go_out() {
    let (mut bench, key, invite) = calling();
    bench.cancel(key);
    bench.answer(&invite, 200, "b1");
    assert_eq!(bench.answers(), [200]);
    assert!(bench.times("CANCEL").is_empty());
}

#[test]
fn a_cancelled_call_that_never_gets_its_487_is_given_up() {
    let (mut bench, key, invite) = calling();
    bench.answer(&invite, 180, "b1");
    bench.until(1_000);
    bench.cancel(key);
    let cancel = bench.last.clone();
    bench.answer(&cancel, 200, "b1");
    bench.until(32_999);
    assert!(bench.failures().is_empty());
    bench.until(33_000);
    assert_eq!(bench.failures(), [Failure::Timeout]);
    bench.until(60_000);
    bench.assert_empty();
}

#[test]
fn the_citizen_hangs_up_while_it_rings_here() {
    let mut bench = Bench::udp();
    let invite = incoming(&Method::Invite, "z9hG4bK1");
    let key = bench.accept(&invite);
    bench.respond(key, &invite, 180);
    let ringing_to = header(&bench.last, "To");
    let mut cancel = incoming(&Method::Cancel, "z9hG4bK1");
    cancel.headers.push(HeaderName::Reason, "SIP;cause=200");
    bench.receive_request(&cancel);
    assert_eq!(bench.times("SIP/2.0 200"), [0]);
    assert_eq!(header(&bench.last, "To"), ringing_to, "one tag for both");
    assert!(matches!(
        &bench.told[..],
        [Command::Cancelled { key: it, reason: Some(text) }] if *it == key && text == "SIP;cause=200"
    ));
    // A lost 200 is given again, but the user is told once.
    bench.receive_request(&cancel);
    assert_eq!(bench.times("SIP/2.0 200"), [0, 0]);
    assert_eq!(bench.told.len(), 1);
    bench.respond(key, &invite, 487);
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    bench.until(60_000);
    bench.assert_empty();
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    for status in [200, 486] {
        let mut bench = Bench::udp();
        let invite = incoming(&Method::Invite, "z9hG4bK1");
        let key = bench.accept(&invite);
        bench.respond(key, &invite, status);
        bench.receive_request(&incoming(&Method::Cancel, "z9hG4bK1"));
        assert!(bench.last.starts_with("SIP/2.0 200") && bench.last.contains("CANCEL"));
        assert!(bench.told.is_empty());
    }
}

#[test]
fn a_cancel_of_nothing_gets_481() {
    let mut bench = Bench::udp();
    bench.receive_request(&incoming(&Method::Cancel, "z9hG4bK1"));
    assert_eq!(bench.times("SIP/2.0 481"), [0]);
    assert!(bench.told.is_empty());
    bench.until(40_000);
    bench.assert_empty();
}

#[test]
fn stray_answers_are_dropped() {
    let (mut bench, _, invite) = calling();
    let stranger = invite.replace(&branch_of(&invite), "z9hG4bKstranger");
    bench.answer(&stranger, 200, "b1");
    let other_method = invite.replace("7 INVITE", "7 BYE");
    bench.answer(&other_method, 200, "b1");
    let mut two_vias = answer_to(&invite, 200, "b1");
    two_vias
        .headers
        .push(HeaderName::Via, "SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKx");
    bench.receive(Message::Response(two_vias));
    assert!(bench.told.is_empty());
}

#[test]
fn an_ack_of_nothing_goes_up_and_leaves_nothing_behind() {
    let mut bench = Bench::udp();
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    assert!(matches!(bench.told[..], [Command::Ack { .. }]));
    bench.assert_empty();
}

#[test]
fn an_ack_before_any_decision_is_ignored() {
    let mut bench = Bench::udp();
    let key = bench.accept(&incoming(&Method::Invite, "z9hG4bK1"));
    bench.receive_request(&incoming(&Method::Ack, "z9hG4bK1"));
    assert!(bench.told.is_empty());
    bench.respond(key, &incoming(&Method::Invite, "z9hG4bK1"), 486);
    bench.until(600);
    assert_eq!(bench.times("SIP/2.0 486"), [0, 500]);
}
