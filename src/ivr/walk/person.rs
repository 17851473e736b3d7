//! What takes the caller to others: the queue for a person, a transfer, a recording, another part of the house. Knows their
//! outcomes, not their workings.

use std::sync::Arc;
use std::time::Duration;

use super::timer::Timer;
use super::{Command, Heard, HookId, Place, State, TransferOutcome, Walk};
use crate::ivr::dialplan::{HookKind, Kind, Line, Outcomes, Queue, Record, StepRef, Target, Value};
use crate::ivr::{Language, SpeechItem};
use crate::kernel::{Digit, EndReason, EventKind, Now};

impl Walk {
    // ── the queue ──

    /// Enters the queue before a word is said: the greeting must not hold back a free agent. Who comes back to the queue that
    /// he already stands in keeps his place and hears no second greeting.
    pub(super) fn open_queue(&mut self, queue: &Queue, at: StepRef, now: Now) -> Option<Target> {
        let here_already = self
            .place
            .as_ref()
            .is_some_and(|p| self.queue_name(p.at) == Some(&queue.name));
        if !here_already {
            self.leave_queue("menu");
            let hook = HookId(self.fresh_id());
            self.push(Command::Hook {
                id: hook,
                kind: HookKind::Queue {
                    name: queue.name.clone(),
                },
                params: Vec::new(),
            });
            self.place = Some(Place {
                hook,
                at,
                depth: self.returns.len(),
            });
        } else if let Some(place) = &mut self.place {
            (place.at, place.depth) = (at, self.returns.len());
        }
        self.typed.clear(); // keys typed ahead were meant for a menu, and must not take a waiting caller away
        if let Some(ms) = queue.max_wait_ms {
            self.timers
                .set(Timer::Patience, now.mono + Duration::from_millis(u64::from(ms)));
        }
        self.state = State::Queueing {
            heard: Heard::Greeting,
            then: None,
        };
        if here_already || !self.say(&queue.say, now) {
            self.heard_in_queue(Heard::Greeting, None, now);
        }
        None
    }

    fn queue_name(&self, at: StepRef) -> Option<&String> {
        let Some(Kind::Queue(queue)) = self.plan.step(at).map(|step| &step.kind) else {
            return None;
        };
        Some(&queue.name)
    }

    pub(super) fn queue_owes(&self, at: StepRef) -> bool {
        matches!(self.plan.step(at).map(|step| &step.kind), Some(Kind::Queue(queue)) if queue.callback)
    }

