//! Filling the holes that lost packets leave, after ITU-T G.711 Appendix I: the last pitch period goes on and fades out within
//! 60 ms. Knows linear frames, nothing of packets.

use super::FRAME_SAMPLES;
use super::g711::Frame;

/// Shortest pitch period tried, samples (200 Hz).
const PITCH_MIN: usize = 40;
/// Longest pitch period tried, samples (66 Hz).
const PITCH_MAX: usize = 120;
/// What is compared to find the period, samples (20 ms).
const COMPARED: usize = 160;
const HISTORY: usize = PITCH_MAX + COMPARED;
/// Full volume for this long, samples (10 ms) …
const FULL: u32 = 80;
/// … then down in a straight line until here, samples (60 ms).
const GONE: u32 = 480;
/// The seam between made and real sound, samples (4 ms).
const SEAM: usize = 32;

/// Remembers the last sound of one stream and goes on with it.
#[derive(Clone, Debug)]
pub struct Concealer {
    history: [i16; HISTORY],
    period: [i16; PITCH_MAX],
    period_len: usize,
    made: u32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            period: [0; PITCH_MAX],
            period_len: PITCH_MIN,
            made: 0,
        }
    }
}

impl Concealer {
    /// Takes a good frame; its first 4 ms are blended with the made sound if a hole ends here.
    pub fn good(&mut self, frame: &mut Frame) {
        if self.made > 0 {
            for (i, sample) in frame.iter_mut().take(SEAM).enumerate() {
                let old = i32::from(self.made_sample(self.made + i as u32)) * (SEAM - i) as i32;
                let new = i32::from(*sample) * i as i32;
                *sample = ((old + new) / SEAM as i32) as i16;
            }
            self.made = 0;
        }
        self.remember(frame);
    }

    /// Makes a frame for one that is missing.
    pub fn lost(&mut self) -> Frame {
        if self.made == 0 {
            self.take_period();
        }
        let start = self.made;
        let frame = std::array::from_fn(|i| self.made_sample(start.saturating_add(i as u32)));
        self.made = start.saturating_add(FRAME_SAMPLES as u32);
        frame
    }

    /// Whether so much was made already that only silence would follow.
    pub fn is_silent(&self) -> bool {
        self.made >= GONE
    }

    /// Forgets the stream: silence follows.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn remember(&mut self, frame: &Frame) {
        self.history.copy_within(FRAME_SAMPLES.., 0);
        self.history[HISTORY - FRAME_SAMPLES..].copy_from_slice(frame);
    }

    fn made_sample(&self, index: u32) -> i16 {
        let volume = match index {
            0..FULL => GONE - FULL,
            FULL..GONE => GONE - index,
            _ => return 0,
        };
        let sample = i32::from(self.period[index as usize % self.period_len]);
        (sample * volume as i32 / (GONE - FULL) as i32) as i16
    }

    fn take_period(&mut self) {
        let length = self.pitch();
        let last = &self.history[HISTORY - length..];
        let before = &self.history[HISTORY - 2 * length..HISTORY - length];
        self.period[..length].copy_from_slice(last);
        // The end of the period slides into what came before its start, so that the repetition has no edge.
        let seam = length / 4;
        for i in length - seam..length {
            let weight = (length - i) as i32;
            let blended = i32::from(last[i]) * weight + i32::from(before[i]) * (seam as i32 - weight);
            self.period[i] = (blended / seam as i32) as i16;
        }
        self.period_len = length;
    }

    /// The lag at which the last 20 ms are most like what came before them.
    fn pitch(&self) -> usize {
        let recent = &self.history[HISTORY - COMPARED..];
        let mut best = (PITCH_MIN, f32::MIN);
        for lag in PITCH_MIN..=PITCH_MAX {
            let earlier = &self.history[HISTORY - COMPARED - lag..HISTORY - lag];
            let (mut cross, mut power) = (0.0_f32, 1.0_f32);
            for (a, b) in recent.iter().zip(earlier) {
                cross += f32::from(*a) * f32::from(*b);
                power += f32::from(*b) * f32::from(*b);
            }
            let likeness = cross / power.sqrt();
            if likeness > best.1 {
                best = (lag, likeness);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::media::tone::{energy, sample, share};

    fn frame_of(frequency: f32, number: u32) -> Frame {
        std::array::from_fn(|i| sample(number * 160 + i as u32, &[frequency], 8_000.0))
    }

    #[test]
    fn a_voice_goes_on_through_a_lost_packet() {
        let mut c = Concealer::default();
        for n in 0..5 {
            c.good(&mut frame_of(125.0, n));
        }
        let made = c.lost();
        assert!(share(&made, 125.0) > 0.9, "same pitch: {}", share(&made, 125.0));
        let mut next = frame_of(125.0, 6);
        c.good(&mut next);
        // No click at the seams: no step larger than the tone itself makes, times three.
        let both: Vec<i16> = made.iter().chain(&next).copied().collect();
        let steepest = both
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
            .max()
            .unwrap();
        assert!(steepest < 3 * 8_000 * 2 * 355 / 113 * 125 / 8_000, "{steepest}");
    }

    #[test]
    fn a_long_hole_fades_into_silence() {
        let mut c = Concealer::default();
        for n in 0..5 {
            c.good(&mut frame_of(200.0, n));
        }
        let energies: Vec<f32> = (0..6).map(|_| energy(&c.lost())).collect();
        assert!(energies.is_sorted_by(|a, b| a >= b), "{energies:?}");
        assert!(
            energies[0] > 0.0 && energies[3..].iter().all(|e| *e == 0.0),
            "{energies:?}"
        );
    }

    #[test]
    fn whatever_was_heard_the_made_sound_is_never_louder() {
        let mut rng = SmallRng::seed_from_u64(7);
        for _ in 0..50 {
            let mut c = Concealer::default();
            let peak = rng.random_range(1..=i16::MAX);
            for _ in 0..3 {
                c.good(&mut std::array::from_fn(|_| rng.random_range(-peak..=peak)));
            }
            for _ in 0..4 {
                assert!(c.lost().iter().all(|s| s.unsigned_abs() <= peak.unsigned_abs()));
            }
        }
    }

    #[test]
    fn nothing_heard_yet_is_silence() {
        assert_eq!(Concealer::default().lost(), [0; 160]);
    }
}
