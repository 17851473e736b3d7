//! Pure tones: making them and measuring them (Goertzel). Knows frequencies, nothing of keys.

use std::f32::consts::TAU;

use super::SAMPLE_RATE_HZ;

/// Energy of `samples` at `frequency_hz`: for a sine of amplitude A it is (A·N/2)², whatever its phase.
pub fn goertzel(samples: &[i16], frequency_hz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency_hz / SAMPLE_RATE_HZ as f32).cos();
    let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
    for sample in samples {
        (s1, s2) = (f32::from(*sample) + coefficient * s1 - s2, s1);
    }
    s1 * s1 + s2 * s2 - coefficient * s1 * s2
}

/// Sum of squares.
pub fn energy(samples: &[i16]) -> f32 {
    samples.iter().map(|s| f32::from(*s) * f32::from(*s)).sum()
}

/// Share of the energy of `samples` that lies at `frequency_hz`, 0–1: near 1 for a pure tone.
pub fn share(samples: &[i16], frequency_hz: f32) -> f32 {
    let total = energy(samples) * samples.len() as f32 / 2.0;
    if total > 0.0 {
        goertzel(samples, frequency_hz) / total
    } else {
        0.0
    }
}

/// Sample `index` of the sum of sines, each `amplitude` high (32,767 is full scale).
pub fn sample(index: u32, frequencies_hz: &[f32], amplitude: f32) -> i16 {
    // One second holds a whole number of periods for whole frequencies: keeps the phase exact for ever.
    let t = (index % SAMPLE_RATE_HZ) as f32 / SAMPLE_RATE_HZ as f32;
    let sum: f32 = frequencies_hz.iter().map(|f| (TAU * f * t).sin() * amplitude).sum();
    sum.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}

/// `count` samples of the sum of sines.
pub fn tone(count: u32, frequencies_hz: &[f32], amplitude: f32) -> Vec<i16> {
    (0..count).map(|i| sample(i, frequencies_hz, amplitude)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_own_frequency_only() {
        let tone = tone(1_600, &[440.0], 8_000.0);
        assert!(share(&tone, 440.0) > 0.99);
        assert!(share(&tone, 880.0) < 0.01);
        assert!(share(&[0; 160], 440.0).abs() < f32::EPSILON);
    }
}
