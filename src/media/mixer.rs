//! Several people in one conversation: each hears the sum of those it is to hear, never itself. Linear 16 bit, bent softly where
//! it would be too loud. Knows frames and places, nothing of sessions.
//!
//! A turn is: [`Mixer::begin`], [`Mixer::say`] for each member, [`Mixer::heard_by`] for each that is to hear something. Who says
//! nothing, or only silence, costs nothing.

use super::g711::{Frame, encode, silence};
use super::{FRAME_SAMPLES, voice};
use crate::kernel::Law;

/// Most members of one mix: far more than can be understood.
pub const MEMBERS_MAX: usize = 32;
/// Up to here a sum is left as it is …
const KNEE: i32 = 24_000;
/// … and above it approaches this and never reaches it.
const CEILING: i32 = 32_767;
/// Below this mean level (−66 dB of full scale, an idle line's least steps) a frame is silence.
const SILENT_BELOW: u32 = 16;

/// What one member said, or hears, in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound<'a> {
    /// No stream: its packets do not come, or none hears it.
    Nothing,
    /// A stream with nothing in it.
    Silence,
    /// Sound.
    Frame(&'a Frame),
}

impl<'a> Sound<'a> {
    /// A received frame: sound, or silence if nothing is in it.
    pub fn of(frame: &'a Frame) -> Self {
        if voice::level(frame) < SILENT_BELOW {
            Self::Silence
        } else {
            Self::Frame(frame)
        }
    }

    /// Its octets in `law`; silence where there is none.
    pub fn octets(self, law: Law) -> [u8; FRAME_SAMPLES] {
        match self {
            Self::Nothing | Self::Silence => [silence(law); FRAME_SAMPLES],
            Self::Frame(frame) => std::array::from_fn(|i| encode(law, frame[i])),
        }
    }
}

/// A mix of up to [`MEMBERS_MAX`] members, each with a number from 0 on.
#[derive(Debug)]
pub struct Mixer {
    /// For each member the set of those it hears, a bit each.
    hears: Vec<u32>,
    /// Who has a stream in this turn, and who of them says something.
    present: u32,
    sounding: u32,
    said: Vec<Frame>,
    mixed: Frame,
}

impl Mixer {
    /// A mix in which member `i` hears those whose bits are set in `hears[i]`; itself is left out. Further members than
    /// [`MEMBERS_MAX`] are not there.
    pub fn new(mut hears: Vec<u32>) -> Self {
        hears.truncate(MEMBERS_MAX);
        for (i, set) in hears.iter_mut().enumerate() {
            *set &= !(1 << i);
        }
        Self {
            said: vec![[0; FRAME_SAMPLES]; hears.len()],
            hears,
            present: 0,
            sounding: 0,
            mixed: [0; FRAME_SAMPLES],
        }
    }

    /// The set of those that `member` hears, a bit each.
    pub fn hearing(&self, member: usize) -> u32 {
        self.hears.get(member).copied().unwrap_or(0)
    }

    /// The set of those that hear `member`, a bit each.
    pub fn audience(&self, member: usize) -> u32 {
        let hears_it = |set: &u32| set.checked_shr(u32::try_from(member).unwrap_or(u32::MAX)).unwrap_or(0) & 1;
        self.hears.iter().rev().fold(0, |all, set| all << 1 | hears_it(set))
    }

    /// A new turn: nobody has said anything yet.
    pub fn begin(&mut self) {
        self.present = 0;
        self.sounding = 0;
    }

    /// What a member says in this turn.
    pub fn say(&mut self, member: usize, sound: Sound<'_>) {
        let Some(place) = self.said.get_mut(member) else {
            return;
        };
        match sound {
            Sound::Nothing => {}
            Sound::Silence => self.present |= 1 << member,
            Sound::Frame(frame) => {
                self.present |= 1 << member;
                self.sounding |= 1 << member;
                *place = *frame;
            }
        }
    }

    /// What a member hears in this turn.
    pub fn heard_by(&mut self, member: usize) -> Sound<'_> {
        let hears = self.hearing(member);
        let voices = hears & self.sounding;
        match voices.count_ones() {
            0 if hears & self.present == 0 => Sound::Nothing,
            0 => Sound::Silence,
            1 => Sound::Frame(&self.said[voices.trailing_zeros() as usize]),
            _ => {
                self.mix(voices);
                Sound::Frame(&self.mixed)
            }
        }
    }

    fn mix(&mut self, mut voices: u32) {
        let mut sum = [0_i32; FRAME_SAMPLES];
        while voices != 0 {
            let said = &self.said[voices.trailing_zeros() as usize];
            sum.iter_mut().zip(said).for_each(|(s, v)| *s += i32::from(*v));
            voices &= voices - 1;
        }
        self.mixed.iter_mut().zip(sum).for_each(|(m, s)| *m = bend(s));
    }
}

/// Straight up to the knee, from there in a curve without an edge towards the ceiling.
fn bend(sum: i32) -> i16 {
    let magnitude = sum.abs();
    if magnitude <= KNEE {
        return sum as i16;
    }
    let (over, room) = (magnitude - KNEE, CEILING - KNEE);
    // At most 32 × 32,768 over a room of 8,767: the product needs 64 bits.
    let bent = KNEE + (i64::from(over) * i64::from(room) / i64::from(over + room)) as i32;
    (bent * sum.signum()) as i16
}

#[cfg(test)]
#[path = "mixer_tests.rs"]
mod tests;
