//! The dialplan as the walk uses it: flows of steps, and the dialled numbers that lead into them. Made only by [`load`], so
//! every target in it exists. Knows nothing of a running call.
//!
//! One TOML file is one flow, named after the file; its first step is `[step.start]`. A target is `step`, `flow.step`,
//! `hangup` or `return`. `dialplans/README.md` shows every kind of step.

mod check;
mod draw;
mod kinds;
mod load;
mod names;
mod pattern;
mod problem;
mod questions;
mod reader;
mod speech;

#[cfg(test)]
pub(in crate::ivr) mod tests;

use std::collections::BTreeMap;

use super::{Language, SpeechItem};
use crate::kernel::Digit;
use crate::kernel::calendar::OpeningHours;

pub use draw::{graph, graph_text};
pub use load::load;
pub use pattern::{Pattern, TransferPolicy};
pub use problem::Problem;
pub(super) use speech::say;

/// Name of the step that a flow begins with.
pub const START: &str = "start";

/// A checked set of flows and numbers.
#[derive(Debug, Default)]
pub struct Dialplan {
    /// Flows in the order of their files.
    pub(super) flows: Vec<Flow>,
    /// Dialled numbers in the order of their files.
    pub(super) numbers: Vec<Number>,
    /// Opening hours by name.
    pub(super) hours: BTreeMap<String, OpeningHours>,
}

/// One flow: one file.
#[derive(Debug)]
pub struct Flow {
    /// The file's name without `.toml`.
    pub name: String,
    /// What the operator calls it.
    pub title: String,
    /// Its steps by name.
    pub steps: Vec<Step>,
}

/// One step of a flow.
#[derive(Debug)]
pub struct Step {
    /// Its name within the flow.
    pub name: String,
    /// What it does.
    pub kind: Kind,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepRef {
    pub(super) flow: u16,
    pub(super) step: u16,
}

/// Where a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a step.
    Step(StepRef),
    /// To the end of the call.
    HangUp,
    /// Back to the step that called this flow; at the outermost level, to the end of the call.
    Return,
}

/// A hotline that can be dialled. Merged hotlines keep their identity: each has its own.
#[derive(Clone, Debug)]
pub struct Number {
    /// What is dialled to reach it.
    pub dial: Vec<Pattern>,
    /// The hotline's identity in the ledger: `12345`, `12333`.
    pub hotline: String,
    /// Its name for people.
    pub name: String,
    /// The language that it begins in.
    pub language: Language,
    /// Where its calls begin.
    pub start: StepRef,
    /// Opening hours by name, and where calls begin outside them.
    pub hours: Option<(String, StepRef)>,
}

/// What to do when nobody answers a question, or answers wrongly: ask again so many times, then go on.
#[derive(Debug)]
pub struct Retry {
    /// Times to ask again.
    pub times: u8,
    /// What is said before asking again.
    pub say: Vec<Line>,
    /// Where to go when it happens once more.
    pub then: Target,
}

/// Outcomes and where they lead.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// By the outcome's name.
    pub by_name: BTreeMap<String, Target>,
    /// For every other outcome.
    pub otherwise: Option<Target>,
}

impl Outcomes {
    /// Where `outcome` leads.
    pub fn target(&self, outcome: &str) -> Option<Target> {
        self.by_name.get(outcome).copied().or(self.otherwise)
    }
}

/// One thing to say, perhaps with a value that only the call knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Known when the plan is read.
    Fixed(SpeechItem),
    /// The value of a variable, said in this way.
    Variable(Manner, String),
    /// A band of minutes between two variables.
    Minutes(String, String),
}

/// How a variable's value is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As words.
    Text,
    /// As a count.
    Number,
    /// Key by key.
    Digits,
    /// As a day, `YYYY-MM-DD`.
    Date,
    /// As a time of day, `HH:MM`.
    Time,
    /// As money, in fen.
    AmountFen,
    /// As a length of time, in seconds.
    DurationS,
}

/// A value in the plan: written there, or a variable of the call (`"$name"`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// As written.
    Literal(String),
    /// The variable of that name.
    Variable(String),
}

