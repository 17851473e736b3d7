//! What is recorded: the citizen's words in true time.

use super::*;
use crate::media::g711;
use crate::media::recording::Why;

fn frames(leg: &Leg) -> Vec<[u8; 160]> {
    leg.told
        .iter()
        .filter_map(|o| match o {
            MediaOutput::RecordingFrame(frame) => Some(*frame),
            _ => None,
        })
        .collect()
}

fn record(leg: &mut Leg, max_s: u64, silence_ms: Option<u64>) {
    leg.command(MediaCommand::StartRecording {
        max: Duration::from_secs(max_s),
        stop_after_silence: silence_ms.map(Duration::from_millis),
    });
}

fn linear(frames: &[[u8; 160]]) -> Vec<i16> {
    frames.iter().flatten().map(|o| g711::decode(Law::A, *o)).collect()
}

#[test]
fn a_recording_is_as_long_as_the_time_it_took_and_holds_what_was_said() {
    let mut leg = Leg::plain();
    let words = clip(160 * 100, 440.0);
    record(&mut leg, 60, None);
    leg.ticks(25); // silent for half a second, not a packet
    for (n, sound) in (25..).zip(words.octets(Law::A).chunks(160)) {
        leg.hear(n, sound);
        leg.tick();
    }
    leg.ticks(25);
    leg.command(MediaCommand::StopRecording);
    assert_eq!(frames(&leg).len(), 150);
    assert_eq!(leg.told.last(), Some(&MediaOutput::RecordingStopped(Why::Asked)));
    let recorded: Vec<u8> = frames(&leg).concat();
    let middle = &words.octets(Law::A)[160..160 * 90];
    assert!(
        recorded.windows(middle.len()).any(|w| w == middle),
        "octet for octet, but for the seams"
    );
    leg.ticks(5);
    assert_eq!(frames(&leg).len(), 150);
}

#[test]
fn mu_law_in_bad_weather_is_recorded_as_a_law_with_the_holes_filled() {
    let mut leg = Leg::new(
        config(),
        AudioParams {
            law: Law::Mu,
            payload_type: 0,
            ..params()
        },
    );
    record(&mut leg, 60, None);
    let words = clip(160 * 200, 400.0);
    for (n, sound) in (0_u16..).zip(words.octets(Law::Mu).chunks(160)) {
        if n % 3 != 2 {
            leg.receive(
                Header {
                    payload_type: 0,
                    ..audio(n)
                },
                sound,
                PHONE,
            );
        }
        leg.tick();
    }
    let sound = linear(&frames(&leg)[5..195]);
    assert_eq!(frames(&leg).len(), 200);
    assert!(
        tone::share(&sound[..8_000], 400.0) > 0.5,
        "{}",
        tone::share(&sound[..8_000], 400.0)
    );
    let quietest = sound.chunks(160).map(tone::energy).fold(f32::MAX, f32::min);
    assert!(quietest > 160.0 * 1_000.0 * 1_000.0, "no hole is left: {quietest}");
}

#[test]
fn it_stops_at_its_longest_duration() {
    let mut leg = Leg::plain();
    record(&mut leg, 2, None);
    leg.ticks(300);
    assert_eq!(frames(&leg).len(), 100);
    assert_eq!(leg.told.last(), Some(&MediaOutput::RecordingStopped(Why::MaxDuration)));
}

#[test]
fn it_stops_when_the_citizen_has_finished_speaking() {
    let mut leg = Leg::plain();
    let words = clip(160 * 100, 300.0);
    record(&mut leg, 60, Some(1_000));
    for (n, sound) in (0..).zip(words.octets(Law::A).chunks(160)) {
        leg.hear(n, sound);
        leg.tick();
    }
    leg.ticks(100);
    assert_eq!(leg.told.last(), Some(&MediaOutput::RecordingStopped(Why::Silence)));
    assert!((150..160).contains(&frames(&leg).len()), "{}", frames(&leg).len());
}

#[test]
fn closing_the_session_ends_it() {
    let mut leg = Leg::plain();
    record(&mut leg, 60, None);
    leg.ticks(10);
    leg.command(MediaCommand::Close);
    assert_eq!(leg.told.last(), Some(&MediaOutput::RecordingStopped(Why::Closed)));
}

#[test]
fn a_wheel_that_was_stuck_leaves_no_time_out() {
    let mut leg = Leg::plain();
    record(&mut leg, 60, None);
    leg.ticks(10);
    leg.now = leg.now + Duration::from_secs(1);
    leg.ticks(10);
    assert_eq!(frames(&leg).len(), 70);
}
