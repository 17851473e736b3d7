//! One call's walk through its dialplan: what happened goes in, what is to be done comes out. Keeps the plan that it began
//! with, so that a reload disturbs no call. Knows no SIP, no sound, no clock and no configuration.

mod person;
mod question;
mod speech;
mod step;
mod timer;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use super::dialplan::{Dialplan, HookKind, Number, StepRef, Target};
use super::{Language, SpeechItem};
use crate::kernel::calendar::Calendar;
use crate::kernel::{Digit, EndReason, EventKind, Mono, Now, PhoneNumber, PlayId, limits};
use question::Asked;
use timer::{Timer, Timers};

/// What a walk knows of its call.
#[derive(Clone)]
pub struct WalkContext {
    /// The number as it was dialled.
    pub called: String,
    /// The caller.
    pub caller: PhoneNumber,
    /// The language to begin in ([`Number::language`], or what the caller chose before).
    pub language: Language,
    /// The working calendar, for opening hours.
    pub calendar: Arc<Calendar>,
}

/// One request to another part of the house, so that a late answer is not taken for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HookId(pub u64);

/// How a transfer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// The target answered: they are talking. `Ended` follows.
    Answered,
    /// They have talked, and the target hung up.
    Ended,
    /// The target is busy.
    Busy,
    /// The target did not answer in time.
    NoAnswer,
    /// The target could not be reached.
    Failed,
    /// The transfer is not allowed.
    Denied,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The call was answered: begin. Exactly once, first.
    Start,
    /// A playlist has come to its end.
    Played(PlayId),
    /// The caller pressed a key.
    Digit(Digit),
    /// A person has answered the queue's call: they are talking. `HookDone` with `answered` follows.
    HookConnected(HookId),
    /// A restart had cut the caller off while he waited, and he has his place again: he is told so after the greeting.
    PlaceKept,
    /// The person has sent the caller on to a queue: he waits again, and the plan is with him.
    HookWaiting(HookId),
    /// A hook is done with the caller.
    HookDone {
        /// Which.
        id: HookId,
        /// Its outcome: `answered`, `full`, `done` … and `unavailable` where the server does not have it.
        outcome: String,
        /// Values for the plan's variables.
        values: Vec<(String, String)>,
    },
    /// Who waits may be told how he stands.
    Standing {
        /// Which queue.
        id: HookId,
        /// Callers before him.
        ahead: usize,
        /// Estimated wait in minutes, from–to, if it can be told.
        minutes: Option<(u32, u32)>,
    },
    /// News of the transfer.
    TransferDone {
        /// How it went.
        outcome: TransferOutcome,
    },
    /// The recording is complete.
    Recorded {
        /// Its length.
        duration_ms: u64,
        /// Its file.
        file: String,
    },
    /// The recording could not be made.
    RecordFailed,
    /// The caller hung up, or the call was ended by others. A `Recorded` may still follow; nothing else should.
    Gone,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play these one after the other, then report `Played`; with `repeat`, again and again (and never report).
    Play {
        /// To be named in `Played` and `StopPlaying`.
        id: PlayId,
        /// What.
        items: Vec<SpeechItem>,
        /// Until stopped.
        repeat: bool,
    },
    /// Fall silent. No `Played` is expected; a late one is ignored.
    StopPlaying(PlayId),
    /// From now on prompts are of this language.
    Language(Language),
    /// Call another number and connect the caller to it. Prompts may play until `Answered`.
    Transfer {
        /// The number; the policy allowed it when the plan was read.
        to: String,
        /// How long it may ring, seconds.
        ring_timeout_s: u32,
    },
    /// Record the caller, then report `Recorded`.
    Record {
        /// For the ledger: `message`.
        purpose: String,
        /// Longest, seconds.
        max_s: u32,
        /// Silence that ends it, seconds.
        silence_s: u32,
    },
    /// End the recording and report it.
    StopRecording,
    /// Hand the caller to a part of the house. For `Queue` the walk goes on talking to the waiting caller; for the others it
    /// falls silent and gives the keys away until `HookDone`.
    Hook {
        /// To be named in the answer.
        id: HookId,
        /// Which part.
        kind: HookKind,
        /// What it is told.
        params: Vec<(String, String)>,
    },
    /// The caller no longer wants it: he left the queue, or is gone.
    CancelHook {
        /// Which.
        id: HookId,
        /// Why, in the ledger's words for leaving a queue: `timeout`, `transferred`, `message`, `menu`, `gone`.
        because: &'static str,
    },
    /// Note this in the ledger.
    Event(EventKind),
    /// Opening hours were judged by the weekday alone, because this year has no table: raise the alarm.
    CalendarMissing {
        /// The year.
        year: i16,
    },
    /// End the call. The last command but for a late `Event`.
    HangUp {
        /// Why.
        reason: EndReason,
    },
}

