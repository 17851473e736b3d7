//! Saying things in a walk: values are put in where the plan left room for them. Knows what is said, not how it sounds.

use std::time::Duration;

use super::timer::Timer;
use super::{Command, Walk};
use crate::ivr::SpeechItem;
use crate::ivr::dialplan::{Line, Value, say};
use crate::kernel::{Now, PlayId, limits};

/// Nothing that is said once takes longer: after that its end was lost, and the caller must not be left in silence.
const SOUND_MAX: Duration = Duration::from_secs(600);

impl Walk {
    /// Says these lines; false if there is nothing to say.
    pub(super) fn say(&mut self, lines: &[Line], now: Now) -> bool {
        self.say_all(&[lines], now)
    }

    /// Says several rows of lines as one.
    pub(super) fn say_all(&mut self, rows: &[&[Line]], now: Now) -> bool {
        let items: Vec<SpeechItem> = rows
            .iter()
            .flat_map(|r| r.iter())
            .filter_map(|l| self.filled(l))
            .collect();
        if items.is_empty() {
            return false;
        }
        self.start(items, false);
        self.timers.set(Timer::Sound, now.mono + SOUND_MAX);
        true
    }

    /// Says these lines again and again, until something else is said.
    pub(super) fn say_on(&mut self, lines: &[Line]) {
        let items: Vec<SpeechItem> = lines.iter().filter_map(|line| self.filled(line)).collect();
        if !items.is_empty() {
            self.start(items, true);
        }
    }

    fn start(&mut self, items: Vec<SpeechItem>, repeat: bool) {
        self.hush();
        let id = PlayId(self.fresh_id());
        self.sound = Some(id);
        self.push(Command::Play { id, items, repeat });
    }

    /// Falls silent.
    pub(super) fn hush(&mut self) {
        self.timers.clear(Timer::Sound);
        if let Some(id) = self.sound.take() {
            self.push(Command::StopPlaying(id));
        }
    }

    /// The line with the call's values in it; nothing where a value is not there or cannot be said in that manner.
    fn filled(&self, line: &Line) -> Option<SpeechItem> {
        match line {
            Line::Fixed(item) => Some(item.clone()),
            Line::Variable(manner, name) => say(*manner, &self.variable(name)),
            Line::Minutes(from, to) => Some(SpeechItem::Minutes {
                from: self.variable(from).parse().ok()?,
                to: self.variable(to).parse().ok()?,
            }),
        }
    }

    /// The value of a variable; empty if nothing set it.
    pub(super) fn variable(&self, name: &str) -> String {
        match name {
            "caller" => self.context.caller.reveal().to_owned(),
            "called" => self.context.called.clone(),
            "hotline" => self.hotline.clone(),
            "language" => self.context.language.code().to_owned(),
            _ => {
                let found = self.values.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            }
        }
    }

    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::Literal(text) => text.clone(),
            Value::Variable(name) => self.variable(name),
        }
    }

    /// Sets a variable; beyond the bounds it is cut, or not kept.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let value: String = value.chars().take(limits::DIALPLAN_VALUE_MAX_CHARS).collect();
        if let Some((_, old)) = self.values.iter_mut().find(|(known, _)| known == name) {
            *old = value;
        } else if self.values.len() < limits::DIALPLAN_VARIABLES_MAX {
            self.values.push((name.to_owned(), value));
        }
    }
}
