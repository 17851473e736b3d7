//! `yihao calls`: the ledger's calls, one of them with everything that happened, its SIP as a ladder.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, complain, table};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{EndReason, Event, PhoneNumber, Wall};
use crate::store::ledger::{CallFilter, Found, Ledger, Order, Reveal};
use crate::store::record::CallRecord;
use crate::store::trace::{self, Numbers};

/// What to show.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The latest calls
    List(List),
    /// One call: what happened, and its SIP on demand
    Show(Show),
}

#[derive(Args, Debug)]
struct List {
    /// How many
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Only calls from or to this number
    #[arg(long)]
    number: Option<String>,
    /// Only calls to this hotline
    #[arg(long)]
    hotline: Option<String>,
    /// Only calls that ended so, e.g. abandoned
    #[arg(long, value_parser = reason)]
    reason: Option<EndReason>,
}

#[derive(Args, Debug)]
struct Show {
    /// The call's id, or the beginning of it
    id: String,
    /// Draw its SIP messages as a ladder
    #[arg(long)]
    sip: bool,
    /// Print its SIP messages whole
    #[arg(long)]
    messages: bool,
    /// Show numbers unmasked; this is noted in the audit with the name given
    #[arg(long, value_name = "WHO")]
    reveal: Option<String>,
}

/// Shows.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    if !config.ledger_file().exists() {
        return Err(format!("{}: there is no ledger yet", config.ledger_file().display()).into());
    }
    super::runtime()?.block_on(async {
        let ledger = Ledger::new(&config.ledger_file());
        match &arguments.command {
            None => {
                list(
                    config,
                    &ledger,
                    &List {
                        limit: 20,
                        number: None,
                        hotline: None,
                        reason: None,
                    },
                )
                .await
            }
            Some(Command::List(more)) => list(config, &ledger, more).await,
            Some(Command::Show(more)) => show(config, &ledger, more).await,
        }
    })
}

async fn list(config: &Config, ledger: &Ledger, wanted: &List) -> Done {
    let filter = CallFilter {
        number: wanted.number.clone(),
        hotline: wanted.hotline.clone(),
        reason: wanted.reason,
        ..CallFilter::default()
    };
    let calls = ledger.list_calls(&filter, Order::NewestFirst, wanted.limit).await?;
    let rows: Vec<Vec<String>> = calls.iter().map(|call| row(config, call)).collect();
    table::print(
        &[
            "call", "arrived", "from", "to", "hotline", "length", "ended by", "reason", "owed",
        ],
        &rows,
    );
    Ok(ExitCode::SUCCESS)
}

fn row(config: &Config, call: &CallRecord) -> Vec<String> {
    let number = |n: &Option<PhoneNumber>| n.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        call.call.to_string(),
        call.invite_at
            .map(|at| table::time(at, &config.time_zone))
            .unwrap_or_default(),
        number(&call.from),
        number(&call.to),
        call.hotline.clone().unwrap_or_default(),
        call.duration_ms().map(table::seconds).unwrap_or_default(),
        call.ended_by.map(|by| by.as_str().to_owned()).unwrap_or_default(),
        call.end_reason
            .map_or_else(|| "(live)".to_owned(), |reason| reason.as_str().to_owned()),
        call.callback_owed().unwrap_or_default().to_owned(),
    ]
}

async fn show(config: &Config, ledger: &Ledger, wanted: &Show) -> Done {
    let record = match ledger.find_call(&wanted.id).await? {
        Found::One(record) => *record,
        Found::None => {
            complain(&format!("no call's id begins with {:?}", wanted.id));
            return Ok(ExitCode::FAILURE);
        }
        Found::Many(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            complain(&format!("several calls begin with {:?}: {}", wanted.id, ids.join(", ")));
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(who) = &wanted.reveal {
        let reveal = Reveal {
            at: clock::wall(),
            call: record.call,
            by: who.clone(),
            what: "calls show".to_owned(),
        };
        ledger.note_reveal(&reveal).await?;
    }
    let whole = wanted.reveal.is_some();
    let events = ledger.call_events(record.call).await?;
    super::say(format_args!("call {}\n", record.call));
    let began = record.invite_at.unwrap_or(record.last_event_at);
    super::say(format_args!("arrived {}\n", table::time(began, &config.time_zone)));
    for (_, event) in &events {
        super::say(format_args!("  {}\n", line(event, began, whole)));
    }
    if wanted.sip || wanted.messages {
        let messages = trace::read_call(&config.trace_dir(), &record.sip_call_ids)?;
        let numbers = if whole { Numbers::Shown } else { Numbers::Masked };
        super::say(format_args!("\n"));
        match (messages.is_empty(), wanted.messages) {
            (true, _) => super::say(format_args!("the trace no longer holds this call's SIP\n")),
            (false, true) => super::say(format_args!("{}", trace::transcript(&messages, numbers))),
            (false, false) => super::say(format_args!("{}", trace::ladder(&messages, numbers))),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One event: seconds since the call arrived, and what it says.
pub(super) fn line(event: &Event, began: Wall, whole: bool) -> String {
    let seconds = (event.at.as_millis() - began.as_millis()) as f64 / 1_000.0;
    let mut body = serde_json::to_value(&event.kind).unwrap_or_default();
    let name = body.get("type").and_then(|t| t.as_str()).unwrap_or_default().to_owned();
    let mut said = Vec::new();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("type");
        for (key, value) in fields.iter().filter(|(_, v)| !v.is_null()) {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let masked = !whole && matches!(key.as_str(), "from" | "to");
            said.push(format!(
                "{key}={}",
                if masked { PhoneNumber::new(&text).masked() } else { text }
            ));
        }
    }
    format!("{seconds:8.3} s  {name:<20} {}", said.join(" "))
        .trim_end()
        .to_owned()
}

fn reason(text: &str) -> Result<EndReason, String> {
    EndReason::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| {
        let all: Vec<&str> = EndReason::ALL.iter().map(|r| r.as_str()).collect();
        format!("no such reason; there are {}", all.join(", "))
    })
}
