//! Silence that is right, and silence that is not.

use super::*;

const SECOND: u32 = 50;

fn deaths(leg: &Leg) -> Vec<&MediaOutput> {
    leg.told
        .iter()
        .filter(|o| matches!(o, MediaOutput::Dead | MediaOutput::Alive))
        .collect()
}

/// A watchdog that counted ringing as silence killed calls just after their answer (trap 10).
#[test]
fn a_minute_of_ringing_does_not_count_and_the_clock_starts_with_the_answer() {
    let mut leg = Leg::plain();
    leg.ticks(60 * SECOND);
    assert!(deaths(&leg).is_empty());
    leg.command(MediaCommand::WatchDead(true));
    leg.ticks(9 * SECOND);
    assert!(deaths(&leg).is_empty());
    leg.ticks(2 * SECOND);
    assert_eq!(deaths(&leg), [&MediaOutput::Dead], "told once");
    leg.hear(1, &[0xD5; 160]);
    assert_eq!(deaths(&leg), [&MediaOutput::Dead, &MediaOutput::Alive]);
}

#[test]
fn hold_may_be_silent_and_after_it_the_clock_starts_again() {
    for held in [
        AudioParams {
            direction: Direction::RecvOnly,
            ..params()
        },
        AudioParams {
            direction: Direction::Inactive,
            ..params()
        },
        AudioParams {
            remote_rtp: None,
            remote_rtcp: None,
            ..params()
        },
    ] {
        let mut leg = Leg::plain();
        leg.command(MediaCommand::WatchDead(true));
        leg.ticks(8 * SECOND);
        leg.negotiate(held);
        leg.ticks(300 * SECOND);
        leg.negotiate(params());
        leg.ticks(9 * SECOND);
        assert!(deaths(&leg).is_empty());
        leg.ticks(2 * SECOND);
        assert_eq!(deaths(&leg), [&MediaOutput::Dead]);
    }
}

#[test]
fn on_hold_nothing_is_sent_and_the_prompt_waits_for_the_citizen() {
    let mut leg = Leg::plain();
    let sound = clip(1_600, 440.0);
    leg.play(1, &[&sound]);
    leg.ticks(4);
    leg.negotiate(AudioParams {
        direction: Direction::RecvOnly,
        ..params()
    });
    leg.ticks(100);
    assert_eq!(leg.rtp().len(), 4);
    leg.negotiate(params());
    leg.ticks(8);
    let octets: Vec<u8> = leg.rtp().iter().flat_map(|p| p.payload.to_vec()).collect();
    assert_eq!(octets, sound.octets(Law::A));
    assert!(leg.rtp()[4].marker);
    assert_eq!(leg.told, [MediaOutput::PlayFinished(PlayId(1))]);
}

#[test]
fn comfort_noise_or_reports_alone_keep_a_call_alive() {
    let mut noise = Leg::plain();
    let mut reports = Leg::plain();
    noise.command(MediaCommand::WatchDead(true));
    reports.command(MediaCommand::WatchDead(true));
    for n in 0..60_u16 {
        noise.receive(
            Header {
                payload_type: 13,
                ..audio(n)
            },
            &[0x40],
            PHONE,
        );
        reports
            .session
            .handle_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 9], at(PHONE_RTCP), reports.now);
        noise.ticks(SECOND);
        reports.ticks(SECOND);
    }
    assert!(deaths(&noise).is_empty() && deaths(&reports).is_empty());
}

#[test]
fn a_stranger_does_not_keep_a_dead_call_alive() {
    let mut leg = Leg::plain();
    leg.hear(0, &[0xD5; 160]);
    leg.command(MediaCommand::WatchDead(true));
    for n in 0..600 {
        leg.receive(Header { ssrc: 1, ..audio(n) }, &[0xD5; 160], "203.0.113.66:9000");
        leg.tick();
    }
    assert_eq!(deaths(&leg), [&MediaOutput::Dead]);
}