/// What a branch compares a value with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Case {
    /// A number or a pattern of numbers.
    Number(Pattern),
    /// Any other text, exactly.
    Text(String),
}

impl Case {
    pub(super) fn is_exact(&self) -> bool {
        match self {
            Self::Number(pattern) => pattern.is_exact(),
            Self::Text(_) => true,
        }
    }

    /// Whether the value fits.
    pub fn fits(&self, value: &str) -> bool {
        match self {
            Self::Number(pattern) => pattern.matches(value),
            Self::Text(text) => text == value,
        }
    }
}

/// The parts of the house that a plan hands a caller to, and takes him back from with an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// Wait for a person.
    Queue {
        /// The queue's name.
        name: String,
    },
    /// Hear an answer from the knowledge base.
    Knowledge,
    /// Ask how a case stands.
    CaseStatus,
    /// Book an appointment.
    Appointment,
    /// Rate the service.
    Survey,
    /// Be called back instead of waiting: with `number`, or at the number that called. A place in a queue is kept for it.
    CallBack,
}

impl HookKind {
    /// Its name in plans and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Knowledge => "knowledge",
            Self::CaseStatus => "case_status",
            Self::Appointment => "appointment",
            Self::Survey => "survey",
            Self::CallBack => "call_back",
        }
    }
}

/// What a step does.
#[derive(Debug)]
pub enum Kind {
    /// Says something, then goes on.
    Say {
        /// What.
        lines: Vec<Line>,
        /// A key cuts it short (and stays for the next question).
        barge_in: bool,
        /// Where next.
        next: Target,
    },
    /// Offers keys.
    Menu(Menu),
    /// Asks for a row of digits.
    Gather(Gather),
    /// Parts the ways by opening hours.
    Hours {
        /// Name of the hours.
        hours: String,
        /// Where, when open.
        open: Target,
        /// Where, when closed.
        closed: Target,
    },
    /// Changes the language.
    Language {
        /// To this one.
        language: Language,
        /// Where next.
        next: Target,
    },
    /// Connects the caller to another number.
    Transfer {
        /// The number; allowed by the [`TransferPolicy`] when the plan was read.
        to: String,
        /// Said while the other number rings.
        say: Vec<Line>,
        /// How long it may ring, seconds.
        ring_timeout_s: u32,
        /// `ended`, `busy`, `no_answer`, `failed`, `denied`.
        on: Outcomes,
    },
    /// Records a message.
    Record(Record),
    /// Ends the call.
    HangUp {
        /// Said before.
        say: Vec<Line>,
    },
    /// Goes elsewhere.
    Goto(Target),
    /// Goes elsewhere and comes back at `return`.
    Call {
        /// Where to.
        target: Target,
        /// Where to after the return.
        next: Target,
    },
    /// Enters a queue for a person.
    Queue(Queue),
    /// Hands the caller to another part of the house.
    Hook {
        /// Which.
        hook: HookKind,
        /// What it is told.
        with: Vec<(String, Value)>,
        /// Where each outcome leads.
        on: Outcomes,
    },
    /// Notes values for later.
    Set {
        /// Names and values.
        values: Vec<(String, Value)>,
        /// Where next.
        next: Target,
    },
    /// Parts the ways by a value.
    Branch {
        /// The value looked at.
        value: Value,
        /// The first case that fits decides; exact ones stand first.
        cases: Vec<(Case, Target)>,
        /// When none fits.
        otherwise: Target,
    },
    /// Waits, in silence or with music.
    Wait {
        /// How long, seconds.
        seconds: u32,
        /// Heard again and again.
        music: Vec<Line>,
        /// Where next.
        next: Target,
    },
}

/// A menu.
#[derive(Debug)]
pub struct Menu {
    /// The choices, as said.
    pub lines: Vec<Line>,
    /// Where each key leads.
    pub keys: BTreeMap<Digit, Target>,
    /// Keys are taken while the choices are said.
    pub barge_in: bool,
    /// Wait for a key after the last word, milliseconds.
    pub timeout_ms: u32,
    /// When no key comes.
    pub on_timeout: Retry,
    /// When a key comes that means nothing.
    pub on_wrong_key: Retry,
}

