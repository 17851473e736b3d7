//! Reads one step: which kind it is, and the fields of that kind. Knows nothing of other steps but that their names resolve.

use toml::Spanned;
use toml::de::DeValue;

use super::names::in_file_order;
use super::problem::hint;
use super::questions::{ending_key, gather, keys, menu, seconds_as_ms};
use super::reader::{Fields, Place, clip, type_name};
use super::speech::{lines, value_of};
use super::{Case, HookKind, Kind, Outcomes, Pattern, Queue, Record, Target, Value};
use crate::ivr::Language;
use crate::kernel::limits;

/// The key that gives a step its kind. `say` comes last: beside another of these it is what is said first.
const KINDS: [&str; 20] = [
    "play",
    "menu",
    "gather",
    "hours",
    "language",
    "transfer",
    "record",
    "hangup",
    "goto",
    "call",
    "queue",
    "knowledge",
    "case_status",
    "appointment",
    "survey",
    "call_back",
    "set",
    "branch",
    "wait_s",
    "say",
];

/// Outcomes of a transfer. `ended` is the good one: the conversation took place.
const TRANSFER_OUTCOMES: [&str; 5] = ["ended", "busy", "no_answer", "failed", "denied"];
const RECORD_OUTCOMES: [&str; 3] = ["recorded", "empty", "failed"];
/// Outcomes of a queue. A plan that names no `long_wait` goes the way of `full`; without `no_agents`, that of `unavailable`.
const QUEUE_OUTCOMES: [&str; 7] = [
    "answered",
    "full",
    "long_wait",
    "no_agents",
    "closed",
    "timeout",
    "unavailable",
];

/// Outcomes of a hook, besides `failed` and `unavailable`.
fn outcomes_of(hook: &HookKind) -> &'static [&'static str] {
    match hook {
        HookKind::Queue { .. } => &QUEUE_OUTCOMES,
        HookKind::Knowledge => &["done", "not_found", "person", "failed", "unavailable"],
        HookKind::CaseStatus => &["done", "not_found", "person", "failed", "unavailable"],
        HookKind::Appointment => &["done", "cancelled", "full", "person", "failed", "unavailable"],
        HookKind::Survey => &["done", "skipped", "failed", "unavailable"],
        HookKind::CallBack => &["booked", "failed", "unavailable"],
    }
}

/// Reads a step; `None` when it cannot be told what it is (which is noted).
pub(super) fn read(mut fields: Fields<'_, '_, '_>) -> Option<Kind> {
    let kind = match one_kind(&fields)? {
        "menu" => menu(&mut fields),
        "gather" => gather(&mut fields),
        "hours" => hours(&mut fields),
        "language" => language(&mut fields),
        "transfer" => transfer(&mut fields),
        "record" => record(&mut fields),
        "hangup" => hang_up(&mut fields),
        "goto" => Kind::Goto(fields.required_target("goto")),
        "call" => Kind::Call {
            target: fields.required_target("call"),
            next: fields.required_target("next"),
        },
        "queue" => queue(&mut fields),
        "knowledge" => hook(&mut fields, "knowledge", HookKind::Knowledge),
        "case_status" => hook(&mut fields, "case_status", HookKind::CaseStatus),
        "appointment" => hook(&mut fields, "appointment", HookKind::Appointment),
        "survey" => hook(&mut fields, "survey", HookKind::Survey),
        "call_back" => hook(&mut fields, "call_back", HookKind::CallBack),
        "set" => set(&mut fields),
        "branch" => branch(&mut fields),
        "wait_s" => Kind::Wait {
            seconds: fields.whole("wait_s", 1..=86_400).unwrap_or(1),
            music: lines(&mut fields, "music"),
            next: fields.required_target("next"),
        },
        key => Kind::Say {
            // What cannot be told apart by its key alone is told by the file's ending; `play` reads better before a WAV.
            lines: spoken(&mut fields, if key == "play" { "play" } else { "say" }),
            barge_in: fields.flag("barge_in", false),
            next: fields.required_target("next"),
        },
    };
    fields.finish();
    Some(kind)
}

