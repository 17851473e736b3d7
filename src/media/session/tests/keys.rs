//! Keys in and out.

use super::*;
use crate::media::dtmf::frequencies;
use crate::media::g711;

fn digits(leg: &Leg) -> String {
    leg.told
        .iter()
        .filter_map(|o| match o {
            MediaOutput::Digit { digit, .. } => Some(digit.as_char()),
            _ => None,
        })
        .collect()
}

fn keys(text: &str) -> Vec<Digit> {
    text.chars().filter_map(Digit::from_char).collect()
}

#[test]
fn keys_sent_by_one_session_are_heard_by_another_even_with_every_third_packet_lost() {
    for lost in 0..4 {
        let (mut a, mut b) = (Leg::plain(), Leg::plain());
        a.command(MediaCommand::SendDigits(keys("1100*#9")));
        a.ticks(100);
        for (i, packet) in a.sent.iter().filter(|s| s.port == Destination::Rtp).enumerate() {
            if lost == 3 || i % 3 != lost {
                b.session.handle_rtp(&packet.bytes, at(PHONE), b.now);
            }
        }
        b.fetch();
        assert_eq!(digits(&b), "1100*#9", "lost {lost}");
    }
}

#[test]
fn the_prompt_waits_while_keys_are_sent_and_goes_on_where_it_was() {
    let mut leg = Leg::plain();
    let sound = clip(1_600, 440.0);
    leg.play(1, &[&sound]);
    leg.ticks(3);
    leg.command(MediaCommand::SendDigits(keys("5")));
    leg.ticks(30);
    let packets = leg.rtp();
    let octets: Vec<u8> = packets
        .iter()
        .filter(|p| p.payload_type == 8)
        .flat_map(|p| p.payload.to_vec())
        .collect();
    assert_eq!(octets, sound.octets(Law::A));
    let events: Vec<_> = packets.iter().filter(|p| p.payload_type == 101).collect();
    assert_eq!(events.len(), 7);
    assert!(events.iter().all(|p| p.timestamp == events[0].timestamp) && events[0].marker && !events[1].marker);
    assert!(packets.windows(2).all(|w| w[1].seq == w[0].seq.wrapping_add(1)));
    assert!(
        packets
            .windows(2)
            .all(|w| rtp::timestamp_ahead(w[1].timestamp, w[0].timestamp) >= 0)
    );
}

#[test]
fn where_events_were_not_agreed_on_keys_go_and_come_as_tones() {
    let plain = AudioParams {
        dtmf_payload_type: None,
        ..params()
    };
    let (mut a, mut b) = (Leg::new(config(), plain.clone()), Leg::new(config(), plain));
    a.command(MediaCommand::SendDigits(keys("0123456789*#ABCD")));
    for _ in 0..250 {
        a.tick();
        for packet in a.sent.drain(..).filter(|s| s.port == Destination::Rtp) {
            b.session.handle_rtp(&packet.bytes, at(PHONE), b.now);
        }
        b.tick();
    }
    assert_eq!(digits(&b), "0123456789*#ABCD");
    assert!(b.told.iter().all(|o| matches!(
        o,
        MediaOutput::Digit {
            source: DigitSource::Inband,
            ..
        }
    )));
}

#[test]
fn tones_are_not_listened_for_where_events_were_agreed_on() {
    let mut leg = Leg::plain();
    let tones = frequencies(Digit::from_char('1').unwrap());
    let sound: Vec<u8> = tone::tone(8_000, &tones, 8_000.0)
        .into_iter()
        .map(g711::encode_a)
        .collect();
    for (n, frame) in (0..).zip(sound.chunks(160)) {
        leg.hear(n, frame);
        leg.tick();
    }
    assert_eq!(
        digits(&leg),
        "",
        "a gateway that sends both must not make every key two"
    );
}

#[test]
fn a_bridge_to_a_side_without_events_turns_the_caller_s_keys_into_tones() {
    let mut caller = Leg::plain();
    let mut callee = Leg::new(
        config(),
        AudioParams {
            dtmf_payload_type: None,
            ..params()
        },
    );
    caller.command(MediaCommand::Bridge(true));
    for n in 0..5_u16 {
        let header = Header {
            payload_type: 101,
            marker: n == 0,
            seq: n,
            timestamp: 0,
            ssrc: 1,
        };
        let [d0, d1] = ((n + 1) * 160).to_be_bytes();
        caller.receive(header, &[8, 10, d0, d1], PHONE);
    }
    let frames: Vec<MediaOutput> = caller.told.drain(..).collect();
    for output in &frames {
        if let MediaOutput::Forward(frame) = output {
            let now = callee.now;
            callee
                .session
                .forward(frame, now, &mut |_, _, _| panic!("no event may be sent"));
        }
    }
    callee.ticks(12);
    assert!(callee.session.keys.is_none(), "one key, not one for each packet");
    let sound: Vec<i16> = callee.rtp()[..5]
        .iter()
        .flat_map(|p| p.payload.iter().map(|o| g711::decode(Law::A, *o)).collect::<Vec<_>>())
        .collect();
    let [low, high] = frequencies(Digit::from_char('8').unwrap());
    assert!(tone::share(&sound, low) > 0.4 && tone::share(&sound, high) > 0.4);
}
