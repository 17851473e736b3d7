//! `yihao recordings`: which there are, as WAV for people, whether all are whole, and how long they are kept.

mod export;
mod keep;
mod list;
mod rewrap;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Done;
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{CallId, Event, EventKind};
use crate::store::inbox::{Answer, Inbox, Order, Receipt};
use crate::store::ledger::{Found, Ledger};
use crate::store::record::CallRecord;
use crate::store::recordings::Vault;

/// How long a command waits for the server to take a slip.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two looks for the answer.
const LOOK: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The latest recordings
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// A call's recordings: length, fingerprint, how they are kept, who held or heard them
    Show {
        /// The call's id, or the beginning of it
        call: String,
    },
    /// Write a recording as a WAV file; who does so is noted in the call's record first
    Export(export::Arguments),
    /// Compare all recordings with the ledger; name what is damaged, missing or unknown (exit code 1)
    Verify(verify::Arguments),
    /// Keep a call's recordings whatever their age (legal hold)
    Hold(keep::Hold),
    /// End a legal hold
    Release(keep::Hold),
    /// Delete the recordings whose time is over, or show them
    Purge(keep::Purge),
    /// Put recordings under the current master key (the first of recordings.key_file)
    Rewrap,
}

/// Does it.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    if let Command::Rewrap = arguments.command {
        return rewrap::run(config);
    }
    if !config.ledger_file().exists() {
        return Err(format!("{}: there is no ledger yet", config.ledger_file().display()).into());
    }
    super::runtime()?.block_on(async {
        let ledger = Ledger::new(&config.ledger_file());
        match &arguments.command {
            Command::List { limit } => list::list(config, &ledger, *limit).await,
            Command::Show { call } => list::show(config, &ledger, call).await,
            Command::Export(more) => export::run(config, &ledger, more).await,
            Command::Verify(more) => verify::run(config, &ledger, more).await,
            Command::Hold(more) => keep::hold(config, &ledger, more, true).await,
            Command::Release(more) => keep::hold(config, &ledger, more, false).await,
            Command::Purge(more) => keep::purge(config, &ledger, more).await,
            Command::Rewrap => rewrap::run(config),
        }
    })
}

fn vault(config: &Config) -> Result<Vault, Box<dyn std::error::Error>> {
    Ok(Vault::open(config.recordings.key_file.as_deref(), false)?)
}

fn folder(config: &Config) -> PathBuf {
    config.recordings_dir()
}

/// The one call whose id begins so.
async fn find(ledger: &Ledger, prefix: &str) -> Result<CallRecord, Box<dyn std::error::Error>> {
    match ledger.find_call(prefix).await? {
        Found::One(record) => Ok(*record),
        Found::None => Err(format!("no call's id begins with {prefix:?}").into()),
        Found::Many(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Err(format!("several calls begin with {prefix:?}: {}", ids.join(", ")).into())
        }
    }
}

/// A name that may stand in the record.
fn person(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        true => Err("wanted is a name or a reason of 1 to 200 characters".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Puts a note about a call into the inbox; it is durable then.
fn note(config: &Config, call: CallId, kind: EventKind) -> std::io::Result<Receipt> {
    let now = clock::wall();
    let event = Box::new(Event::of_call(call, now, kind));
    Inbox::new(&config.data_dir).put(now, &Order::Note { event })
}

/// Waits a while for the server's answer.
async fn answer(receipt: &Receipt) -> std::io::Result<Option<Answer>> {
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        if let Some(answer) = receipt.answer()? {
            return Ok(Some(answer));
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
    Ok(None)
}