/// What the caller is in the middle of. Whether something is being said is kept apart, in [`Walk::sound`].
enum State {
    /// Not begun.
    New,
    /// Hears something; then on.
    Hearing { barge_in: bool, next: Target },
    /// In a menu.
    Choosing(Asked),
    /// Typing digits, so far these.
    Typing { asked: Asked, keys: String },
    /// Was read back these digits and has to say whether they are right.
    Confirming { asked: Asked, keys: String },
    /// Waits for time to pass.
    Waiting { next: Target },
    /// Hears what to do before a recording begins.
    BeforeRecording,
    /// Is being recorded.
    Recording,
    /// Another number rings, or talks with the caller.
    Transferring { talking: bool },
    /// Waits for a person. `then` is where to go when the greeting has been said.
    Queueing { heard: Heard, then: Option<Target> },
    /// Talks with a person whom the queue found.
    Talking,
    /// Is with another part of the house.
    Away(HookId),
    /// Hears the last words.
    Leaving,
    /// Gone while being recorded: the recording may still bring a debt.
    GoneRecording,
    /// Over.
    Over,
}

/// What someone in a queue is hearing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Greeting,
    Comfort,
    Music,
}

/// A place in a queue, kept while the caller listens to other things.
struct Place {
    hook: HookId,
    at: StepRef,
    /// Calls of flows that were open there.
    depth: usize,
}

/// One call's walk.
pub struct Walk {
    plan: Arc<Dialplan>,
    context: WalkContext,
    hotline: String,
    start: StepRef,
    hours: Option<(String, StepRef)>,
    /// The step that the caller is at.
    at: Option<StepRef>,
    state: State,
    /// What is being said.
    sound: Option<PlayId>,
    /// Where `return` leads, innermost last.
    returns: Vec<Target>,
    values: Vec<(String, String)>,
    /// Keys pressed before anyone asked.
    typed: VecDeque<Digit>,
    place: Option<Place>,
    timers: Timers,
    /// The second that steps are counted in, and how many there were.
    burst: (Mono, u32),
    last_id: u64,
    owed_overflow: bool,
    /// He is to hear that his place was kept.
    kept: bool,
    commands: VecDeque<Command>,
}

impl Walk {
    /// A walk of `plan` for a call to `number` (found by [`Dialplan::number`] of the same plan).
    pub fn new(plan: Arc<Dialplan>, number: &Number, context: WalkContext) -> Self {
        Self {
            hotline: number.hotline.clone(),
            start: number.start,
            hours: number.hours.clone(),
            plan,
            context,
            at: None,
            state: State::New,
            sound: None,
            returns: Vec::new(),
            values: Vec::new(),
            typed: VecDeque::new(),
            place: None,
            timers: Timers::default(),
            burst: (Mono::ZERO, 0),
            last_id: 0,
            owed_overflow: false,
            kept: false,
            commands: VecDeque::new(),
        }
    }

