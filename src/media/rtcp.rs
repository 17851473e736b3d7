//! RTCP (RFC 3550 §6): compound packets of reports, names and farewells, read tolerantly and written into the caller's buffer;
//! and the rhythm in which they are sent. Knows no stream.

use std::time::Duration;

use super::reception::Snapshot;
use crate::kernel::Mono;
use crate::kernel::limits::RTP_PACKET_MAX_BYTES;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
const BLOCK_BYTES: usize = 24;

/// Room for the longest compound packet that [`write_compound`] makes: SR with one block, SDES, BYE.
pub const COMPOUND_MAX_BYTES: usize = 28 + BLOCK_BYTES + 28 + 8;

/// Shortest mean interval between reports (RFC 3550 §6.2). With two participants and 64 kbit/s it always governs.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// What a sender says of its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// When, in 2⁻³² s. Ours counts from an arbitrary start, which §4 permits to those without a wall clock.
    pub ntp: u64,
    /// The same moment in the stream's timestamps.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The figures.
    pub snapshot: Snapshot,
    /// Middle 32 bits of the `ntp` of the last sender report received, 0 if none.
    pub last_sender_report: u32,
    /// How long ago that was, in 2⁻¹⁶ s.
    pub delay_since: u32,
}

/// One packet out of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR or RR.
    Report {
        /// Who reports.
        ssrc: u32,
        /// Of its own sending, in an SR.
        sender: Option<SenderInfo>,
        /// Of its receiving.
        blocks: Blocks<'a>,
    },
    /// BYE of its first source.
    Bye {
        /// Who leaves.
        ssrc: u32,
    },
    /// SDES, APP, feedback and whatever else.
    Other {
        /// The RTCP packet type.
        packet_type: u8,
    },
}

/// The report blocks of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_at_checked(BLOCK_BYTES)?;
        self.0 = rest;
        let lost = word(block, 4)?;
        Some(ReportBlock {
            snapshot: Snapshot {
                ssrc: word(block, 0)?,
                fraction_lost: (lost >> 24) as u8,
                cumulative_lost: (lost << 8).cast_signed() >> 8, // 24 bits with their sign
                extended_highest: word(block, 8)?,
                jitter: word(block, 12)?,
            },
            last_sender_report: word(block, 16)?,
            delay_since: word(block, 20)?,
        })
    }
}

/// The packets of a datagram. Tolerant: the first thing that does not fit ends the list; what came before it counts.
pub fn packets(datagram: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let mut rest = if datagram.len() <= RTP_PACKET_MAX_BYTES {
        datagram
    } else {
        &[]
    };
    std::iter::from_fn(move || {
        let [first, packet_type, l0, l1, ..] = *rest else {
            return None;
        };
        let bytes = 4 * (usize::from(u16::from_be_bytes([l0, l1])) + 1);
        if first >> 6 != 2 || bytes > rest.len() {
            return None;
        }
        let (packet, tail) = rest.split_at(bytes);
        rest = tail;
        Some(read_one(packet, packet_type, usize::from(first & 0x1F)))
    })
}

fn read_one(packet: &[u8], packet_type: u8, count: usize) -> Packet<'_> {
    read_known(packet, packet_type, count).unwrap_or(Packet::Other { packet_type })
}

fn read_known(packet: &[u8], packet_type: u8, count: usize) -> Option<Packet<'_>> {
    match packet_type {
        SENDER_REPORT => Some(Packet::Report {
            ssrc: word(packet, 4)?,
            sender: Some(SenderInfo {
                ntp: u64::from(word(packet, 8)?) << 32 | u64::from(word(packet, 12)?),
                rtp_timestamp: word(packet, 16)?,
                packets: word(packet, 20)?,
                octets: word(packet, 24)?,
            }),
            blocks: blocks(packet, 28, count),
        }),
        RECEIVER_REPORT => Some(Packet::Report {
            ssrc: word(packet, 4)?,
            sender: None,
            blocks: blocks(packet, 8, count),
        }),
        BYE if count > 0 => Some(Packet::Bye { ssrc: word(packet, 4)? }),
        _ => None,
    }
}

