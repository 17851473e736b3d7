//! `yihao callbacks`: citizens who are owed a call, and those who were. Lists from the ledger; settles through the server.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Done, ask, complain, table, when};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::{CallId, Wall};
use crate::store::ledger::{DebtFilter, Ledger, OwedCall, Standing};

/// What to do.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Who is owed a call, the oldest first
    List(List),
    /// A debt needs no call any more, because somebody decided (asks the running server)
    Settle(Settle),
}

#[derive(Args, Debug, Default)]
struct List {
    /// Settled ones instead of open ones
    #[arg(long, conflicts_with = "all")]
    settled: bool,
    /// Open and settled ones
    #[arg(long)]
    all: bool,
    /// Only those past their promise (callbacks.promise_h)
    #[arg(long)]
    overdue: bool,
    /// Only those owed since: 2026-03-01, "2026-03-01 08:30", yesterday, 24h, 7d
    #[arg(long)]
    since: Option<String>,
    /// How many [default: 100]
    #[arg(long)]
    limit: Option<u32>,
    /// One JSON object a line, numbers masked
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct Settle {
    /// The call that owes it
    call: CallIdText,
    /// Why no call is needed any more; stands in the call's record
    #[arg(long)]
    note: String,
}

/// A call id as it is typed.
#[derive(Clone, Debug)]
struct CallIdText(CallId);

impl std::str::FromStr for CallIdText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        CallId::parse(text)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no call id"))
    }
}

/// Lists or settles.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    match &arguments.command {
        None => list(config, &List::default()),
        Some(Command::List(more)) => list(config, more),
        Some(Command::Settle(more)) => settle(config, more),
    }
}

fn list(config: &Config, wanted: &List) -> Done {
    if !config.ledger_file().exists() {
        return Err(format!("{}: there is no ledger yet", config.ledger_file().display()).into());
    }
    let now = clock::wall();
    let hours = config.callbacks.promise_h;
    let promise = Duration::from_secs(u64::from(hours) * 3_600);
    let due = Wall::from_millis(now.as_millis() - i64::from(hours) * 3_600_000);
    let since = wanted
        .since
        .as_deref()
        .map(|text| when::moment(text, &config.time_zone, now));
    let filter = DebtFilter {
        standing: match (wanted.all, wanted.settled) {
            (true, _) => Standing::Any,
            (false, true) => Standing::Settled,
            (false, false) => Standing::Open,
        },
        from: since.transpose()?,
        until: wanted.overdue.then_some(due),
        ..DebtFilter::default()
    };
    let limit = wanted.limit.unwrap_or(100);
    let (debts, counts) = super::runtime()?.block_on(async {
        let ledger = Ledger::new(&config.ledger_file());
        let debts = ledger.debts(&filter, limit).await?;
        Ok::<_, crate::store::ledger::LedgerError>((debts, ledger.debt_counts(due).await?))
    })?;
    if wanted.json {
        for debt in &debts {
            super::say(format_args!("{}\n", as_json(debt, promise)));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = debts.iter().map(|debt| row(config, debt, promise, now)).collect();
    let head = [
        "通话 call",
        "欠于 owed",
        "应于 due",
        "号码 number",
        "原因 because",
        "队列 queue",
        "次数 tries",
        "了结 settled",
    ];
    table::print(&head, &rows);
    super::say(format_args!(
        "\n待回拨 open {}，其中逾期 overdue {}\n",
        counts.open, counts.overdue
    ));
    Ok(ExitCode::SUCCESS)
}

fn row(config: &Config, owed: &OwedCall, promise: Duration, now: Wall) -> Vec<String> {
    let debt = &owed.debt;
    let due = owed.due_at(promise);
    let late = debt.settled.is_none() && due <= now;
    let settled = debt.settled.as_ref().map(|settled| {
        let at = table::time(settled.at, &config.time_zone);
        let note = if settled.note.is_empty() {
            String::new()
        } else {
            format!(": {}", settled.note)
        };
        format!("{at} {} {}{note}", settled.how, settled.by)
    });
    vec![
        owed.call.to_string(),
        table::time(debt.owed_at, &config.time_zone),
        format!(
            "{}{}",
            table::time(due, &config.time_zone),
            if late { " 逾期!" } else { "" }
        ),
        debt.to.to_string(),
        debt.because.clone(),
        owed.queue.clone().unwrap_or_default(),
        debt.attempts.to_string(),
        settled.unwrap_or_default(),
    ]
}

fn as_json(owed: &OwedCall, promise: Duration) -> serde_json::Value {
    let debt = &owed.debt;
    json!({
        "call": owed.call,
        "owed_at": debt.owed_at,
        "due_at": owed.due_at(promise),
        "number": debt.to.masked(),
        "because": debt.because,
        "hotline": owed.hotline,
        "queue": owed.queue,
        "attempts": debt.attempts,
        "settled": debt.settled,
    })
}

fn settle(config: &Config, wanted: &Settle) -> Done {
    let path = format!("/api/v1/call-backs/{}/settle", wanted.call.0);
    let answer = ask::post(config, &path, &json!({ "note": wanted.note }))?;
    if (200..300).contains(&answer.status) {
        super::say(format_args!("已了结 settled: {}\n", wanted.call.0));
        return Ok(ExitCode::SUCCESS);
    }
    let why = match answer.status {
        401 | 403 => "令牌无权了结 this token may not settle",
        404 => "没有这笔待回拨 no such debt is open",
        _ => "服务器拒绝 the server refuses",
    };
    complain(&format!("{why} ({}): {}", answer.status, answer.body));
    Ok(ExitCode::FAILURE)
}
