//! Tones at the edges of what must and must not be heard.

use std::f32::consts::TAU;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::kernel::Law;
use crate::media::g711;

const ALL: &str = "1234567890*#ABCD";

fn keys(samples: &[i16]) -> String {
    let mut detector = Detector::default();
    let mut heard = String::new();
    detector.hear(samples, |d| heard.push(d.as_char()));
    heard
}

/// A tone pair as it comes out of a G.711 line: detuned, each tone at its own level.
fn pair(key: char, ms: u32, detune: f32, low: f32, high: f32) -> Vec<i16> {
    let [f_low, f_high] = frequencies(Digit::from_char(key).unwrap()).map(|f| f * detune);
    (0..ms * 8)
        .map(|i| {
            let t = i as f32 / 8_000.0;
            let s = low * (TAU * f_low * t).sin() + high * (TAU * f_high * t).sin();
            g711::decode(Law::A, g711::encode(Law::A, s as i16))
        })
        .collect()
}

fn gap(ms: u32) -> Vec<i16> {
    vec![0; ms as usize * 8]
}

#[test]
fn all_sixteen_keys_detuned_by_one_and_a_half_percent_either_way() {
    for detune in [0.985, 1.0, 1.015] {
        let sound: Vec<i16> = ALL
            .chars()
            .flat_map(|k| [pair(k, 60, detune, 6_000.0, 6_000.0), gap(60)].concat())
            .collect();
        assert_eq!(keys(&sound), ALL, "detuned by {detune}");
    }
}

#[test]
fn forty_milliseconds_suffice_wherever_they_fall() {
    for key in ALL.chars() {
        for shift in (0..102).step_by(7) {
            let sound = [vec![0; shift], pair(key, 40, 1.0, 5_000.0, 5_000.0), gap(50)].concat();
            assert_eq!(keys(&sound), key.to_string(), "shifted by {shift}");
        }
    }
}

#[test]
fn faint_tones_20_db_down_are_heard_and_a_whisper_is_not() {
    let sound: Vec<i16> = ALL
        .chars()
        .flat_map(|k| [pair(k, 60, 1.0, 1_600.0, 1_600.0), gap(60)].concat())
        .collect();
    assert_eq!(keys(&sound), ALL);
    assert_eq!(keys(&pair('5', 200, 1.0, 100.0, 100.0)), "");
}

#[test]
fn twist_within_limits_is_heard_and_beyond_them_not() {
    assert_eq!(keys(&pair('8', 100, 1.0, 6_000.0, 3_000.0)), "8"); // −6 dB, a long line
    assert_eq!(keys(&pair('8', 100, 1.0, 3_600.0, 6_000.0)), "8"); // +4.4 dB
    assert_eq!(keys(&pair('8', 100, 1.0, 9_000.0, 1_500.0)), "");
    assert_eq!(keys(&pair('8', 100, 1.0, 1_500.0, 9_000.0)), "");
}

#[test]
fn frequencies_off_by_five_percent_are_nobodys_key() {
    for key in ALL.chars() {
        assert_eq!(keys(&pair(key, 200, 1.05, 6_000.0, 6_000.0)), "", "{key}");
    }
}

#[test]
fn a_key_held_is_one_key_and_pressed_again_it_is_two() {
    assert_eq!(keys(&pair('3', 5_000, 1.0, 6_000.0, 6_000.0)), "3");
    let twice = [
        pair('3', 80, 1.0, 6_000.0, 6_000.0),
        gap(50),
        pair('3', 80, 1.0, 6_000.0, 6_000.0),
    ]
    .concat();
    assert_eq!(keys(&twice), "33");
    // A click in the middle of a press does not cut it in two.
    let mut clicked = pair('3', 300, 1.0, 6_000.0, 6_000.0);
    clicked[1_000..1_040].fill(0);
    assert_eq!(keys(&clicked), "3");
}

#[test]
fn keys_are_heard_through_noise_of_20_db_less() {
    let mut rng = SmallRng::seed_from_u64(3);
    let mut sound: Vec<i16> = ALL
        .chars()
        .flat_map(|k| [pair(k, 80, 1.0, 6_000.0, 6_000.0), gap(60)].concat())
        .collect();
    for s in &mut sound {
        *s += rng.random_range(-850..=850);
    }
    assert_eq!(keys(&sound), ALL);
}

/// Five minutes of something like speech: voiced sounds with wandering pitch and formants, hisses, pauses.
#[test]
fn speech_presses_no_keys() {
    let mut rng = SmallRng::seed_from_u64(12_345);
    let mut sound = Vec::new();
    while sound.len() < 300 * 8_000 {
        let length = rng.random_range(400..2_400);
        if rng.random_bool(0.2) {
            sound.extend((0..length).map(|_| rng.random_range(-2_500..=2_500_i16)));
            continue;
        }
        let pitch = rng.random_range(90.0..320.0_f32);
        let glide = rng.random_range(-0.3..0.3_f32);
        let formants: [f32; 3] = [
            rng.random_range(300.0..900.0),
            rng.random_range(900.0..2_300.0),
            rng.random_range(2_300.0..3_200.0),
        ];
        let mut phase = 0.0_f32;
        for i in 0..length {
            let f0 = pitch * (1.0 + glide * i as f32 / length as f32);
            phase = (phase + f0 / 8_000.0).fract();
            let mut s = 0.0;
            for harmonic in 1..=(3_400.0 / f0) as u32 {
                let f = f0 * harmonic as f32;
                let gain: f32 = formants.iter().map(|c| 1.0 / (1.0 + ((f - c) / 60.0).powi(2))).sum();
                s += gain * (TAU * phase * harmonic as f32).sin();
            }
            sound.push((s * 4_000.0).clamp(-32_000.0, 32_000.0) as i16);
        }
        sound.extend(gap(rng.random_range(0..80)));
    }
    let heard = keys(&sound);
    assert_eq!(heard, "", "talk-off");
}