    /// Takes in what happened. Whatever does not fit the moment is ignored: it came late.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Start => self.begin(now),
            Input::Played(id) => {
                if self.sound == Some(id) {
                    self.sound = None;
                    self.timers.clear(Timer::Sound);
                    self.fell_silent(now);
                }
            }
            Input::Digit(digit) => self.pressed(digit, now),
            Input::HookConnected(id) => self.connected(id),
            Input::PlaceKept => self.kept = matches!(self.state, State::Queueing { .. }),
            Input::HookWaiting(id) => self.waits_again(id, now),
            Input::HookDone { id, outcome, values } => self.hook_done(id, &outcome, values, now),
            Input::Standing { id, ahead, minutes } => self.standing(id, ahead, minutes, now),
            Input::TransferDone { outcome } => self.transferred(outcome, now),
            Input::Recorded { duration_ms, file } => {
                let kept = !file.is_empty();
                self.recorded(kept.then_some(duration_ms), now);
            }
            Input::RecordFailed => self.recorded(None, now),
            Input::Gone => self.gone(),
        }
    }

    /// The next thing to do; drain it after every `handle` and `handle_timeout`.
    pub fn next_command(&mut self) -> Option<Command> {
        let next = self.commands.pop_front();
        if next.is_none() && self.commands.capacity() > 0 {
            self.commands.shrink_to_fit(); // a parked call holds no empty queue
        }
        next
    }

    /// When `handle_timeout` is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.timers.next()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expired(now.mono) {
            self.timed_out(timer, now);
        }
    }

    /// Whether the walk has ended: it gives no more commands.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::GoneRecording)
    }

    /// The language that the caller is being served in.
    pub fn language(&self) -> Language {
        self.context.language
    }

    /// The hotline that was dialled.
    pub fn hotline(&self) -> &str {
        &self.hotline
    }

    /// `flow.step` where the caller is.
    pub fn step(&self) -> Option<String> {
        self.at.map(|at| self.plan.step_name(at))
    }

    fn begin(&mut self, now: Now) {
        if !matches!(self.state, State::New) {
            return;
        }
        let start = match self.hours.take() {
            Some((hours, closed)) if !self.is_open(&hours, now) => closed,
            _ => self.start,
        };
        self.go(Target::Step(start), now);
    }

    fn push(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    fn event(&mut self, kind: EventKind) {
        self.push(Command::Event(kind));
    }

    fn fresh_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// Something that was being said is over.
    fn fell_silent(&mut self, now: Now) {
        match &self.state {
            State::Hearing { next, .. } => {
                let next = *next;
                self.go(next, now);
            }
            State::Choosing(_) | State::Typing { .. } | State::Confirming { .. } => self.await_keys(now),
            State::BeforeRecording => self.start_recording(),
            State::Queueing { heard, then } => {
                let (heard, then) = (*heard, *then);
                self.heard_in_queue(heard, then, now);
            }
            State::Leaving => self.end(EndReason::PlanFinished),
            State::New
            | State::Waiting { .. }
            | State::Recording
            | State::Transferring { .. }
            | State::Talking
            | State::Away(_)
            | State::GoneRecording
            | State::Over => {}
        }
    }

    fn pressed(&mut self, digit: Digit, now: Now) {
        match &self.state {
            State::Hearing { barge_in, next } => {
                let (barge_in, next) = (*barge_in, *next);
                self.remember(digit);
                if barge_in {
                    self.hush();
                    self.go(next, now);
                }
            }
            State::Choosing(_) | State::Typing { .. } | State::Confirming { .. } => self.answered(digit, now),
            // Also while the greeting is still being said and nobody will come: 9 for the emergency must not wait for it.
            State::Queueing { .. } => self.pressed_in_queue(digit, now),
            State::Recording | State::BeforeRecording => self.pressed_in_recording(digit),
            State::Waiting { .. } => self.remember(digit),
            State::New
            | State::Transferring { .. }
            | State::Talking
            | State::Away(_)
            | State::Leaving
            | State::GoneRecording
            | State::Over => {}
        }
    }

    /// Keeps a key for the next question; what nobody could have meant is dropped.
    fn remember(&mut self, digit: Digit) {
        if self.typed.len() < limits::DIALPLAN_DIGITS_MAX {
            self.typed.push_back(digit);
        }
    }

    fn timed_out(&mut self, timer: Timer, now: Now) {
        match timer {
            Timer::Keys => self.no_key_came(now),
            Timer::Pause => {
                if let State::Waiting { next } = &self.state {
                    let next = *next;
                    self.hush();
                    self.go(next, now);
                }
            }
            Timer::Sound => {
                self.hush();
                self.fell_silent(now);
            }
            Timer::Comfort => self.comfort(now),
            Timer::Patience => self.patience_ended(now),
        }
    }

    /// The caller is gone: nothing more can be said, but what we owe him is noted (mission row N1).
    fn gone(&mut self) {
        if self.is_over() {
            return;
        }
        let talking = matches!(self.state, State::Talking);
        if let Some(place) = self.place.take() {
            self.push(Command::CancelHook {
                id: place.hook,
                because: "gone",
            });
            if !talking && self.queue_owes(place.at) {
                self.owe("abandoned");
            }
        }
        self.call_off_hook("gone");
        let recording = matches!(self.state, State::Recording);
        self.sound = None;
        self.timers = Timers::default();
        self.state = if recording { State::GoneRecording } else { State::Over };
    }

    fn owe(&mut self, because: &str) {
        self.event(EventKind::CallbackOwed {
            to: self.context.caller.clone(),
            because: because.to_owned(),
        });
    }

    fn end(&mut self, reason: EndReason) {
        self.hush();
        self.leave_queue("menu");
        self.timers = Timers::default();
        self.state = State::Over;
        self.push(Command::HangUp { reason });
    }
}
