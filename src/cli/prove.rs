//! `yihao prove`: every call of a period ended in exactly one of the five ways, or is named. Decides nothing: the verdicts are
//! the records'.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Done, complain, table, when};
use crate::config::Config;
use crate::engine::clock;
use crate::kernel::Wall;
use crate::store::CallRecord;
use crate::store::ledger::{CallFilter, Ledger, LedgerError, Order};
use crate::store::record::{Lost, Verdict, Way};

/// Calls read at once.
const PAGE: u32 = 2_000;
/// What is said of a call that was still changing so lately may be half a story: it is left for the next proof.
const SETTLING: Duration = Duration::from_secs(10);
/// It cannot be told.
const UNREADABLE: u8 = 2;

/// The ways as people read them, in the order of the mission's row N7.
const WAYS: [(&str, &str); 12] = [
    ("answered", "人工接答 answered by a person or a line"),
    ("case", "立案转办 a case was opened"),
    ("callback_owed", "待回拨 a call back is owed"),
    ("callback_settled", "回拨已了结 a call back was owed and is settled"),
    ("emergency", "紧急转接 put through to an emergency number"),
    ("unknown_number", "无效：空号 invalid: the number is none of ours"),
    ("stranger", "无效：来源不允许 invalid: the source may not call"),
    ("no_call", "无效：未成呼叫 invalid: it never became a call"),
    ("short_abandon", "无效：秒挂 invalid: hung up at once"),
    ("self_service", "无效：自助办结 invalid: served by the machine"),
    ("marked", "无效：坐席认定 invalid: an agent says so"),
    ("orphan", "遗漏 LOST"),
];

/// Which period.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Calls that arrived since: 2026-03-01, "2026-03-01 08:30", 24h, 7d [default: yesterday, from midnight on]
    #[arg(long)]
    since: Option<String>,
    /// Calls that arrived before [default: now]
    #[arg(long)]
    until: Option<String>,
    /// One JSON object, numbers masked
    #[arg(long)]
    json: bool,
}

