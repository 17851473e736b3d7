//! Hearing keys as tones (ITU-T Q.23, Q.24) with Goertzel filters. Knows linear samples only.
//!
//! Blocks of 102 samples (12.75 ms), so that a tone of 40 ms always covers two whole blocks; a key counts when two blocks in a row
//! agree. Speech is kept out ("talk-off") by asking that nearly all energy lie in exactly one low and one high tone of similar
//! strength, and again with narrower filters over both blocks.

use crate::kernel::Digit;
use crate::media::tone::{energy, goertzel};

const BLOCK: usize = 102;
const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Weakest tone heard: −42 dB of full scale. As the energy that `goertzel` gives for a block.
const WEAKEST: f32 = (260.0 * BLOCK as f32 / 2.0) * (260.0 * BLOCK as f32 / 2.0);
/// The high tone may be stronger by 6 dB (forward, as phones send it: 2 dB) …
const TWIST: f32 = 4.0;
/// … and weaker by 8 dB (long lines damp high tones more); Q.24 leaves this to the country.
const REVERSE_TWIST: f32 = 6.3;
/// Each tone is at least 8 dB over the others of its group.
const OVER_GROUP: f32 = 6.3;
/// Share of all energy that the two tones hold in one block, whose filters are 80 Hz wide …
const PURITY: f32 = 0.74;
/// … and in two blocks together, at the best of three frequencies 1 % apart: filters of 40 Hz that no harmonics of a voice fit by
/// chance.
const PURITY_CONFIRMED: f32 = 0.85;
const DETUNED: [f32; 3] = [0.99, 1.0, 1.01];
/// Blocks that agree before a key counts.
const HITS: u8 = 2;
/// Blocks without the key before the same key can count again.
const MISSES: u8 = 2;

/// The two tones of a key, Hz.
pub fn frequencies(digit: Digit) -> [f32; 2] {
    for (row, low) in KEYS.iter().zip(LOW_HZ) {
        for (key, high) in row.iter().zip(HIGH_HZ) {
            if *key == digit.as_char() {
                return [low, high];
            }
        }
    }
    [LOW_HZ[0], HIGH_HZ[0]] // not reached: the table holds all sixteen
}

/// Listens to one stream.
#[derive(Clone, Debug)]
pub struct Detector {
    /// The block before, and the one being filled.
    samples: [i16; 2 * BLOCK],
    filled: usize,
    candidate: Option<Digit>,
    hits: u8,
    down: Option<Digit>,
    misses: u8,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            samples: [0; 2 * BLOCK],
            filled: 0,
            candidate: None,
            hits: 0,
            down: None,
            misses: 0,
        }
    }
}

impl Detector {
    /// Takes samples; calls `found` for each key pressed.
    pub fn hear(&mut self, samples: &[i16], mut found: impl FnMut(Digit)) {
        for sample in samples {
            self.samples[BLOCK + self.filled] = *sample;
            self.filled += 1;
            if self.filled == BLOCK {
                self.filled = 0;
                let seen = classify(&self.samples[BLOCK..]);
                if let Some(digit) = self.follow(seen) {
                    found(digit);
                }
                self.samples.copy_within(BLOCK.., 0);
            }
        }
    }

    fn follow(&mut self, seen: Option<Digit>) -> Option<Digit> {
        self.hits = if seen.is_some() && seen == self.candidate {
            self.hits.saturating_add(1)
        } else {
            1
        };
        self.candidate = seen;
        if seen.is_some() && seen == self.down {
            self.misses = 0;
            return None;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES {
            self.down = None;
        }
        let confirmed = seen.filter(|digit| self.hits >= HITS && is_pure(&self.samples, *digit));
        if confirmed.is_some() {
            self.down = confirmed;
            self.misses = 0;
        }
        confirmed
    }
}

fn classify(block: &[i16]) -> Option<Digit> {
    let total = energy(block) * BLOCK as f32 / 2.0;
    if total < WEAKEST {
        return None; // spares the filters in silence
    }
    let (row, low) = strongest(block, &LOW_HZ)?;
    let (column, high) = strongest(block, &HIGH_HZ)?;
    let twisted = high > low * TWIST || low > high * REVERSE_TWIST;
    if twisted || low + high < PURITY * total {
        return None;
    }
    Digit::from_char(KEYS[row][column])
}

/// Whether two blocks hold the tones of `digit` and nothing else.
fn is_pure(samples: &[i16; 2 * BLOCK], digit: Digit) -> bool {
    let best = |hz: f32| {
        DETUNED
            .map(|d| goertzel(samples, hz * d))
            .into_iter()
            .fold(0.0, f32::max)
    };
    let tones: f32 = frequencies(digit).map(best).iter().sum();
    tones >= PURITY_CONFIRMED * energy(samples) * BLOCK as f32
}

/// The strongest tone of a group with its energy, if it stands out.
fn strongest(block: &[i16], group: &[f32; 4]) -> Option<(usize, f32)> {
    let energies = group.map(|hz| goertzel(block, hz));
    let (best, energy) = energies
        .iter()
        .copied()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let alone = energies
        .iter()
        .enumerate()
        .all(|(i, e)| i == best || energy > e * OVER_GROUP);
    (energy >= WEAKEST && alone).then_some((best, energy))
}

#[cfg(test)]
#[path = "inband_tests.rs"]
mod tests;
