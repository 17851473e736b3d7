//! Dialplan files, and one call's walk through what they say: no text and no order of events may stop the server.
//!
//! The data are `first file`, NUL, `second file`, NUL, `script of the walk`; what is missing is empty, and an empty script
//! is the whole data. An empty first file stands for `plan.toml`, which has every kind of step.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use yihao::ivr::dialplan::{Dialplan, graph, graph_text, load};
use yihao::ivr::walk::{Command, HookId, Input, TransferOutcome, Walk, WalkContext};
use yihao::ivr::{TransferPolicy, pieces};
use yihao::kernel::calendar::Calendar;
use yihao::kernel::limits::DIALPLAN_STEPS_WITHOUT_WAIT_MAX;
use yihao::kernel::{Digit, Mono, Now, PhoneNumber, PlayId, Wall};

use super::script::Script;

/// Events of one walk.
const EVENTS_MAX: usize = 200;
/// Most commands that one event may bring: a few for each step that takes no time.
const COMMANDS_MAX: usize = 8 * DIALPLAN_STEPS_WITHOUT_WAIT_MAX as usize;
/// Monday, 23 November 2026, 10:00 in Shanghai.
const MONDAY_TEN: i64 = 1_795_399_200_000;

/// See [`super::dialplan`].
pub fn run(data: &[u8]) {
    let mut parts = data.splitn(3, |octet| *octet == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (first, second, script) = (next(), next(), next());
    let script = if script.is_empty() { data } else { script };
    let plan = if first.is_empty() {
        Some(Arc::clone(house_plan()))
    } else {
        read(first, second).map(Arc::new)
    };
    if let Some(plan) = plan {
        walk(&plan, Script(script));
    }
}

fn read(first: &[u8], second: &[u8]) -> Option<Dialplan> {
    let text = |octets| String::from_utf8_lossy(octets).into_owned();
    let mut files = vec![("main.toml".to_owned(), text(first))];
    if !second.is_empty() {
        files.push(("sub.toml".to_owned(), text(second)));
    }
    match load(&files, &|id| id != "missing", policy()) {
        Ok(plan) => {
            assert!(graph(&plan).contains("digraph"));
            let _ = graph_text(&plan);
            Some(plan)
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                let _ = problem.to_string();
            }
            None
        }
    }
}

fn policy() -> &'static TransferPolicy {
    static POLICY: OnceLock<TransferPolicy> = OnceLock::new();
    POLICY.get_or_init(|| TransferPolicy::new(&["110", "0391XXXXXXX"]).expect("a good policy"))
}

/// `plan.toml` with a flow to call, read once.
fn house_plan() -> &'static Arc<Dialplan> {
    static PLAN: OnceLock<Arc<Dialplan>> = OnceLock::new();
    PLAN.get_or_init(|| {
        let sub = "[step.start]\nsay = \"k\"\nnext = \"main.survey\"\n";
        let plan = read(include_bytes!("plan.toml"), sub.as_bytes());
        Arc::new(plan.expect("the plan of the house is without fault"))
    })
}

fn calendar() -> Arc<Calendar> {
    static CALENDAR: OnceLock<Arc<Calendar>> = OnceLock::new();
    let made = CALENDAR.get_or_init(|| {
        let table = include_str!("../../config/calendar/2026.json");
        Arc::new(Calendar::from_json(table).expect("the shipped table"))
    });
    Arc::clone(made)
}

fn walk(plan: &Arc<Dialplan>, mut script: Script<'_>) {
    let numbers = plan.numbers();
    assert!(!numbers.is_empty(), "a plan that nobody can dial");
    let number = &numbers[usize::from(script.byte()) % numbers.len()];
    let _ = plan.number("12345");
    let context = WalkContext {
        called: "12345".into(),
        caller: PhoneNumber::new("13800001234"),
        language: number.language,
        calendar: calendar(),
    };
    // Each hour of the week is met, and the year after, which has no table.
    let later = i64::from(script.byte()) * 37 * 3_600_000;
    let mut caller = Caller {
        walk: Walk::new(Arc::clone(plan), number, context),
        now: Now {
            mono: Mono::from_nanos(5_000_000_000),
            wall: Wall::from_millis(MONDAY_TEN + later),
        },
        playing: PlayId(0),
        hook: HookId(0),
        hung_up: false,
    };
    caller.happens(Input::Start);
    for _ in 0..EVENTS_MAX {
        if script.is_over() {
            break;
        }
        caller.step(&mut script);
    }
    caller.happens(Input::Gone);
    assert!(caller.walk.is_over() && caller.walk.poll_timeout().is_none());
    caller.happens(Input::Recorded {
        duration_ms: u64::MAX,
        file: "late.wav".into(),
    });
}

