//! The 20 ms wheel in four slots of 5 ms: whose turn it is, and when. Pure; it is told the time and never sleeps.
//!
//! Turns stand on an absolute grid, so that a late turn makes no later one later. Slots fill one after the other: a few
//! sessions share one slot and the worker wakes 50 times a second, many are spread over four.

use std::time::Duration;

use crate::kernel::Mono;

/// One turn of the whole wheel: the packet time that we send with.
pub const REVOLUTION: Duration = Duration::from_millis(20);
const SLOTS: usize = 4;
const SLOT_NANOS: u64 = 5_000_000;
/// Sessions in a slot before the next one is begun: about as many packets as leave within 0.3 ms.
const SLOT_FILLS_AT: usize = 64;
/// Lateness that is caught up turn by turn. Above it, whole revolutions are left out.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);

/// The wheel.
#[derive(Debug, Default)]
pub struct Wheel {
    slots: [Vec<u32>; SLOTS],
    /// Number of the next turn, counted from the start of the clock.
    next: u64,
    late: u64,
}

impl Wheel {
    /// Seats a session; returns its slot.
    pub fn seat(&mut self, session: u32, now: Mono) -> usize {
        if self.is_empty() {
            self.next = (now.as_nanos() / SLOT_NANOS).saturating_add(1);
        }
        // Counted from the turn that comes next, so that the first session of all need not wait.
        let first = self.slot_of(self.next);
        let slot = match (0..SLOTS).find(|i| !self.slots[*i].is_empty() && self.slots[*i].len() < SLOT_FILLS_AT) {
            Some(slot) => slot,
            None => (0..SLOTS)
                .map(|i| (first + i) % SLOTS)
                .min_by_key(|i| self.slots[*i].len())
                .unwrap_or(first),
        };
        self.slots[slot].push(session);
        slot
    }

    /// Takes a session off its slot.
    pub fn unseat(&mut self, session: u32, slot: usize) {
        if let Some(place) = self.slots[slot].iter().position(|s| *s == session) {
            self.slots[slot].swap_remove(place);
        }
    }

    /// The next slot whose time has come. Call until `None`.
    pub fn due(&mut self, now: Mono) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let lateness = now.since(moment(self.next));
        if lateness > CATCH_UP_MAX {
            let revolutions = lateness.as_nanos() / REVOLUTION.as_nanos();
            let revolutions = u64::try_from(revolutions).unwrap_or(0);
            self.late += revolutions;
            self.next += revolutions * SLOTS as u64;
        }
        while moment(self.next) <= now {
            let slot = self.slot_of(self.next);
            let late = now.since(moment(self.next)).as_nanos() >= u128::from(SLOT_NANOS);
            self.next += 1;
            if !self.slots[slot].is_empty() {
                self.late += u64::from(late);
                return Some(slot);
            }
        }
        None
    }

    /// When the next slot with sessions is due; `None` for an empty wheel.
    pub fn deadline(&self) -> Option<Mono> {
        let turn = (self.next..).take(SLOTS);
        turn.into_iter()
            .find(|turn| !self.slots[self.slot_of(*turn)].is_empty())
            .map(moment)
    }

    /// Sessions of a slot.
    pub fn sessions(&self, slot: usize) -> &[u32] {
        &self.slots[slot]
    }

    /// Turns that came 5 ms late or later, or were left out, since this was last asked.
    pub fn take_late(&mut self) -> u64 {
        std::mem::take(&mut self.late)
    }

    fn is_empty(&self) -> bool {
        self.slots.iter().all(Vec::is_empty)
    }

    const fn slot_of(&self, turn: u64) -> usize {
        (turn % SLOTS as u64) as usize
    }
}

const fn moment(turn: u64) -> Mono {
    Mono::from_nanos(turn.saturating_mul(SLOT_NANOS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Mono {
        Mono::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn an_empty_wheel_wants_no_wake_up_and_a_first_session_is_soon_served() {
        let mut wheel = Wheel::default();
        assert_eq!((wheel.deadline(), wheel.due(ms(10_000))), (None, None));
        let slot = wheel.seat(7, ms(10_001));
        assert_eq!(wheel.deadline(), Some(ms(10_005)));
        assert_eq!(wheel.due(ms(10_004)), None);
        assert_eq!(wheel.due(ms(10_005)), Some(slot));
        assert_eq!(wheel.due(ms(10_005)), None);
        assert_eq!(wheel.deadline(), Some(ms(10_025)));
        assert_eq!(wheel.take_late(), 0, "the time before the first session was nobody's");
        wheel.unseat(7, slot);
        assert_eq!(wheel.deadline(), None);
    }

    #[test]
    fn few_sessions_share_a_slot_and_many_are_spread() {
        let mut wheel = Wheel::default();
        let slots: Vec<usize> = (0..64).map(|s| wheel.seat(s, ms(1))).collect();
        assert!(slots.iter().all(|s| *s == slots[0]));
        for session in 64..400 {
            wheel.seat(session, ms(1));
        }
        for slot in 0..SLOTS {
            assert_eq!(wheel.sessions(slot).len(), 100);
        }
    }

    #[test]
    fn fifty_turns_a_second_whatever_the_delays() {
        let mut wheel = Wheel::default();
        wheel.seat(1, ms(0));
        let (mut now, mut turns, mut seed) = (ms(0), 0, 9_u64);
        while now < ms(10_000) {
            while wheel.due(now).is_some() {
                turns += 1;
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let oversleep = Duration::from_micros(seed >> 50); // up to 16 ms
            now = wheel.deadline().unwrap() + oversleep;
        }
        assert!((499..=501).contains(&turns), "{turns}");
        assert!(wheel.take_late() > 0);
    }

    #[test]
    fn a_long_stop_is_not_made_good_by_a_burst() {
        let mut wheel = Wheel::default();
        wheel.seat(1, ms(0));
        assert!(wheel.due(ms(5)).is_some());
        let mut turns = 0;
        while wheel.due(ms(5_005)).is_some() {
            turns += 1;
        }
        assert!(turns <= 6, "{turns}");
        assert!(wheel.take_late() >= 249);
    }
}