fn one_kind(fields: &Fields<'_, '_, '_>) -> Option<&'static str> {
    let mut found = KINDS.into_iter().filter(|k| fields.has(k));
    let Some(first) = found.next() else {
        let near = fields.table.keys().find_map(|k| {
            let word = k.get_ref().as_ref();
            super::problem::nearest(word, KINDS).map(|near| (k.span(), clip(word), near))
        });
        match near {
            Some((place, word, near)) => {
                let message = format!("unknown kind of step \"{word}\"; did you mean \"{near}\"?");
                fields.source.problem(&place, message);
            }
            None => {
                let message = format!("a step does one thing; give it one of: {}", KINDS.join(", "));
                fields.source.problem(&fields.place, message);
            }
        }
        return None;
    };
    if let Some(second) = found.find(|k| *k != "say") {
        let message = format!("a step does one thing, not both \"{first}\" and \"{second}\"");
        fields.source.problem(&fields.place, message);
    }
    Some(first)
}

/// What is said, which may not be nothing.
pub(super) fn spoken(fields: &mut Fields<'_, '_, '_>, key: &'static str) -> Vec<super::Line> {
    let empty = fields.table.get(key).is_some_and(|v| {
        v.get_ref().as_array().is_some_and(|a| a.is_empty()) || v.get_ref().as_str().is_some_and(str::is_empty)
    });
    if empty {
        fields.source.problem(&fields.place, format!("\"{key}\" says nothing"));
    }
    lines(fields, key)
}

pub(super) fn target_of(fields: &Fields<'_, '_, '_>, value: &Spanned<DeValue<'_>>) -> Option<Target> {
    let Some(text) = value.get_ref().as_str() else {
        let found = type_name(value.get_ref());
        fields
            .source
            .problem(&value.span(), format!("a target is the name of a step, not {found}"));
        return None;
    };
    fields.source.target(text, &value.span())
}

pub(super) fn variable_name(fields: &Fields<'_, '_, '_>, name: &str, place: &Place) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(good) {
        let message = format!("\"{}\" is no variable's name (a-z, 0-9, _; at most 40)", clip(name));
        fields.source.problem(place, message);
    } else if super::names::CALL_VARIABLES.contains(&name) {
        fields
            .source
            .problem(place, format!("\"{name}\" belongs to the call and cannot be set"));
    }
}

fn hours(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let hours = fields.text("hours");
    if let Some((name, place)) = &hours {
        hours_exist(fields, name, place);
    }
    let on = outcomes(fields, &["open", "closed"], &["open", "closed"]);
    let leads = |name| on.target(name).unwrap_or(Target::HangUp);
    Kind::Hours {
        hours: hours.map(|(name, _)| name).unwrap_or_default(),
        open: leads("open"),
        closed: leads("closed"),
    }
}

/// Notes hours that no `[hours.…]` table gives.
pub(super) fn hours_exist(fields: &Fields<'_, '_, '_>, name: &str, place: &Place) {
    let known = &fields.source.world.names.hours;
    if !known.contains(name) {
        let hint = hint(name, known.iter().map(String::as_str));
        fields
            .source
            .problem(place, format!("there are no opening hours \"{}\"{hint}", clip(name)));
    }
}

fn language(fields: &mut Fields<'_, '_, '_>) -> Kind {
    Kind::Language {
        language: language_named(fields),
        next: fields.required_target("next"),
    }
}

/// The field `language`, Mandarin where it is missing.
pub(super) fn language_named(fields: &mut Fields<'_, '_, '_>) -> Language {
    let Some((code, place)) = fields.text("language") else {
        return Language::default();
    };
    Language::parse(&code).unwrap_or_else(|| {
        let hint = hint(&code, Language::ALL.map(Language::code));
        fields
            .source
            .problem(&place, format!("unknown language \"{}\"{hint}", clip(&code)));
        Language::default()
    })
}

