//! Whether someone speaks: a level against the line's own noise. Knows frames, decides nothing about calls.

use super::g711::Frame;

/// Below this mean level (−50 dB of full scale) nothing is speech.
const QUIET: u32 = 100;
/// The noise floor is never believed to lie above this, so that steady loud speech stays speech.
const FLOOR_MAX: u32 = 600;
/// Speech stands out of the noise by this factor.
const OVER_FLOOR: u32 = 3;

/// Follows the noise floor of one line.
#[derive(Clone, Debug)]
pub struct Voice {
    floor_times_256: u32,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            floor_times_256: (QUIET / OVER_FLOOR) << 8,
        }
    }
}

impl Voice {
    /// Takes one frame; true if it holds speech.
    pub fn hear(&mut self, frame: &Frame) -> bool {
        let level = level(frame);
        let floor = self.floor_times_256;
        // Down at once, up slowly (about 25 % a second): pauses between words tell the noise.
        self.floor_times_256 = (floor + floor / 200 + 1).min(level << 8).min(FLOOR_MAX << 8);
        level > QUIET.max((floor >> 8) * OVER_FLOOR)
    }
}

/// Mean absolute value.
pub fn level(frame: &Frame) -> u32 {
    frame.iter().map(|s| u32::from(s.unsigned_abs())).sum::<u32>() / frame.len() as u32
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn noise(rng: &mut SmallRng, amplitude: i16) -> Frame {
        std::array::from_fn(|_| rng.random_range(-amplitude..=amplitude))
    }

    #[test]
    fn speech_stands_out_of_a_noisy_line() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut voice = Voice::default();
        let street = (0..1_000).filter(|_| voice.hear(&noise(&mut rng, 400))).count();
        assert!(street < 400, "the floor rises to the noise: {street}");
        assert!((0..50).all(|_| voice.hear(&noise(&mut rng, 6_000))));
        assert!((0..50).all(|_| !voice.hear(&noise(&mut rng, 400))));
        assert!(!voice.hear(&[0; 160]));
    }
}
