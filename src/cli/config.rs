//! `yihao config`: what is in force.

use std::process::ExitCode;

use super::Done;
use crate::config::Config;

/// Prints it.
pub(super) fn run(config: &Config) -> Done {
    super::say(format_args!("{}", config.to_text()));
    Ok(ExitCode::SUCCESS)
}
