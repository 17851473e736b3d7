//! One agent: what he does, what he will do after it, and what he did today. Knows no caller who waits.

use std::time::Duration;

use crate::kernel::{AgentStatus, CallId, Mono, Now, Wall};

use super::types::{OfferId, Profile};
use super::waiting::QueueNo;

/// The number of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AgentNo(pub(super) u32);

/// Why an agent is paused who has signed in and not said that he is ready.
pub const NOT_READY: &str = "not_ready";
/// Why an agent is paused who left too many offers unanswered.
pub const NO_ANSWER: &str = "no_answer";

/// Where a free agent stands in the list of a queue: tier, what the strategy counts, since when free, himself.
pub(super) type Rank = (u8, u64, u64, AgentNo);

/// A queue that an agent serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serves {
    pub(super) queue: QueueNo,
    pub(super) tier: u8,
    /// His entry in the queue's list of free agents, while he is in it.
    pub(super) rank: Option<Rank>,
}

/// What he does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not at work.
    Out,
    /// May be offered something, if a telephone of his can be reached.
    Free,
    /// Takes no calls.
    Paused {
        /// Why.
        reason: String,
    },
    /// Is being offered something.
    Ringing {
        /// What.
        offer: OfferId,
        /// The task's call.
        call: CallId,
        /// The queue that it comes by.
        queue: QueueNo,
    },
    /// Speaks.
    Speaking(Speaking),
    /// Writes up.
    WrapUp(WrapUp),
}

/// In a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Speaking {
    pub(super) call: CallId,
    /// The queue that the call came by, or that the debt belongs to: then it is written up.
    pub(super) queue: Option<QueueNo>,
    /// The debt that is being paid.
    pub(super) debt: Option<CallId>,
    /// He has put the citizen on hold.
    pub(super) held: bool,
    /// Since when he has been talking, without the time on hold.
    pub(super) talking: Option<Mono>,
    pub(super) began: Mono,
    /// A wrap-up that this call interrupted.
    pub(super) interrupted: Option<WrapUp>,
}

/// Writing up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrapUp {
    pub(super) call: CallId,
    pub(super) queue: Option<QueueNo>,
    pub(super) until: Mono,
    pub(super) until_wall: Wall,
    /// It may not be extended beyond this.
    pub(super) limit: Mono,
    /// When the call began that is being written up.
    pub(super) began: Option<Mono>,
}

/// What he wants to do when the call, or the call and its wrap-up, is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    SignOut { by: Option<String> },
    Pause { reason: String, by: Option<String> },
}

/// Sums since local midnight.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Today {
    /// The local day that they belong to, in days since 1970.
    pub(super) day: i64,
    pub(super) talked: Duration,
    pub(super) calls: u32,
}

impl Today {
    /// The sums if they are of `day`, else nothing.
    pub(super) fn on(self, day: i64) -> Self {
        if self.day == day {
            self
        } else {
            Self { day, ..Self::default() }
        }
    }
}

/// One agent.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) profile: Profile,
    pub(super) serves: Vec<Serves>,
    pub(super) state: State,
    pub(super) since: Wall,
    pub(super) after: After,
    pub(super) reachable: bool,
    /// The account is gone; he stays until his call is over.
    pub(super) gone: bool,
    /// Order of becoming free: the lowest has been free for the longest time.
    pub(super) idle: u64,
    /// Order of having had a turn.
    pub(super) turn: u64,
    /// Where he stands in the list of all agents.
    pub(super) position: u64,
    /// Unanswered offers in a row.
    pub(super) misses: u32,
    pub(super) today: Today,
}

impl Agent {
    pub(super) fn new(profile: Profile, now: Now) -> Self {
        Self {
            profile,
            serves: Vec::new(),
            state: State::Out,
            since: now.wall,
            after: After::Nothing,
            reachable: false,
            gone: false,
            idle: 0,
            turn: 0,
            position: 0,
            misses: 0,
            today: Today::default(),
        }
    }

    /// As others see it.
    pub(super) const fn status(&self) -> AgentStatus {
        match &self.state {
            State::Out => AgentStatus::SignedOut,
            State::Free => AgentStatus::Available,
            State::Paused { .. } => AgentStatus::Paused,
            State::Ringing { .. } => AgentStatus::Ringing,
            State::Speaking(speaking) if speaking.held => AgentStatus::Holding,
            State::Speaking(_) => AgentStatus::Talking,
            State::WrapUp(_) => AgentStatus::WrapUp,
        }
    }

    /// The call that he is in, is offered or writes up; and its queue.
    pub(super) const fn call(&self) -> (Option<CallId>, Option<QueueNo>) {
        match &self.state {
            State::Out | State::Free | State::Paused { .. } => (None, None),
            State::Ringing { call, queue, .. } => (Some(*call), Some(*queue)),
            State::Speaking(speaking) => (Some(speaking.call), speaking.queue),
            State::WrapUp(wrap_up) => (Some(wrap_up.call), wrap_up.queue),
        }
    }

    pub(super) fn reason(&self) -> Option<String> {
        match &self.state {
            State::Paused { reason } => Some(reason.clone()),
            State::Out | State::Free | State::Ringing { .. } | State::Speaking(_) | State::WrapUp(_) => None,
        }
    }

    pub(super) const fn until(&self) -> Option<Wall> {
        match &self.state {
            State::WrapUp(wrap_up) => Some(wrap_up.until_wall),
            State::Out | State::Free | State::Paused { .. } | State::Ringing { .. } | State::Speaking(_) => None,
        }
    }

    /// May be offered something.
    pub(super) const fn is_free(&self) -> bool {
        matches!(self.state, State::Free) && self.reachable && !self.gone
    }

    /// At work, whatever he does there.
    pub(super) const fn is_in(&self) -> bool {
        !matches!(self.state, State::Out) && !matches!(self.after, After::SignOut { .. })
    }

    /// His level of a skill; 0 without it.
    pub(super) fn level(&self, skill: &str) -> u8 {
        self.profile.skills.get(skill).copied().unwrap_or(0)
    }

    /// Adds talk time up to now; what was talked before midnight was yesterday's.
    pub(super) fn count_talk(&mut self, since: Mono, now: Now, (day, into_day): (i64, Duration)) {
        self.today = self.today.on(day);
        self.today.talked += now.mono.since(since).min(into_day);
    }
}
