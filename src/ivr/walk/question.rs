//! Menus, rows of digits, and reading them back. Keys typed ahead answer before a word is said.

use std::sync::Arc;
use std::time::Duration;

use super::timer::Timer;
use super::{State, Walk};
use crate::ivr::SpeechItem;
use crate::ivr::dialplan::{Gather, Kind, Line, Menu, Retry, Step, Target};
use crate::kernel::{Digit, EventKind, Now, limits};

/// How often a question has gone wrong.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    timeouts: u8,
    wrongs: u8,
}

/// Wait for the verdict on digits read back.
const CONFIRM_MS: u32 = 8_000;

impl Walk {
    /// Says the choices, unless a key typed ahead answers them.
    pub(super) fn open_menu(&mut self, menu: &Menu, asked: Asked, now: Now) -> Option<Target> {
        self.state = State::Choosing(asked);
        if !menu.barge_in {
            self.typed.clear();
        } else if let Some(digit) = self.typed.pop_front() {
            return self.choose(menu, digit, now);
        }
        self.ask(&[], &menu.lines, now);
        None
    }

    /// Asks for digits, unless those typed ahead are enough.
    pub(super) fn open_gather(&mut self, gather: &Gather, asked: Asked, now: Now) -> Option<Target> {
        self.state = State::Typing {
            asked,
            keys: String::new(),
        };
        if !gather.barge_in {
            self.typed.clear();
        }
        if self.typed.is_empty() {
            self.ask(&[], &gather.lines, now);
            return None;
        }
        while let Some(digit) = self.typed.pop_front() {
            let next = self.type_digit(gather, digit, now);
            if next.is_some() || !matches!(self.state, State::Typing { .. }) {
                return next;
            }
        }
        self.await_keys(now);
        None
    }

    /// Says `first` and then the question; where there is nothing to say, the wait for a key begins at once.
    fn ask(&mut self, first: &[Line], question: &[Line], now: Now) {
        if !self.say_all(&[first, question], now) {
            self.await_keys(now);
        }
    }

    /// The last word is said, or a key has come: how long until the next key?
    pub(super) fn await_keys(&mut self, now: Now) {
        let plan = Arc::clone(&self.plan);
        let wait_ms = match (&self.state, self.at.and_then(|at| plan.step(at)).map(|s| &s.kind)) {
            (State::Choosing(_), Some(Kind::Menu(menu))) => menu.timeout_ms,
            (State::Typing { keys, .. }, Some(Kind::Gather(gather))) => match keys.is_empty() {
                true => gather.timeout_ms,
                false => gather.between_ms,
            },
            (State::Confirming { .. }, _) => CONFIRM_MS,
            _ => return,
        };
        self.timers
            .set(Timer::Keys, now.mono + Duration::from_millis(u64::from(wait_ms)));
    }

    /// A key was pressed at a question.
    pub(super) fn answered(&mut self, digit: Digit, now: Now) {
        let plan = Arc::clone(&self.plan);
        let Some(Step { kind, .. }) = self.at.and_then(|at| plan.step(at)) else {
            return;
        };
        let deaf = |barge_in: bool| self.sound.is_some() && !barge_in;
        let next = match (&self.state, kind) {
            (State::Choosing(_), Kind::Menu(menu)) if !deaf(menu.barge_in) => {
                self.hush();
                self.choose(menu, digit, now)
            }
            (State::Typing { .. }, Kind::Gather(gather)) if !deaf(gather.barge_in) => {
                self.hush();
                self.type_digit(gather, digit, now)
            }
            (State::Confirming { .. }, Kind::Gather(gather)) => {
                self.hush();
                self.judge(gather, digit, now)
            }
            _ => return,
        };
        if let Some(next) = next {
            self.go(next, now);
        }
    }

