//! Two legs joined: packets of one go out of the other under its own numbers.

use super::*;
use crate::media::g711;

/// What `to` sends for one packet that `from` received.
fn pass(from: &mut Leg, to: &mut Leg, header: Header, payload: &[u8]) -> Vec<Sent> {
    from.receive(header, payload, PHONE);
    let mut sent = Vec::new();
    for output in from.told.drain(..) {
        if let MediaOutput::Forward(frame) = output {
            let now = to.now;
            to.session.forward(&frame, now, &mut |port, to, bytes| {
                sent.push(Sent {
                    port,
                    to,
                    bytes: bytes.to_vec(),
                })
            });
        }
    }
    sent
}

fn joined() -> (Leg, Leg) {
    let (mut a, mut b) = (Leg::plain(), Leg::plain());
    a.command(MediaCommand::Bridge(true));
    b.command(MediaCommand::Bridge(true));
    a.tick();
    b.tick();
    b.sent.clear();
    (a, b)
}

#[test]
fn loss_and_disorder_pass_through_under_our_own_numbers() {
    let (mut a, mut b) = joined();
    let order = [100_u16, 101, 103, 102, 105, 106];
    let sent: Vec<Sent> = order
        .iter()
        .flat_map(|n| pass(&mut a, &mut b, audio(*n), &[*n as u8; 160]))
        .collect();
    let first = sent[0].rtp();
    assert!(first.marker && first.ssrc == 0x5EED_0001);
    let offsets: Vec<u16> = sent.iter().map(|s| s.rtp().seq.wrapping_sub(first.seq)).collect();
    assert_eq!(offsets, [0, 1, 3, 2, 5, 6]);
    let times: Vec<u32> = sent
        .iter()
        .map(|s| s.rtp().timestamp.wrapping_sub(first.timestamp) / 160)
        .collect();
    assert_eq!(times, [0, 1, 3, 2, 5, 6]);
    assert!(sent.iter().zip(order).all(|(s, n)| s.rtp().payload == [n as u8; 160]));
}

#[test]
fn the_other_law_is_converted_and_packets_of_any_length_pass() {
    let (mut a, _) = joined();
    let mut b = Leg::new(
        config(),
        AudioParams {
            law: Law::Mu,
            payload_type: 0,
            ..params()
        },
    );
    for length in [80, 160, 240, 480, 960] {
        let sent = pass(&mut a, &mut b, audio(length / 10), &vec![0xD5; usize::from(length)]);
        assert_eq!(sent[0].rtp().payload, vec![g711::A_TO_MU[0xD5]; usize::from(length)]);
        assert_eq!(sent[0].rtp().payload_type, 0);
    }
}

#[test]
fn a_new_source_goes_on_where_the_old_one_ended() {
    let (mut a, mut b) = joined();
    let mut sent = Vec::new();
    for n in 0..10 {
        sent.extend(pass(&mut a, &mut b, audio(n), &[1; 160]));
        b.tick();
    }
    // The caller was transferred: another stream, other numbers, same address.
    for n in 0..10 {
        let header = Header {
            ssrc: 0xF00D,
            seq: 40_000 + n,
            timestamp: 9_000_000 + u32::from(n) * 160,
            ..audio(1)
        };
        sent.extend(pass(&mut a, &mut b, header, &[2; 160]));
        b.tick();
    }
    assert_eq!(sent.len(), 20);
    for pair in sent.windows(2) {
        let (before, after) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!((after.ssrc, after.seq), (before.ssrc, before.seq.wrapping_add(1)));
        assert!((0..=320).contains(&rtp::timestamp_ahead(after.timestamp, before.timestamp)));
    }
    assert!(sent[10].rtp().marker);
}

#[test]
fn keys_pass_with_the_other_side_s_payload_type_and_the_timestamp_of_their_start() {
    let (mut a, _) = joined();
    let mut b = Leg::new(
        config(),
        AudioParams {
            dtmf_payload_type: Some(96),
            ..params()
        },
    );
    let sound = pass(&mut a, &mut b, audio(10), &[1; 160]);
    let mut events = Vec::new();
    for n in 0..100_u16 {
        let header = Header {
            payload_type: 101,
            marker: n == 0,
            seq: 11 + n,
            timestamp: 11 * 160,
            ssrc: 0xCAFE,
        };
        let [d0, d1] = (n * 160).to_be_bytes();
        events.extend(pass(&mut a, &mut b, header, &[5, 10, d0, d1]));
        b.tick();
    }
    let start = sound[0].rtp().timestamp.wrapping_add(160);
    assert_eq!(events.len(), 100);
    assert!(
        events
            .iter()
            .all(|e| e.rtp().payload_type == 96 && e.rtp().timestamp == start)
    );
    assert!(events[0].rtp().marker && !events[1].rtp().marker);
}

#[test]
fn an_announcement_to_one_leg_comes_before_the_bridge() {
    let (mut a, mut b) = joined();
    b.play(1, &[&clip(320, 440.0)]);
    b.tick();
    assert!(pass(&mut a, &mut b, audio(1), &[1; 160]).is_empty());
    b.ticks(3);
    let sent = pass(&mut a, &mut b, audio(2), &[1; 160]);
    let before = b.rtp().last().map(|p| (p.seq, p.timestamp)).unwrap();
    assert_eq!(sent[0].rtp().seq, before.0.wrapping_add(1));
    assert!(rtp::timestamp_ahead(sent[0].rtp().timestamp, before.1) >= 160);
}

#[test]
fn an_announcement_behind_another_leaves_in_its_own_time() {
    // Found by fuzzing: the other leg's long packets had run ahead, the first announcement's end was waited for, and the
    // turns of that wait came out as one burst of the second announcement.
    let (mut a, mut b) = joined();
    for n in 0..4 {
        let long = Header {
            timestamp: u32::from(n) * 960,
            ..audio(n)
        };
        assert_eq!(pass(&mut a, &mut b, long, &[0x55; 960]).len(), 1);
    }
    b.play(1, &[&clip(160, 440.0)]);
    b.ticks(10);
    b.play(2, &[&clip(1_600, 440.0)]);
    b.sent.clear();
    b.tick();
    assert_eq!(b.rtp().len(), 1);
}

#[test]
fn comfort_noise_passes_only_to_a_side_that_agreed_to_it_and_nothing_passes_to_one_on_hold() {
    let (mut a, mut b) = joined();
    let noise = Header {
        payload_type: 13,
        ..audio(1)
    };
    assert!(pass(&mut a, &mut b, noise, &[0x40]).is_empty());
    b.negotiate(AudioParams {
        comfort_noise_payload_type: Some(13),
        ..params()
    });
    assert_eq!(pass(&mut a, &mut b, Header { seq: 2, ..noise }, &[0x40]).len(), 1);
    b.negotiate(AudioParams {
        direction: Direction::RecvOnly,
        ..params()
    });
    assert!(pass(&mut a, &mut b, audio(3), &[1; 160]).is_empty());
}
