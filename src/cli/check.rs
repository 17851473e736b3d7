//! `yihao check`: everything an operator can get wrong, named before a citizen finds it.

use std::process::ExitCode;

use super::Done;
use crate::config::Config;
use crate::engine::plans;

/// Checks; exit code 1 if anything is wrong. (The configuration has been read already, or we would not be here.)
pub(super) fn run(config: &Config) -> Done {
    let (library, bad_prompts) = plans::library(config);
    let mut problems: Vec<String> = bad_prompts.iter().map(ToString::to_string).collect();
    match plans::load(config, &library) {
        Ok(plans) => {
            let (flows, numbers) = (plans.dialplan.flows().len(), plans.dialplan.numbers().len());
            println!("dialplans: {flows} flows, {numbers} hotlines");
            let years: Vec<String> = plans.calendar.years().map(|y| y.to_string()).collect();
            println!("calendar: {}", years.join(", "));
        }
        Err(found) => problems.extend(found),
    }
    println!("prompts: {}", library.len());
    for problem in &problems {
        println!("✗ {problem}");
    }
    match problems.len() {
        0 => {
            println!("✓ no mistakes");
            Ok(ExitCode::SUCCESS)
        }
        n => {
            println!("✗ {n} mistakes");
            Ok(ExitCode::FAILURE)
        }
    }
}
