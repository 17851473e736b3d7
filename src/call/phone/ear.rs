//! What a telephone hears: all frames, and whether the last ones were a tone, speech or silence.

use std::f64::consts::TAU;

use crate::kernel::{Digit, Law};
use crate::media::g711;

/// A kind of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sound {
    /// Anything louder than −45 dBm0.
    Any,
    /// A tone of this frequency, hertz.
    Tone(f64),
    /// A tone of this frequency, hertz, among others: not much weaker than three others together.
    Among(f64),
    /// Nothing louder than −45 dBm0.
    Silence,
}

/// Frames in a row that make a sound.
const ENOUGH_FRAMES: u32 = 5;
/// Mean square below which a frame is silent: −45 dBm0, with full scale at +3.14 dBm0.
const SILENT_POWER: f64 = 16_000.0;

/// Everything heard, in A-law.
#[derive(Debug, Default)]
pub struct Ear {
    /// All frames since the sound began, 8,000 octets a second.
    pub heard: Vec<u8>,
    /// Keys heard.
    pub keys: Vec<Digit>,
    watching: Option<(Sound, u32)>,
}

impl Ear {
    /// Takes a frame of 20 ms.
    pub fn hear(&mut self, frame: &[u8; 160]) {
        self.heard.extend_from_slice(frame);
        if let Some((sound, run)) = self.watching.as_mut() {
            *run = if is(*sound, frame) { *run + 1 } else { 0 };
        }
    }

    /// Starts to listen for a sound.
    pub fn listen_for(&mut self, sound: Sound) {
        self.watching = Some((sound, 0));
    }

    /// Whether the sound listened for has been there for 100 ms.
    pub fn has_heard(&self) -> bool {
        self.watching.is_some_and(|(_, run)| run >= ENOUGH_FRAMES)
    }

    /// Share of the 20 ms frames in `from_s..to_s` (seconds since the sound began) that are this sound.
    pub fn share(&self, sound: Sound, from_s: f64, to_s: f64) -> f64 {
        let frame_of = |s: f64| (s * 50.0).max(0.0) as usize;
        let frames: Vec<&[u8]> = self
            .heard
            .chunks_exact(160)
            .skip(frame_of(from_s))
            .take(frame_of(to_s - from_s))
            .collect();
        let hits = frames.iter().filter(|f| is(sound, f)).count();
        if frames.is_empty() {
            0.0
        } else {
            hits as f64 / frames.len() as f64
        }
    }

    /// Share of the last so many seconds that were this sound.
    pub fn share_of_late(&self, sound: Sound, seconds: f64) -> f64 {
        let end = self.seconds();
        self.share(sound, end - seconds, end)
    }

    /// Seconds heard.
    pub fn seconds(&self) -> f64 {
        self.heard.len() as f64 / 8_000.0
    }
}

/// Whether a frame is such a sound.
pub fn is(sound: Sound, frame: &[u8]) -> bool {
    let samples: Vec<f64> = frame.iter().map(|b| f64::from(g711::decode(Law::A, *b))).collect();
    let power = samples.iter().map(|s| s * s).sum::<f64>() / samples.len().max(1) as f64;
    match sound {
        Sound::Any => power > SILENT_POWER,
        Sound::Silence => power <= SILENT_POWER,
        Sound::Tone(hz) => power > SILENT_POWER && share_of_tone(&samples, hz, power) > 0.6,
        Sound::Among(hz) => power > SILENT_POWER && share_of_tone(&samples, hz, power) > 0.1,
    }
}

/// Share of the frame's power that lies at one frequency (Goertzel).
fn share_of_tone(samples: &[f64], hz: f64, power: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / 8_000.0).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        (s1, s2) = (sample + coefficient * s1 - s2, s1);
    }
    let n = samples.len() as f64;
    2.0 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / (n * n * power)
}
