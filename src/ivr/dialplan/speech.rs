//! What a step says: prompts, files, and values in the manner asked for. Knows the catalogue only through a question.

use jiff::civil::{Date, Time};
use toml::Spanned;
use toml::de::DeValue;

use super::problem::hint;
use super::reader::{Fields, Place, Source, clip, type_name, whole_of};
use super::{Line, Manner, Value};
use crate::ivr::SpeechItem;
use crate::kernel::limits;

/// Reads what field `key` says: one item or a list. Empty when the field is missing.
pub(super) fn lines(fields: &mut Fields<'_, '_, '_>, key: &'static str) -> Vec<Line> {
    match fields.value(key) {
        Some(value) => lines_of(fields.source, value),
        None => Vec::new(),
    }
}

/// Reads one item or a list of them.
pub(super) fn lines_of(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Line> {
    let DeValue::Array(array) = value.get_ref() else {
        return line(source, value).into_iter().collect();
    };
    if array.len() > limits::DIALPLAN_SAY_MAX_ITEMS {
        let most = limits::DIALPLAN_SAY_MAX_ITEMS;
        source.problem(&value.span(), format!("at most {most} items can be said in one step"));
    }
    array
        .iter()
        .take(limits::DIALPLAN_SAY_MAX_ITEMS)
        .filter_map(|item| line(source, item))
        .collect()
}

fn line(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Option<Line> {
    match value.get_ref() {
        DeValue::String(id) => prompt(source, id, &value.span()),
        DeValue::Table(table) => item(Fields::new(source, table, value.span())),
        other => {
            source.problem(
                &value.span(),
                format!(
                    "what is said is a prompt's name or a table such as {{ digits = \"$caller\" }}, not {}",
                    type_name(other)
                ),
            );
            None
        }
    }
}

/// A prompt of the catalogue, or a file: what ends in `.wav` is a path below `prompts/`.
fn prompt(source: &Source<'_>, id: &str, place: &Place) -> Option<Line> {
    let is_file = id.ends_with(".wav");
    if id.is_empty() || id.starts_with('/') || id.split('/').any(|part| part == "..") || id.contains(['\\', '\0']) {
        source.problem(place, format!("\"{}\" is no path below prompts/", clip(id)));
        return None;
    }
    if (source.world.catalogue)(id) {
        source.world.prompts_found.borrow_mut().insert(id.to_owned());
    } else if !source.world.is_full() {
        let problem = source.at(
            place,
            format!(
                "there is no {} \"{}\"",
                if is_file { "file" } else { "prompt" },
                clip(id)
            ),
        );
        source.world.prompts_missing.borrow_mut().push((problem, id.to_owned()));
    }
    let id = id.to_owned();
    Some(Line::Fixed(if is_file {
        SpeechItem::File(id)
    } else {
        SpeechItem::Prompt(id)
    }))
}

/// The ways to say a value, as keys of an item.
const MANNERS: [(&str, Manner); 7] = [
    ("text", Manner::Text),
    ("number", Manner::Number),
    ("digits", Manner::Digits),
    ("date", Manner::Date),
    ("time", Manner::Time),
    ("amount_fen", Manner::AmountFen),
    ("duration_s", Manner::DurationS),
];

fn item(mut fields: Fields<'_, '_, '_>) -> Option<Line> {
    let mut read: Option<Line> = None;
    let mut found = 0;
    if fields.has("pause_ms") {
        found += 1;
    }
    if let Some(ms) = fields.whole("pause_ms", 1..=60_000) {
        read = Some(Line::Fixed(SpeechItem::Pause(ms)));
    }
    for (key, manner) in MANNERS {
        if let Some(value) = fields.value(key) {
            found += 1;
            read = valued(fields.source, key, manner, value).or(read);
        }
    }
    if let Some(value) = fields.value("minutes") {
        found += 1;
        read = minutes(fields.source, value).or(read);
    }
    if found != 1 {
        let message =
            "an item says one thing: text, number, digits, date, time, amount_fen, duration_s, minutes or pause_ms";
        fields.source.problem(&fields.place, message);
    }
    fields.finish();
    read
}

fn valued(source: &Source<'_>, key: &str, manner: Manner, written: &Spanned<DeValue<'_>>) -> Option<Line> {
    match value_of(source, written)? {
        Value::Variable(name) => Some(Line::Variable(manner, name)),
        Value::Literal(text) => {
            let said = say(manner, &text);
            if said.is_none() {
                source.problem(&written.span(), format!("\"{}\" cannot be said as {key}", clip(&text)));
            }
            said.map(Line::Fixed)
        }
    }
}

/// `minutes = ["$from", "$to"]` or `[2, 5]`.
fn minutes(source: &Source<'_>, written: &Spanned<DeValue<'_>>) -> Option<Line> {
    let ends: Vec<Value> = match written.get_ref() {
        DeValue::Array(array) if array.len() == 2 => array.iter().filter_map(|v| value_of(source, v)).collect(),
        _ => Vec::new(),
    };
    let band = match ends.as_slice() {
        [Value::Variable(from), Value::Variable(to)] => Some(Line::Minutes(from.clone(), to.clone())),
        [Value::Literal(from), Value::Literal(to)] => match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => Some(Line::Fixed(SpeechItem::Minutes { from, to })),
            _ => None,
        },
        _ => None,
    };
    if band.is_none() {
        source.problem(&written.span(), "minutes is a list of two numbers or of two variables");
    }
    band
}

/// A value in the plan: a text or whole number as written, or `$variable`.
pub(super) fn value_of(source: &Source<'_>, written: &Spanned<DeValue<'_>>) -> Option<Value> {
    if let Some(n) = whole_of(written.get_ref()) {
        return Some(Value::Literal(n.to_string()));
    }
    let Some(text) = written.get_ref().as_str() else {
        let found = type_name(written.get_ref());
        source.problem(
            &written.span(),
            format!("a value is a text, a whole number or \"$variable\", not {found}"),
        );
        return None;
    };
    let Some(name) = text.strip_prefix('$') else {
        if text.chars().count() > limits::DIALPLAN_VALUE_MAX_CHARS {
            let most = limits::DIALPLAN_VALUE_MAX_CHARS;
            source.problem(&written.span(), format!("a value has at most {most} characters"));
        }
        return Some(Value::Literal(text.to_owned()));
    };
    let names = source.world.names;
    if !names.all_variables().any(|known| known == name) {
        let hint = hint(name, names.all_variables());
        source.problem(
            &written.span(),
            format!("nothing sets the variable \"${}\"{hint}", clip(name)),
        );
    }
    Some(Value::Variable(name.to_owned()))
}

/// A value in a manner; `None` if it cannot be said so. Also used when the call fills in a variable.
pub(in crate::ivr) fn say(manner: Manner, value: &str) -> Option<SpeechItem> {
    match manner {
        Manner::Text => Some(SpeechItem::Text(value.to_owned())),
        Manner::Number => value.parse().ok().map(SpeechItem::Number),
        Manner::Digits => {
            let digits = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | '+' | '-' | ' ');
            (!value.is_empty() && value.chars().all(digits)).then(|| SpeechItem::Digits(value.to_owned()))
        }
        Manner::Date => value.parse::<Date>().ok().map(SpeechItem::Date),
        Manner::Time => value.parse::<Time>().ok().map(SpeechItem::Time),
        Manner::AmountFen => value.parse().ok().map(|fen| SpeechItem::Amount { fen }),
        Manner::DurationS => value.parse().ok().map(|seconds| SpeechItem::Duration { seconds }),
    }
}
