//! The container of recordings: a WAV of A-law whose header is true at each moment of its life. Knows bytes, writes no file.
//!
//! While it grows, its sizes say "unknown" (all ones), which players take for "until the end": it can be listened to at once, and
//! after a crash. [`repair`] gives the header that belongs to a file of a certain length.

use super::{FRAME_SAMPLES, SAMPLE_RATE_HZ, wav};

/// Length of the header, bytes: RIFF, `fmt ` of 18, `fact`, and the head of `data`.
pub const HEADER_BYTES: usize = 58;
/// Length of the header of [`linear_header`], bytes.
pub const LINEAR_HEADER_BYTES: usize = 44;
const UNKNOWN: u32 = u32::MAX;

/// How many legs share the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// One.
    #[default]
    One,
    /// Two, their samples alternating.
    Two,
}

impl Channels {
    /// How many.
    pub const fn count(self) -> u16 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// As many; `None` for other numbers than 1 and 2.
    pub const fn from_count(count: u16) -> Option<Self> {
        match count {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    /// How long so many bytes of sound last, milliseconds.
    pub const fn duration_ms(self, data_bytes: u64) -> u64 {
        data_bytes.saturating_mul(1_000) / (SAMPLE_RATE_HZ as u64 * self.count() as u64)
    }
}

/// Why a recording stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// By command.
    Asked,
    /// It reached its longest duration.
    MaxDuration,
    /// Nobody spoke for as long as was agreed.
    Silence,
    /// The session closed.
    Closed,
}

/// Header of a file that is being written.
pub fn open_header(channels: Channels) -> [u8; HEADER_BYTES] {
    build(channels, UNKNOWN, UNKNOWN, UNKNOWN)
}

/// Header of a complete file with `data_bytes` of sound.
pub fn header(channels: Channels, data_bytes: u64) -> [u8; HEADER_BYTES] {
    let whole_frames = data_bytes / u64::from(channels.count());
    let data = whole_frames * u64::from(channels.count());
    // Above 4 GiB (six days of two channels) the size is unknown by the format's own limits.
    let (Ok(size), Ok(frames)) = (u32::try_from(data), u32::try_from(whole_frames)) else {
        return open_header(channels);
    };
    build(channels, size.saturating_add(HEADER_BYTES as u32 - 8), frames, size)
}

/// Header that makes a file of `file_bytes` in all (header included) right; `None` if it has no room for a header.
pub fn repair(file_bytes: u64, channels: Channels) -> Option<[u8; HEADER_BYTES]> {
    Some(header(channels, file_bytes.checked_sub(HEADER_BYTES as u64)?))
}

/// Channels that an existing header names; `None` if it is not one of ours.
pub fn channels_of(existing: &[u8]) -> Option<Channels> {
    let same_kind = |c: Channels| existing.get(12..38) == open_header(c).get(12..38);
    [Channels::One, Channels::Two].into_iter().find(|c| same_kind(*c))
}

/// Bytes of sound that an existing header of ours counts; `None` if it is not one of ours, or does not count yet.
pub fn data_bytes_of(existing: &[u8]) -> Option<u64> {
    channels_of(existing)?;
    let counted = existing.get(HEADER_BYTES - 4..HEADER_BYTES)?.first_chunk()?;
    Some(u32::from_le_bytes(*counted))
        .filter(|bytes| *bytes != UNKNOWN)
        .map(u64::from)
}

/// Header of the same sound as 16-bit linear samples, for programs that know no A-law; `data_bytes` of A-law, so twice as many
/// follow.
pub fn linear_header(channels: Channels, data_bytes: u64) -> [u8; LINEAR_HEADER_BYTES] {
    let size = u32::try_from(data_bytes.saturating_mul(2)).unwrap_or(UNKNOWN);
    let (count, frame) = (channels.count(), channels.count() * 2);
    let mut out = [0; LINEAR_HEADER_BYTES];
    let parts: [&[u8]; 12] = [
        b"RIFF",
        &size.saturating_add(LINEAR_HEADER_BYTES as u32 - 8).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &wav::PCM.to_le_bytes(),
        &count.to_le_bytes(),
        &SAMPLE_RATE_HZ.to_le_bytes(),
        &(SAMPLE_RATE_HZ * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &size.to_le_bytes(),
    ];
    let mut at = 0;
    for part in parts {
        out[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    out
}

/// One frame of each of two legs, for [`Channels::Two`].
pub fn interleave(left: &[u8; FRAME_SAMPLES], right: &[u8; FRAME_SAMPLES]) -> [u8; 2 * FRAME_SAMPLES] {
    std::array::from_fn(|i| if i % 2 == 0 { left[i / 2] } else { right[i / 2] })
}

fn build(channels: Channels, riff: u32, frames: u32, data: u32) -> [u8; HEADER_BYTES] {
    let count = channels.count();
    let mut out = [0; HEADER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&riff.to_le_bytes());
    put(b"WAVEfmt ");
    put(&18_u32.to_le_bytes());
    put(&wav::A_LAW.to_le_bytes());
    put(&count.to_le_bytes());
    put(&SAMPLE_RATE_HZ.to_le_bytes());
    put(&(SAMPLE_RATE_HZ * u32::from(count)).to_le_bytes());
    put(&count.to_le_bytes());
    put(&8_u16.to_le_bytes());
    put(&0_u16.to_le_bytes()); // no extension: non-PCM formats carry its size all the same
    put(b"fact");
    put(&4_u32.to_le_bytes());
    put(&frames.to_le_bytes());
    put(b"data");
    put(&data.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_cut_off_at_any_byte_is_playable_and_repairable() {
        let mut file = open_header(Channels::One).to_vec();
        file.extend((0..1_600).map(|i| (i % 251) as u8));
        for length in [HEADER_BYTES + 1, HEADER_BYTES + 777, file.len()] {
            let mut cut = file[..length].to_vec();
            assert_eq!(
                wav::parse(&cut).unwrap().len(),
                length - HEADER_BYTES,
                "even before the repair"
            );
            cut[..HEADER_BYTES].copy_from_slice(&repair(length as u64, Channels::One).unwrap());
            assert_eq!(wav::parse(&cut).unwrap().len(), length - HEADER_BYTES);
            assert_eq!(cut[4..8], (length as u32 - 8).to_le_bytes());
            assert_eq!(cut[46..50], (length as u32 - 58).to_le_bytes());
        }
        assert_eq!(repair(57, Channels::One), None);
    }

    #[test]
    fn two_legs_alternate_and_half_a_frame_is_not_counted() {
        let header = repair(HEADER_BYTES as u64 + 7, Channels::Two).unwrap();
        assert_eq!(header[54..58], 6_u32.to_le_bytes());
        assert_eq!(header[46..50], 3_u32.to_le_bytes());
        assert_eq!(channels_of(&header), Some(Channels::Two));
        assert_eq!(channels_of(b"RIFF"), None);
        assert_eq!(interleave(&[1; 160], &[2; 160])[..4], [1, 2, 1, 2]);
    }
}
