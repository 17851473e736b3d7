//! Draws a plan: Graphviz for a picture, a tree of text for a terminal. Knows no layout.

use std::fmt::Write as _;

use super::check::ways;
use super::{Dialplan, Kind, Line, StepRef, Target};
use crate::ivr::SpeechItem;

/// The plan in Graphviz's dot language, with the text tree as its opening comment: `yihao dialplan graph | dot -Tsvg`.
pub fn graph(plan: &Dialplan) -> String {
    let mut out = String::new();
    for line in graph_text(plan).lines() {
        let _ = writeln!(out, "// {line}");
    }
    out.push_str("digraph dialplan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    out.push_str("  \"hangup\" [shape=doublecircle, label=\"\", width=0.2];\n");
    for (i, number) in plan.numbers.iter().enumerate() {
        let dial: Vec<String> = number.dial.iter().map(ToString::to_string).collect();
        let label = format!("{}\n{}", number.name, dial.join(", "));
        let _ = writeln!(out, "  \"number {i}\" [shape=house, label={}];", quoted(&label));
        let _ = writeln!(out, "  \"number {i}\" -> {};", quoted(&plan.step_name(number.start)));
        if let Some((hours, closed)) = &number.hours {
            let (to, label) = (quoted(&plan.step_name(*closed)), quoted(&format!("closed: {hours}")));
            let _ = writeln!(out, "  \"number {i}\" -> {to} [label={label}, style=dashed];");
        }
    }
    for (f, flow) in plan.flows.iter().enumerate() {
        let _ = writeln!(out, "  subgraph \"cluster_{f}\" {{\n    label={};", quoted(&flow.title));
        for (at, step) in refs(plan, f).zip(&flow.steps) {
            let label = format!("{}\n{}", step.name, what(&step.kind));
            let _ = writeln!(out, "    {} [label={}];", quoted(&plan.step_name(at)), quoted(&label));
        }
        out.push_str("  }\n");
        for (at, step) in refs(plan, f).zip(&flow.steps) {
            for way in ways(&step.kind) {
                let to = match way.target {
                    Target::Step(next) => plan.step_name(next),
                    Target::HangUp | Target::Return => String::from("hangup"),
                };
                let (from, to, label) = (quoted(&plan.step_name(at)), quoted(&to), quoted(&way.label));
                let _ = writeln!(out, "  {from} -> {to} [label={label}];");
            }
        }
    }
    out.push_str("}\n");
    out
}

/// The plan as text: numbers, then every flow with its steps and where each leads.
pub fn graph_text(plan: &Dialplan) -> String {
    let mut out = String::new();
    for number in &plan.numbers {
        let dial: Vec<String> = number.dial.iter().map(ToString::to_string).collect();
        let start = plan.step_name(number.start);
        let _ = write!(
            out,
            "{} ({}, {}) -> {start}",
            dial.join(", "),
            number.name,
            number.language
        );
        if let Some((hours, closed)) = &number.hours {
            let _ = write!(out, "; outside \"{hours}\" -> {}", plan.step_name(*closed));
        }
        out.push('\n');
    }
    for (f, flow) in plan.flows.iter().enumerate() {
        let _ = writeln!(out, "\n{} ({})", flow.name, flow.title);
        let last = flow.steps.len().saturating_sub(1);
        for (i, step) in flow.steps.iter().enumerate() {
            let (branch, stem) = if i == last {
                ("└─", "  ")
            } else {
                ("├─", "│ ")
            };
            let _ = writeln!(out, "{branch} {}: {}", step.name, what(&step.kind));
            for way in ways(&step.kind) {
                let to = match way.target {
                    Target::Step(next) if usize::from(next.flow) == f => {
                        plan.step(next).map_or("?", |s| &s.name).to_owned()
                    }
                    Target::Step(next) => plan.step_name(next),
                    Target::HangUp => String::from("hangup"),
                    Target::Return => String::from("return"),
                };
                let label = if way.label.is_empty() { "then" } else { &way.label };
                let _ = writeln!(out, "{stem}   {label} -> {to}");
            }
        }
    }
    out
}

fn refs(plan: &Dialplan, flow: usize) -> impl Iterator<Item = StepRef> {
    let steps = plan.flows.get(flow).map_or(0, |f| f.steps.len());
    (0..steps).filter_map(move |step| {
        Some(StepRef {
            flow: u16::try_from(flow).ok()?,
            step: u16::try_from(step).ok()?,
        })
    })
}

/// One line about what a step does.
fn what(kind: &Kind) -> String {
    match kind {
        Kind::Say { lines, .. } => format!("say {}", said(lines)),
        Kind::Menu(menu) => format!("menu {}", said(&menu.lines)),
        Kind::Gather(gather) => format!("gather ${}, {} to {} digits", gather.into, gather.min, gather.max),
        Kind::Hours { hours, .. } => format!("hours {hours}?"),
        Kind::Language { language, .. } => format!("language {language}"),
        Kind::Transfer { to, .. } => format!("transfer to {to}"),
        Kind::Record(record) => format!("record a {}, at most {} s", record.purpose, record.max_s),
        Kind::HangUp { .. } => String::from("hang up"),
        Kind::Goto(_) => String::from("go on"),
        Kind::Call { .. } => String::from("call a flow"),
        Kind::Queue(queue) => format!("queue {}", queue.name),
        Kind::Hook { hook, .. } => hook.as_str().to_owned(),
        Kind::Set { values, .. } => {
            let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
            format!("set {}", names.join(", "))
        }
        Kind::Branch { value, .. } => format!("branch on {value:?}"),
        Kind::Wait { seconds, .. } => format!("wait {seconds} s"),
    }
}

fn said(lines: &[Line]) -> String {
    let words: Vec<&str> = lines
        .iter()
        .map(|line| match line {
            Line::Fixed(SpeechItem::Prompt(id) | SpeechItem::File(id)) => id.as_str(),
            Line::Variable(_, name) | Line::Minutes(name, _) => name.as_str(),
            Line::Fixed(_) => "…",
        })
        .collect();
    words.join(" + ")
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
    )
}
