//! The floor: who waits, who is free, and who is given to whom. One pure machine for all queues and all agents of the house,
//! so that an agent can be promised to one call only. Knows no SIP, no sound and no clock of its own.
//!
//! Its shape is the house's: inputs with `now`, [`Floor::next_command`], [`Floor::poll_timeout`], [`Floor::handle_timeout`].

mod actions;
mod agent;
mod announce;
mod callback;
mod callers;
mod choose;
pub mod day;
pub mod erlang;
mod estimate;
mod floor;
mod line;
mod offers;
mod restore;
mod settings;
mod show;
mod slab;
mod timer;
mod types;
mod waiting;

#[cfg(test)]
mod tests;

pub use floor::Floor;
pub use types::{
    Action, AgentView, Announcement, CallbackRules, Command, Debt, FloorConfig, OfferId, Profile, QueueConfig,
    QueueView, Refused, Requirement, Restored, Returning, Strategy, Task, Waiter,
};
