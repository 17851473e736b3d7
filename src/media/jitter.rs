//! The adaptive jitter buffer: packets of any length and in any order in, 20 ms frames in order out. Used only where sound is
//! decoded. Knows timestamps, nothing of addresses or of what is done with the sound.
//!
//! It is a ring of octets indexed by timestamp, each with a bit that says whether it came. So packets of 10, 20, 30, 60 ms,
//! duplicates and packets out of order need no case of their own.

use std::time::Duration;

use super::FRAME_SAMPLES;
use super::rtp::timestamp_ahead;
use crate::kernel::Mono;

/// Octets held, a power of two: 512 ms.
const RING: usize = 4_096;
const RING_SPAN: i32 = RING as i32;
const FRAME: i32 = FRAME_SAMPLES as i32;
/// Most delay that jitter may cause, samples (160 ms).
const TARGET_MAX: i32 = 1_280;
/// Delay beyond the target that is cut even out of speech, samples (120 ms).
const EXCESS_MAX: i32 = 960;
/// Delay beyond need that is cut out bit by bit, samples (30 ms): what keeps two streams together whose senders' clocks drift.
const EXCESS: i32 = 240;
/// The fastest packet is looked for among those of so long, and of so long before (5 s each): a sender whose clock is slow by
/// 200 ppm falls behind by 2 ms in them.
const FASTEST_SPAN: u32 = 40_000;
/// So many late packets in a row mean that the sender's clock has stepped back.
const LATE_RUN: u8 = 10;

/// One turn's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// A whole frame of octets.
    Frame([u8; FRAME_SAMPLES]),
    /// Lost on the way: conceal it.
    Lost,
    /// The sender is silent, or its packets are late: conceal, then silence.
    Empty,
}

/// What happened to the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Came after their turn.
    pub late: u32,
    /// Came twice.
    pub duplicate: u32,
    /// Frames to conceal.
    pub lost_frames: u32,
    /// Times the buffer started anew.
    pub restarts: u32,
}

/// The buffer.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    octets: [u8; RING],
    present: [u64; RING / 64],
    /// Timestamp of the next sample to play, and one past the last received; `None` before the first packet.
    window: Option<(u32, u32)>,
    phase: Phase,
    late_run: u8,
    delay: DelayEstimate,
    stats: JitterStats,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Gathering the first sound; an earlier packet may still come.
    #[default]
    Starting,
    Playing,
    /// Played empty. Time stands still: packets that are only late will play, and the delay has grown by their lateness.
    Drained,
}

/// How late packets come compared with the fastest one of late: the peak, slowly forgotten.
#[derive(Clone, Debug, Default)]
struct DelayEstimate {
    /// Time that the fastest packet took in this span and in the one before, and when this one began; samples, of an unknown zero.
    fastest: Option<[u32; 2]>,
    since: u32,
    peak_times_256: i32,
}

fn samples(now: Mono) -> u32 {
    (now.as_nanos() / 125_000) as u32
}

impl DelayEstimate {
    fn observe(&mut self, timestamp: u32, now: Mono) {
        let transit = samples(now).wrapping_sub(timestamp);
        let spans = match self.fastest {
            None => {
                self.since = samples(now);
                [transit; 2]
            }
            Some([current, _]) if samples(now).wrapping_sub(self.since) >= FASTEST_SPAN => {
                self.since = samples(now);
                [transit, current]
            }
            Some([current, before]) if timestamp_ahead(transit, current) < 0 => [transit, before],
            Some(spans) => spans,
        };
        self.fastest = Some(spans);
        let behind = timestamp_ahead(transit, lesser(spans)).clamp(0, TARGET_MAX) << 8;
        self.peak_times_256 = behind.max(self.peak_times_256 - (self.peak_times_256 >> 8));
    }

    fn peak(&self) -> i32 {
        self.peak_times_256 >> 8
    }

    /// Samples to hold back: one frame and the worst delay of late.
    fn target(&self) -> i32 {
        (self.peak() + FRAME).min(TARGET_MAX)
    }

    /// How much later than need be a sample is played if it is played now: the fastest packets would have let it go so much
    /// earlier, less what others need.
    fn spare(&self, timestamp: u32, now: Mono) -> Option<i32> {
        let earliest = timestamp.wrapping_add(lesser(self.fastest?));
        Some(timestamp_ahead(samples(now), earliest) - self.peak())
    }
}

fn lesser([one, other]: [u32; 2]) -> u32 {
    if timestamp_ahead(one, other) < 0 { one } else { other }
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self {
            octets: [0; RING],
            present: [0; RING / 64],
            window: None,
            phase: Phase::Starting,
            late_run: 0,
            delay: DelayEstimate::default(),
            stats: JitterStats::default(),
        }
    }
}

impl JitterBuffer {
    /// Takes one packet's octets.
    pub fn push(&mut self, timestamp: u32, payload: &[u8], now: Mono) {
        let length = i32::try_from(payload.len()).unwrap_or(i32::MAX);
        if length == 0 || length > RING_SPAN / 2 {
            return;
        }
        let (next, end) = *self.window.get_or_insert((timestamp, timestamp));
        let ahead = timestamp_ahead(timestamp, next);
        if ahead < -RING_SPAN || ahead > RING_SPAN - length {
            // A leap: a pause without packets, or a new clock. What is left of the old sound is not worth a delay.
            self.restart(timestamp);
        } else if ahead < 0 && self.phase == Phase::Starting && timestamp_ahead(end, timestamp) < RING_SPAN / 2 {
            // Out of order at the very start: begin earlier.
            self.window = Some((timestamp, end));
        } else if ahead + length <= 0 {
            self.late(timestamp, payload, now);
            return;
        }
        self.late_run = 0;
        self.delay.observe(timestamp, now);
        self.store(timestamp, payload);
    }

