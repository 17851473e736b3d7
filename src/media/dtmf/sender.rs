//! Sending keys: telephone events in 20 ms steps, the end three times, a pause between keys (RFC 4733 §2.5.1). Knows turns of the
//! wheel and keys, not the stream that carries them.

use std::collections::VecDeque;

use crate::kernel::Digit;

use super::EVENT_BYTES;

/// Turns a key is held: 100 ms.
pub const KEY_TICKS: u16 = 5;
/// Turns from the first end packet to the next key: 100 ms, the two repeated ends among them.
pub const PAUSE_TICKS: u16 = 5;
const END_REPEATS: u16 = 2;
const TICK_SAMPLES: u16 = 160;
/// −10 dBm0, a usual level.
const VOLUME: u8 = 10;
/// Keys that may wait.
const QUEUE_MAX: usize = 64;

/// One packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// Payload.
    pub payload: [u8; EVENT_BYTES],
    /// First of its event: the marker is set and the event's timestamp is now.
    pub first: bool,
}

/// What this turn sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSlot {
    /// A packet of an event.
    Packet(EventPacket),
    /// The pause after it.
    Pause,
}

/// The keys that wait, and the place within the first.
#[derive(Debug, Default)]
pub struct EventSender {
    queue: VecDeque<Digit>,
    tick: u16,
}

impl EventSender {
    /// Adds keys; those over the limit are dropped.
    pub fn push(&mut self, digits: impl IntoIterator<Item = Digit>) {
        let room = QUEUE_MAX.saturating_sub(self.queue.len());
        self.queue.extend(digits.into_iter().take(room));
    }

    /// The key being sent and how many turns it has been so; the caller that sends tones needs no more.
    pub fn current(&self) -> Option<(Digit, u16)> {
        self.queue.front().map(|d| (*d, self.tick))
    }

    /// This turn's part; `None` when nothing waits.
    pub fn step(&mut self) -> Option<EventSlot> {
        let (digit, tick) = self.current()?;
        self.advance();
        let ended = tick + 1 >= KEY_TICKS;
        if tick >= KEY_TICKS + END_REPEATS {
            return Some(EventSlot::Pause);
        }
        let [d0, d1] = ((tick + 1).min(KEY_TICKS) * TICK_SAMPLES).to_be_bytes();
        let payload = [digit.event(), if ended { 0x80 | VOLUME } else { VOLUME }, d0, d1];
        Some(EventSlot::Packet(EventPacket {
            payload,
            first: tick == 0,
        }))
    }

    /// Goes on by one turn without making a packet.
    pub fn advance(&mut self) {
        self.tick += 1;
        if self.tick >= KEY_TICKS + PAUSE_TICKS {
            self.tick = 0;
            self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::dtmf::EventReceiver;

    #[test]
    fn a_key_has_five_steps_and_its_end_three_times_then_a_pause() {
        let mut sender = EventSender::default();
        sender.push(Digit::from_char('#'));
        let slots: Vec<EventSlot> = std::iter::from_fn(|| sender.step()).collect();
        let described: Vec<(bool, bool, u16)> = slots
            .iter()
            .filter_map(|s| match s {
                EventSlot::Packet(p) => Some((
                    p.first,
                    p.payload[1] & 0x80 != 0,
                    u16::from_be_bytes([p.payload[2], p.payload[3]]),
                )),
                EventSlot::Pause => None,
            })
            .collect();
        assert_eq!(
            described,
            [
                (true, false, 160),
                (false, false, 320),
                (false, false, 480),
                (false, false, 640),
                (false, true, 800),
                (false, true, 800),
                (false, true, 800)
            ]
        );
        assert_eq!(slots.len(), usize::from(KEY_TICKS + PAUSE_TICKS));
    }

    #[test]
    fn what_is_sent_is_received() {
        let (mut sender, mut receiver) = (EventSender::default(), EventReceiver::default());
        sender.push("1100*".chars().filter_map(Digit::from_char));
        let (mut heard, mut clock, mut stamp) = (String::new(), 0, 0);
        while let Some(slot) = sender.step() {
            if let EventSlot::Packet(p) = slot {
                stamp = if p.first { clock } else { stamp };
                heard.extend(receiver.receive(stamp, &p.payload).map(Digit::as_char));
            }
            clock += 160;
        }
        assert_eq!(heard, "1100*");
    }
}