/// A caller on the line.
struct Caller {
    walk: Walk,
    now: Now,
    /// The sound that was last begun.
    playing: PlayId,
    /// The hook that was last asked.
    hook: HookId,
    hung_up: bool,
}

impl Caller {
    fn step(&mut self, script: &mut Script<'_>) {
        let op = script.byte();
        let more = op / 8;
        match op % 8 {
            0 | 1 => match Digit::from_event(more % 16) {
                Some(digit) => self.happens(Input::Digit(digit)),
                None => self.happens(Input::Start),
            },
            2 => self.happens(Input::Played(self.playing)),
            3 => self.hook_done(more),
            4 => {
                let outcome = [
                    TransferOutcome::Answered,
                    TransferOutcome::Ended,
                    TransferOutcome::Busy,
                    TransferOutcome::NoAnswer,
                    TransferOutcome::Failed,
                    TransferOutcome::Denied,
                ][usize::from(more) % 6];
                self.happens(Input::TransferDone { outcome });
            }
            5 => self.happens(match more % 4 {
                0 => Input::RecordFailed,
                1 => Input::Recorded {
                    duration_ms: 5_000,
                    file: String::new(),
                },
                seconds => Input::Recorded {
                    duration_ms: u64::from(seconds - 2) * 1_500,
                    file: "m.wav".into(),
                },
            }),
            6 => {
                if let Some(due) = self.walk.poll_timeout() {
                    self.pass(due.since(self.now.mono));
                }
            }
            _ => match more {
                0 => self.happens(Input::Start),
                1 => self.happens(Input::Gone),
                2 => self.happens(Input::HookConnected(self.hook)),
                3 => self.happens(Input::Played(PlayId(u64::MAX))),
                tenths => self.pass(Duration::from_millis(u64::from(tenths) * 100)),
            },
        }
    }

    fn hook_done(&mut self, more: u8) {
        let outcomes = [
            "answered",
            "full",
            "closed",
            "timeout",
            "unavailable",
            "done",
            "not_found",
            "person",
            "cancelled",
            "skipped",
            "failed",
            "",
            "otherwise",
        ];
        self.happens(Input::HookDone {
            id: if more > 28 { HookId(0) } else { self.hook },
            outcome: outcomes[usize::from(more) % outcomes.len()].to_owned(),
            values: vec![
                ("case".into(), "9".repeat(usize::from(more))),
                ("language".into(), "xx".into()),
            ],
        });
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.later(time);
        self.walk.handle_timeout(self.now);
        let due = self.walk.poll_timeout();
        assert!(due.is_none_or(|due| due > self.now.mono), "a timer that never runs out");
        self.obey();
    }

    fn happens(&mut self, input: Input) {
        self.walk.handle(input, self.now);
        self.obey();
    }

    fn obey(&mut self) {
        let mut count = 0;
        while let Some(command) = self.walk.next_command() {
            count += 1;
            assert!(count <= COMMANDS_MAX, "commands without end");
            let late = matches!(command, Command::Event(_));
            assert!(late || !self.hung_up, "after the end: {command:?}");
            match command {
                Command::Play { id, items, repeat: _ } => {
                    assert!(!items.is_empty(), "silence to play");
                    let language = self.walk.language();
                    items.iter().for_each(|item| drop(pieces(item, language)));
                    self.playing = id;
                }
                Command::StopPlaying(id) => assert_eq!(id, self.playing),
                Command::Hook { id, .. } => self.hook = id,
                Command::HangUp { .. } => self.hung_up = true,
                Command::Language(_)
                | Command::Transfer { .. }
                | Command::Record { .. }
                | Command::StopRecording
                | Command::CancelHook { .. }
                | Command::Event(_)
                | Command::CalendarMissing { .. } => {}
            }
        }
        assert!(!self.hung_up || self.walk.is_over());
    }
}
