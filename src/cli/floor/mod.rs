//! `yihao floor`: agents, queues and calls of the running server, over its API. A thin client: decides nothing, prints what it
//! is told.

mod client;
mod order;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, complain};
use crate::config::Config;
use client::{Client, Trouble};
use order::Order;

/// Which server, and what.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The server's port (default: the first address of [http] listen)
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// File that holds the token and nothing else (default: the admin token's)
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// All agents and what they do
    Agents,
    /// All queues, or one with its callers in order
    Queues {
        /// Its name
        queue: Option<String>,
    },
    /// Calls under way, with who serves them
    Calls,
    /// Citizens who are owed a call
    Debts {
        /// Those that are settled
        #[arg(long)]
        settled: bool,
    },
    /// Registered telephones
    Phones,
    /// Whom the token speaks for
    Me,
    /// Events as they come, one a line, until interrupted
    Follow {
        /// Go on behind this number
        #[arg(long)]
        after: Option<u64>,
        /// Only these kinds, separated by commas
        #[arg(long)]
        kind: Option<String>,
    },
    #[command(flatten)]
    Order(Order),
}

/// Asks the server and prints.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    match asked(config, arguments) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(trouble) => {
            complain(&trouble.to_string());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn asked(config: &Config, arguments: &Arguments) -> Result<(), Trouble> {
    let client = client(config, arguments)?;
    match &arguments.command {
        Command::Agents => show::agents(&client.get("/agents")?),
        Command::Queues { queue: None } => show::queues(&client.get("/queues")?),
        Command::Queues { queue: Some(name) } => {
            show::queue(&client.get(&format!("/queues/{}", client::escaped(name)))?)
        }
        Command::Calls => show::calls(&client.get("/calls/live")?),
        Command::Debts { settled } => {
            let state = if *settled { "settled" } else { "open" };
            show::debts(&client.get(&format!("/call-backs?limit=500&state={state}"))?);
        }
        Command::Phones => show::phones(&client.get("/registrations")?),
        Command::Me => show::me(&client.get("/me")?),
        Command::Follow { after, kind } => {
            let after = after.map(|seq| format!("after={seq}"));
            let kind = kind.as_ref().map(|kind| format!("kind={}", client::escaped(kind)));
            let wish: Vec<String> = after.into_iter().chain(kind).collect();
            client.follow(&format!("/events?{}", wish.join("&")), show::event)?;
        }
        Command::Order(order) => {
            let (path, body) = order.request();
            show::done(&client.post(&path, &body)?);
        }
    }
    Ok(())
}

fn client(config: &Config, arguments: &Arguments) -> Result<Client, Trouble> {
    let server = match (&arguments.server, config.http.listen.first()) {
        (Some(server), _) => server.clone(),
        (None, Some(address)) => {
            // An address that means all of them is reached by our own.
            let host = match (address.ip().is_unspecified(), address.ip().is_ipv4()) {
                (true, true) => "127.0.0.1".to_owned(),
                (true, false) => "[::1]".to_owned(),
                (false, true) => address.ip().to_string(),
                (false, false) => format!("[{}]", address.ip()),
            };
            format!("http://{host}:{}", address.port())
        }
        (None, None) => return Err(Trouble::NoServer),
    };
    let file = arguments
        .token_file
        .clone()
        .unwrap_or_else(|| config.admin_token_file());
    Client::new(&server, &file)
}
