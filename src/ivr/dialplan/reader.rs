//! Reads TOML tables field by field, notes every mistake with its place, and goes on. Knows types and places, not what the
//! fields mean.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::names::Names;
use super::problem::{Lines, Problem, hint, nearest};
use super::{Target, TransferPolicy};
use crate::kernel::limits;

/// A part of the file, in bytes.
pub(super) type Place = Range<usize>;

/// What is shared while all files are read.
pub(super) struct World<'a> {
    pub names: &'a Names,
    pub catalogue: &'a dyn Fn(&str) -> bool,
    pub policy: &'a TransferPolicy,
    pub problems: RefCell<Vec<Problem>>,
    /// Prompts that exist, for the nearest one; prompts that do not, with their places.
    pub prompts_found: RefCell<std::collections::BTreeSet<String>>,
    pub prompts_missing: RefCell<Vec<(Problem, String)>>,
}

impl World<'_> {
    /// Whether so many mistakes are known that no more are looked for.
    pub fn is_full(&self) -> bool {
        self.problems.borrow().len() >= limits::DIALPLAN_PROBLEMS_MAX
            || self.prompts_missing.borrow().len() >= limits::DIALPLAN_PROBLEMS_MAX
    }
}

/// One file being read.
pub(super) struct Source<'a> {
    pub world: &'a World<'a>,
    pub file: &'a str,
    pub lines: Lines<'a>,
    /// The flow that the file is, if it has steps.
    pub flow: Option<usize>,
}

impl Source<'_> {
    /// Notes a mistake.
    pub fn problem(&self, place: &Place, message: impl Into<String>) {
        if !self.world.is_full() {
            let problem = self.at(place, message.into());
            self.world.problems.borrow_mut().push(problem);
        }
    }

    /// A problem at a place, not noted yet.
    pub fn at(&self, place: &Place, message: String) -> Problem {
        self.lines.problem(place, message)
    }

    /// Resolves a target. A misspelt one is noted and taken for its nearest, so that it does not make others "unreachable".
    pub fn target(&self, written: &str, place: &Place) -> Option<Target> {
        match written {
            "hangup" => return Some(Target::HangUp),
            "return" => return Some(Target::Return),
            _ => {}
        }
        if let Some(step) = self.world.names.resolve(self.flow, written) {
            return Some(Target::Step(step));
        }
        if self.world.is_full() {
            return None; // enough is known; the search for the nearest is not free
        }
        let known = self.world.names.targets(self.flow);
        let what = match written.split_once('.') {
            Some((flow, _)) if self.world.names.flow(flow).is_none() => format!("there is no flow \"{flow}\""),
            Some(_) => format!("there is no step \"{written}\""),
            None => format!("there is no step \"{written}\" in this flow"),
        };
        self.problem(place, what + &hint(written, known.iter().map(String::as_str)));
        let near = nearest(written, known.iter().map(String::as_str))?;
        match near {
            "hangup" => Some(Target::HangUp),
            "return" => Some(Target::Return),
            step => self.world.names.resolve(self.flow, step).map(Target::Step),
        }
    }
}

/// What TOML calls the type of a value, with its article.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A table whose fields are asked for one by one; whatever was never asked for is unknown.
pub(super) struct Fields<'s, 't, 'i> {
    pub source: &'s Source<'s>,
    pub table: &'t DeTable<'i>,
    /// Where the table stands, for problems about what is missing.
    pub place: Place,
    asked: Vec<&'static str>,
}

impl<'s, 't, 'i> Fields<'s, 't, 'i> {
    pub fn new(source: &'s Source<'s>, table: &'t DeTable<'i>, place: Place) -> Self {
        Self {
            source,
            table,
            place,
            asked: Vec::new(),
        }
    }

    /// Reads `value` as a table, or notes that it is none.
    pub fn of(source: &'s Source<'s>, value: &'t Spanned<DeValue<'i>>, place: Place, what: &str) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(source, table, place)),
            other => {
                source.problem(
                    &value.span(),
                    format!("{what} must be a table, not {}", type_name(other)),
                );
                None
            }
        }
    }

    /// The field as it stands.
    pub fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        self.source.problem(
            &value.span(),
            format!("\"{key}\" must be {wanted}, not {}", type_name(value.get_ref())),
        );
    }

    /// A text.
    pub fn text(&mut self, key: &'static str) -> Option<(String, Place)> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            _ => {
                self.wrong(key, value, "a text");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, key: &'static str) -> Option<(String, Place)> {
        self.missing(key);
        self.text(key)
    }

    /// Notes that `key` is missing, if it is.
    pub fn missing(&self, key: &str) {
        if !self.has(key) {
            self.source.problem(&self.place, format!("\"{key}\" is missing"));
        }
    }

    /// True or false.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else {
            return default;
        };
        match value.get_ref() {
            DeValue::Boolean(b) => *b,
            _ => {
                self.wrong(key, value, "true or false");
                default
            }
        }
    }

    /// A whole number within bounds.
    pub fn whole(&mut self, key: &'static str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        let Some(n) = whole_of(value.get_ref()) else {
            self.wrong(key, value, "a whole number");
            return None;
        };
        match u32::try_from(n).ok().filter(|n| bounds.contains(n)) {
            Some(n) => Some(n),
            None => {
                let (low, high) = bounds.into_inner();
                self.source.problem(
                    &value.span(),
                    format!("\"{key}\" must lie between {low} and {high}, not {n}"),
                );
                None
            }
        }
    }

    /// A target that must be there. What is missing or wrong is noted; the plan is refused in the end, so that any target will do.
    pub fn required_target(&mut self, key: &'static str) -> Target {
        let fallback = Target::HangUp;
        self.required_text(key)
            .and_then(|(text, place)| self.source.target(&text, &place))
            .unwrap_or(fallback)
    }

    /// Notes every field that nobody asked for.
    pub fn finish(self) {
        let unknown = self
            .table
            .keys()
            .filter(|k| !self.asked.contains(&k.get_ref().as_ref()));
        for key in unknown.take_while(|_| !self.source.world.is_full()) {
            let word = key.get_ref().as_ref();
            let hint = hint(word, self.asked.iter().copied());
            self.source
                .problem(&key.span(), format!("unknown key \"{}\"{hint}", clip(word)));
        }
    }
}

/// The whole number in a value.
pub(super) fn whole_of(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A word from the file, short enough to be shown.
pub(super) fn clip(word: &str) -> String {
    let mut clipped: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
    if clipped.len() < word.len() {
        clipped.push('…');
    }
    clipped
}
