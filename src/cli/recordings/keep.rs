//! `yihao recordings hold`, `release` and `purge`: slips for the server, which alone writes to the ledger and deletes.

use std::process::ExitCode;

use clap::Args;

use super::{answer, find, note, person};
use crate::cli::{Done, complain, say, table};
use crate::config::Config;
use crate::engine::clock;
use crate::jobs::{self, Rules};
use crate::kernel::EventKind;
use crate::store::inbox::{Inbox, Order};
use crate::store::ledger::Ledger;

/// Whose recordings, and why.
#[derive(Args, Debug)]
pub(super) struct Hold {
    /// The call's id, or the beginning of it
    call: String,
    /// Who says so
    #[arg(long, value_name = "WHO", value_parser = person)]
    by: String,
    /// Why: a file number, an order
    #[arg(long, value_name = "WHY", value_parser = person)]
    note: String,
}

/// What to delete.
#[derive(Args, Debug)]
pub(super) struct Purge {
    /// Only show what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Who says so
    #[arg(long, value_name = "WHO", value_parser = person, required_unless_present = "dry_run")]
    by: Option<String>,
}

pub(super) async fn hold(config: &Config, ledger: &Ledger, wanted: &Hold, on: bool) -> Done {
    let record = find(ledger, &wanted.call).await?;
    let kind = EventKind::RetentionHeld {
        on,
        by: wanted.by.clone(),
        note: wanted.note.clone(),
    };
    let receipt = note(config, record.call, kind)?;
    let what = if on { "on legal hold" } else { "released" };
    match answer(&receipt).await? {
        Some(answer) if answer.done => say(format_args!("call {}: {what}\n", record.call)),
        Some(answer) => {
            complain(&answer.text);
            return Ok(ExitCode::FAILURE);
        }
        None => say(format_args!(
            "call {}: {what} as soon as the server runs; it waits in the inbox and counts before anything is deleted\n",
            record.call
        )),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn purge(config: &Config, ledger: &Ledger, wanted: &Purge) -> Done {
    let rules = Rules::of(&config.recordings);
    if rules.0.is_empty() {
        say(format_args!(
            "recordings are kept for ever: recordings.keep_message_days and keep_call_days are 0\n"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let by = match &wanted.by {
        Some(by) if !wanted.dry_run => by.clone(),
        Some(_) | None => return dry_run(config, ledger, &rules).await,
    };
    let receipt = Inbox::new(&config.data_dir).put(clock::wall(), &Order::Purge { by })?;
    let mut answered = answer(&receipt).await?;
    if answered.is_none() && receipt.withdraw()? {
        complain("the server does not run, or does not look into its inbox: nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    while answered.is_none() {
        answered = answer(&receipt).await?; // it is at it
    }
    match answered {
        Some(answer) if answer.done => {
            say(format_args!("{}\n", answer.text));
            Ok(ExitCode::SUCCESS)
        }
        Some(answer) => {
            complain(&answer.text);
            Ok(ExitCode::FAILURE)
        }
        None => Ok(ExitCode::FAILURE),
    }
}

async fn dry_run(config: &Config, ledger: &Ledger, rules: &Rules) -> Done {
    let (mut gone, mut held) = (0_u64, 0_u64);
    jobs::due(ledger, rules, clock::wall(), &mut |keep, listed| {
        let verdict = match listed.held {
            true => "stays: legal hold".to_owned(),
            false => format!("goes: kept {} days", keep.days),
        };
        *if listed.held { &mut held } else { &mut gone } += 1;
        let began = table::time(listed.started_at, &config.time_zone);
        say(format_args!(
            "{began}  {:<8} {}  {verdict}\n",
            listed.purpose, listed.file
        ));
    })
    .await?;
    say(format_args!(
        "{gone} would be deleted, {held} stay on legal hold; nothing was changed\n"
    ));
    Ok(ExitCode::SUCCESS)
}
