//! WAV files: telephone sound in, clips out. Knows bytes, nothing of files or of how they are played.

use thiserror::Error;

use super::g711;
use super::prompt::Clip;
use crate::kernel::Law;

/// Format tag of linear samples.
pub const PCM: u16 = 1;
/// Format tag of A-law.
pub const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

/// Why a WAV cannot be a prompt.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WavError {
    /// Not RIFF/WAVE.
    #[error("no RIFF/WAVE file")]
    NotWav,
    /// No `fmt ` chunk before the sound, or cut short.
    #[error("no usable fmt chunk")]
    NoFormat,
    /// No `data` chunk.
    #[error("no data chunk")]
    NoData,
    /// Another rate than 8,000 Hz.
    #[error("sample rate is {0} Hz, not 8000 Hz")]
    Rate(u32),
    /// More than one channel.
    #[error("{0} channels, not one")]
    Channels(u16),
    /// An encoding other than A-law, µ-law or 16-bit PCM.
    #[error("format tag {tag} with {bits} bits a sample; A-law, µ-law and 16-bit PCM are read")]
    Encoding {
        /// The `wFormatTag`.
        tag: u16,
        /// Bits a sample.
        bits: u16,
    },
}

#[derive(Clone, Copy)]
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
}

/// Reads a mono 8 kHz WAV of A-law, µ-law or 16-bit PCM. A data size that is 0, unknown or past the end (a recording cut off, a
/// pipe) means "until the end".
///
/// # Errors
/// See [`WavError`].
pub fn parse(file: &[u8]) -> Result<Clip, WavError> {
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(WavError::NotWav);
    }
    let mut rest = &file[12..];
    let mut format = None;
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let [i0, i1, i2, i3, size @ ..] = *head;
        let size = usize::try_from(u32::from_le_bytes(size)).unwrap_or(usize::MAX);
        match &[i0, i1, i2, i3] {
            b"fmt " => format = read_format(body.get(..size).ok_or(WavError::NoFormat)?),
            b"data" => {
                let whole = if size == 0 { body.len() } else { size.min(body.len()) };
                return read_data(format.ok_or(WavError::NoFormat)?, &body[..whole]);
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = size
            .checked_add(size % 2)
            .and_then(|n| body.get(n..))
            .unwrap_or_default();
    }
    Err(WavError::NoData)
}

fn read_format(chunk: &[u8]) -> Option<Format> {
    let short = |at: usize| Some(u16::from_le_bytes(*chunk.get(at..)?.first_chunk()?));
    let tag = match short(0)? {
        EXTENSIBLE => short(24)?,
        tag => tag,
    };
    let rate = u32::from_le_bytes(*chunk.get(4..)?.first_chunk()?);
    Some(Format {
        tag,
        channels: short(2)?,
        rate,
        bits: short(14)?,
    })
}

fn read_data(format: Format, data: &[u8]) -> Result<Clip, WavError> {
    if format.channels != 1 {
        return Err(WavError::Channels(format.channels));
    }
    if format.rate != super::SAMPLE_RATE_HZ {
        return Err(WavError::Rate(format.rate));
    }
    match (format.tag, format.bits) {
        (A_LAW, 8) => Ok(Clip::new(Law::A, data)),
        (MU_LAW, 8) => Ok(Clip::new(Law::Mu, data)),
        (PCM, 16) => {
            let samples = data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]));
            Ok(Clip::from_linear(samples))
        }
        (tag, bits) => Err(WavError::Encoding { tag, bits }),
    }
}

/// A 16-bit PCM mono 8 kHz WAV of linear samples, for programs that know no A-law.
pub fn from_linear(samples: &[i16]) -> Vec<u8> {
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(44 + samples.len() * 2);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&bytes.saturating_add(36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&super::SAMPLE_RATE_HZ.to_le_bytes());
    out.extend_from_slice(&(super::SAMPLE_RATE_HZ * 2).to_le_bytes());
    out.extend_from_slice(b"\x02\0\x10\0data");
    out.extend_from_slice(&bytes.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    out
}

/// A clip as an A-law WAV.
pub fn from_clip(clip: &Clip) -> Vec<u8> {
    let mut file = super::recording::header(super::recording::Channels::One, clip.len() as u64).to_vec();
    file.extend_from_slice(clip.octets(Law::A));
    file
}

/// A clip as linear samples.
pub fn linear(clip: &Clip) -> Vec<i16> {
    clip.octets(Law::A).iter().map(|o| g711::decode(Law::A, *o)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::media::tone::tone;

    #[test]
    fn linear_and_a_law_files_give_the_same_clip() {
        let samples = tone(400, &[440.0], 9_000.0);
        let from_pcm = parse(&from_linear(&samples)).unwrap();
        let from_a = parse(&from_clip(&from_pcm)).unwrap();
        // The µ-law side of the one came from linear sound, of the other from A-law.
        assert_eq!(from_pcm.octets(Law::A), from_a.octets(Law::A));
        assert_eq!(from_pcm.len(), 400);
    }

    #[test]
    fn a_file_cut_off_or_of_unknown_size_plays_until_its_end() {
        let mut file = from_clip(&Clip::new(Law::A, &[0x11; 300]));
        file.truncate(file.len() - 100);
        assert_eq!(parse(&file).unwrap().len(), 200);
        for size in [0, u32::MAX] {
            file[54..58].copy_from_slice(&size.to_le_bytes());
            assert_eq!(parse(&file).unwrap().len(), 200);
        }
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        let good = from_linear(&[0; 8]);
        let with = |at: usize, byte: u8| {
            let mut file = good.clone();
            file[at] = byte;
            parse(&file)
        };
        assert_eq!(with(0, b'X'), Err(WavError::NotWav));
        assert_eq!(with(22, 2), Err(WavError::Channels(2)));
        assert_eq!(with(24, 0), Err(WavError::Rate(0x1F00)));
        assert_eq!(with(20, 3), Err(WavError::Encoding { tag: 3, bits: 16 }));
        assert_eq!(with(36, b'x'), Err(WavError::NoData));
        assert_eq!(with(12, b'x'), Err(WavError::NoFormat));
    }

    proptest! {
        #[test]
        fn no_file_can_harm_the_reader(cut in 0_usize..200, at in 0_usize..60, byte in any::<u8>()) {
            let mut file = from_clip(&Clip::new(Law::Mu, &[1; 100]));
            file[at] = byte;
            file.truncate(cut);
            let _ = parse(&file);
        }
    }
}
