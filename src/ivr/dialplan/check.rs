//! Checks of the plan as a whole: numbers that collide, steps that nobody reaches, and rounds without a wait. Knows what
//! leads where, not what is said.

use std::collections::BTreeSet;

use super::load::Places;
use super::problem::Problem;
use super::{Case, Dialplan, Kind, Outcomes, Retry, StepRef, Target};
use crate::kernel::limits;

/// One way on from a step.
pub(super) struct Way {
    /// What takes it: a key, an outcome, `next`.
    pub label: String,
    pub target: Target,
    /// The caller does something, or time that he is meant to spend passes, before it is taken. Speech does not count:
    /// a plan that talks in circles never ends either.
    pub waits: bool,
}

fn way(label: impl Into<String>, target: Target, waits: bool) -> Way {
    Way {
        label: label.into(),
        target,
        waits,
    }
}

/// Every way on from a step.
pub(super) fn ways(kind: &Kind) -> Vec<Way> {
    match kind {
        Kind::Say { next, .. } | Kind::Language { next, .. } | Kind::Set { next, .. } => vec![way("", *next, false)],
        Kind::Menu(menu) => {
            let keys = menu
                .keys
                .iter()
                .map(|(key, target)| way(format!("{key:?}"), *target, true));
            keys.chain(retries(&menu.on_timeout, &menu.on_wrong_key, "wrong key"))
                .collect()
        }
        Kind::Gather(gather) => {
            let mut all = vec![way("", gather.next, true)];
            all.extend(retries(&gather.on_timeout, &gather.on_wrong, "wrong"));
            all
        }
        Kind::Hours { open, closed, .. } => vec![way("open", *open, false), way("closed", *closed, false)],
        Kind::Transfer { on, .. } => outcomes(on, &["ended", "busy", "no_answer"]),
        Kind::Record(record) => outcomes(&record.on, &["recorded", "empty"]),
        Kind::HangUp { .. } => Vec::new(),
        Kind::Goto(target) => vec![way("", *target, false)],
        Kind::Call { target, next } => vec![way("calls", *target, false), way("returns", *next, true)],
        Kind::Queue(queue) => {
            let keys = queue
                .keys
                .iter()
                .map(|(key, target)| way(format!("{key:?}"), *target, true));
            keys.chain(outcomes(&queue.on, &["answered", "timeout"])).collect()
        }
        Kind::Hook { on, .. } => outcomes(on, &["done", "cancelled", "skipped", "person", "not_found"]),
        Kind::Branch { cases, otherwise, .. } => {
            let cases = cases.iter().map(|(case, target)| way(case_label(case), *target, false));
            cases.chain([way("otherwise", *otherwise, false)]).collect()
        }
        Kind::Wait { next, .. } => vec![way("", *next, true)],
    }
}

fn case_label(case: &Case) -> String {
    match case {
        Case::Number(pattern) => pattern.to_string(),
        Case::Text(text) => text.clone(),
    }
}

fn retries(timeout: &Retry, wrong: &Retry, label: &str) -> [Way; 2] {
    [way("timeout", timeout.then, true), way(label, wrong.then, true)]
}

fn outcomes(on: &Outcomes, waiting: &[&str]) -> Vec<Way> {
    let named = on
        .by_name
        .iter()
        .map(|(name, target)| way(name, *target, waiting.contains(&name.as_str())));
    named
        .chain(on.otherwise.map(|target| way("otherwise", target, false)))
        .collect()
}

/// Everything that can be found wrong once all is read.
pub(super) fn all(plan: &Dialplan, places: &Places) -> Vec<Problem> {
    let mut problems = colliding_numbers(plan, places);
    if !plan.numbers.is_empty() {
        problems.extend(unreachable(plan, places));
    }
    problems.extend(rounds(plan, places));
    problems
}

/// What is wrong with the set of files, not with one place in one of them.
pub(super) fn whole(files: &[(String, String)], plan: &Dialplan) -> Vec<Problem> {
    let at_the_top = |message: String| Problem {
        file: files.first().map_or("dialplans", |(name, _)| name).to_owned(),
        line: 1,
        column: 1,
        message,
    };
    let mut problems = Vec::new();
    if files.len() > limits::DIALPLAN_FILES_MAX {
        problems.push(at_the_top(format!("more than {} files", limits::DIALPLAN_FILES_MAX)));
    }
    if plan.numbers.is_empty() {
        problems.push(at_the_top("no file has a [[number]]: nobody can call".to_owned()));
    }
    problems
}