/// A question answered by digits.
#[derive(Debug)]
pub struct Gather {
    /// The question.
    pub lines: Vec<Line>,
    /// Variable that takes the digits.
    pub into: String,
    /// Fewest digits.
    pub min: usize,
    /// Most digits; reaching it ends the question.
    pub max: usize,
    /// Key that ends the question early.
    pub terminator: Option<Digit>,
    /// Wait for the first digit after the last word, milliseconds.
    pub timeout_ms: u32,
    /// Wait between digits, milliseconds.
    pub between_ms: u32,
    /// The digits are nobody's business: the ledger gets `*` for each.
    pub private: bool,
    /// The digits are read back: 1 is right, 2 asks again.
    pub confirm: bool,
    /// Keys are taken while the question is said.
    pub barge_in: bool,
    /// Where next.
    pub next: Target,
    /// When nothing is pressed.
    pub on_timeout: Retry,
    /// When too little is pressed, or the caller says that it is wrong.
    pub on_wrong: Retry,
}

/// A message left by the caller.
#[derive(Debug)]
pub struct Record {
    /// Purpose, as in the ledger: `message`.
    pub purpose: String,
    /// Said before (with the tone).
    pub say: Vec<Line>,
    /// Longest message, seconds.
    pub max_s: u32,
    /// Silence that ends it, seconds.
    pub silence_s: u32,
    /// Anything shorter is no message, milliseconds.
    pub min_ms: u64,
    /// Key that ends it.
    pub ends: Option<Digit>,
    /// A message left means that we owe a call back.
    pub callback: bool,
    /// `recorded`, `empty`, `failed`.
    pub on: Outcomes,
}

/// A queue for a person. The caller is in it from the first moment of the step; everything else happens while he waits.
#[derive(Debug)]
pub struct Queue {
    /// The queue.
    pub name: String,
    /// The greeting, said once. It is cut off as soon as a person answers, but not by a failure: the caller hears where he
    /// has got to before he hears that nobody can be reached.
    pub say: Vec<Line>,
    /// Heard again and again.
    pub music: Vec<Line>,
    /// Said every now and then.
    pub comfort: Vec<Line>,
    /// How often, milliseconds.
    pub comfort_every_ms: u32,
    /// Keys taken while waiting. The place in the queue is kept until a step records, transfers, queues again or hangs up.
    pub keys: BTreeMap<Digit, Target>,
    /// Longest wait, milliseconds; then the outcome is `timeout`.
    pub max_wait_ms: Option<u32>,
    /// If no person is reached, a call back is owed.
    pub callback: bool,
    /// `answered` (the conversation is over), `full`, `closed`, `timeout`, `unavailable`.
    pub on: Outcomes,
}

impl Dialplan {
    /// The hotline that `dialled` reaches: an exactly written number before a pattern.
    pub fn number(&self, dialled: &str) -> Option<&Number> {
        let dialled = pattern::tidy(dialled);
        let find = |exact: bool| {
            self.numbers
                .iter()
                .find(|n| n.dial.iter().any(|p| p.is_exact() == exact && p.matches(&dialled)))
        };
        find(true).or_else(|| find(false))
    }

    /// Every hotline number, in the order of the files.
    pub fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    /// Every flow, in the order of the files.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// The step at `at`; every [`StepRef`] of this plan has one.
    pub(super) fn step(&self, at: StepRef) -> Option<&Step> {
        self.flows.get(usize::from(at.flow))?.steps.get(usize::from(at.step))
    }

    /// `flow.step`, as the ledger names it.
    pub(super) fn step_name(&self, at: StepRef) -> String {
        match (self.flows.get(usize::from(at.flow)), self.step(at)) {
            (Some(flow), Some(step)) => format!("{}.{}", flow.name, step.name),
            _ => String::from("?"),
        }
    }
}
