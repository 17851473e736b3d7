//! A day of a hotline in virtual time: citizens who call, lose patience, speak; agents in shifts who answer, pause, do not
//! hear the telephone. Everything is drawn from a seed. What stands between them is a [`House`]: the floor alone, or more.
//!
//! The day only knows what people know: it hears telephones ring and voices answer. What it sees is judged ([`Report`]).

mod book;
mod figures;
mod floor_house;
mod people;
mod run;
mod town;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::kernel::{AgentStatus, CallId, Mono, Now, PhoneNumber, Wall};

use super::types::{Action, FloorConfig, Profile};

pub use figures::{Figures, Waits};
pub use floor_house::FloorHouse;
pub use people::{Draw, HOURLY, shifts};
pub use run::run;

/// A citizen's call as it will be if somebody answers.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub number: PhoneNumber,
    /// Which queue.
    pub queue: usize,
    /// When.
    pub at: Mono,
    /// How long the citizen waits before hanging up.
    pub patience: Duration,
    /// How long they will speak.
    pub talk: Duration,
    /// How long the agent would write it up.
    pub wrap_up: Duration,
}

/// The town that calls and the people who answer.
#[derive(Clone, Debug)]
pub struct Town {
    /// Settings of the house.
    pub floor: FloorConfig,
    /// Queues with the share of the calls that each gets.
    pub queues: Vec<(String, f64)>,
    /// Agents with their hours: minutes after midnight; a shift may go over midnight.
    pub agents: Vec<(Profile, Vec<(u16, u16)>)>,
    /// Calls of the day.
    pub calls: u32,
    /// Share of the calls in each hour, in any unit.
    pub hourly: [f64; 24],
    /// Midnight.
    pub midnight: Wall,
    /// How long citizens wait before they give up.
    pub patience: Draw,
    /// How long they speak.
    pub talk: Draw,
    /// How long agents write up.
    pub wrap_up: Draw,
    /// How long an agent takes to pick up.
    pub pick_up: Draw,
    /// Share of offers that an agent does not answer.
    pub deaf: f64,
    /// Share of offers that an agent refuses.
    pub refuses: f64,
    /// Share of call-backs that reach the citizen.
    pub reached: f64,
    /// Citizens who gave up are called back.
    pub calls_back: bool,
}

/// What people do to the house. Agents and calls are known by number; a ring is one ringing of one telephone.
pub trait House {
    /// A citizen calls.
    fn dials(&mut self, caller: &Caller, now: Now);
    /// A citizen who waits hangs up.
    fn gives_up(&mut self, caller: &Caller, now: Now);
    /// An agent picks up.
    fn picks_up(&mut self, ring: u64, now: Now);
    /// An agent refuses.
    fn refuses(&mut self, ring: u64, now: Now);
    /// The telephone has rung as long as it was to ring.
    fn rings_out(&mut self, ring: u64, now: Now);
    /// A conversation is over.
    fn ends(&mut self, agent: usize, call: CallId, now: Now);
    /// The telephone of a citizen who is called back is answered, or not.
    fn called_back(&mut self, agent: usize, call: CallId, reached: bool, now: Now);
    /// An agent presses a key.
    fn acts(&mut self, agent: usize, action: Action, now: Now);
    /// What has happened.
    fn next_heard(&mut self) -> Option<Heard>;
    /// When [`Self::handle_timeout`] wants to be called.
    fn poll_timeout(&self) -> Option<Mono>;
    /// Everything that is due.
    fn handle_timeout(&mut self, now: Now);
    /// What is wrong inside, if anything is: asked at the end of the day, when everybody has gone.
    fn remains(&self) -> Vec<String>;
}

/// What people hear and see.
#[derive(Clone, Copy, Debug)]
pub enum Heard {
    /// An agent's telephone rings.
    Rings {
        /// Which ringing.
        ring: u64,
        /// The agent.
        agent: usize,
        /// The call, or the call that is owed one.
        call: CallId,
        /// It is a call-back: when the agent answers, the citizen's telephone rings.
        back: bool,
        /// How long it will ring.
        ring_timeout: Duration,
    },
    /// It stops.
    Stops {
        /// Which ringing.
        ring: u64,
    },
    /// A citizen is told that nobody can be reached.
    TurnedAway {
        /// The call.
        call: CallId,
    },
    /// What the display of an agent's telephone shows.
    Shows {
        /// The agent.
        agent: usize,
        /// The status.
        status: AgentStatus,
    },
}

/// What a day was like.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures of the definitions.
    pub figures: Figures,
    /// Promises that were broken. Empty, or there is a mistake in the house.
    pub broken: Vec<String>,
}
