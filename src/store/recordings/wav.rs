//! The header of an A-law WAV file (RIFF, format tag 6, 8,000 samples/s). Knows nothing of files.

/// Length of the header; the samples begin behind it.
pub const HEADER_BYTES: usize = 58;
/// Samples per second and channel; A-law has one octet a sample.
pub const SAMPLES_PER_S: u32 = 8_000;

/// A header for `data_len` octets of A-law in `channels` interleaved channels. For a format other than PCM the `fmt ` chunk
/// has 18 octets and a `fact` chunk tells the samples per channel (Microsoft, "New Multimedia Data Types", 1994).
pub fn wav_header(data_len: u32, channels: u16) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let samples = data_len / u32::from(channels.max(1));
    let parts: [&[u8]; 17] = [
        b"RIFF",
        &data_len.saturating_add(HEADER_BYTES as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &18_u32.to_le_bytes(),
        &6_u16.to_le_bytes(), // WAVE_FORMAT_ALAW
        &channels.to_le_bytes(),
        &SAMPLES_PER_S.to_le_bytes(),
        &(SAMPLES_PER_S * u32::from(channels)).to_le_bytes(), // octets per second
        &channels.to_le_bytes(),                              // octets per sample of all channels
        &8_u16.to_le_bytes(),                                 // bits per sample
        &0_u16.to_le_bytes(),                                 // no extension
        b"fact",
        &4_u32.to_le_bytes(),
        &samples.to_le_bytes(),
        b"data",
        &data_len.to_le_bytes(),
    ];
    let mut at = 0;
    for part in parts {
        header[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    header
}

/// Number of channels in a header of ours; `None` if it is none.
pub fn channels(header: &[u8]) -> Option<u16> {
    let ours = header.len() >= HEADER_BYTES && header.starts_with(b"RIFF") && header[8..16] == *b"WAVEfmt ";
    let channels = u16::from_le_bytes([*header.get(22)?, *header.get(23)?]);
    (ours && matches!(channels, 1 | 2)).then_some(channels)
}

/// Number of sample octets that a header of ours counts.
pub fn data_len(header: &[u8]) -> u32 {
    let last = header.get(..HEADER_BYTES).and_then(|h| h.last_chunk::<4>());
    last.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Length of so many octets, milliseconds.
pub fn duration_ms(data_len: u64, channels: u16) -> u64 {
    data_len.saturating_mul(1_000) / (u64::from(SAMPLES_PER_S) * u64::from(channels.max(1)))
}
