//! What callers live through, in virtual time: a person first, patient menus, nothing lost when someone hangs up.

mod person;
mod plans;
mod questions;

use std::time::Duration;

use super::*;
use crate::ivr::dialplan::load;
use crate::ivr::dialplan::tests::{demo_policy, shipped};
use crate::kernel::Wall;

/// A caller on the line, with a clock of his own.
struct Caller {
    walk: Walk,
    now: Now,
    /// Prompts being played and not yet over.
    playing: Option<(PlayId, String, bool)>,
    hooks: Vec<(HookId, HookKind)>,
    story: Vec<String>,
}

/// Monday, 23 November 2026, 10:00 in Shanghai.
const MONDAY_TEN: i64 = 1_795_399_200_000;

fn plan_of(files: &[(String, String)]) -> Arc<Dialplan> {
    Arc::new(load(files, &|_| true, &demo_policy()).unwrap_or_else(|p| panic!("{p:#?}")))
}

fn demo() -> Arc<Dialplan> {
    plan_of(&shipped("dialplans"))
}

fn one_flow(steps: &str) -> Arc<Dialplan> {
    let text = format!("[[number]]\ndial = \"1\"\nhotline = \"1\"\n{steps}");
    plan_of(&[("main.toml".into(), text)])
}

fn calendar() -> Arc<Calendar> {
    Arc::new(Calendar::from_json(include_str!("../../../../config/calendar/2026.json")).unwrap())
}

impl Caller {
    fn dials(plan: &Arc<Dialplan>, number: &str) -> Self {
        Self::dials_at(plan, number, MONDAY_TEN)
    }

    fn dials_at(plan: &Arc<Dialplan>, number: &str, at_ms: i64) -> Self {
        let entry = plan.number(number).unwrap();
        let context = WalkContext {
            called: number.into(),
            caller: PhoneNumber::new("13800001234"),
            language: entry.language,
            calendar: calendar(),
        };
        let mut caller = Self {
            walk: Walk::new(Arc::clone(plan), entry, context),
            now: Now {
                mono: Mono::from_nanos(5_000_000_000),
                wall: Wall::from_millis(at_ms),
            },
            playing: None,
            hooks: Vec::new(),
            story: Vec::new(),
        };
        caller.input(Input::Start);
        caller
    }

    fn input(&mut self, input: Input) {
        self.walk.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(command) = self.walk.next_command() {
            let told = match command {
                Command::Play { id, items, repeat } => {
                    let words: Vec<String> = items
                        .iter()
                        .map(|i| match i {
                            SpeechItem::Prompt(id) | SpeechItem::File(id) => id.clone(),
                            other => format!("{other:?}"),
                        })
                        .collect();
                    self.playing = Some((id, words.join("+"), repeat));
                    format!("hears {}", words.join("+"))
                }
                Command::StopPlaying(id) => {
                    assert_eq!(
                        self.playing.take().map(|p| p.0),
                        Some(id),
                        "stopped what was not playing"
                    );
                    "silence".into()
                }
                Command::Hook { id, kind, params } => {
                    let told = match &kind {
                        HookKind::Queue { name } => format!("wants {name}"),
                        other => format!("hook {}{params:?}", other.as_str()),
                    };
                    self.hooks.push((id, kind));
                    told
                }
                Command::CancelHook { id, .. } => {
                    let kind = self.hooks.iter().find(|(known, _)| *known == id).unwrap().1.as_str();
                    format!("leaves {kind}")
                }
                Command::Event(EventKind::Step { step }) => format!("at {step}"),
                Command::Event(EventKind::Keys { keys, .. }) => format!("keys {keys}"),
                Command::Event(EventKind::CallbackOwed { because, .. }) => format!("owed {because}"),
                Command::Event(other) => format!("{other:?}"),
                Command::Transfer { to, .. } => format!("transfer {to}"),
                Command::Record { purpose, .. } => format!("record {purpose}"),
                Command::StopRecording => "stop recording".into(),
                Command::Language(language) => format!("language {language}"),
                Command::CalendarMissing { year } => format!("no calendar for {year}"),
                Command::HangUp { reason } => {
                    assert!(self.walk.is_over());
                    format!("hung up: {}", reason.as_str())
                }
            };
            self.story.push(told);
        }
    }

    /// Listens to the end of what is being said.
    fn listens(&mut self) -> &mut Self {
        let (id, words, repeat) = self.playing.take().expect("nothing is being said");
        assert!(!repeat, "{words} has no end");
        self.now = self.now.later(Duration::from_secs(3));
        self.input(Input::Played(id));
        self
    }

    fn presses(&mut self, keys: &str) -> &mut Self {
        for key in keys.chars() {
            self.now = self.now.later(Duration::from_millis(300));
            self.input(Input::Digit(Digit::from_char(key).unwrap()));
        }
        self
    }

    fn waits(&mut self, seconds: u64) -> &mut Self {
        let until = self.now.later(Duration::from_secs(seconds));
        while let Some(due) = self.walk.poll_timeout().filter(|due| *due <= until.mono) {
            self.now = self.now.later(due.since(self.now.mono));
            self.walk.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
        self
    }

    fn hook(&self) -> HookId {
        self.hooks.last().unwrap().0
    }

    fn hook_ends(&mut self, outcome: &str) -> &mut Self {
        let id = self.hook();
        self.ends(id, outcome)
    }

    fn ends(&mut self, id: HookId, outcome: &str) -> &mut Self {
        let outcome = outcome.to_owned();
        self.input(Input::HookDone {
            id,
            outcome,
            values: vec![],
        });
        self
    }

    /// Checks what has happened since the last check.
    #[track_caller]
    fn lived(&mut self, wanted: &[&str]) -> &mut Self {
        let lived = std::mem::take(&mut self.story);
        assert_eq!(lived, wanted, "at {:?}", self.walk.step());
        self
    }
}