fn blocks(packet: &[u8], from: usize, count: usize) -> Blocks<'_> {
    let all = packet.get(from..).unwrap_or_default();
    Blocks(&all[..all.len().min(count * BLOCK_BYTES)])
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// What goes into one compound packet of ours.
#[derive(Clone, Copy, Debug)]
pub struct Compound {
    /// Our source.
    pub ssrc: u32,
    /// Present when we have sent since the last two reports: makes it a sender report.
    pub sender: Option<SenderInfo>,
    /// What we hear, if anything.
    pub block: Option<ReportBlock>,
    /// Say goodbye (RFC 3550 §6.6).
    pub bye: bool,
}

/// Writes a compound packet (report, then SDES with our name, then BYE) and returns its length.
pub fn write_compound(compound: &Compound, buffer: &mut [u8; COMPOUND_MAX_BYTES]) -> usize {
    let mut out = Writer { buffer, at: 0 };
    let count = u8::from(compound.block.is_some());
    match compound.sender {
        Some(info) => {
            out.begin(SENDER_REPORT, count, 6 + 6 * u16::from(count));
            out.word(compound.ssrc);
            out.word((info.ntp >> 32) as u32);
            out.word(info.ntp as u32);
            out.word(info.rtp_timestamp);
            out.word(info.packets);
            out.word(info.octets);
        }
        None => {
            out.begin(RECEIVER_REPORT, count, 1 + 6 * u16::from(count));
            out.word(compound.ssrc);
        }
    }
    if let Some(block) = compound.block {
        out.block(&block);
    }
    // The name has to differ between sessions and to tell nothing (RFC 7022 §4.2): the source's own random number will do.
    out.begin(SOURCE_DESCRIPTION, 1, 6);
    out.word(compound.ssrc);
    out.bytes(&[CNAME, 14]);
    out.bytes(b"yihao-");
    for shift in (0..8).rev() {
        out.bytes(&[b"0123456789abcdef"[(compound.ssrc >> (shift * 4)) as usize & 15]]);
    }
    out.bytes(&[0; 4]); // end of the chunk, padded to a word
    if compound.bye {
        out.begin(BYE, 1, 1);
        out.word(compound.ssrc);
    }
    out.at
}

struct Writer<'a> {
    buffer: &'a mut [u8; COMPOUND_MAX_BYTES],
    at: usize,
}

impl Writer<'_> {
    fn begin(&mut self, packet_type: u8, count: u8, words_after: u16) {
        let [l0, l1] = words_after.to_be_bytes();
        self.bytes(&[0x80 | count, packet_type, l0, l1]);
    }

    fn block(&mut self, block: &ReportBlock) {
        let s = &block.snapshot;
        self.word(s.ssrc);
        self.word(u32::from(s.fraction_lost) << 24 | (s.cumulative_lost.cast_unsigned() & 0xFF_FFFF));
        self.word(s.extended_highest);
        self.word(s.jitter);
        self.word(block.last_sender_report);
        self.word(block.delay_since);
    }

    fn word(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.buffer.get_mut(self.at..self.at + bytes.len()) {
            place.copy_from_slice(bytes);
            self.at += bytes.len();
        }
    }
}

/// A moment as an NTP timestamp that starts with our own clock.
pub fn ntp(now: Mono) -> u64 {
    let nanos = now.as_nanos();
    let fraction = ((nanos % 1_000_000_000) << 32) / 1_000_000_000;
    (nanos / 1_000_000_000) << 32 | fraction
}

/// The middle 32 bits of an NTP timestamp: 2⁻¹⁶ s.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round trip from a block about our own stream (RFC 3550 §6.4.1, figure 2); `None` if it does not tell or cannot be true.
pub fn round_trip(block: &ReportBlock, now: Mono) -> Option<Duration> {
    if block.last_sender_report == 0 {
        return None;
    }
    let since = middle(ntp(now)).wrapping_sub(block.last_sender_report);
    let units = since.checked_sub(block.delay_since)?;
    let trip = Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16);
    (trip < Duration::from_secs(60)).then_some(trip)
}