    /// Plays one turn.
    pub fn pull(&mut self, now: Mono) -> Pull {
        let Some((next, end)) = self.window else {
            return Pull::Empty;
        };
        let depth = timestamp_ahead(end, next);
        if depth < FRAME && self.phase == Phase::Playing {
            // A piece of a frame waits for its rest, which is in the next packet.
            self.phase = Phase::Drained;
            return Pull::Empty;
        }
        if self.phase != Phase::Playing {
            let is_time = self.delay.spare(next, now).is_none_or(|spare| spare >= 0);
            if depth < FRAME || !is_time && depth < self.delay.target() {
                return Pull::Empty;
            }
            self.phase = Phase::Playing;
            self.skip_hole(next, end, now);
        }
        let excess = self.depth() - self.delay.target();
        if excess > EXCESS_MAX {
            self.skip(excess);
        }
        self.take()
    }

    /// The next whole frame, however short the delay becomes by it: for a stream whose buffer is given up.
    pub fn pull_rest(&mut self) -> Option<[u8; FRAME_SAMPLES]> {
        while self.depth() >= FRAME {
            if let Pull::Frame(octets) = self.take() {
                return Some(octets);
            }
        }
        None
    }

    /// Another frame for the turn that was just played, to be joined with its frame: there is one when the delay has grown beyond
    /// need, because the sender's clock is fast or the network has become better.
    pub fn pull_excess(&mut self, now: Mono) -> Option<[u8; FRAME_SAMPLES]> {
        let (next, _) = self.window.filter(|_| self.phase == Phase::Playing)?;
        // The frame just played was due a frame earlier than the next one.
        let spare = self.delay.spare(next, now)? + FRAME;
        if spare <= EXCESS || self.depth() < FRAME {
            return None;
        }
        match self.take() {
            Pull::Frame(octets) => Some(octets),
            // A hole is cut out as it is.
            Pull::Lost | Pull::Empty => None,
        }
    }

    /// Sound held, not yet played.
    pub fn delay(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.depth()).unwrap_or(0) * 125)
    }

    /// What happened so far.
    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    fn depth(&self) -> i32 {
        self.window.map_or(0, |(next, end)| timestamp_ahead(end, next))
    }

    fn late(&mut self, timestamp: u32, payload: &[u8], now: Mono) {
        self.stats.late += 1;
        self.late_run += 1;
        if self.late_run >= LATE_RUN {
            self.restart(timestamp);
            self.store(timestamp, payload);
        }
        self.delay.observe(timestamp, now);
    }

    fn restart(&mut self, timestamp: u32) {
        self.present = [0; RING / 64];
        self.window = Some((timestamp, timestamp));
        self.phase = Phase::Starting;
        self.late_run = 0;
        self.delay.fastest = None;
        self.stats.restarts += 1;
    }

    fn store(&mut self, timestamp: u32, payload: &[u8]) {
        let Some((next, end)) = self.window else {
            return;
        };
        let mut fresh = false;
        for (octet, at) in payload.iter().zip(0_u32..) {
            let stamp = timestamp.wrapping_add(at);
            let slot = stamp as usize % RING;
            let bit = 1 << (slot % 64);
            // The part of a packet whose turn has passed is gone.
            if timestamp_ahead(stamp, next) >= 0 && self.present[slot / 64] & bit == 0 {
                self.octets[slot] = *octet;
                self.present[slot / 64] |= bit;
                fresh = true;
            }
        }
        let packet_end = timestamp.wrapping_add(payload.len() as u32);
        if timestamp_ahead(packet_end, end) > 0 {
            self.window = Some((next, packet_end));
        }
        if !fresh {
            self.stats.duplicate += 1;
        }
    }

    fn take(&mut self) -> Pull {
        let Some((next, end)) = self.window else {
            return Pull::Empty;
        };
        let mut frame = [0; FRAME_SAMPLES];
        let mut whole = true;
        for (sample, at) in frame.iter_mut().zip(0_u32..) {
            let slot = next.wrapping_add(at) as usize % RING;
            let bit = 1 << (slot % 64);
            whole &= self.present[slot / 64] & bit != 0;
            self.present[slot / 64] &= !bit;
            *sample = self.octets[slot];
        }
        let after = next.wrapping_add(FRAME_SAMPLES as u32);
        let end = if timestamp_ahead(end, after) < 0 { after } else { end };
        self.window = Some((after, end));
        if whole {
            Pull::Frame(frame)
        } else {
            self.stats.lost_frames += 1;
            Pull::Lost
        }
    }

    /// After a pause: what is missing at the front was never sent, or has been concealed already.
    fn skip_hole(&mut self, next: u32, end: u32, now: Mono) {
        let late = self.delay.spare(next, now).unwrap_or(0);
        let spare = late.min(timestamp_ahead(end, next) - FRAME);
        let missing = (0..spare.max(0).cast_unsigned())
            .take_while(|at| {
                let slot = next.wrapping_add(*at) as usize % RING;
                self.present[slot / 64] & (1 << (slot % 64)) == 0
            })
            .count();
        // Packets are of 10 ms and more: so frames and packets keep their seams together.
        let missing = missing - missing % (FRAME_SAMPLES / 2);
        self.window = Some((next.wrapping_add(missing as u32), end));
    }

    fn skip(&mut self, samples: i32) {
        for _ in 0..samples / FRAME {
            let lost = self.stats.lost_frames;
            self.take();
            self.stats.lost_frames = lost;
        }
    }
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