    /// Something said in the queue is over: go where an outcome has been waiting to lead, else music until the next words.
    pub(super) fn heard_in_queue(&mut self, heard: Heard, then: Option<Target>, now: Now) {
        if let Some(target) = then {
            return self.go(target, now);
        }
        if std::mem::take(&mut self.kept) {
            let kept = [Line::Fixed(SpeechItem::Prompt("queue/kept".to_owned()))];
            self.state = State::Queueing {
                heard: Heard::Comfort,
                then: None,
            };
            self.say(&kept, now);
            return;
        }
        if heard == Heard::Music {
            return; // it repeats: a player that reports its end is wrong, and gets no answer
        }
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Queue(queue)) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) else {
            return;
        };
        self.state = State::Queueing {
            heard: Heard::Music,
            then: None,
        };
        self.say_on(&queue.music);
        if !queue.comfort.is_empty() {
            let every = Duration::from_millis(u64::from(queue.comfort_every_ms));
            self.timers.set(Timer::Comfort, now.mono + every);
        }
    }

    pub(super) fn comfort(&mut self, now: Now) {
        let plan = Arc::clone(&self.plan);
        let listening = matches!(
            self.state,
            State::Queueing {
                heard: Heard::Music,
                ..
            }
        );
        let (true, Some(Kind::Queue(queue))) = (listening, self.at.and_then(|at| plan.step(at)).map(|s| &s.kind))
        else {
            return;
        };
        self.state = State::Queueing {
            heard: Heard::Comfort,
            then: None,
        };
        if !self.say(&queue.comfort, now) {
            self.heard_in_queue(Heard::Comfort, None, now);
        }
    }

    /// A key while waiting leads elsewhere; the place is kept.
    pub(super) fn pressed_in_queue(&mut self, digit: Digit, now: Now) {
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Queue(queue)) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) else {
            return;
        };
        let Some(target) = queue.keys.get(&digit) else {
            return; // a key that means nothing must not disturb the wait
        };
        if let Some(step) = self.step() {
            let keys = digit.as_char().to_string();
            self.event(EventKind::Keys { step, keys });
        }
        self.timers.clear(Timer::Comfort);
        self.hush();
        self.go(*target, now);
    }

    /// The longest wait is over. Someone who listens to other things meanwhile is not disturbed: his wait begins anew when he
    /// comes back.
    pub(super) fn patience_ended(&mut self, now: Now) {
        if let (State::Queueing { then: None, .. }, Some(place)) = (&self.state, &self.place) {
            let hook = place.hook;
            let because = "timeout";
            self.push(Command::CancelHook { id: hook, because });
            self.queue_done(hook, because, now);
        }
    }

    /// Gives the place up.
    pub(super) fn leave_queue(&mut self, because: &'static str) {
        self.timers.clear(Timer::Comfort);
        self.timers.clear(Timer::Patience);
        if let Some(place) = self.place.take() {
            let id = place.hook;
            self.push(Command::CancelHook { id, because });
        }
    }

    /// A person answers: silence at once, whatever was being said.
    pub(super) fn connected(&mut self, hook: HookId) {
        if self.place.as_ref().is_some_and(|p| p.hook == hook) && !self.is_over() {
            self.hush();
            self.call_off_hook("menu");
            self.timers = super::Timers::default();
            self.state = State::Talking;
        }
    }

    /// The person has sent him on to a queue.
    pub(super) fn waits_again(&mut self, hook: HookId, now: Now) {
        let Some(place) = self.place.as_ref().filter(|p| p.hook == hook) else {
            return;
        };
        if matches!(self.state, State::Talking) {
            self.at = Some(place.at);
            self.heard_in_queue(Heard::Greeting, None, now);
        }
    }

    /// The queue is done with the caller.
    fn queue_done(&mut self, hook: HookId, outcome: &str, now: Now) {
        let Some(place) = self.place.take_if(|p| p.hook == hook) else {
            return;
        };
        self.timers.clear(Timer::Patience);
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Queue(queue)) = plan.step(place.at).map(|s| &s.kind) else {
            return;
        };
        let answered = outcome == "answered" || matches!(self.state, State::Talking);
        if !answered && queue.callback && !self.owed_overflow {
            self.owed_overflow = true; // one debt, however often the caller tries
            self.owe("overflow");
        }
        let way_on = queue.on.target(outcome).or_else(|| queue.on.target(like(outcome)?));
        let target = match (way_on, answered) {
            (Some(target), _) => target,
            (None, true) => return self.end(EndReason::Hangup),
            (None, false) => Target::HangUp,
        };
        let in_front = matches!(self.state, State::Queueing { .. } | State::Talking);
        if let State::Queueing { heard, then } = &mut self.state
            && *heard == Heard::Greeting
            && !answered
            && self.sound.is_some()
        {
            // The greeting says where the caller has got to; a failure may wait for its last word.
            *then = Some(target);
        } else if in_front || answered {
            self.leave_for(target, &place, now);
        }
        // Else he is listening to something that he asked for. Only a person may take him away from it; after a failure he
        // asks anew when he comes back.
    }

    /// Goes on from the queue's step, wherever the caller has got to meanwhile.
    fn leave_for(&mut self, target: Target, place: &Place, now: Now) {
        self.hush();
        self.call_off_hook("menu");
        self.timers = super::Timers::default();
        self.returns.truncate(place.depth);
        self.at = Some(place.at);
        self.go(target, now);
    }

    /// The part of the house that the caller was with must let him go.
    pub(super) fn call_off_hook(&mut self, because: &'static str) {
        if let State::Away(hook) = &self.state {
            let hook = *hook;
            self.push(Command::CancelHook { id: hook, because });
        }
    }

    /// How he stands, told to who listens to music; any other words are not cut short for it.
    pub(super) fn standing(&mut self, hook: HookId, ahead: usize, minutes: Option<(u32, u32)>, now: Now) {
        let waits = self.place.as_ref().is_some_and(|p| p.hook == hook);
        let listens = matches!(&self.state, State::Queueing { heard, then: None } if *heard == Heard::Music);
        if !waits || !listens {
            return;
        }
        let prompt = |id: &str| Line::Fixed(SpeechItem::Prompt(id.to_owned()));
        let mut lines = match (ahead, self.context.language) {
            (0, _) => vec![prompt("queue/next")],
            (n, language) => {
                let count = SpeechItem::Number(i64::try_from(n).unwrap_or(i64::MAX));
                let mut lines = vec![prompt("queue/ahead"), Line::Fixed(count)];
                lines.extend((language == Language::Zh).then(|| prompt("queue/ahead-people")));
                lines
            }
        };
        if let Some((from, to)) = minutes {
            lines.extend([prompt("queue/wait"), Line::Fixed(SpeechItem::Minutes { from, to })]);
        }
        self.timers.clear(Timer::Comfort); // it begins anew afterwards: two announcements in a row are a nuisance
        self.state = State::Queueing {
            heard: Heard::Comfort,
            then: None,
        };
        self.say(&lines, now);
    }

    // ── other hooks ──

    pub(super) fn open_hook(&mut self, hook: &HookKind, with: &[(String, Value)]) -> Option<Target> {
        let params = with
            .iter()
            .map(|(name, value)| (name.clone(), self.value(value)))
            .collect();
        let id = HookId(self.fresh_id());
        self.typed.clear(); // the keys are the hook's from here on
        self.push(Command::Hook {
            id,
            kind: hook.clone(),
            params,
        });
        self.state = State::Away(id);
        None
    }

    pub(super) fn hook_done(&mut self, id: HookId, outcome: &str, values: Vec<(String, String)>, now: Now) {
        if self.is_over() {
            return;
        }
        let away = matches!(&self.state, State::Away(hook) if *hook == id);
        let queued = self.place.as_ref().is_some_and(|p| p.hook == id);
        if away || queued {
            for (name, value) in values {
                self.set(&name, &value);
            }
        }
        if queued {
            return self.queue_done(id, outcome, now);
        }
        let plan = Arc::clone(&self.plan);
        if away && outcome == BOOKED {
            self.place = None; // what he is owed stands there in his stead
            self.timers.clear(Timer::Patience);
        }
        if let (true, Some(Kind::Hook { on, .. })) = (away, self.at.and_then(|at| plan.step(at)).map(|s| &s.kind)) {
            // An outcome that the plan has no way for is treated like a part of the house that is not there.
            let target = on.target(outcome).or_else(|| on.target("unavailable"));
            self.go(target.unwrap_or(Target::HangUp), now);
        }
    }

    // ── transfer ──

    /// The other number is called while the caller is told so: an emergency does not wait for the end of a sentence.
    pub(super) fn open_transfer(&mut self, to: &str, say: &[Line], ring_timeout_s: u32, now: Now) -> Option<Target> {
        self.leave_queue("transferred");
        self.state = State::Transferring { talking: false };
        self.push(Command::Transfer {
            to: to.to_owned(),
            ring_timeout_s,
        });
        self.say(say, now);
        None
    }

    pub(super) fn transferred(&mut self, outcome: TransferOutcome, now: Now) {
        let State::Transferring { talking } = &mut self.state else {
            return;
        };
        let name = match outcome {
            TransferOutcome::Answered => {
                *talking = true;
                return self.hush();
            }
            TransferOutcome::Ended => "ended",
            TransferOutcome::Busy => "busy",
            TransferOutcome::NoAnswer => "no_answer",
            TransferOutcome::Failed => "failed",
            TransferOutcome::Denied => "denied",
        };
        let talked = *talking;
        self.hush();
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Transfer { on, .. }) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) else {
            return;
        };
        match transfer_target(on, name, talked) {
            Some(target) => self.go(target, now),
            None => self.end(EndReason::Hangup),
        }
    }

    // ── recording ──

    pub(super) fn open_record(&mut self, record: &Record, now: Now) -> Option<Target> {
        self.leave_queue("message");
        self.typed.clear();
        self.state = State::BeforeRecording;
        if !self.say(&record.say, now) {
            self.start_recording();
        }
        None
    }

    pub(super) fn start_recording(&mut self) {
        let plan = Arc::clone(&self.plan);
        if let Some(Kind::Record(record)) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) {
            self.state = State::Recording;
            self.push(Command::Record {
                purpose: record.purpose.clone(),
                max_s: record.max_s,
                silence_s: record.silence_s,
            });
        }
    }

    /// The ending key ends the message; pressed before the tone, it skips the instructions.
    pub(super) fn pressed_in_recording(&mut self, digit: Digit) {
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Record(record)) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) else {
            return;
        };
        if record.ends != Some(digit) {
            return;
        }
        if matches!(self.state, State::Recording) {
            self.push(Command::StopRecording);
        } else {
            self.hush();
            self.start_recording();
        }
    }

    /// The recording is there (`None`: it failed). A message brings a debt even if its caller is gone by now.
    pub(super) fn recorded(&mut self, duration_ms: Option<u64>, now: Now) {
        let gone = matches!(self.state, State::GoneRecording);
        if !gone && !matches!(self.state, State::Recording) {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let Some(Kind::Record(record)) = self.at.and_then(|at| plan.step(at)).map(|s| &s.kind) else {
            return;
        };
        let outcome = match duration_ms {
            None => "failed",
            Some(ms) if ms < record.min_ms => "empty",
            Some(_) => "recorded",
        };
        if outcome == "recorded" && record.callback {
            self.owe("message_left");
        }
        if gone {
            self.state = State::Over;
        } else {
            self.go(record.on.target(outcome).unwrap_or(Target::HangUp), now);
        }
    }
}

/// A conversation that took place needs no handling by `otherwise`: that is for what went wrong.
fn transfer_target(on: &Outcomes, outcome: &str, talked: bool) -> Option<Target> {
    match outcome {
        "ended" => on.by_name.get(outcome).copied(),
        // After a conversation, a failure is its end.
        _ if talked => on.by_name.get("ended").copied(),
        _ => on.target(outcome).or(Some(Target::HangUp)),
    }
}

/// The outcome of a call back that was asked for.
const BOOKED: &str = "booked";

/// The outcome that a plan treats one alike that it does not name: what a house adds later must not end old plans' calls.
fn like(outcome: &str) -> Option<&'static str> {
    match outcome {
        "long_wait" => Some("full"),
        "no_agents" | "timeout" | "closed" => Some("unavailable"),
        _named_in_every_plan => None,
    }
}
