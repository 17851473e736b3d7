//! The command line: one file a subcommand. Parses, asks the rest of the house, prints; decides nothing.

mod agent;
mod ask;
mod call;
mod callbacks;
mod calls;
mod check;
mod config;
mod demo;
mod dialplan;
mod floor;
mod prove;
mod recordings;
mod serve;
mod simulate;
mod table;
mod token;
mod when;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ENVIRONMENT};

/// yihao 一号: the telephone server of a city's unified government hotline.
#[derive(Parser)]
#[command(name = "yihao", version, about, max_term_width = 110)]
struct Arguments {
    /// Configuration file (default: $YIHAO_CONFIG, config/yihao.toml, /etc/yihao/yihao.toml, built-in values)
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to stop (SIGTERM drains, a second one ends at once)
    Serve(serve::Arguments),
    /// Start a demo city on this machine, place real calls, show what happened, stay up
    Demo(demo::Arguments),
    /// Place one call: dial, listen, press keys, speak, record
    Call(call::Arguments),
    /// Check configuration, dialplans, calendar and prompts; name every mistake with file and line
    Check,
    /// Show dialplans
    Dialplan(dialplan::Arguments),
    /// Show calls from the ledger
    Calls(calls::Arguments),
    /// Citizens who are owed a call back: list them, settle one by a decision
    Callbacks(callbacks::Arguments),
    /// Prove that nobody was lost: every call ended in one of the five ways. Exit code 1 if one did not, 2 if it cannot be told
    Prove(prove::Arguments),
    /// 录音 Recordings: list, show, export, verify, hold, release, purge, rewrap
    Recordings(recordings::Arguments),
    /// 模拟一天 Simulate a day of calls: the figures, and how many agents each half hour needs
    Simulate(simulate::Arguments),
    /// 坐席账号 Accounts of agents: add, list, show, set, remove, password, import
    Agent(agent::Arguments),
    /// 访问令牌 Tokens of the HTTP port: add, list, revoke
    Token(token::Arguments),
    /// Agents, queues and calls of the running server: shown, and told what to do
    Floor(floor::Arguments),
    /// Print the configuration in force, secrets hidden
    Config,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match load(arguments.config.as_deref()) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let done = match arguments.command {
        Command::Serve(more) => serve::run(&config, &more),
        Command::Demo(more) => demo::run(&more),
        Command::Call(more) => call::run(&more),
        Command::Check => check::run(&config),
        Command::Dialplan(more) => dialplan::run(&config, &more),
        Command::Calls(more) => calls::run(&config, &more),
        Command::Callbacks(more) => callbacks::run(&config, &more),
        Command::Prove(more) => prove::run(&config, &more),
        Command::Recordings(more) => recordings::run(&config, &more),
        Command::Simulate(more) => simulate::run(&more),
        Command::Agent(more) => agent::run(&config, &more),
        Command::Token(more) => token::run(&config, &more),
        Command::Floor(more) => floor::run(&config, &more),
        Command::Config => config::run(&config),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What a subcommand gives back: an exit code, or an error to be printed as it is.
type Done = Result<ExitCode, Box<dyn std::error::Error>>;

fn load(named: Option<&std::path::Path>) -> Result<Config, ExitCode> {
    let Some(path) = Config::locate(named, std::env::var_os(ENVIRONMENT)) else {
        return Ok(Config::default());
    };
    Config::load(&path).map_err(|problems| {
        for problem in problems {
            complain(&problem.to_string());
        }
        ExitCode::from(2)
    })
}

/// Prints to standard output. Who stops reading (`yihao calls list | head`) ends the command quietly, as with any other tool.
fn say(text: std::fmt::Arguments<'_>) {
    if std::io::stdout().lock().write_fmt(text).is_err() {
        std::process::exit(141); // 128 + SIGPIPE, as a shell tells it
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a command's own errors go to standard error, not to the log"
)]
fn complain(text: &str) {
    eprintln!("yihao: {text}");
}

/// A runtime for commands that need the network or the database for a moment.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