fn transfer(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let to = fields.text("transfer");
    if let Some((number, place)) = &to {
        let policy = fields.source.world.policy;
        if !Pattern::parse(number).is_ok_and(|p| p.is_exact()) {
            fields
                .source
                .problem(place, format!("\"{}\" is no telephone number", clip(number)));
        } else if !policy.allows(number) {
            let known: Vec<String> = policy.patterns().collect();
            let hint = match known.is_empty() {
                true => String::from("; the configuration allows none"),
                false => hint(number, known.iter().map(String::as_str)),
            };
            let message = format!(
                "the configuration does not allow transfers to \"{}\"{hint}",
                clip(number)
            );
            fields.source.problem(place, message);
        }
    }
    Kind::Transfer {
        to: to.map(|(number, _)| super::pattern::tidy(&number)).unwrap_or_default(),
        say: lines(fields, "say"),
        ring_timeout_s: fields.whole("ring_timeout_s", 5..=180).unwrap_or(60),
        on: outcomes(fields, &TRANSFER_OUTCOMES, &TRANSFER_OUTCOMES[1..]),
    }
}

fn record(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let purpose = fields.text("record");
    if let Some((name, place)) = &purpose
        && name != "message"
    {
        let message = format!("unknown purpose \"{}\"{}", clip(name), hint(name, ["message"]));
        fields.source.problem(place, message);
    }
    let max_s = fields.whole("max_s", 1..=600).unwrap_or(120);
    Kind::Record(Record {
        purpose: purpose.map(|(name, _)| name).unwrap_or_default(),
        say: lines(fields, "say"),
        max_s,
        silence_s: fields.whole("silence_s", 1..=60).unwrap_or(6),
        min_ms: u64::from(fields.whole("min_s", 0..=max_s).unwrap_or(1)).saturating_mul(1_000),
        ends: ending_key(fields, "ends"),
        callback: fields.flag("callback", true),
        on: outcomes(fields, &RECORD_OUTCOMES, &RECORD_OUTCOMES),
    })
}

fn hang_up(fields: &mut Fields<'_, '_, '_>) -> Kind {
    if let Some(value) = fields.value("hangup")
        && value.get_ref().as_bool() != Some(true)
    {
        fields.source.problem(&value.span(), "write \"hangup = true\"");
    }
    Kind::HangUp {
        say: lines(fields, "say"),
    }
}

fn queue(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let name = fields.text("queue");
    if let Some((name, place)) = &name
        && name.is_empty()
    {
        fields.source.problem(place, "a queue has a name");
    }
    let max_wait_s = fields.whole("max_wait_s", 5..=7_200);
    let must: &[&str] = match max_wait_s {
        Some(_) => &["full", "closed", "timeout", "unavailable"],
        None => &["full", "closed", "unavailable"],
    };
    Kind::Queue(Queue {
        name: name.map(|(name, _)| name).unwrap_or_default(),
        say: lines(fields, "say"),
        music: lines(fields, "music"),
        comfort: lines(fields, "comfort"),
        comfort_every_ms: seconds_as_ms(fields, "comfort_every_s", 600, 20),
        keys: keys(fields),
        max_wait_ms: max_wait_s.map(|s| s.saturating_mul(1_000)),
        callback: fields.flag("callback", true),
        on: outcomes(fields, &QUEUE_OUTCOMES, must),
    })
}

fn hook(fields: &mut Fields<'_, '_, '_>, key: &'static str, hook: HookKind) -> Kind {
    if let Some(value) = fields.value(key)
        && value.get_ref().as_bool() != Some(true)
    {
        fields.source.problem(&value.span(), format!("write \"{key} = true\""));
    }
    let known = outcomes_of(&hook);
    Kind::Hook {
        with: values(fields, "with"),
        on: outcomes(fields, known, &["unavailable"]),
        hook,
    }
}

fn set(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let values = values(fields, "set");
    if let Some(table) = fields.table.get("set").and_then(|v| v.get_ref().as_table()) {
        for key in table.keys() {
            variable_name(fields, key.get_ref(), &key.span());
        }
    }
    Kind::Set {
        values,
        next: fields.required_target("next"),
    }
}

