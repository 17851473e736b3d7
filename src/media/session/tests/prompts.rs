//! Prompts: every octet arrives, once, in time.

use super::*;

/// Octets of all sound packets, in order.
fn octets(leg: &Leg) -> Vec<u8> {
    leg.rtp().iter().flat_map(|p| p.payload.to_vec()).collect()
}

#[test]
fn the_far_side_gets_the_clip_octet_for_octet_and_then_the_end_is_told() {
    for law in [Law::A, Law::Mu] {
        let mut leg = Leg::new(
            config(),
            AudioParams {
                law,
                payload_type: law.payload_type(),
                ..params()
            },
        );
        let (one, two) = (clip(1_000, 440.0), clip(760, 880.0));
        leg.play(7, &[&one, &two]);
        leg.ticks(11);
        assert_eq!(leg.told, []);
        leg.tick();
        assert_eq!(leg.told, [MediaOutput::PlayFinished(PlayId(7))]);
        assert_eq!(octets(&leg), [one.octets(law), two.octets(law)].concat());
        assert!(
            leg.sent
                .iter()
                .all(|s| s.to == at(PHONE) && s.rtp().payload_type == law.payload_type())
        );
    }
}

#[test]
fn numbers_run_on_over_the_wrap_and_only_the_first_packet_is_marked() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(160 * 20, 440.0)]);
    leg.ticks(20);
    let packets = leg.rtp();
    for pair in packets.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
    }
    let marked: Vec<bool> = packets.iter().map(|p| p.marker).collect();
    assert_eq!(marked.iter().filter(|m| **m).count(), 1);
    assert!(marked[0]);
}

#[test]
fn after_a_pause_the_timestamp_has_gone_on_with_time_and_a_talkspurt_begins() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(320, 440.0)]);
    leg.ticks(50); // 40 ms of sound, 960 ms of nothing
    leg.play(2, &[&clip(320, 440.0)]);
    leg.ticks(5);
    let packets = leg.rtp();
    assert_eq!(packets.len(), 4);
    assert_eq!(packets[2].seq, packets[1].seq.wrapping_add(1));
    assert_eq!(packets[2].timestamp, packets[0].timestamp.wrapping_add(50 * 160));
    assert_eq!(
        packets.iter().map(|p| p.marker).collect::<Vec<_>>(),
        [true, false, true, false]
    );
}

#[test]
fn packets_are_as_long_as_the_far_side_likes_them() {
    for (ptime_ms, samples, packets) in [
        (10, 80, 60),
        (20, 160, 30),
        (30, 240, 20),
        (40, 320, 15),
        (60, 480, 10),
        (37, 160, 30),
    ] {
        let mut leg = Leg::new(config(), AudioParams { ptime_ms, ..params() });
        let sound = clip(4_800, 440.0);
        leg.play(1, &[&sound]);
        let mut most = 0;
        for _ in 0..29 {
            let before = leg.sent.len();
            leg.tick();
            most = most.max(leg.sent.len() - before);
        }
        assert!(leg.told.is_empty(), "{ptime_ms} ms: the end is not told early");
        leg.ticks(4);
        assert_eq!(leg.told, [MediaOutput::PlayFinished(PlayId(1))], "{ptime_ms} ms");
        assert!(leg.rtp().iter().all(|p| p.payload.len() == samples));
        assert_eq!(
            (leg.rtp().len(), most),
            (packets, if ptime_ms == 10 { 2 } else { 1 }),
            "{ptime_ms} ms"
        );
        assert_eq!(octets(&leg), sound.octets(Law::A));
    }
}

#[test]
fn a_barge_in_stops_at_once_and_the_next_prompt_follows_without_an_end_of_the_first() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(16_000, 440.0)]);
    leg.ticks(10);
    leg.command(MediaCommand::StopPlaying);
    leg.ticks(3);
    assert_eq!(leg.rtp().len(), 10);
    leg.play(2, &[&clip(160, 440.0)]);
    leg.ticks(2);
    assert_eq!(leg.told, [MediaOutput::PlayFinished(PlayId(2))]);
}

#[test]
fn waiting_music_repeats_without_a_seam_until_it_is_stopped() {
    let mut leg = Leg::plain();
    let music = clip(400, 440.0);
    leg.command(MediaCommand::Play {
        id: PlayId(1),
        clips: vec![Arc::clone(&music)],
        repeat: true,
    });
    leg.ticks(100);
    let endless: Vec<u8> = music.octets(Law::A).iter().copied().cycle().take(16_000).collect();
    assert_eq!(octets(&leg), endless);
    assert_eq!(leg.told, []);
}

#[test]
fn nothing_to_play_ends_at_once() {
    let mut leg = Leg::plain();
    leg.command(MediaCommand::Play {
        id: PlayId(3),
        clips: vec![],
        repeat: true,
    });
    leg.tick();
    assert_eq!(leg.told, [MediaOutput::PlayFinished(PlayId(3))]);
}

#[test]
fn a_silent_call_opens_the_way_through_nat_and_keeps_it_open_with_one_packet_each_15_seconds() {
    let mut leg = Leg::plain();
    leg.ticks(50 * 40);
    let packets = leg.rtp();
    assert_eq!(packets.len(), 3, "at 0, 15 and 30 s");
    assert!(packets.iter().all(|p| p.payload == [0xD5; 160] && p.marker));
}

#[test]
fn where_wished_silence_is_sent_without_end() {
    let mut leg = Leg::new(
        SessionConfig {
            idle: Idle::SilencePackets,
            ..config()
        },
        params(),
    );
    leg.ticks(50);
    assert_eq!(leg.rtp().len(), 50);
    assert_eq!(leg.rtp().iter().filter(|p| p.marker).count(), 1);
}

#[test]
fn a_wheel_that_was_stuck_leaps_and_one_that_hurries_is_held_back() {
    let mut leg = Leg::plain();
    leg.play(1, &[&clip(160 * 100, 440.0)]);
    leg.ticks(10);
    leg.now = leg.now + Duration::from_secs(1);
    leg.tick();
    let (before, after) = (leg.rtp()[9].timestamp, leg.rtp()[10].timestamp);
    assert_eq!(after.wrapping_sub(before), 51 * 160);
    assert!(leg.rtp()[10].marker);
    // The wheel now makes up for its turns: they have been made up for already.
    leg.now = leg.now - Duration::from_millis(20);
    for _ in 0..50 {
        leg.tick();
        leg.now = leg.now - Duration::from_millis(20);
    }
    assert!(leg.rtp().len() <= 12, "{}", leg.rtp().len());
}
