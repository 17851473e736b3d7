//! `[floor]` and `[[queue]]`: who waits where, for whom, and for how long. Knows no agent: accounts are data, not configuration.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// Most queues.
pub const QUEUES_MAX: usize = 100;

/// `[floor]`: what all queues have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Floor {
    /// Time in which a caller whom a restart cut off gets his place back, seconds.
    pub redial_within_s: u32,
}

impl Default for Floor {
    fn default() -> Self {
        Self { redial_within_s: 120 }
    }
}

impl Floor {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![bound("redial_within_s", self.redial_within_s, 0..=3_600)]
    }
}

/// How the next agent is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Free for the longest time.
    #[default]
    LongestIdle,
    /// In turn.
    RoundRobin,
    /// The first by name who is free.
    TopDown,
    /// The least talk time today.
    LeastTalk,
    /// The fewest calls today.
    FewestCalls,
    /// All at once.
    RingAll,
    /// By lot.
    Random,
}

/// One `[[queue.requires]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requires {
    /// The skill.
    pub skill: String,
    /// The least level.
    pub level: u8,
    /// A wish, not a must.
    pub preferred: bool,
    /// The level sinks by one each time this has passed, seconds; 0: never.
    pub widens_every_s: u32,
}

impl Default for Requires {
    fn default() -> Self {
        Self {
            skill: String::new(),
            level: 1,
            preferred: false,
            widens_every_s: 0,
        }
    }
}

/// One `[[queue]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// Name, as the plans call it.
    pub name: String,
    /// What people read.
    pub title: String,
    /// How the next agent is chosen.
    pub strategy: Strategy,
    /// How long an agent's telephone rings, seconds.
    pub ring_timeout_s: u32,
    /// Time to write up a call, seconds.
    pub wrap_up_s: u32,
    /// The most that an agent may extend it to, seconds.
    pub wrap_up_max_s: u32,
    /// Unanswered offers in a row after which an agent is paused.
    pub rona_after: u32,
    /// Callers at once.
    pub length_max: u32,
    /// Longest wait, seconds; 0: no limit.
    pub wait_max_s: u32,
    /// Estimated wait above which a newcomer is turned away, seconds; 0: no limit.
    pub estimate_max_s: u32,
    /// A newcomer is turned away when nobody is signed in who could ever take the call.
    pub needs_agents: bool,
    /// Higher is served first.
    pub priority: u32,
    /// What one step of priority is worth in waiting, seconds.
    pub ageing_s: u32,
    /// What each call of this queue asks of an agent.
    pub requires: Vec<Requires>,
    /// How often position and wait may be told, seconds; 0: never.
    pub announce_every_s: u32,
    /// Debts are offered to free agents by themselves.
    pub callback_automatic: bool,
    /// Attempts before a person has to decide.
    pub callback_attempts_max: u32,
    /// Time between two attempts, seconds.
    pub callback_retry_after_s: u32,
    /// When citizens may be called from, local time, `HH:MM`.
    pub callback_from: String,
    /// Until when, local time, `HH:MM`.
    pub callback_until: String,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            name: String::new(),
            title: String::new(),
            strategy: Strategy::default(),
            ring_timeout_s: 15,
            wrap_up_s: 30,
            wrap_up_max_s: 300,
            rona_after: 2,
            length_max: 200,
            wait_max_s: 0,
            estimate_max_s: 0,
            needs_agents: true,
            priority: 0,
            ageing_s: 60,
            requires: Vec::new(),
            announce_every_s: 0,
            callback_automatic: true,
            callback_attempts_max: 3,
            callback_retry_after_s: 1_800,
            callback_from: "08:30".into(),
            callback_until: "20:00".into(),
        }
    }
}

impl Queue {
    /// The shape of everything that can be set.
    pub(super) fn shape() -> Self {
        Self {
            requires: vec![Requires::default()],
            ..Self::default()
        }
    }

    pub(super) fn bounds(&self) -> Vec<Bound> {
        let mut all = vec![
            bound("ring_timeout_s", self.ring_timeout_s, 3..=120),
            bound("wrap_up_s", self.wrap_up_s, 0..=3_600),
            bound("wrap_up_max_s", self.wrap_up_max_s, 0..=3_600),
            bound("rona_after", self.rona_after, 1..=100),
            bound("length_max", self.length_max, 0..=10_000),
            bound("wait_max_s", self.wait_max_s, 0..=86_400),
            bound("estimate_max_s", self.estimate_max_s, 0..=86_400),
            bound("priority", self.priority, 0..=100),
            bound("ageing_s", self.ageing_s, 1..=3_600),
            bound("announce_every_s", self.announce_every_s, 0..=3_600),
            bound("callback_attempts_max", self.callback_attempts_max, 1..=100),
            bound("callback_retry_after_s", self.callback_retry_after_s, 60..=86_400),
        ];
        for (index, requires) in self.requires.iter().enumerate() {
            let key = |name: &str| format!("requires[{index}].{name}");
            all.push(bound(&key("level"), requires.level, 1..=10));
            all.push(bound(&key("widens_every_s"), requires.widens_every_s, 0..=3_600));
        }
        all
    }

    /// Hours in which citizens are called, minutes after midnight; `None` if a time is none.
    pub fn callback_window(&self) -> Option<(u16, u16)> {
        Some((minutes(&self.callback_from)?, minutes(&self.callback_until)?))
    }

    /// Key, whether it holds, and what to say if not.
    pub(super) fn rules(&self) -> Vec<(&'static str, bool, String)> {
        let window = self.callback_window();
        let told = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        let unnamed = self.requires.iter().any(|requires| requires.skill.is_empty());
        vec![
            (
                "name",
                !self.name.is_empty() && self.name.len() <= 32 && self.name.chars().all(told),
                "a queue needs a name of small letters, digits, - and _, at most 32".into(),
            ),
            (
                "wrap_up_s",
                self.wrap_up_s <= self.wrap_up_max_s,
                "wrap_up_s must not be above wrap_up_max_s".into(),
            ),
            ("requires", !unnamed, "each of requires needs a skill".into()),
            (
                "callback_from",
                window.is_some_and(|(from, until)| from < until),
                format!(
                    "citizens are called from {:?} until {:?}: two times of one day such as \"08:30\" and \"20:00\" are wanted",
                    self.callback_from, self.callback_until
                ),
            ),
        ]
    }
}

/// `HH:MM` as minutes after midnight; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| {
        let shaped = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| shaped)
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}
