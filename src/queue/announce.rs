//! What waiting callers are told. Only those for whom nobody is being rung: an announcement never stands before an answer.

use crate::kernel::Now;

use super::estimate::band;
use super::floor::Floor;
use super::timer::Timer;
use super::types::{Announcement, Command};
use super::waiting::Slot;

impl Floor {
    /// A caller may be told his place and the wait; and again after a while.
    pub(super) fn announce(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        let Some(line) = self.lines.get(waiting.queue.0) else {
            return;
        };
        let (call, queue, rings) = (waiting.call, waiting.queue, !waiting.offers.is_empty());
        let every = line.config.announce_every;
        if !rings {
            let ahead = line.ahead(waiting.place);
            let minutes = self.estimate_behind(queue, ahead, now).map(band);
            self.commands.push_back(Command::Announce {
                call,
                words: Announcement { ahead, minutes },
            });
        }
        let at = every.map(|every| now.mono + every);
        if let Some(waiting) = self.waiting.get_mut(slot.0) {
            waiting.alarms.announce = at;
        }
        if let Some(at) = at {
            self.timers.set(Timer::Announce(slot), at);
        }
    }
}
