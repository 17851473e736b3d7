//! RTCP between two sessions.

use super::*;
use crate::media::rtcp::{self, Packet};

fn reports(leg: &Leg) -> Vec<&Sent> {
    leg.sent.iter().filter(|s| rtp::is_rtcp(&s.bytes)).collect()
}

/// Lets two sessions talk for a while; one way takes 30 ms, each `lost_each`-th packet of `a` is lost.
fn talk(a: &mut Leg, b: &mut Leg, seconds: u32, lost_each: usize) {
    let mut on_the_way: Vec<(Mono, bool, Sent)> = Vec::new();
    let mut sound_of_a = 0;
    for _ in 0..seconds * 50 {
        for (leg, from_a) in [(&mut *a, true), (&mut *b, false)] {
            let before = leg.sent.len();
            let sent_at = leg.now;
            leg.tick();
            on_the_way.extend(
                leg.sent[before..]
                    .iter()
                    .map(|s| (sent_at + Duration::from_millis(30), from_a, s.clone())),
            );
        }
        let now = a.now;
        for (_, from_a, sent) in on_the_way.extract_if(.., |(due, _, _)| *due <= now) {
            let to = if from_a { &mut *b } else { &mut *a };
            match sent.port {
                Destination::Rtp => {
                    sound_of_a += usize::from(from_a);
                    if !from_a || !sound_of_a.is_multiple_of(lost_each) {
                        to.session.handle_rtp(&sent.bytes, at(PHONE), now);
                    }
                }
                Destination::Rtcp => to.session.handle_rtcp(&sent.bytes, at(PHONE_RTCP), now),
            }
        }
    }
}

#[test]
fn loss_jitter_and_round_trip_are_known_on_both_sides() {
    let (mut a, mut b) = (
        Leg::plain(),
        Leg::new(SessionConfig { ssrc: 0xB, ..config() }, params()),
    );
    a.play(1, &[&clip(8_000 * 60, 440.0)]);
    b.play(1, &[&clip(8_000 * 60, 440.0)]);
    talk(&mut a, &mut b, 40, 10);
    let (a, b) = (a.session.stats(), b.session.stats());
    let trip = a.round_trip.unwrap().as_millis();
    // Two ways of 30 ms, each looked at by the next turn of the wheel.
    assert!((60..=100).contains(&trip), "{trip} ms");
    assert!(b.round_trip.is_some());
    assert!((190..=210).contains(&b.packets_lost), "{}", b.packets_lost);
    assert!(
        a.remote_packets_lost > 100,
        "the far side has told us: {}",
        a.remote_packets_lost
    );
    assert_eq!((a.packets_lost, a.packets_received), (0, b.packets_sent - 1));
    assert!(b.jitter_ms <= 20);
}

#[test]
fn who_sends_says_so_and_who_has_stopped_sends_a_receiver_report() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(8_000 * 12, 440.0)]);
    leg.ticks(50 * 14);
    let first = reports(&leg)[0];
    assert_eq!((first.port, first.to), (Destination::Rtcp, at(PHONE_RTCP)));
    assert!(
        matches!(rtcp::packets(&first.bytes).next(), Some(Packet::Report { sender: Some(info), .. }) if info.packets > 0 && info.octets == info.packets * 160)
    );
    let mut quiet = Leg::new(
        SessionConfig { ssrc: 3, ..config() },
        AudioParams {
            direction: Direction::RecvOnly,
            ..params()
        },
    );
    quiet.ticks(50 * 10);
    let report = rtcp::packets(&reports(&quiet)[0].bytes).next();
    assert!(
        matches!(report, Some(Packet::Report { sender: None, .. })),
        "on hold, reports go on"
    );
}

#[test]
fn reports_come_about_each_five_seconds() {
    let mut leg = Leg::plain();
    leg.ticks(50 * 120);
    assert!((22..=36).contains(&reports(&leg).len()), "{}", reports(&leg).len());
}

#[test]
fn with_one_port_for_both_reports_leave_from_it() {
    let mut leg = Leg::new(
        config(),
        AudioParams {
            rtcp_mux: true,
            remote_rtcp: Some(at(PHONE)),
            ..params()
        },
    );
    leg.ticks(50 * 10);
    assert!(
        reports(&leg)
            .iter()
            .all(|s| s.port == Destination::Rtp && s.to == at(PHONE))
    );
    leg.session
        .handle_rtp(&[0x80, 201, 0, 1, 0, 0, 0, 9], at(PHONE), leg.now);
    assert_eq!(leg.session.stats().strangers_dropped, 0);
}

#[test]
fn closing_says_goodbye_once_and_then_nothing() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(8_000, 440.0)]);
    leg.ticks(10);
    leg.command(MediaCommand::Close);
    let before = leg.sent.len();
    leg.ticks(500);
    assert!(leg.session.is_closed());
    assert_eq!(leg.sent.len(), before + 1);
    assert!(rtcp::packets(&leg.sent[before].bytes).any(|p| p == Packet::Bye { ssrc: 0x5EED_0001 }));
    // Late packets to a closed session are nobody's.
    leg.hear(1, &[0xD5; 160]);
    assert_eq!(leg.session.stats().packets_received, 0);
}