    /// No key came in time.
    pub(super) fn no_key_came(&mut self, now: Now) {
        let plan = Arc::clone(&self.plan);
        let Some(Step { kind, .. }) = self.at.and_then(|at| plan.step(at)) else {
            return;
        };
        let next = match (&self.state, kind) {
            (State::Choosing(asked), Kind::Menu(menu)) => {
                let asked = *asked;
                self.ask_again(asked, Fault::Timeout, &menu.on_timeout, &menu.lines, now)
            }
            (State::Typing { asked, keys }, Kind::Gather(gather)) => {
                let (asked, keys) = (*asked, keys.clone());
                match keys.is_empty() {
                    true => self.ask_again(asked, Fault::Timeout, &gather.on_timeout, &gather.lines, now),
                    false => self.typed_enough(gather, asked, keys, now),
                }
            }
            (State::Confirming { asked, .. }, Kind::Gather(gather)) => {
                let asked = *asked;
                self.ask_again(asked, Fault::Timeout, &gather.on_timeout, &gather.lines, now)
            }
            _ => None,
        };
        if let Some(next) = next {
            self.go(next, now);
        }
    }

    fn choose(&mut self, menu: &Menu, digit: Digit, now: Now) -> Option<Target> {
        self.note_keys(digit.as_char().to_string());
        if let Some(target) = menu.keys.get(&digit) {
            return Some(*target);
        }
        let State::Choosing(asked) = &self.state else {
            return None;
        };
        let asked = *asked;
        self.ask_again(asked, Fault::Wrong, &menu.on_wrong_key, &menu.lines, now)
    }

    fn type_digit(&mut self, gather: &Gather, digit: Digit, now: Now) -> Option<Target> {
        let State::Typing { asked, keys } = &mut self.state else {
            return None;
        };
        let ends = gather.terminator == Some(digit);
        if !ends {
            keys.push(digit.as_char());
        }
        if ends || keys.len() >= gather.max.min(limits::DIALPLAN_DIGITS_MAX) {
            let (asked, keys) = (*asked, std::mem::take(keys));
            return self.typed_enough(gather, asked, keys, now);
        }
        self.await_keys(now);
        None
    }

    /// The caller has typed what he wanted to type.
    fn typed_enough(&mut self, gather: &Gather, asked: Asked, keys: String, now: Now) -> Option<Target> {
        self.timers.clear(Timer::Keys);
        let shown = match gather.private {
            true => "*".repeat(keys.chars().count()),
            false => keys.clone(),
        };
        self.note_keys(shown);
        if keys.len() < gather.min {
            return self.ask_again(asked, Fault::Wrong, &gather.on_wrong, &gather.lines, now);
        }
        if !gather.confirm {
            self.set(&gather.into, &keys);
            return Some(gather.next);
        }
        let prompt = |id: &str| Line::Fixed(SpeechItem::Prompt(id.to_owned()));
        let read_back = [
            prompt("gather/you-pressed"),
            Line::Fixed(SpeechItem::Digits(keys.clone())),
            prompt("gather/confirm"),
        ];
        self.state = State::Confirming { asked, keys };
        self.ask(&[], &read_back, now);
        None
    }

    /// 1: the digits are right. Anything else: once more.
    fn judge(&mut self, gather: &Gather, digit: Digit, now: Now) -> Option<Target> {
        self.note_keys(digit.as_char().to_string());
        let State::Confirming { asked, keys } = &mut self.state else {
            return None;
        };
        let (asked, keys) = (*asked, std::mem::take(keys));
        if digit.as_char() == '1' {
            self.set(&gather.into, &keys);
            return Some(gather.next);
        }
        self.ask_again(asked, Fault::Wrong, &gather.on_wrong, &gather.lines, now)
    }

    /// Asks once more, or gives up. Keys typed ahead were meant for another question: they are forgotten.
    fn ask_again(&mut self, asked: Asked, fault: Fault, retry: &Retry, question: &[Line], now: Now) -> Option<Target> {
        self.timers.clear(Timer::Keys);
        self.typed.clear();
        let mut asked = asked;
        let count = match fault {
            Fault::Timeout => &mut asked.timeouts,
            Fault::Wrong => &mut asked.wrongs,
        };
        if *count >= retry.times {
            return Some(retry.then);
        }
        *count = count.saturating_add(1);
        self.state = if matches!(self.state, State::Choosing(_)) {
            State::Choosing(asked)
        } else {
            State::Typing {
                asked,
                keys: String::new(),
            }
        };
        self.ask(&retry.say, question, now);
        None
    }

    fn note_keys(&mut self, keys: String) {
        if let Some(step) = self.step() {
            self.event(EventKind::Keys { step, keys });
        }
    }
}

/// What went wrong at a question.
#[derive(Clone, Copy)]
enum Fault {
    Timeout,
    Wrong,
}
