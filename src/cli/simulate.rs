//! `yihao simulate`: a day of a hotline in virtual time, its figures, and how many agents it would take.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{Done, table};
use crate::queue::day::{Draw, Figures, FloorHouse, HalfHour, Report, Town, run as run_day, staffing};

/// What to simulate.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Calls of the day
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls: u32,
    /// Agents, in shifts of eight hours that follow the calls
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    agents: u32,
    /// First seed: the same seed is the same day
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days, each with the next seed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// Mean time of a conversation, seconds (log-normal)
    #[arg(long, default_value_t = 100)]
    talk_s: u64,
    /// Mean time to write it up, seconds (exponential)
    #[arg(long, default_value_t = 15)]
    wrap_up_s: u64,
    /// Mean patience of callers, seconds (exponential)
    #[arg(long, default_value_t = 120)]
    patience_s: u64,
    /// Percent of callers who shall speak with a person in time
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=99))]
    percent: u8,
    /// In so many seconds
    #[arg(long, default_value_t = 15)]
    within_s: u64,
    /// Print the figures only, not the staffing
    #[arg(long)]
    brief: bool,
}

/// Simulates; exit code 1 if a promise of the queue was broken on any day.
pub(super) fn run(arguments: &Arguments) -> Done {
    let town = town(arguments);
    let mut broken = 0;
    let figures = days(&town, arguments, &mut broken);
    let within = Duration::from_secs(arguments.within_s);
    say(&format!(
        "模拟 {} 天，每天 {} 个来电，{} 名坐席（种子 {}–{}）\n\n",
        arguments.seeds,
        arguments.calls,
        arguments.agents,
        arguments.seed,
        arguments.seed.saturating_add(arguments.seeds - 1)
    ));
    show(&figures, within);
    if !arguments.brief {
        show_staffing(&town, arguments, &mut broken);
    }
    if broken == 0 {
        say("\n✓ 队列的承诺全部兑现（no promise of the queue was broken）\n");
        Ok(ExitCode::SUCCESS)
    } else {
        say(&format!(
            "\n✗ {broken} 处违背承诺（promises of the queue were broken）\n"
        ));
        Ok(ExitCode::FAILURE)
    }
}

fn town(arguments: &Arguments) -> Town {
    let mut town = Town::usual(arguments.calls, arguments.agents as usize);
    town.talk = Draw::LogNormal(Duration::from_secs(arguments.talk_s), 0.9);
    town.wrap_up = Draw::Exponential(Duration::from_secs(arguments.wrap_up_s));
    town.patience = Draw::Exponential(Duration::from_secs(arguments.patience_s));
    town
}

/// All days as one.
fn days(town: &Town, arguments: &Arguments, broken: &mut usize) -> Figures {
    let mut all = Figures::default();
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
        let Report { figures, broken: found } = run_day(town, seed, |now| FloorHouse::new(town, seed, now));
        for what in &found {
            say(&format!("✗ 种子 {seed}: {what}\n"));
        }
        *broken += found.len();
        all.add(&figures);
    }
    all
}

fn show(figures: &Figures, within: Duration) {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let time = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let t = within.as_secs();
    let rows = [
        ("请求人工", "requests", figures.requests().to_string()),
        ("接通率", "connect_rate", percent(figures.connect_rate())),
        ("15 秒接通率", "answer_15s", percent(figures.answer_15s())),
        ("放弃率", "abandon_rate", percent(figures.abandon_rate())),
        ("服务水平一", &format!("sl_1 ({t} s)"), percent(figures.sl_1(within))),
        ("服务水平二", &format!("sl_2 ({t} s)"), percent(figures.sl_2(within))),
        ("服务水平三", &format!("sl_3 ({t} s)"), percent(figures.sl_3(within))),
        ("服务水平四", &format!("sl_4 ({t} s)"), percent(figures.sl_4(within))),
        ("平均处理时长", "aht", time(figures.aht())),
        ("坐席占用率", "occupancy", percent(figures.occupancy())),
        ("平均等待", "wait mean", time(figures.answered.mean())),
        ("等待中位数", "wait p50", time(figures.answered.percentile(0.50))),
        ("等待 90 分位", "wait p90", time(figures.answered.percentile(0.90))),
        ("等待 95 分位", "wait p95", time(figures.answered.percentile(0.95))),
        ("等待 99 分位", "wait p99", time(figures.answered.percentile(0.99))),
        ("未进入队列", "turned away", figures.turned_away.to_string()),
        ("回拨成功", "called back", figures.called_back.to_string()),
    ];
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(name, id, value)| vec![(*name).to_owned(), (*id).to_owned(), value.clone()])
        .collect();
    table::print(&["指标", "id", "值"], &rows);
}

fn show_staffing(town: &Town, arguments: &Arguments, broken: &mut usize) {
    let within = Duration::from_secs(arguments.within_s);
    let share = f64::from(arguments.percent) / 100.0;
    let answer = staffing(town, share, within);
    say(&format!(
        "\n每半小时需要多少坐席，才能让 {} % 的来电在 {} 秒内由人接听（Erlang A）：\n\n",
        arguments.percent, arguments.within_s
    ));
    let cell = |half_hour: &HalfHour| {
        let needed = half_hour
            .agents
            .map_or_else(|| "—".to_owned(), |agents| agents.to_string());
        [format!("{:.0}", half_hour.calls), needed, half_hour.on_duty.to_string()]
    };
    let row = |(hour, pair): (usize, &[HalfHour])| {
        let cells = pair.iter().flat_map(cell);
        std::iter::once(format!("{hour:02}:00"))
            .chain(cells)
            .collect::<Vec<String>>()
    };
    let rows: Vec<Vec<String>> = answer.chunks(2).enumerate().map(row).collect();
    table::print(&["", ":00 来电", "需要", "在岗", ":30 来电", "需要", "在岗"], &rows);
    let hours: u32 = answer.iter().filter_map(|half_hour| half_hour.agents).sum();
    let staffed = town.clone().staffed_by(&answer);
    let figures = days(&staffed, arguments, broken);
    say(&format!(
        "\n共 {:.1} 坐席小时。按此排班、人人可接全部来电时再模拟：sl_3 ({} s) = {:.2} %，接通率 {:.2} %\n",
        f64::from(hours) / 2.0,
        arguments.within_s,
        figures.sl_3(within) * 100.0,
        figures.connect_rate() * 100.0
    ));
}

fn say(text: &str) {
    super::say(format_args!("{text}"));
}