/// Two numbers may not answer to one call. An exact number may stand out of a pattern: it comes first.
fn colliding_numbers(plan: &Dialplan, places: &Places) -> Vec<Problem> {
    let mut problems = Vec::new();
    let all: Vec<_> = plan
        .numbers
        .iter()
        .enumerate()
        .flat_map(|(i, number)| number.dial.iter().map(move |pattern| (i, pattern)))
        .take(2 * limits::DIALPLAN_NUMBERS_MAX)
        .collect();
    for (later, (i, a)) in all.iter().enumerate() {
        for (j, b) in all.iter().take(later) {
            if a.is_exact() == b.is_exact()
                && a.overlaps(b)
                && let (Some(here), Some(there)) = (places.numbers.get(*i), places.numbers.get(*j))
            {
                let first = format!("{}:{}", there.file, there.line);
                let message = match a == b {
                    true => format!("{a} is given twice (first at {first})"),
                    false => format!("{a} and {b} (at {first}) fit the same numbers"),
                };
                problems.push(Problem {
                    message,
                    ..here.clone()
                });
            }
            if problems.len() >= limits::DIALPLAN_PROBLEMS_MAX {
                return problems;
            }
        }
    }
    problems
}

fn unreachable(plan: &Dialplan, places: &Places) -> Vec<Problem> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<StepRef> = Vec::new();
    for number in &plan.numbers {
        ahead.push(number.start);
        ahead.extend(number.hours.as_ref().map(|(_, closed)| *closed));
    }
    while let Some(at) = ahead.pop() {
        if let (Some(step), true) = (plan.step(at), reached.insert(at)) {
            ahead.extend(ways(&step.kind).iter().filter_map(|way| match way.target {
                Target::Step(next) => Some(next),
                Target::HangUp | Target::Return => None,
            }));
        }
    }
    let mut problems = Vec::new();
    for (at, place) in places.steps.iter().filter(|(at, _)| !reached.contains(at)) {
        let message = format!("no call ever comes to the step \"{}\"", plan.step_name(*at));
        problems.push(Problem {
            message,
            ..place.clone()
        });
    }
    problems
}

/// Ways that lead back to where they began without the caller being asked anything or made to wait.
fn rounds(plan: &Dialplan, places: &Places) -> Vec<Problem> {
    let mut done = BTreeSet::new();
    let mut problems = Vec::new();
    for start in places.steps.keys() {
        // Depth first, with a stack of our own: a plan of thousands of steps must not overflow the thread's.
        let mut path: Vec<(StepRef, Vec<StepRef>)> = vec![(*start, immediate(plan, *start))];
        while let Some((at, ahead)) = path.last_mut() {
            let at = *at;
            let Some(next) = ahead.pop().filter(|_| !done.contains(&at)) else {
                done.insert(at);
                path.pop();
                continue;
            };
            if let Some(from) = path.iter().position(|(step, _)| *step == next) {
                problems.extend(round(plan, places, path[from..].iter().map(|(step, _)| *step)));
            } else if !done.contains(&next) {
                path.push((next, immediate(plan, next)));
            }
        }
    }
    problems
}

fn round(plan: &Dialplan, places: &Places, steps: impl Iterator<Item = StepRef>) -> Option<Problem> {
    let steps: Vec<StepRef> = steps.collect();
    let first = steps.first()?;
    let mut names: Vec<String> = steps.iter().take(8).map(|s| plan.step_name(*s)).collect();
    if steps.len() > names.len() {
        names.push(String::from("…"));
    }
    names.push(plan.step_name(*first));
    let message = format!("goes round without asking or waiting: {}", names.join(" → "));
    Some(Problem {
        message,
        ..places.steps.get(first)?.clone()
    })
}

/// Steps that follow `at` at once.
fn immediate(plan: &Dialplan, at: StepRef) -> Vec<StepRef> {
    let Some(step) = plan.step(at) else {
        return Vec::new();
    };
    ways(&step.kind)
        .iter()
        .filter(|way| !way.waits)
        .filter_map(|way| match way.target {
            Target::Step(next) => Some(next),
            Target::HangUp | Target::Return => None,
        })
        .collect()
}
