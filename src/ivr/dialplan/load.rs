//! Puts the files together: parses each, gathers the names of all, reads every step and number, then has the whole checked.
//! Reads no disk: file names and texts are handed in.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::names::{Names, in_file_order};
use super::problem::{Lines, Problem, hint, nearest};
use super::reader::{Fields, Place, Source, World, clip, type_name};
use super::{Dialplan, Flow, Kind, Number, Pattern, START, Step, StepRef, Target, TransferPolicy, check, kinds};
use crate::kernel::calendar::{self, OpeningHours, Span};
use crate::kernel::limits;

/// Where things stand in the files, for problems that are found when all is read.
#[derive(Default)]
pub(super) struct Places {
    pub steps: BTreeMap<StepRef, Problem>,
    /// One for each number of the plan.
    pub numbers: Vec<Problem>,
}

/// Reads and checks the files together. `catalogue` says whether a prompt (or, for names in `.wav`, a file below `prompts/`)
/// exists; `policy` which transfers are allowed.
///
/// # Errors
/// Every mistake found, sorted by file and line.
pub fn load(
    files: &[(String, String)],
    catalogue: &dyn Fn(&str) -> bool,
    policy: &TransferPolicy,
) -> Result<Dialplan, Vec<Problem>> {
    let mut names = Names::default();
    let trees: Vec<_> = files.iter().map(|(file, text)| tree(file, text)).collect();
    for ((file, _), (root, _)) in files.iter().zip(&trees) {
        names.collect(flow_name(file), root.get_ref());
    }
    let world = World {
        names: &names,
        catalogue,
        policy,
        problems: RefCell::default(),
        prompts_found: RefCell::default(),
        prompts_missing: RefCell::default(),
    };
    let (mut plan, mut places) = (Dialplan::default(), Places::default());
    let mut flows_seen = BTreeSet::new();
    for ((file, text), (root, syntax)) in files.iter().zip(&trees) {
        world.problems.borrow_mut().extend(syntax.iter().cloned());
        let source = Source {
            world: &world,
            file,
            lines: Lines::new(file, text),
            flow: names.flow(flow_name(file)),
        };
        if !flows_seen.insert(flow_name(file)) {
            let message = format!("there are two files of the flow \"{}\"", clip(flow_name(file)));
            source.problem(&(0..0), message);
            continue;
        }
        read_file(&source, root.get_ref(), &mut plan, &mut places);
    }
    let mut problems = world.problems.take();
    problems.extend(missing_prompts(&world));
    problems.extend(check::all(&plan, &places));
    if files.len() > limits::DIALPLAN_FILES_MAX || plan.numbers.is_empty() {
        problems.extend(check::whole(files, &plan));
    }
    problems.sort();
    problems.dedup();
    problems.truncate(limits::DIALPLAN_PROBLEMS_MAX);
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

/// `main` for `dialplans/main.toml`.
pub(super) fn flow_name(file: &str) -> &str {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    base.strip_suffix(".toml").unwrap_or(base)
}

/// The file as a tree, as far as it can be read, with every fault of its TOML.
fn tree<'t>(file: &str, text: &'t str) -> (Spanned<DeTable<'t>>, Vec<Problem>) {
    let lines = Lines::new(file, text);
    if text.len() > limits::DIALPLAN_FILE_MAX_BYTES {
        let message = format!("the file is larger than {} bytes", limits::DIALPLAN_FILE_MAX_BYTES);
        return (
            Spanned::new(0..0, DeTable::new()),
            vec![lines.problem(&(0..0), message)],
        );
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let problems = errors
        .iter()
        .take(limits::DIALPLAN_PROBLEMS_MAX)
        .map(|e| {
            lines.problem(
                &e.span().unwrap_or(0..0),
                format!("this is no TOML: {}", e.message().trim()),
            )
        })
        .collect();
    (root, problems)
}

fn read_file(source: &Source<'_>, root: &DeTable<'_>, plan: &mut Dialplan, places: &mut Places) {
    let mut fields = Fields::new(source, root, 0..0);
    let title = fields.text("title").map(|(title, _)| title);
    if let Some(value) = fields.value("hours") {
        read_hours(source, value, plan);
    }
    if let Some(value) = fields.value("number") {
        read_numbers(source, value, plan, places);
    }
    if let Some(value) = fields.value("step") {
        let name = flow_name(source.file);
        let steps = read_steps(source, value, places);
        // Only what the names know as a flow: both lists are counted through by the same numbers.
        if source.flow.is_some() {
            plan.flows.push(Flow {
                name: name.to_owned(),
                title: title.unwrap_or_else(|| name.to_owned()),
                steps,
            });
        }
    }
    fields.finish();
}

/// Names of steps, hours and files: what can stand in a target.
fn good_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= 40 && name.chars().all(good)
}

