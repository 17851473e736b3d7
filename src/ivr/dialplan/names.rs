//! The names that a set of plan files declares, found before anything is read in full, so that every target can be resolved
//! and every misspelt one be answered with the nearest. Knows no kinds of step.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{START, StepRef};
use crate::kernel::limits;

/// Variables that every call has.
pub(super) const CALL_VARIABLES: [&str; 4] = ["caller", "called", "hotline", "language"];

/// Variables that the hooks fill, when they are served.
pub(super) const HOOK_VARIABLES: [&str; 9] = [
    "position",
    "wait_from_min",
    "wait_to_min",
    "answer",
    "case_number",
    "case_state",
    "due_date",
    "appointment_date",
    "appointment_time",
];

/// The steps of one file, as written from top to bottom.
#[derive(Debug, Default)]
pub(super) struct FlowNames {
    pub name: String,
    pub steps: Vec<String>,
}

/// The fields of a table in the order in which the operator wrote them.
pub(super) fn in_file_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> impl Iterator<Item = (&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut fields: Vec<_> = table.iter().collect();
    fields.sort_by_key(|(key, _)| key.span().start);
    fields.into_iter()
}

/// Everything declared.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// One per file that has steps.
    pub flows: Vec<FlowNames>,
    pub hours: BTreeSet<String>,
    pub variables: BTreeSet<String>,
}

impl Names {
    /// Looks through one file.
    pub fn collect(&mut self, flow: &str, root: &DeTable<'_>) {
        if let Some(hours) = root.get("hours").and_then(|v| v.get_ref().as_table()) {
            self.hours.extend(hours.keys().map(|k| k.get_ref().to_string()));
        }
        let Some(steps) = root.get("step").and_then(|v| v.get_ref().as_table()) else {
            return;
        };
        for step in steps.values().filter_map(|v| v.get_ref().as_table()) {
            if let Some(name) = step.get("into").and_then(|v| v.get_ref().as_str()) {
                self.variables.insert(name.to_owned());
            }
            if let Some(set) = step.get("set").and_then(|v| v.get_ref().as_table()) {
                self.variables.extend(set.keys().map(|k| k.get_ref().to_string()));
            }
        }
        // Of two files with one name (which is a mistake) the first counts.
        if !steps.is_empty() && self.flow(flow).is_none() {
            self.flows.push(FlowNames {
                name: flow.to_owned(),
                steps: in_file_order(steps)
                    .take(limits::DIALPLAN_STEPS_MAX)
                    .map(|(key, _)| key.get_ref().to_string())
                    .collect(),
            });
        }
    }

    /// Number of the flow of that name.
    pub fn flow(&self, name: &str) -> Option<usize> {
        self.flows.iter().position(|f| f.name == name)
    }

    /// The step of that name in that flow.
    pub fn step(&self, flow: usize, step: &str) -> Option<StepRef> {
        let index = self.flows.get(flow)?.steps.iter().position(|s| s == step)?;
        Some(StepRef {
            flow: u16::try_from(flow).ok()?,
            step: u16::try_from(index).ok()?,
        })
    }

    /// Resolves `step` (of flow `here`) or `flow.step`.
    pub fn resolve(&self, here: Option<usize>, target: &str) -> Option<StepRef> {
        match target.split_once('.') {
            Some((flow, step)) => self.step(self.flow(flow)?, step),
            None => self.step(here?, target),
        }
    }

    /// Every target that can be written in flow `here`, for the search of the nearest.
    pub fn targets(&self, here: Option<usize>) -> Vec<String> {
        let own = here
            .and_then(|i| self.flows.get(i))
            .into_iter()
            .flat_map(|f| f.steps.iter().cloned());
        let words = ["hangup", "return"].map(String::from);
        let others = self.flows.iter().flat_map(|f| {
            let starts_first = f
                .steps
                .iter()
                .filter(|s| *s == START)
                .chain(f.steps.iter().filter(|s| *s != START));
            starts_first.map(|s| format!("{}.{s}", f.name))
        });
        own.chain(words).chain(others).collect()
    }

    /// Every variable that a plan may speak of.
    pub fn all_variables(&self) -> impl Iterator<Item = &str> + Clone {
        CALL_VARIABLES
            .into_iter()
            .chain(self.variables.iter().map(String::as_str))
            .chain(HOOK_VARIABLES)
    }
}
