//! What the floor is told and what it says. Plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::kernel::{AgentId, AgentStatus, CallId, OfferEnd, PhoneNumber, Role, Wall};

/// How the next agent is chosen among those who may take a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Free for the longest time.
    #[default]
    LongestIdle,
    /// In turn.
    RoundRobin,
    /// The first of the list who is free.
    TopDown,
    /// The least talk time today.
    LeastTalk,
    /// The fewest calls today.
    FewestCalls,
    /// All at once; the first to answer has the call.
    RingAll,
    /// By lot.
    Random,
}

/// What a call asks of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The skill: `english`, `dialect`, `fund` …
    pub skill: String,
    /// The least level, 1–10.
    pub level: u8,
    /// Without it an agent is only chosen if nobody has it; otherwise never.
    pub preferred: bool,
    /// The level sinks by one, down to nothing, each time this has passed: better some answer than none. `None`: never.
    pub widens_every: Option<Duration>,
}

/// Rules for calling back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRules {
    /// Debts are offered to free agents by the floor itself; otherwise only agents and supervisors take them.
    pub automatic: bool,
    /// Attempts before a person has to decide.
    pub attempts_max: u32,
    /// Time between two attempts.
    pub retry_after: Duration,
    /// Local time of day in which citizens are called, minutes after midnight: never at 2 a.m.
    pub window_minutes: (u16, u16),
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Its name, as plans call it.
    pub name: String,
    /// How agents are chosen.
    pub strategy: Strategy,
    /// How long an agent's telephone rings.
    pub ring_timeout: Duration,
    /// Time to write up a call.
    pub wrap_up: Duration,
    /// The most that an agent may extend it to.
    pub wrap_up_max: Duration,
    /// Unanswered offers in a row after which an agent is paused (RONA).
    pub rona_after: u32,
    /// Callers at once; `full` above it.
    pub length_max: usize,
    /// Longest wait; `timeout` after it.
    pub wait_max: Option<Duration>,
    /// Estimated wait above which a newcomer is turned away: `long_wait`.
    pub estimate_max: Option<Duration>,
    /// A newcomer is turned away with `no_agents` when nobody is signed in who could ever take the call.
    pub needs_agents: bool,
    /// Higher is served first.
    pub priority: i32,
    /// What one step of priority is worth in waiting: who has waited this much longer makes up for one step, so that nobody
    /// starves (the bound stands in `queue::waiting`).
    pub ageing: Duration,
    /// What each call of this queue asks.
    pub requires: Vec<Requirement>,
    /// How often position and wait may be told. `None`: never.
    pub announce_every: Option<Duration>,
    /// Calling back.
    pub callback: CallbackRules,
}

/// All queues, and what is common to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloorConfig {
    /// The queues by name.
    pub queues: BTreeMap<String, QueueConfig>,
    /// Time in which a caller whom a restart cut off gets his place back.
    pub redial_within: Duration,
    /// Offset of local time from UTC, seconds (windows for calling back).
    pub utc_offset_s: i32,
}

/// Who an agent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Account.
    pub id: AgentId,
    /// Name for people.
    pub name: String,
    /// What he may do besides.
    pub role: Role,
    /// Queues that he serves; those with a lower tier are asked before those with a higher.
    pub queues: BTreeMap<String, u8>,
    /// Skills with their level, 1–10.
    pub skills: BTreeMap<String, u8>,
    /// Own time to write up, instead of the queue's.
    pub wrap_up: Option<Duration>,
}

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The call.
    pub call: CallId,
    /// The queue.
    pub queue: String,
    /// Who calls.
    pub number: PhoneNumber,
    /// What the call asks besides what its queue asks.
    pub requires: Vec<Requirement>,
    /// Besides the queue's.
    pub priority: i32,
    /// Waited already, in another queue.
    pub carried: Duration,
}

/// A citizen who is owed a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The call that owes it.
    pub call: CallId,
    /// Whom to call.
    pub number: PhoneNumber,
    /// The queue that it came from, or the one that serves debts.
    pub queue: String,
    /// Why: see `EventKind::CallbackOwed`.
    pub because: String,
    /// Since when.
    pub owed_at: Wall,
    /// Attempts so far.
    pub attempts: u32,
    /// Not before.
    pub not_before: Option<Wall>,
}

/// One offer of one task to one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfferId(pub u64);

/// What an agent is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A caller who waits.
    Call(CallId),
    /// A debt: the agent's telephone rings first, then the citizen's.
    CallBack(Debt),
}