/// A table of names and values.
fn values(fields: &mut Fields<'_, '_, '_>, key: &'static str) -> Vec<(String, Value)> {
    let source = fields.source;
    let Some(value) = fields.value(key) else {
        return Vec::new();
    };
    let Some(table) = value.get_ref().as_table() else {
        source.problem(
            &value.span(),
            format!("\"{key}\" must be a table such as {{ name = \"value\" }}"),
        );
        return Vec::new();
    };
    if table.len() > limits::DIALPLAN_VARIABLES_MAX {
        source.problem(
            &value.span(),
            format!("at most {} values", limits::DIALPLAN_VARIABLES_MAX),
        );
    }
    in_file_order(table)
        .take(limits::DIALPLAN_VARIABLES_MAX)
        .filter_map(|(name, value)| Some((name.get_ref().to_string(), value_of(source, value)?)))
        .collect()
}

fn branch(fields: &mut Fields<'_, '_, '_>) -> Kind {
    let source = fields.source;
    let value = fields.value("branch").and_then(|v| value_of(source, v));
    if let (Some(Value::Literal(_)), Some(written)) = (&value, fields.table.get("branch")) {
        source.problem(&written.span(), "a branch looks at a variable, such as \"$caller\"");
    }
    let (mut cases, mut otherwise) = (Vec::new(), None);
    fields.missing("on");
    for (key, target) in fields
        .value("on")
        .and_then(|v| v.get_ref().as_table())
        .into_iter()
        .flat_map(in_file_order)
    {
        let target = target_of(fields, target).unwrap_or(Target::HangUp);
        match (key.get_ref().as_ref(), Pattern::parse(key.get_ref())) {
            ("otherwise", _) => otherwise = Some(target),
            (_, Ok(pattern)) => cases.push((Case::Number(pattern), target)),
            (text, Err(_)) => cases.push((Case::Text(text.to_owned()), target)),
        }
    }
    if fields.has("on") && otherwise.is_none() {
        source.problem(
            &fields.place,
            "\"on.otherwise\" is missing: say where every other value leads",
        );
    }
    cases.sort_by_key(|(case, _)| !case.is_exact());
    Kind::Branch {
        value: value.unwrap_or(Value::Literal(String::new())),
        cases,
        otherwise: otherwise.unwrap_or(Target::HangUp),
    }
}

/// `on = { outcome = "target", …, otherwise = "target" }`; each of `must` has to be handled, by name or by `otherwise`.
fn outcomes(fields: &mut Fields<'_, '_, '_>, known: &[&str], must: &[&str]) -> Outcomes {
    let source = fields.source;
    let mut read = Outcomes::default();
    let Some(value) = fields.value("on") else {
        source.problem(
            &fields.place,
            format!("\"on\" is missing; it must handle: {}", must.join(", ")),
        );
        return read;
    };
    let Some(table) = value.get_ref().as_table() else {
        source.problem(
            &value.span(),
            "\"on\" must be a table such as { unavailable = \"step\" }",
        );
        return read;
    };
    for (key, target) in in_file_order(table) {
        let word = key.get_ref().as_ref();
        let target = target_of(fields, target);
        if word == "otherwise" {
            read.otherwise = target.or(Some(Target::HangUp));
        } else if known.contains(&word) {
            read.by_name.insert(word.to_owned(), target.unwrap_or(Target::HangUp));
        } else {
            let hint = hint(word, known.iter().copied().chain(["otherwise"]));
            source.problem(&key.span(), format!("unknown outcome \"{}\"{hint}", clip(word)));
        }
    }
    let unhandled: Vec<&str> = must.iter().copied().filter(|m| read.target(m).is_none()).collect();
    if !unhandled.is_empty() {
        let message = format!("\"on\" does not handle: {}", unhandled.join(", "));
        source.problem(&fields.place, message);
    }
    read
}
