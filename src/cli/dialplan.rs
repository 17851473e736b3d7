//! `yihao dialplan`: plans drawn.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, complain};
use crate::config::Config;
use crate::engine::plans;
use crate::ivr::dialplan::{graph, graph_text};

/// What to show.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Draw all flows: Graphviz dot, or a tree of text
    Graph {
        /// A tree of text instead of dot
        #[arg(long)]
        text: bool,
    },
}

/// Draws.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    let (library, _) = plans::library(config);
    let plans = match plans::load(config, &library) {
        Ok(plans) => plans,
        Err(problems) => {
            problems.iter().for_each(|p| complain(p));
            return Ok(ExitCode::FAILURE);
        }
    };
    match arguments.command {
        Command::Graph { text: true } => super::say(format_args!("{}", graph_text(&plans.dialplan))),
        Command::Graph { text: false } => super::say(format_args!("{}", graph(&plans.dialplan))),
    }
    Ok(ExitCode::SUCCESS)
}
