//! Reads menus and questions for digits: what is asked, which keys count, and what happens when nobody answers or wrongly.
//! Every question must say both.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::kinds::{spoken, target_of, variable_name};
use super::names::in_file_order;
use super::reader::{Fields, clip};
use super::speech::lines;
use super::{Gather, Kind, Menu, Retry, Target};
use crate::kernel::{Digit, limits};

pub(super) fn seconds_as_ms(fields: &mut Fields<'_, '_, '_>, key: &'static str, most: u32, default_s: u32) -> u32 {
    fields.whole(key, 1..=most).unwrap_or(default_s).saturating_mul(1_000)
}

pub(super) fn menu(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let lines = spoken(fields, "menu");
    fields.missing("keys");
    let keys = keys(fields);
    if fields.has("keys") && keys.is_empty() {
        fields.source.problem(&fields.place, "the menu has no key to press");
    }
    let timeout_ms = seconds_as_ms(fields, "timeout_s", 120, 5);
    let barge_in = fields.flag("barge_in", true);
    let (on_timeout, on_wrong_key) = retries(fields, "wrong_key");
    Kind::Menu(Menu {
        lines,
        keys,
        barge_in,
        timeout_ms,
        on_timeout,
        on_wrong_key,
    })
}

/// `keys = { 1 = "target", "*" = "other" }`.
pub(super) fn keys(fields: &mut Fields<'_, '_, '_>) -> BTreeMap<Digit, Target> {
    let mut keys = BTreeMap::new();
    let source = fields.source;
    let Some(value) = fields.value("keys") else {
        return keys;
    };
    let Some(table) = value.get_ref().as_table() else {
        source.problem(&value.span(), "\"keys\" must be a table such as { 1 = \"step\" }");
        return keys;
    };
    for (key, target) in in_file_order(table) {
        let mut characters = key.get_ref().chars();
        let digit = match (characters.next().and_then(Digit::from_char), characters.next()) {
            (Some(digit), None) => Some(digit),
            _ => {
                let message = format!("\"{}\" is no key of a telephone (0-9, *, #, A-D)", clip(key.get_ref()));
                source.problem(&key.span(), message);
                None
            }
        };
        let target = target_of(fields, target);
        if let (Some(digit), Some(target)) = (digit, target)
            && keys.insert(digit, target).is_some()
        {
            source.problem(&key.span(), format!("the key \"{digit:?}\" is given twice"));
        }
    }
    keys
}

/// `on = { timeout = …, <wrong> = … }`, both of which a question must handle.
fn retries(fields: &mut Fields<'_, '_, '_>, wrong: &'static str) -> (Retry, Retry) {
    let nothing = || Retry {
        times: 0,
        say: Vec::new(),
        then: Target::HangUp,
    };
    let source = fields.source;
    let Some(value) = fields.value("on") else {
        source.problem(
            &fields.place,
            format!("\"on\" is missing: say what happens at a timeout and at a {wrong}"),
        );
        return (nothing(), nothing());
    };
    let Some(mut on) = Fields::of(source, value, value.span(), "\"on\"") else {
        return (nothing(), nothing());
    };
    on.place = fields.place.clone();
    let mut one = |key: &'static str| {
        if !on.has(key) {
            source.problem(
                &on.place,
                format!("\"on.{key}\" is missing: every question must say where it leads"),
            );
        }
        on.value(key).and_then(|v| retry(fields, v)).unwrap_or_else(nothing)
    };
    let read = (one("timeout"), one(wrong));
    on.finish();
    read
}

/// `"target"`, or `{ times = 2, say = "prompt", then = "target" }`.
fn retry(fields: &Fields<'_, '_, '_>, value: &Spanned<DeValue<'_>>) -> Option<Retry> {
    if value.get_ref().is_str() {
        let then = target_of(fields, value)?;
        return Some(Retry {
            times: 0,
            say: Vec::new(),
            then,
        });
    }
    let mut read = Fields::of(fields.source, value, value.span(), "a handler")?;
    let retry = Retry {
        times: read
            .whole("times", 0..=10)
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(1),
        say: lines(&mut read, "say"),
        then: read.required_target("then"),
    };
    read.finish();
    Some(retry)
}

pub(super) fn gather(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let lines = spoken(fields, "gather");
    let into = fields.required_text("into");
    if let Some((name, place)) = &into {
        variable_name(fields, name, place);
    }
    let most = u32::try_from(limits::DIALPLAN_DIGITS_MAX).unwrap_or(32);
    let min = fields.whole("min", 1..=most).unwrap_or(1);
    fields.missing("max");
    let max = fields.whole("max", 1..=most).unwrap_or(most);
    if min > max {
        fields
            .source
            .problem(&fields.place, format!("\"min\" {min} is more than \"max\" {max}"));
    }
    let terminator = ending_key(fields, "terminator");
    let timeout_ms = seconds_as_ms(fields, "timeout_s", 120, 8);
    let between_ms = seconds_as_ms(fields, "between_s", 60, 4);
    let (on_timeout, on_wrong) = retries(fields, "wrong");
    Kind::Gather(Gather {
        lines,
        into: into.map(|(name, _)| name).unwrap_or_default(),
        min: min as usize,
        max: max as usize,
        terminator,
        timeout_ms,
        between_ms,
        private: fields.flag("private", false),
        confirm: confirm(fields),
        barge_in: fields.flag("barge_in", true),
        next: fields.required_target("next"),
        on_timeout,
        on_wrong,
    })
}

/// `confirm = true` needs two prompts of its own.
fn confirm(fields: &mut Fields<'_, '_, '_>) -> bool {
    let confirm = fields.flag("confirm", false);
    let place = fields.place.clone();
    for id in ["gather/you-pressed", "gather/confirm"].into_iter().filter(|_| confirm) {
        if !(fields.source.world.catalogue)(id) {
            fields.source.problem(
                &place,
                format!("\"confirm\" needs the prompt \"{id}\", which is not there"),
            );
        }
    }
    confirm
}

/// The key that ends something; `#` unless written otherwise, none for `""`.
pub(super) fn ending_key(fields: &mut Fields<'_, '_, '_>, key: &'static str) -> Option<Digit> {
    let Some((text, place)) = fields.text(key) else {
        return Digit::from_char('#');
    };
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => None,
        (Some(c), None) if Digit::from_char(c).is_some() => Digit::from_char(c),
        _ => {
            let message = format!("\"{key}\" is one key of a telephone, or \"\" for none");
            fields.source.problem(&place, message);
            None
        }
    }
}
