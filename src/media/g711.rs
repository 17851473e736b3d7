//! ITU-T G.711: the two logarithmic laws, 64 kbit/s. Knows single samples and frames, nothing of packets.
//!
//! Linear samples are 16 bit, left-aligned, as in ITU-T G.191's reference code (13 significant bits for A-law, 14 for µ-law).

use super::FRAME_SAMPLES;
use crate::kernel::Law;

/// 20 ms of linear sound.
pub type Frame = [i16; FRAME_SAMPLES];

/// The octet for silence (smallest positive value) in A-law.
pub const SILENCE_A: u8 = 0xD5;
/// The octet for silence in µ-law.
pub const SILENCE_MU: u8 = 0xFF;

/// A-law octet to linear sample (G.711 table 1).
pub static A_TO_LINEAR: [i16; 256] = decode_table(Law::A);
/// µ-law octet to linear sample (G.711 table 2).
pub static MU_TO_LINEAR: [i16; 256] = decode_table(Law::Mu);
/// A-law octet to µ-law octet (G.711 table 4).
pub static A_TO_MU: [u8; 256] = cross_table(Law::A);
/// µ-law octet to A-law octet (G.711 table 3).
pub static MU_TO_A: [u8; 256] = cross_table(Law::Mu);

/// The octet for silence in `law`.
pub const fn silence(law: Law) -> u8 {
    match law {
        Law::A => SILENCE_A,
        Law::Mu => SILENCE_MU,
    }
}

/// One octet of `law` as a linear sample.
pub fn decode(law: Law, octet: u8) -> i16 {
    decoder(law)[usize::from(octet)]
}

/// The table that turns octets of `law` into linear samples.
pub fn decoder(law: Law) -> &'static [i16; 256] {
    match law {
        Law::A => &A_TO_LINEAR,
        Law::Mu => &MU_TO_LINEAR,
    }
}

/// The table that turns octets of one law into the other, `None` where they are the same.
pub fn converter(from: Law, to: Law) -> Option<&'static [u8; 256]> {
    match (from, to) {
        (Law::A, Law::A) | (Law::Mu, Law::Mu) => None,
        (Law::A, Law::Mu) => Some(&A_TO_MU),
        (Law::Mu, Law::A) => Some(&MU_TO_A),
    }
}

/// One linear sample as an octet of `law`.
pub const fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::A => encode_a(sample),
        Law::Mu => encode_mu(sample),
    }
}

/// A linear frame as A-law octets.
pub fn encode_frame_a(frame: &Frame) -> [u8; FRAME_SAMPLES] {
    std::array::from_fn(|i| encode_a(frame[i]))
}

/// Linear to A-law: 12-bit magnitude, segment by its highest bit (G.711 §3, table 1).
pub const fn encode_a(sample: i16) -> u8 {
    // One's complement for negative values, so that the two halves mirror each other.
    let (magnitude, sign) = if sample < 0 {
        ((!sample) as u16 >> 4, 0)
    } else {
        (sample as u16 >> 4, 0x80)
    };
    let code = if magnitude < 32 {
        magnitude // segments 0 and 1 are one straight line
    } else {
        let segment = 16 - magnitude.leading_zeros() as u16 - 4; // 2..=7
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    };
    // Even bits are inverted on the line (G.711 §3.2, note to table 1).
    (code as u8 | sign) ^ 0x55
}

/// Linear to µ-law: 13-bit magnitude with the bias of 33, clipped (G.711 §3, table 2).
pub const fn encode_mu(sample: i16) -> u8 {
    let (raw, sign) = if sample < 0 {
        ((!sample) as u16 >> 2, 0x80)
    } else {
        (sample as u16 >> 2, 0)
    };
    let biased = if raw + 33 > 0x1FFF { 0x1FFF } else { raw + 33 };
    let segment = 16 - biased.leading_zeros() as u16 - 6; // 0..=7
    let code = (segment << 4) | ((biased >> (segment + 1)) & 0x0F);
    !(code as u8 | sign)
}

