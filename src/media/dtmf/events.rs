//! Receiving telephone events (RFC 4733 §2.5.2): one key press, however many packets tell of it. Knows no audio.

use crate::kernel::Digit;
use crate::media::rtp::timestamp_ahead;

/// Length of one event's payload, bytes (RFC 4733 §2.3).
pub const EVENT_BYTES: usize = 4;
/// A pause between two presses is longer than this, samples (30 ms; RFC 4733 names 40 ms as the least).
const SLACK: u32 = 240;
/// Length of the segments that a very long press is cut into (RFC 4733 §2.5.1.3), samples.
const SEGMENT: u32 = 0xFFFF;

/// Follows the events of one stream.
#[derive(Clone, Debug, Default)]
pub struct EventReceiver {
    press: Option<Press>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    event: u8,
    /// Timestamp of the press, or of its latest segment.
    timestamp: u32,
    duration: u32,
    ended: bool,
}

impl EventReceiver {
    /// Takes one packet; gives the key with the first packet of its press that arrives, be it the first, a middle or an end one.
    ///
    /// A press is known by its timestamp (RFC 4733 §2.5.2.1), so the same key twice is two keys even if the first one's end was
    /// lost. Some phones move the timestamp on within one press; a new press cannot begin before the old one was over.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let [event, flags, d0, d1, ..] = *payload else {
            return None;
        };
        let digit = Digit::from_event(event)?;
        let packet = Press {
            event,
            timestamp,
            duration: u32::from(u16::from_be_bytes([d0, d1])),
            ended: flags & 0x80 != 0,
        };
        match &mut self.press {
            Some(press) if press.continues_with(&packet) => {
                press.absorb(&packet);
                None
            }
            // A straggler of an earlier press, overtaken on the way.
            Some(press) if timestamp_ahead(timestamp, press.timestamp) < 0 => None,
            Some(_) | None => {
                self.press = Some(packet);
                Some(digit)
            }
        }
    }
}

impl Press {
    fn continues_with(&self, packet: &Self) -> bool {
        let Ok(ahead) = u32::try_from(timestamp_ahead(packet.timestamp, self.timestamp)) else {
            return false;
        };
        if packet.event != self.event {
            return false;
        }
        let next_segment = ahead == SEGMENT && self.duration > SEGMENT / 2;
        let still_down = ahead > 0 && ahead <= self.duration.saturating_add(SLACK);
        let within = ahead < self.duration;
        ahead == 0 || within || (!self.ended && (still_down || next_segment))
    }

    fn absorb(&mut self, packet: &Self) {
        if packet.timestamp != self.timestamp {
            self.timestamp = packet.timestamp;
            self.duration = packet.duration;
            self.ended |= packet.ended;
            return;
        }
        self.duration = self.duration.max(packet.duration);
        self.ended |= packet.ended;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Packet = (u32, [u8; 4]);

    /// The packets of one press: updates each 20 ms, then the end three times.
    fn press(key: char, timestamp: u32, ticks: u16) -> Vec<Packet> {
        let event = Digit::from_char(key).unwrap().event();
        let packet = |duration: u16, end: bool| {
            let [d0, d1] = duration.to_be_bytes();
            (timestamp, [event, if end { 0x8A } else { 0x0A }, d0, d1])
        };
        let updates = (1..=ticks).map(|n| packet(n.saturating_mul(160), false));
        let last = ticks.saturating_mul(160);
        updates.chain([packet(last, true); 3]).collect()
    }

    fn keys(packets: &[Packet]) -> String {
        let mut receiver = EventReceiver::default();
        packets
            .iter()
            .filter_map(|(t, p)| receiver.receive(*t, p))
            .map(Digit::as_char)
            .collect()
    }

    #[test]
    fn one_press_is_one_key_reported_with_its_first_packet() {
        let packets = press('5', 1_000, 10);
        let mut receiver = EventReceiver::default();
        assert_eq!(
            receiver.receive(packets[0].0, &packets[0].1).map(Digit::as_char),
            Some('5')
        );
        assert!(packets[1..].iter().all(|(t, p)| receiver.receive(*t, p).is_none()));
    }

    #[test]
    fn a_key_repeated_is_two_keys_even_when_the_end_between_was_lost() {
        let mut packets = press('7', 1_000, 5);
        packets.truncate(4); // no end, and the last update is missing too
        packets.extend(press('7', 1_000 + 800 + 400, 5));
        assert_eq!(keys(&packets), "77");
    }

    #[test]
    fn a_key_held_for_20_seconds_is_one_key() {
        // Segments of 65,535 samples, each with its own timestamp (RFC 4733 §2.5.1.3).
        let mut packets = Vec::new();
        for segment in 0..3_u32 {
            let mut part = press('0', 5_000_u32.wrapping_add(segment * SEGMENT), 410);
            if segment < 2 {
                part.truncate(409);
            }
            packets.extend(part);
        }
        assert_eq!(keys(&packets), "0");
    }

    #[test]
    fn every_third_packet_lost_duplicated_and_reordered() {
        let mut packets: Vec<Packet> = Vec::new();
        for (i, key) in "13800#*D".chars().enumerate() {
            packets.extend(press(key, 1_600 * i as u32, 5));
        }
        for offset in 0..3 {
            let kept: Vec<Packet> = packets
                .iter()
                .enumerate()
                .filter(|(i, _)| i % 3 != offset)
                .map(|(_, p)| *p)
                .collect();
            assert_eq!(keys(&kept), "13800#*D");
        }
        let doubled: Vec<Packet> = packets.iter().flat_map(|p| [*p, *p]).collect();
        assert_eq!(keys(&doubled), "13800#*D");
        let mut swapped = packets;
        swapped.chunks_mut(2).for_each(<[Packet]>::reverse);
        assert_eq!(keys(&swapped), "13800#*D");
    }

    #[test]
    fn only_an_end_packet_arrived() {
        let all = press('9', 77, 5);
        assert_eq!(keys(&all[all.len() - 1..]), "9");
    }

    #[test]
    fn a_phone_that_moves_its_timestamp_within_a_press_is_understood() {
        let packets: Vec<Packet> = (0..8_u16)
            .map(|n| {
                (
                    u32::from(n) * 160,
                    [4, 10, (((n + 1) * 160) >> 8) as u8, ((n + 1) * 160) as u8],
                )
            })
            .collect();
        assert_eq!(keys(&packets), "4");
    }

    #[test]
    fn other_events_and_stumps_are_no_keys() {
        assert_eq!(keys(&[(0, [16, 0, 0, 160]), (0, [36, 0, 0, 160])]), "");
        assert_eq!(EventReceiver::default().receive(0, &[5, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn no_packet_can_harm(packets in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 0..8)), 0..50)) {
            let mut receiver = EventReceiver::default();
            for (timestamp, payload) in packets {
                receiver.receive(timestamp, &payload);
            }
        }
    }
}