/// What an agent, or somebody for him, wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Come to work: paused until ready, unless `ready`.
    SignIn {
        /// Free at once.
        ready: bool,
    },
    /// Go home. During a call it is done after it.
    SignOut,
    /// Take calls. Ends a wrap-up and a pause.
    Ready,
    /// Take no calls. During a call it is done after it, and its wrap-up.
    Pause {
        /// Reason code.
        reason: String,
    },
    /// More time to write up.
    ExtendWrapUp {
        /// So much more.
        by: Duration,
    },
}

/// Why an input was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such agent.
    #[error("no such agent")]
    UnknownAgent,
    /// No such queue.
    #[error("no such queue")]
    UnknownQueue,
    /// The agent is not signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// Not in what the agent is doing.
    #[error("not now")]
    NotNow,
    /// The offer is over, or never was.
    #[error("too late")]
    TooLate,
    /// The wrap-up is as long as it may be.
    #[error("no more time to write up")]
    NoMoreTime,
}

/// What a waiting caller may be told. Bands, not numbers: nobody is promised a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// How many are before him.
    pub ahead: usize,
    /// Estimated wait, whole minutes, from–to; `None` when data is thin.
    pub minutes: Option<(u32, u32)>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Ring the agent's telephones. He is reserved until `offer_answered` or `offer_ended`.
    Offer {
        /// To be named in what follows.
        offer: OfferId,
        /// The agent.
        agent: AgentId,
        /// For what.
        task: Task,
        /// How long it may ring.
        ring_timeout: Duration,
        /// What the caller has waited, in all.
        waited: Duration,
    },
    /// Stop ringing: the offer is over for the floor already, and the agent may be offered something else at once. Ring his
    /// telephone for that only when it has stopped ringing for this, or it will say that it is busy.
    Withdraw {
        /// Which.
        offer: OfferId,
    },
    /// The queue is done with a caller: `full`, `timeout`, `long_wait`, `no_agents`.
    Done {
        /// The call.
        call: CallId,
        /// How.
        outcome: String,
    },
    /// The caller may be told.
    Announce {
        /// The call.
        call: CallId,
        /// What.
        words: Announcement,
    },
    /// An agent's status has changed: to be noted in the ledger as `AgentChanged`.
    Changed {
        /// The agent.
        agent: AgentId,
        /// What he does now.
        status: AgentStatus,
        /// Reason of a pause.
        reason: Option<String>,
        /// The call.
        call: Option<CallId>,
        /// The queue.
        queue: Option<String>,
        /// When the wrap-up ends by itself.
        until: Option<Wall>,
        /// Who did it, if not the agent or the system.
        by: Option<String>,
    },
    /// An offer ended without an answer: to be noted as `OfferEnded`, for calls.
    OfferEnded {
        /// The task's call.
        call: CallId,
        /// The agent.
        agent: AgentId,
        /// How.
        outcome: OfferEnd,
    },
}

/// An agent as he was before a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Who.
    pub agent: AgentId,
    /// What he did.
    pub status: AgentStatus,
    /// Why, for a pause.
    pub reason: Option<String>,
    /// The call.
    pub call: Option<CallId>,
    /// The queue.
    pub queue: Option<String>,
    /// When the wrap-up was to end.
    pub until: Option<Wall>,
    /// Since when.
    pub since: Wall,
    /// Talk time since local midnight.
    pub talked_today: Duration,
    /// Calls since local midnight.
    pub calls_today: u32,
}

/// A caller whom the restart cut off while he waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returning {
    /// Who.
    pub number: PhoneNumber,
    /// In which queue.
    pub queue: String,
    /// What he had waited when the server died.
    pub waited: Duration,
    /// When he entered: callers who come back stand in this order.
    pub entered: Wall,
}

/// One agent, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentView {
    /// Who.
    pub profile: Profile,
    /// What he does.
    pub status: AgentStatus,
    /// Why, for a pause.
    pub reason: Option<String>,
    /// Since when.
    pub since: Wall,
    /// The call.
    pub call: Option<CallId>,
    /// When the wrap-up ends.
    pub until: Option<Wall>,
    /// Whether a telephone of his is registered.
    pub reachable: bool,
    /// Talk time since local midnight.
    pub talked_today: Duration,
    /// Calls since local midnight.
    pub calls_today: u32,
}

/// One queue, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Its name.
    pub name: String,
    /// Callers in the order in which they would be served now: call, number, time of entering, total wait.
    pub waiting: Vec<(CallId, PhoneNumber, Wall, Duration)>,
    /// Debts that wait for their turn.
    pub debts: usize,
    /// Agents signed in who serve it, and how many of them are free.
    pub agents: (usize, usize),
    /// Estimated wait of a newcomer; `None` when data is thin.
    pub estimate: Option<Duration>,
    /// By how much estimates were wrong in the last half hour, on average; `None` when none could be judged.
    pub estimate_error: Option<Duration>,
}
