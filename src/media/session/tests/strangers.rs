//! Packets from where none should come.

use super::*;

const STRANGER: &str = "203.0.113.66:9000";
const NAT: &str = "198.51.100.7:31000";

fn foreign(n: u16) -> Header {
    Header {
        ssrc: 0xBAD,
        ..audio(n)
    }
}

#[test]
fn a_stranger_s_key_and_sound_in_a_running_call_are_not_heard() {
    let mut leg = Leg::plain();
    (0..10).for_each(|n| leg.hear(n, &[0xD5; 160]));
    for n in 0..100 {
        leg.receive(foreign(n), &[0x2A; 160], STRANGER);
        leg.receive(
            Header {
                payload_type: 101,
                ..foreign(n)
            },
            &[1, 10, 0, 160],
            STRANGER,
        );
    }
    assert_eq!(
        leg.told,
        [MediaOutput::StrangerDropped],
        "told once, not a hundred times"
    );
    let stats = leg.session.stats();
    assert_eq!((stats.packets_received, stats.strangers_dropped), (10, 200));
    leg.ticks(3);
    assert!(leg.sent.iter().all(|s| s.to == at(PHONE)), "and nothing bleeds to him");
}

#[test]
fn a_sprayer_is_heard_five_times_at_most() {
    let mut leg = Leg::plain();
    for n in 0..200_u16 {
        leg.receive(foreign(n.wrapping_mul(31)), &[0x2A; 160], STRANGER);
    }
    assert_eq!(leg.session.stats().packets_received, 5);
    leg.tick();
    assert_eq!(leg.sent[0].to, at(PHONE));
}

#[test]
fn the_sound_goes_to_where_the_phone_behind_nat_really_is_also_after_hold() {
    let mut leg = Leg::plain();
    (0..5).for_each(|n| leg.receive(audio(n), &[0xD5; 160], NAT));
    leg.ticks(2);
    assert_eq!(leg.rtp().len(), 1);
    assert_eq!(leg.sent[0].to, at(NAT));
    leg.negotiate(AudioParams {
        direction: Direction::RecvOnly,
        ..params()
    });
    leg.negotiate(params());
    leg.play(1, &[&clip(320, 440.0)]);
    leg.ticks(2);
    assert!(leg.sent.iter().all(|s| s.to == at(NAT)));
}

#[test]
fn a_new_address_in_a_re_offer_is_followed() {
    let mut leg = Leg::plain();
    (0..5).for_each(|n| leg.hear(n, &[0xD5; 160]));
    leg.negotiate(AudioParams {
        remote_rtp: Some(at("192.0.2.99:7000")),
        ..params()
    });
    leg.tick();
    assert_eq!(leg.sent[0].to, at("192.0.2.99:7000"));
    leg.receive(Header { ssrc: 77, ..audio(500) }, &[0xD5; 160], "192.0.2.99:7000");
    leg.told.clear();
    leg.hear(6, &[0xD5; 160]);
    assert_eq!(leg.told, [MediaOutput::StrangerDropped]);
}

#[test]
fn packets_of_other_kinds_neither_count_nor_latch() {
    let mut leg = Leg::plain();
    (0..20).for_each(|n| {
        leg.receive(
            Header {
                payload_type: 96,
                ..foreign(n)
            },
            &[0; 50],
            STRANGER,
        )
    });
    leg.session.handle_rtp(b"GET / HTTP/1.1", at(STRANGER), leg.now);
    let stats = leg.session.stats();
    assert_eq!((stats.ignored, stats.packets_received, stats.source), (21, 0, None));
}