const fn decode_a(octet: u8) -> i16 {
    let code = octet ^ 0x55;
    let mantissa = ((code & 0x0F) as i16) << 4;
    let segment = (code >> 4) & 0x07;
    let magnitude = match segment {
        0 => mantissa + 8,
        _ => (mantissa + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn decode_mu(octet: u8) -> i16 {
    let code = !octet;
    let mantissa = (((code & 0x0F) as i16) << 3) + 0x84;
    let magnitude = (mantissa << ((code >> 4) & 0x07)) - 0x84;
    if code & 0x80 != 0 { -magnitude } else { magnitude }
}

/// G.711 table 3, by code numbers: µ-law value 0–127 to A-law value 1–128.
const fn mu_number_to_a(n: u8) -> u8 {
    match n {
        0..=15 => n / 2 + 1,
        16..=31 => n - 7,
        32..=35 => 2 * n - 39,
        36..=47 => n - 3,
        48 => 46,
        49..=63 => n - 1,
        64..=80 => n,
        _ => n + 1,
    }
}

/// G.711 table 4, by code numbers: A-law value 0–127 to µ-law value 0–127.
const fn a_number_to_mu(n: u8) -> u8 {
    match n {
        0..=7 => 2 * n + 1,
        8..=23 => n + 8,
        24..=31 => 32 + (n - 24) / 2,
        32..=43 => n + 4,
        44..=47 => 48 + (n - 44) / 2,
        48..=61 => n + 2,
        62..=63 => 64,
        64..=79 => n + 1,
        _ => n,
    }
}

const fn cross(from: Law, octet: u8) -> u8 {
    match from {
        Law::A if octet & 0x80 != 0 => 0xFF ^ a_number_to_mu(octet ^ 0xD5),
        Law::A => 0x7F ^ a_number_to_mu(octet ^ 0x55),
        Law::Mu if octet & 0x80 != 0 => 0xD5 ^ (mu_number_to_a(octet ^ 0xFF) - 1),
        Law::Mu => 0x55 ^ (mu_number_to_a(octet ^ 0x7F) - 1),
    }
}

const fn decode_table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match law {
            Law::A => decode_a(i as u8),
            Law::Mu => decode_mu(i as u8),
        };
        i += 1;
    }
    table
}

const fn cross_table(from: Law) -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = cross(from, i as u8);
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_the_recommendation() {
        // (octet, linear): the ends of both halves, the steps around zero, one from the middle of a segment.
        for (octet, linear) in [
            (0xD5, 8),
            (0x55, -8),
            (0xD4, 24),
            (0xAA, 32_256),
            (0x2A, -32_256),
            (0x80, 5_504),
            (0x00, -5_504),
        ] {
            assert_eq!(decode(Law::A, octet), linear, "A-law {octet:#04x}");
        }
        for (octet, linear) in [
            (0xFF, 0),
            (0x7F, 0),
            (0xFE, 8),
            (0x80, 32_124),
            (0x00, -32_124),
            (0xF0, 120),
            (0xEF, 132),
            (0x8F, 16_764),
        ] {
            assert_eq!(decode(Law::Mu, octet), linear, "µ-law {octet:#04x}");
        }
        for (linear, a, mu) in [
            (0, 0xD5, 0xFF),
            (-1, 0x55, 0x7F),
            (i16::MAX, 0xAA, 0x80),
            (i16::MIN, 0x2A, 0x00),
            (1_000, 0xFA, 0xCE),
            (-1_000, 0x7A, 0x4E),
        ] {
            assert_eq!((encode(Law::A, linear), encode(Law::Mu, linear)), (a, mu), "{linear}");
        }
    }

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for octet in 0..=255 {
            assert_eq!(encode(Law::A, decode(Law::A, octet)), octet);
            let mu = encode(Law::Mu, decode(Law::Mu, octet));
            // Negative zero is the one µ-law octet that linear sound cannot tell from its twin.
            assert_eq!(mu, if octet == 0x7F { 0xFF } else { octet });
        }
    }

    #[test]
    fn encoding_never_errs_by_more_than_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            for law in [Law::A, Law::Mu] {
                let back = i32::from(decode(law, encode(law, sample)));
                let error = (back - i32::from(sample)).abs();
                let allowed = ((i32::from(sample).abs() + 132) / 32).max(16) + 1; // 132: µ-law's bias
                let clipped = i32::from(sample).abs() > 32_124;
                assert!(error <= allowed || clipped, "{law:?} {sample} → {back}");
            }
        }
    }

    #[test]
    fn crossing_the_laws_stays_within_one_step() {
        for octet in 0..=255_u8 {
            let direct = A_TO_MU[usize::from(octet)];
            let linear = encode(Law::Mu, decode(Law::A, octet));
            assert!(
                direct.abs_diff(linear) <= 1,
                "A {octet:#04x}: {direct:#04x} {linear:#04x}"
            );
            // Linear sound has no negative zero: compare by value there.
            let direct = i32::from(decode(Law::A, MU_TO_A[usize::from(octet)]));
            let mu = i32::from(decode(Law::Mu, octet));
            assert!(
                (direct - mu).abs() <= (mu.abs() / 32).max(8),
                "µ {octet:#04x}: {direct} {mu}"
            );
        }
        assert_eq!(A_TO_MU[usize::from(SILENCE_A)], 0xFE);
        assert_eq!(MU_TO_A[usize::from(SILENCE_MU)], SILENCE_A);
    }

    #[test]
    fn crossing_twice_changes_nothing_more() {
        for octet in 0..=255_u8 {
            let once = MU_TO_A[usize::from(octet)];
            let there_and_back = MU_TO_A[usize::from(A_TO_MU[usize::from(once)])];
            assert_eq!(once, there_and_back, "µ {octet:#04x}");
        }
    }
}
