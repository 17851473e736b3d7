//! What RFC 3550 counts about a received stream: loss, jitter (appendices A.1, A.3, A.8). Knows no packets, only their numbers.

use super::rtp::seq_ahead;
use crate::kernel::Mono;

/// A jump ahead of more than this restarts the count (RFC 3550 A.1, MAX_DROPOUT).
const DROPOUT_MAX: i16 = 3_000;
/// A step back of more than this restarts the count (RFC 3550 A.1, MAX_MISORDER).
const MISORDER_MAX: i16 = 100;

/// Running figures of one synchronisation source.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    source: Option<u32>,
    highest: u16,
    wraps: u16,
    first: u32,
    received: u32,
    expected_before: u32,
    received_before: u32,
    lost_of_earlier_sources: u32,
    transit: Option<u32>,
    jitter_times_16: u32,
}

/// One snapshot for a report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose stream.
    pub ssrc: u32,
    /// Share lost since the last snapshot, in 256ths.
    pub fraction_lost: u8,
    /// Lost in all; negative when duplicates outnumber losses.
    pub cumulative_lost: i32,
    /// Highest sequence number with its wraps.
    pub extended_highest: u32,
    /// Interarrival jitter, samples.
    pub jitter: u32,
}

impl Reception {
    /// Counts one packet. Returns true when a new source has begun, so that everything that follows the stream starts anew.
    pub fn count(&mut self, ssrc: u32, seq: u16) -> bool {
        let ahead = seq_ahead(seq, self.highest);
        if self.source != Some(ssrc) || !(-MISORDER_MAX..=DROPOUT_MAX).contains(&ahead) {
            let changed = self.source.is_some_and(|s| s != ssrc);
            self.restart(ssrc, seq);
            return changed;
        }
        self.received = self.received.saturating_add(1);
        if ahead > 0 {
            if seq < self.highest {
                self.wraps = self.wraps.wrapping_add(1);
            }
            self.highest = seq;
        }
        false
    }

    /// Measures the jitter with a packet of sound (telephone events keep their timestamp and would spoil it).
    pub fn measure(&mut self, timestamp: u32, now: Mono) {
        // 8,000 samples a second: one each 125 µs.
        let arrival = (now.as_nanos() / 125_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let deviation = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            // A leap of more than a second is a new talkspurt of a careless sender, not jitter.
            if deviation < super::SAMPLE_RATE_HZ {
                self.jitter_times_16 = self.jitter_times_16 + deviation - ((self.jitter_times_16 + 8) >> 4);
            }
        }
    }

    /// The source counted, if any.
    pub fn source(&self) -> Option<u32> {
        self.source
    }

    /// Packets lost of all sources so far, never negative.
    pub fn lost(&self) -> u32 {
        let now = u32::try_from(self.cumulative_lost()).unwrap_or(0);
        self.lost_of_earlier_sources.saturating_add(now)
    }

    /// Jitter, samples.
    pub fn jitter(&self) -> u32 {
        self.jitter_times_16 >> 4
    }

    /// The figures for the next report; starts a new interval for the fraction lost.
    pub fn snapshot(&mut self) -> Option<Snapshot> {
        let ssrc = self.source?;
        let expected = self.expected();
        let expected_here = expected.wrapping_sub(self.expected_before);
        let received_here = self.received.wrapping_sub(self.received_before);
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_here = expected_here.saturating_sub(received_here);
        let fraction = (u64::from(lost_here) << 8)
            .checked_div(u64::from(expected_here))
            .unwrap_or(0);
        Some(Snapshot {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.cumulative_lost(),
            extended_highest: self.extended(),
            jitter: self.jitter(),
        })
    }

    fn restart(&mut self, ssrc: u32, seq: u16) {
        *self = Self {
            source: Some(ssrc),
            highest: seq,
            first: u32::from(seq),
            received: 1,
            lost_of_earlier_sources: if self.source.is_some() { self.lost() } else { 0 },
            jitter_times_16: self.jitter_times_16,
            ..Self::default()
        };
    }

    fn extended(&self) -> u32 {
        u32::from(self.wraps) << 16 | u32::from(self.highest)
    }

    fn expected(&self) -> u32 {
        if self.source.is_none() {
            return 0; // who never spoke has lost nothing
        }
        self.extended().wrapping_sub(self.first).wrapping_add(1)
    }

    fn cumulative_lost(&self) -> i32 {
        // 24 bits on the wire, clamped rather than wrapped (RFC 3550 A.3).
        let lost = i64::from(self.expected()) - i64::from(self.received);
        lost.clamp(-0x80_0000, 0x7F_FFFF) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_sent_a_packet_has_lost_none() {
        assert_eq!(Reception::default().lost(), 0);
    }

    #[test]
    fn every_fourth_packet_lost_is_a_quarter_of_256() {
        let mut r = Reception::default();
        for seq in (65_500..=65_535).chain(0..63_u16).filter(|s| s % 4 != 3) {
            r.count(7, seq);
        }
        let s = r.snapshot().unwrap();
        assert_eq!((s.ssrc, s.cumulative_lost, s.extended_highest), (7, 24, 65_536 + 62));
        assert!((60..=66).contains(&s.fraction_lost), "{s:?}");
        // Nothing since: the next interval reports no loss, the sum stays.
        let s = r.snapshot().unwrap();
        assert_eq!((s.fraction_lost, s.cumulative_lost), (0, 24));
    }

    #[test]
    fn a_steady_stream_has_no_jitter_and_a_shaken_one_has() {
        let (mut steady, mut shaken) = (Reception::default(), Reception::default());
        for i in 0..500_u32 {
            let at = u64::from(i) * 20_000_000;
            steady.measure(i * 160, Mono::from_nanos(at));
            shaken.measure(i * 160, Mono::from_nanos(at + u64::from(i % 2) * 5_000_000));
        }
        assert_eq!(steady.jitter(), 0);
        assert!(
            (36..=40).contains(&shaken.jitter()),
            "5 ms are 40 samples: {}",
            shaken.jitter()
        );
    }

    #[test]
    fn a_new_source_is_announced_and_old_losses_are_kept() {
        let mut r = Reception::default();
        assert!(!r.count(1, 10));
        r.count(1, 15);
        assert!(r.count(2, 40_000));
        assert_eq!((r.lost(), r.source()), (4, Some(2)));
        assert!(!r.count(2, 1_000), "a leap within one source only restarts the count");
    }
}
