//! The recording of a whole call in two channels: on the left what one session's far side says, on the right what people say to
//! it. Prompts and music are nobody's words and are not in it. Knows frames, no file.

use std::time::Duration;

use super::{Line, Outlet, Switch, TAPE_MAX};
use crate::kernel::{Law, MediaId, Mono};
use crate::media::mixer::Sound;
use crate::media::recording::interleave;
use crate::media::{FRAME, MediaOutput, RecordingWhy};

/// A recording under way.
#[derive(Debug)]
pub(super) struct Tape {
    left: Duration,
    masked: bool,
}

impl Switch {
    /// Records a session's call in two channels from now on, one frame each turn, through whatever company it is in, for `max`
    /// at most. A recording of the call that ran before is over without a word.
    pub fn record_call(&mut self, id: MediaId, max: Duration, now: Mono) {
        let Some((place, line)) = self.find(id) else {
            return;
        };
        line.tape = Some(Tape {
            left: max.min(TAPE_MAX),
            masked: false,
        });
        self.settle(&[place], now);
    }

    /// Silence in both channels from now on, or sound again. The time goes on.
    pub fn mask(&mut self, id: MediaId, on: bool) {
        if let Some(tape) = self.find(id).and_then(|(_, line)| line.tape.as_mut()) {
            tape.masked = on;
        }
    }

    /// Ends the recording of a call without a word: whoever kept it has let go of it.
    pub fn end_record(&mut self, id: MediaId, now: Mono) {
        if let Some((place, line)) = self.find(id)
            && line.tape.take().is_some()
        {
            self.settle(&[place], now);
        }
    }

    /// Ends a tape and says so.
    pub(super) fn stop_tape(&mut self, place: u32, why: RecordingWhy, outlet: &mut impl Outlet) {
        if let Some(line) = self.line(place)
            && line.tape.take().is_some()
        {
            outlet.tell(line.seat(place), MediaOutput::RecordingStopped(why));
        }
    }
}

impl Line {
    /// One turn of the tape, after the session has listened.
    pub(super) fn tape_turn(&mut self, place: u32, people: Sound<'_>, outlet: &mut impl Outlet) {
        let seat = self.seat(place);
        let Some(tape) = self.tape.as_mut().filter(|tape| !tape.left.is_zero()) else {
            return;
        };
        tape.left = tape.left.saturating_sub(FRAME);
        let channels = if tape.masked {
            [Sound::Silence; 2]
        } else {
            [self.session.said(), people]
        };
        let [left, right] = channels.map(|sound| sound.octets(Law::A));
        outlet.record(seat, &interleave(&left, &right));
    }

    pub(super) fn tape_is_full(&self) -> bool {
        self.tape.as_ref().is_some_and(|tape| tape.left.is_zero())
    }
}
