//! `yihao check`: everything an operator can get wrong, named before a citizen finds it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::Done;
use crate::config::{Config, Encrypt};
use crate::engine::{floor, plans};
use crate::store::recordings::Vault;

/// Checks; exit code 1 if anything is wrong. (The configuration has been read already, or we would not be here.)
pub(super) fn run(config: &Config) -> Done {
    let (library, bad_prompts) = plans::library(config);
    let mut problems: Vec<String> = bad_prompts.iter().map(ToString::to_string).collect();
    match plans::load(config, &library) {
        Ok(plans) => {
            let (flows, numbers) = (plans.dialplan.flows().len(), plans.dialplan.numbers().len());
            super::say(format_args!("dialplans: {flows} flows, {numbers} hotlines\n"));
            let years: Vec<String> = plans.calendar.years().map(|y| y.to_string()).collect();
            super::say(format_args!("calendar: {}\n", years.join(", ")));
            warn_of_queues(&floor::queues_without_settings(&plans.dialplan, config));
        }
        Err(found) => problems.extend(found),
    }
    super::say(format_args!("prompts: {}\n", library.len()));
    let required = config.recordings.encrypt == Encrypt::Required;
    match Vault::open(config.recordings.key_file.as_deref(), required) {
        Ok(vault) => match vault.current_key() {
            Some(key) => super::say(format_args!("recordings: encrypted, key {key}\n")),
            None => super::say(format_args!("recordings: NOT encrypted (recordings.key_file)\n")),
        },
        Err(error) => problems.push(error.to_string()),
    }
    for problem in &problems {
        super::say(format_args!("✗ {problem}\n"));
    }
    match problems.len() {
        0 => {
            super::say(format_args!("✓ no mistakes\n"));
            Ok(ExitCode::SUCCESS)
        }
        n => {
            super::say(format_args!("✗ {n} mistakes\n"));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Plans may name queues before anybody serves them: that is no mistake, but it should be known.
fn warn_of_queues(missing: &BTreeSet<String>) {
    for name in missing {
        super::say(format_args!(
            "! queue {name:?} has no [[queue]] in the configuration: its callers hear that nobody can be reached (unavailable)\n"
        ));
    }
}