fn read_steps(source: &Source<'_>, value: &Spanned<DeValue<'_>>, places: &mut Places) -> Vec<Step> {
    let Some(table) = value.get_ref().as_table() else {
        let found = type_name(value.get_ref());
        source.problem(
            &value.span(),
            format!("\"step\" holds the steps, as [step.start]; it cannot be {found}"),
        );
        return Vec::new();
    };
    if !good_name(flow_name(source.file)) {
        source.problem(&(0..0), "a flow takes its name from the file: a-z, 0-9, - and _ only");
    }
    if !table.contains_key(START) {
        let known: Vec<&str> = table.keys().map(|k| k.get_ref().as_ref()).collect();
        let near = nearest(START, known.iter().copied())
            .map(|n| format!("; did you mean \"{n}\" to be it?"))
            .unwrap_or_default();
        source.problem(
            &(0..0),
            format!("a flow begins with [step.start], which is missing{near}"),
        );
    }
    if table.len() > limits::DIALPLAN_STEPS_MAX {
        source.problem(&value.span(), format!("more than {} steps", limits::DIALPLAN_STEPS_MAX));
    }
    let mut steps = Vec::new();
    for (key, value) in in_file_order(table).take(limits::DIALPLAN_STEPS_MAX) {
        let name = key.get_ref().to_string();
        if !good_name(&name) || matches!(name.as_str(), "hangup" | "return") {
            let message = format!(
                "\"{}\" is no name for a step (a-z, 0-9, - and _; not hangup or return)",
                clip(&name)
            );
            source.problem(&key.span(), message);
        }
        if let Some(at) = source.flow.and_then(|flow| source.world.names.step(flow, &name)) {
            places.steps.insert(at, source.at(&key.span(), String::new()));
        }
        let kind = Fields::of(source, value, key.span(), "a step").and_then(kinds::read);
        // What could not be read still takes its place: the references of the others count on it.
        let kind = kind.unwrap_or(Kind::Goto(Target::HangUp));
        steps.push(Step { name, kind });
    }
    steps
}

fn read_hours(source: &Source<'_>, value: &Spanned<DeValue<'_>>, plan: &mut Dialplan) {
    let Some(table) = value.get_ref().as_table() else {
        source.problem(&value.span(), "opening hours are written as [hours.name]");
        return;
    };
    for (key, value) in in_file_order(table) {
        let Some(mut fields) = Fields::of(source, value, key.span(), "opening hours") else {
            continue;
        };
        let zone_name = fields.text("zone");
        let zone = zone_name
            .as_ref()
            .map_or(calendar::DEFAULT_ZONE, |(name, _)| name.as_str());
        let known = calendar::zone(zone);
        if let (None, Some((name, place))) = (&known, &zone_name) {
            let hint = hint(name, [calendar::DEFAULT_ZONE, "Asia/Urumqi", "Asia/Hong_Kong", "UTC"]);
            source.problem(place, format!("unknown time zone \"{}\"{hint}", clip(name)));
        }
        fields.missing("working_days");
        fields.missing("other_days");
        let hours = OpeningHours {
            working_days: spans(&mut fields, "working_days"),
            other_days: spans(&mut fields, "other_days"),
            zone: known.unwrap_or(jiff::tz::TimeZone::UTC),
        };
        fields.finish();
        if plan.hours.insert(key.get_ref().to_string(), hours).is_some() {
            source.problem(
                &key.span(),
                format!("the opening hours \"{}\" are given twice", clip(key.get_ref())),
            );
        }
    }
}

fn spans(fields: &mut Fields<'_, '_, '_>, key: &'static str) -> Vec<Span> {
    let source = fields.source;
    let Some(value) = fields.value(key) else {
        return Vec::new();
    };
    let Some(array) = value.get_ref().as_array() else {
        source.problem(
            &value.span(),
            format!("\"{key}\" is a list such as [\"09:00-12:00\", \"13:00-17:00\"]"),
        );
        return Vec::new();
    };
    let mut spans: Vec<Span> = Vec::new();
    for item in array.iter() {
        match item.get_ref().as_str().map(Span::parse) {
            Some(Ok(span)) => {
                if spans.iter().any(|s| s.from < span.to && span.from < s.to) {
                    source.problem(
                        &item.span(),
                        format!("\"{}-{}\" overlaps another span", span.from, span.to),
                    );
                }
                spans.push(span);
            }
            Some(Err(message)) => source.problem(&item.span(), message),
            None => source.problem(&item.span(), "hours are a text such as \"09:00-17:00\""),
        }
    }
    spans
}