/// Proves.
pub(super) fn run(config: &Config, arguments: &Arguments) -> Done {
    match proof(config, arguments) {
        Ok(proof) => {
            match arguments.json {
                true => super::say(format_args!("{}\n", proof.as_json())),
                false => proof.print(config),
            }
            Ok(if proof.orphans.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(error) => {
            complain(&format!("无法核查 it cannot be told: {error}"));
            Ok(ExitCode::from(UNREADABLE))
        }
    }
}

fn proof(config: &Config, arguments: &Arguments) -> Result<Proof, Box<dyn std::error::Error>> {
    let now = clock::wall();
    let read = |text: &String| when::moment(text, &config.time_zone, now);
    let since = match &arguments.since {
        Some(text) => read(text)?,
        None => when::since_yesterday(&config.time_zone, now)?,
    };
    let until = arguments.until.as_ref().map(read).transpose()?.unwrap_or(now);
    if !config.ledger_file().exists() {
        return Err(format!("{}: there is no ledger yet", config.ledger_file().display()).into());
    }
    let mut proof = Proof::new(config, (since, until), now);
    super::runtime()?.block_on(proof.read(&Ledger::new(&config.ledger_file())))?;
    Ok(proof)
}

/// One call that was lost.
struct Orphan {
    record: Box<CallRecord>,
    lost: Lost,
}

/// What was found.
struct Proof {
    period: (Wall, Wall),
    now: Wall,
    promise: Duration,
    short_abandon_ms: u64,
    calls: u64,
    open: u64,
    outbound: u64,
    overdue: u64,
    ways: BTreeMap<&'static str, u64>,
    orphans: Vec<Orphan>,
}

impl Proof {
    fn new(config: &Config, period: (Wall, Wall), now: Wall) -> Self {
        Self {
            period,
            now,
            promise: Duration::from_secs(u64::from(config.callbacks.promise_h) * 3_600),
            short_abandon_ms: u64::from(config.callbacks.short_abandon_s) * 1_000,
            calls: 0,
            open: 0,
            outbound: 0,
            overdue: 0,
            ways: BTreeMap::new(),
            orphans: Vec::new(),
        }
    }

    async fn read(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        let mut filter = CallFilter {
            from: Some(self.period.0),
            until: Some(self.period.1),
            ..CallFilter::default()
        };
        loop {
            let page = ledger.list_calls(&filter, Order::OldestFirst, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            filter.after = Some(last.call);
            page.into_iter().for_each(|record| self.take(record));
        }
    }

    fn take(&mut self, record: CallRecord) {
        self.calls += 1;
        let verdict = record.verdict(self.short_abandon_ms);
        let settling = record.last_event_at + SETTLING > self.now;
        match &verdict {
            Verdict::Open => self.open += 1,
            Verdict::Outbound => self.outbound += 1,
            Verdict::Orphan { .. } if settling => self.open += 1,
            Verdict::Settled(_) | Verdict::Orphan { .. } => *self.ways.entry(verdict.name()).or_default() += 1,
        }
        match verdict {
            Verdict::Settled(Way::CallBack {
                owed_at,
                settled: false,
            }) => self.overdue += u64::from(owed_at + self.promise <= self.now),
            Verdict::Orphan { lost } if !settling => self.orphans.push(Orphan {
                record: Box::new(record),
                lost,
            }),
            Verdict::Open | Verdict::Outbound | Verdict::Settled(_) | Verdict::Orphan { .. } => {}
        }
    }

    fn print(&self, config: &Config) {
        let time = |at: Wall| table::time(at, &config.time_zone);
        super::say(format_args!(
            "无遗漏核查 no-orphan proof: {} – {}\n来电 calls {}，通话中 still open {}，外呼 placed by agents {}\n\n",
            time(self.period.0),
            time(self.period.1),
            self.calls,
            self.open,
            self.outbound
        ));
        let count = |name| self.ways.get(name).copied().unwrap_or(0).to_string();
        let rows: Vec<Vec<String>> = WAYS
            .iter()
            .map(|(name, words)| vec![(*words).to_owned(), count(name)])
            .collect();
        table::print(&["归宿 way", "数量 calls"], &rows);
        if self.overdue > 0 {
            super::say(format_args!(
                "\n其中待回拨逾期 call backs past their promise: {}\n",
                self.overdue
            ));
        }
        if self.orphans.is_empty() {
            super::say(format_args!("\n✓ 无遗漏：每个来电都有着落 nobody was lost\n"));
            return;
        }
        super::say(format_args!("\n✗ 遗漏 lost: {}\n", self.orphans.len()));
        let rows: Vec<Vec<String>> = self.orphans.iter().map(|orphan| orphan.row(config)).collect();
        table::print(
            &[
                "通话 call",
                "来电 arrived",
                "号码 from",
                "热线 hotline",
                "遗漏原因 lost how",
                "结束 ended",
            ],
            &rows,
        );
    }

    fn as_json(&self) -> serde_json::Value {
        json!({
            "since": self.period.0,
            "until": self.period.1,
            "calls": self.calls,
            "open": self.open,
            "outbound": self.outbound,
            "ways": self.ways,
            "callbacks_overdue": self.overdue,
            "orphans": self.orphans.iter().map(Orphan::as_json).collect::<Vec<_>>(),
        })
    }
}

impl Orphan {
    fn row(&self, config: &Config) -> Vec<String> {
        let record = &self.record;
        let time = |at: Option<Wall>| at.map(|at| table::time(at, &config.time_zone)).unwrap_or_default();
        let by = record.ended_by.map_or("", |by| by.as_str());
        let reason = record.end_reason.map_or("", |reason| reason.as_str());
        vec![
            record.call.to_string(),
            time(record.invite_at),
            record.from.as_ref().map(ToString::to_string).unwrap_or_default(),
            record.hotline.clone().unwrap_or_default(),
            in_words(self.lost).to_owned(),
            format!("{} {by} {reason}", time(record.ended_at)),
        ]
    }

    fn as_json(&self) -> serde_json::Value {
        let record = &self.record;
        json!({
            "call": record.call,
            "arrived_at": record.invite_at,
            "from": record.from.as_ref().map(crate::kernel::PhoneNumber::masked),
            "hotline": record.hotline,
            "lost": self.lost,
            "ended_at": record.ended_at,
            "ended_by": record.ended_by,
            "end_reason": record.end_reason,
        })
    }
}

/// Why nobody and nothing stands for this call.
const fn in_words(lost: Lost) -> &'static str {
    match lost {
        Lost::Abandoned => "等候中挂断，无回拨 waited and hung up, nothing is owed",
        Lost::Rejected => "被拒接，无回拨 refused, nothing is owed",
        Lost::Overflowed => "队列溢出，无回拨 overflowed, nothing is owed",
        Lost::Interrupted => "因重启中断，无回拨 cut off by a restart, nothing is owed",
        Lost::Parked => "驻留后无人接回 parked and never picked up",
        Lost::Promised => "答应回拨，未登记 promised a call, nothing is owed",
        Lost::Message => "有留言，无回拨 left a message, nothing is owed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{CallId, EndReason, EndedBy, Event, EventKind, PhoneNumber};
    use crate::store::fold;

    const NOW: i64 = 1_772_411_400_000;

    fn at(s: i64) -> Wall {
        Wall::from_millis(NOW - 3_600_000 + s * 1_000)
    }

    fn record(n: u128, kinds: &[(i64, EventKind)]) -> CallRecord {
        let call = CallId::new(at(0), n);
        let invite = EventKind::Invite {
            from: PhoneNumber::new("13800001234"),
            to: PhoneNumber::new("12345"),
            hotline: Some("12345".into()),
            trunk: None,
            sip_call_id: "a@example.com".into(),
            source: "192.0.2.1:5060".into(),
            placed_by: None,
        };
        let queue = "general".to_owned();
        let first = [(0, invite), (1, EventKind::PersonRequested { queue, carried_ms: 0 })];
        let all = first.into_iter().chain(kinds.iter().cloned());
        fold(
            &all.map(|(s, kind)| Event::of_call(call, at(s), kind))
                .collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn hangs_up(s: i64) -> (i64, EventKind) {
        let kind = EventKind::Ended {
            by: EndedBy::Caller,
            reason: EndReason::Hangup,
            status: None,
        };
        (s, kind)
    }

    #[test]
    fn whoever_is_lost_is_named_and_counted_once_and_who_is_still_settling_is_not() {
        let mut config = Config::default();
        config.callbacks.promise_h = 1;
        let mut proof = Proof::new(&config, (at(-10), at(9_999)), Wall::from_millis(NOW));
        let owed = EventKind::CallbackOwed {
            to: PhoneNumber::new("13800001234"),
            because: "abandoned".into(),
        };
        let person = EventKind::AnsweredByPerson { agent: "8001".into() };
        proof.take(record(1, &[(9, person), hangs_up(99)]));
        proof.take(record(2, &[(0, owed.clone()), hangs_up(30)]));
        proof.take(record(3, &[(60, owed), hangs_up(60)]));
        proof.take(record(4, &[hangs_up(40)]));
        proof.take(record(5, &[hangs_up(3_595)]));
        proof.take(record(6, &[]));
        let ways: Vec<_> = proof.ways.iter().map(|(name, count)| (*name, *count)).collect();
        assert_eq!(ways, [("answered", 1), ("callback_owed", 2), ("orphan", 1)]);
        assert_eq!((proof.calls, proof.open, proof.overdue), (6, 2, 1));
        let told = proof.as_json();
        assert_eq!(told["orphans"][0]["lost"], "abandoned");
        assert_eq!(told["orphans"][0]["from"], "138****1234", "numbers are masked");
        assert!(
            WAYS.iter().all(|(name, _)| !name.is_empty())
                && ways.iter().all(|(name, _)| WAYS.iter().any(|w| w.0 == *name))
        );
    }
}