/// The wait before report number `n`: 5 s, halved for the first, spread by 0.5–1.5 and divided by e − 3/2 (RFC 3550 §6.2, §6.3.1).
///
/// The spread only has to differ between sessions, so it is drawn from our random source number instead of a generator each
/// session would have to keep.
pub fn interval(ssrc: u32, n: u32) -> Duration {
    let mut x = u64::from(ssrc) << 32 | u64::from(n);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let per_mille = 500 + (x >> 33) % 1_001;
    let mean_ms = if n == 0 { 2_500 } else { 5_000 };
    Duration::from_micros(mean_ms * per_mille * 1_000 / 1_218)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: ReportBlock = ReportBlock {
        snapshot: Snapshot {
            ssrc: 9,
            fraction_lost: 64,
            cumulative_lost: -3,
            extended_highest: 70_000,
            jitter: 12,
        },
        last_sender_report: 0x0001_8000,
        delay_since: 0x0000_8000,
    };

    #[test]
    fn what_is_written_is_read() {
        let info = SenderInfo {
            ntp: 0x0102_0304_0506_0708,
            rtp_timestamp: 160,
            packets: 2,
            octets: 320,
        };
        let mut buffer = [0; COMPOUND_MAX_BYTES];
        let n = write_compound(
            &Compound {
                ssrc: 0xABCD_EF01,
                sender: Some(info),
                block: Some(BLOCK),
                bye: true,
            },
            &mut buffer,
        );
        assert_eq!(n, COMPOUND_MAX_BYTES);
        let all: Vec<_> = packets(&buffer[..n]).collect();
        let [
            Packet::Report {
                ssrc: 0xABCD_EF01,
                sender,
                blocks,
            },
            Packet::Other { packet_type: 202 },
            Packet::Bye { ssrc: 0xABCD_EF01 },
        ] = all[..]
        else {
            panic!("{all:?}");
        };
        assert_eq!(sender, Some(info));
        assert_eq!(blocks.collect::<Vec<_>>(), [BLOCK]);
        assert!(buffer.windows(14).any(|w| w == b"yihao-abcdef01"));
    }

    #[test]
    fn a_listener_sends_a_receiver_report() {
        let mut buffer = [0; COMPOUND_MAX_BYTES];
        let n = write_compound(
            &Compound {
                ssrc: 1,
                sender: None,
                block: None,
                bye: false,
            },
            &mut buffer,
        );
        assert_eq!(n, 8 + 28);
        assert!(matches!(
            packets(&buffer[..n]).next(),
            Some(Packet::Report {
                ssrc: 1,
                sender: None,
                ..
            })
        ));
    }

    #[test]
    fn the_round_trip_is_what_was_not_spent_at_the_far_side() {
        // Our report left at 1.5 s, they held it for 0.5 s, and it is back at 2.1 s.
        let trip = round_trip(&BLOCK, Mono::from_nanos(2_100_000_000)).unwrap();
        assert!((99..=101).contains(&trip.as_millis()), "{trip:?}");
        // A far side that claims to have held it longer than it was away is not believed.
        assert_eq!(round_trip(&BLOCK, Mono::from_nanos(1_900_000_000)), None);
    }

    #[test]
    fn reports_come_about_each_five_seconds_and_not_in_step() {
        let waits: Vec<u128> = (1..200).map(|n| interval(0x1234_5678, n).as_millis()).collect();
        assert!(waits.iter().all(|w| (2_000..=6_200).contains(w)));
        let mean = waits.iter().sum::<u128>() / waits.len() as u128;
        assert!((3_800..=4_500).contains(&mean), "{mean}"); // 5 s over 1.218
        assert!(interval(1, 0) <= Duration::from_millis(3_100));
    }

    #[test]
    fn a_packet_cut_short_spoils_only_itself() {
        let mut buffer = [0; COMPOUND_MAX_BYTES];
        let n = write_compound(
            &Compound {
                ssrc: 1,
                sender: None,
                block: None,
                bye: true,
            },
            &mut buffer,
        );
        assert_eq!(packets(&buffer[..n - 1]).count(), 2);
        assert_eq!(
            packets(&[0x80, 200, 0, 0]).next(),
            Some(Packet::Other { packet_type: 200 })
        );
        assert_eq!(packets(&[0x80, 200, 255, 255]).next(), None);
    }

    proptest! {
        #[test]
        fn no_datagram_can_harm_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..120), kind in 198_u8..210) {
            let mut bytes = bytes;
            if bytes.len() > 4 { bytes[0] |= 0x80; bytes[0] &= 0xBF; bytes[1] = kind; bytes[2] = 0; bytes[3] %= 30; }
            for packet in packets(&bytes) {
                if let Packet::Report { blocks, .. } = packet { blocks.for_each(drop); }
            }
        }
    }
}
