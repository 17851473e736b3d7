//! Who hears whom, how loud, and that nobody hears himself.

use super::*;
use crate::media::{g711, tone};

fn voice_of(frequency_hz: f32, amplitude: f32) -> Frame {
    std::array::from_fn(|i| tone::sample(i as u32, &[frequency_hz], amplitude))
}

/// Share of each of the frequencies in what a member hears.
fn shares<const N: usize>(sound: Sound<'_>, frequencies: [f32; N]) -> [f32; N] {
    match sound {
        Sound::Nothing | Sound::Silence => [0.0; N],
        Sound::Frame(frame) => frequencies.map(|f| tone::share(frame, f)),
    }
}

const ALL: u32 = u32::MAX;
/// Frequencies with whole cycles in a frame, so that they do not leak into each other.
const VOICES: [f32; 3] = [400.0, 650.0, 1_000.0];

fn three_speak(hears: Vec<u32>) -> Mixer {
    let mut mixer = Mixer::new(hears);
    mixer.begin();
    for (i, frequency) in VOICES.into_iter().enumerate() {
        mixer.say(i, Sound::of(&voice_of(frequency, 6_000.0)));
    }
    mixer
}

#[test]
fn three_who_speak_together_hear_the_two_others_equally_and_never_themselves() {
    let mut mixer = three_speak(vec![ALL; 3]);
    for member in 0..3 {
        let heard = shares(mixer.heard_by(member), VOICES);
        for (speaker, share) in heard.into_iter().enumerate() {
            if speaker == member {
                assert!(share < 0.001, "{member} hears himself: {share}");
            } else {
                assert!((0.49..0.51).contains(&share), "{member} hears {speaker}: {share}");
            }
        }
    }
}

#[test]
fn the_sum_is_the_sum_while_there_is_room() {
    let mut mixer = three_speak(vec![ALL; 3]);
    let (b, c) = (voice_of(VOICES[1], 6_000.0), voice_of(VOICES[2], 6_000.0));
    let sum: Frame = std::array::from_fn(|i| b[i] + c[i]);
    assert_eq!(mixer.heard_by(0), Sound::Frame(&sum));
}

/// Citizen 0, agent 1, supervisor 2.
#[test]
fn who_listens_is_not_heard_who_whispers_is_heard_by_one_who_barges_in_by_all() {
    let hears = |sound: Sound<'_>| shares(sound, VOICES).map(|share| share > 0.1);
    let mut listening = three_speak(vec![0b010, 0b001, 0b011]);
    assert_eq!(hears(listening.heard_by(0)), [false, true, false]);
    assert_eq!(hears(listening.heard_by(1)), [true, false, false]);
    assert_eq!(hears(listening.heard_by(2)), [true, true, false]);
    let mut whispering = three_speak(vec![0b010, 0b101, 0b011]);
    assert_eq!(
        hears(whispering.heard_by(0)),
        [false, true, false],
        "not for the citizen"
    );
    assert_eq!(hears(whispering.heard_by(1)), [true, false, true]);
    let mut barging = three_speak(vec![ALL; 3]);
    assert_eq!(hears(barging.heard_by(0)), [false, true, true]);
    assert_eq!(
        (listening.audience(2), whispering.audience(2), barging.audience(2)),
        (0, 0b010, 0b011)
    );
    assert_eq!(listening.audience(0), 0b110);
}

#[test]
fn either_law_comes_out_and_one_voice_alone_comes_out_octet_for_octet() {
    for from in [Law::A, Law::Mu] {
        let octets: Vec<u8> = voice_of(400.0, 20_000.0).iter().map(|s| encode(from, *s)).collect();
        let linear: Frame = std::array::from_fn(|i| g711::decode(from, octets[i]));
        let mut mixer = Mixer::new(vec![ALL; 3]);
        mixer.begin();
        mixer.say(0, Sound::of(&linear));
        mixer.say(2, Sound::Silence);
        let heard = mixer.heard_by(1);
        assert_eq!(heard.octets(from), octets[..], "the same law");
        let to = if from == Law::A { Law::Mu } else { Law::A };
        let converted = heard.octets(to).map(|o| g711::decode(to, o));
        assert!(tone::share(&converted, 400.0) > 0.99);
    }
}

#[test]
fn shouting_together_is_bent_and_never_wraps_around() {
    let mut mixer = Mixer::new(vec![ALL; 8]);
    for sample in [i16::MIN, i16::MAX] {
        mixer.begin();
        (0..8).for_each(|i| mixer.say(i, Sound::Frame(&[sample; 160])));
        let Sound::Frame(frame) = mixer.heard_by(0) else {
            panic!("nothing")
        };
        assert!(
            frame
                .iter()
                .all(|s| s.signum() == sample.signum() && s.unsigned_abs() > 31_000)
        );
    }
    // Two loud voices stay recognisable: bent, not cut into squares.
    mixer.begin();
    mixer.say(1, Sound::of(&voice_of(400.0, 30_000.0)));
    mixer.say(2, Sound::of(&voice_of(1_000.0, 30_000.0)));
    let heard = shares(mixer.heard_by(0), VOICES);
    assert!(heard[0] > 0.35 && heard[2] > 0.35, "{heard:?}");
}

#[test]
fn louder_stays_louder_whatever_the_sum() {
    let curve: Vec<i16> = (-70_000..70_000).map(bend).collect();
    assert!(curve.is_sorted());
    let steepest = curve.windows(2).map(|w| w[1] - w[0]).max();
    assert_eq!(steepest, Some(1), "no edge");
    assert_eq!((bend(i32::from(i16::MIN) * 31), bend(0)), (-32_690, 0));
}

#[test]
fn silence_is_told_from_nothing_and_neither_is_added_up() {
    let mut mixer = Mixer::new(vec![ALL; 3]);
    mixer.begin();
    assert_eq!(mixer.heard_by(0), Sound::Nothing);
    mixer.say(1, Sound::of(&[8; 160])); // A-law's smallest step
    assert_eq!(mixer.heard_by(0), Sound::Silence);
    assert_eq!(
        mixer.heard_by(1),
        Sound::Nothing,
        "its own silence is not its own to hear"
    );
    assert_eq!(mixer.heard_by(0).octets(Law::Mu), [g711::SILENCE_MU; 160]);
    mixer.say(2, Sound::of(&[500; 160]));
    assert_eq!(mixer.heard_by(0), Sound::Frame(&[500; 160]));
    mixer.begin();
    assert_eq!(mixer.heard_by(0), Sound::Nothing, "a turn leaves nothing to the next");
}

#[test]
fn numbers_out_of_range_are_nobody() {
    let mut mixer = Mixer::new(vec![ALL; 40]);
    mixer.begin();
    mixer.say(39, Sound::Frame(&[500; 160]));
    assert_eq!(mixer.heard_by(0), Sound::Nothing);
    assert_eq!(mixer.heard_by(39), Sound::Nothing);
    assert_eq!(mixer.hearing(39), 0);
    assert_eq!(mixer.audience(50), 0);
    assert_eq!(mixer.audience(31).count_ones(), 31);
}