fn read_numbers(source: &Source<'_>, value: &Spanned<DeValue<'_>>, plan: &mut Dialplan, places: &mut Places) {
    let Some(array) = value.get_ref().as_array() else {
        source.problem(
            &value.span(),
            "dialled numbers are written under [[number]], with two brackets",
        );
        return;
    };
    for item in array.iter() {
        if plan.numbers.len() >= limits::DIALPLAN_NUMBERS_MAX {
            source.problem(
                &item.span(),
                format!("more than {} numbers", limits::DIALPLAN_NUMBERS_MAX),
            );
            return;
        }
        let Some(mut fields) = Fields::of(source, item, item.span(), "a number") else {
            continue;
        };
        if let Some(number) = read_number(&mut fields) {
            plan.numbers.push(number);
            places.numbers.push(source.at(&item.span(), String::new()));
        }
        fields.finish();
    }
}

fn read_number(fields: &mut Fields<'_, '_, '_>) -> Option<Number> {
    let source = fields.source;
    let dial = dialled(fields);
    let hotline = fields.required_text("hotline");
    let name = fields.text("name");
    let language = kinds::language_named(fields);
    let start = match fields.text("start") {
        Some((target, place)) => first_step(source, &target, &place),
        None => {
            let own = source.flow.and_then(|flow| source.world.names.step(flow, START));
            if own.is_none() {
                let message = "\"start\" is missing: this file has no [step.start] of its own";
                source.problem(&fields.place, message);
            }
            own
        }
    };
    let hours = fields.text("hours");
    let closed = fields.text("closed");
    if hours.is_some() != closed.is_some() {
        let message = "\"hours\" and \"closed\" go together: when it is open, and where calls go when it is not";
        source.problem(&fields.place, message);
    }
    let closed = closed.and_then(|(target, place)| first_step(source, &target, &place));
    if let Some((name, place)) = &hours {
        kinds::hours_exist(fields, name, place);
    }
    let hotline = hotline?.0;
    Some(Number {
        dial,
        name: name.map_or_else(|| hotline.clone(), |(name, _)| name),
        hotline,
        language,
        start: start?,
        hours: hours.map(|(name, _)| name).zip(closed),
    })
}

/// A number leads to a step; `hangup` would be an unanswered call in disguise.
fn first_step(source: &Source<'_>, target: &str, place: &Place) -> Option<StepRef> {
    match source.target(target, place)? {
        Target::Step(step) => Some(step),
        Target::HangUp | Target::Return => {
            source.problem(place, "a call must begin with a step");
            None
        }
    }
}

/// `dial = "12345"`, or a list.
fn dialled(fields: &mut Fields<'_, '_, '_>) -> Vec<Pattern> {
    let source = fields.source;
    fields.missing("dial");
    let Some(value) = fields.value("dial") else {
        return Vec::new();
    };
    let one = |item: &Spanned<DeValue<'_>>| match item.get_ref().as_str().map(Pattern::parse) {
        Some(Ok(pattern)) => Some(pattern),
        Some(Err(message)) => {
            source.problem(&item.span(), message);
            None
        }
        None => {
            let found = type_name(item.get_ref());
            source.problem(
                &item.span(),
                format!("a dialled number is a text such as \"12345\", not {found}"),
            );
            None
        }
    };
    match value.get_ref().as_array() {
        Some(array) if array.is_empty() => {
            source.problem(&value.span(), "\"dial\" has no number");
            Vec::new()
        }
        Some(array) => array.iter().filter_map(one).collect(),
        None => one(value).into_iter().collect(),
    }
}

/// Prompts that do not exist, each with the nearest of those that do.
fn missing_prompts(world: &World<'_>) -> Vec<Problem> {
    let found = world.prompts_found.borrow();
    let missing = world.prompts_missing.take();
    let with_hint = |(mut problem, id): (Problem, String)| {
        if let Some(near) = nearest(&id, found.iter().map(String::as_str)) {
            problem.message += &format!("; did you mean \"{near}\"?");
        }
        problem
    };
    missing
        .into_iter()
        .take(limits::DIALPLAN_PROBLEMS_MAX)
        .map(with_hint)
        .collect()
}
