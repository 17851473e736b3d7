//! The floor as the port sees it: one picture of a moment, and orders. Plain data and one trait.

use std::sync::Arc;

use crate::call::{Denied, Done, Order};
use crate::http::{Answer, LiveCall};
use crate::kernel::Wall;
use crate::queue::{AgentView, Debt, QueueView};

/// Agents, queues and calls of one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Every event up to this sequence number of the journal is in the picture; later ones may be. An event tells a state
    /// whole, so to apply one twice does no harm.
    pub seq: u64,
    /// When it was taken.
    pub at: Wall,
    /// All agents by name.
    pub agents: Vec<AgentView>,
    /// All queues by name.
    pub queues: Vec<QueueView>,
    /// All calls, the oldest first.
    pub calls: Vec<LiveCall>,
    /// Debts that the floor knows of, the oldest first.
    pub debts: Vec<Debt>,
    /// Telephones that are registered, by account.
    pub registrations: Vec<Registration>,
}

/// One registered telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The account.
    pub user: String,
    /// Its Contact.
    pub contact: String,
    /// Where its REGISTER came from, `udp 192.0.2.7:5060`.
    pub from: String,
    /// Its User-Agent.
    pub user_agent: String,
    /// When it ends.
    pub expires: Wall,
}

/// The way to live calls.
pub trait Floor: Send + Sync {
    /// What is going on. May be a tenth of a second old, never older than the last order that was carried out.
    fn picture(&self) -> Answer<'_, Arc<Picture>>;
    /// Carries an order out, or says why not. The outer error: the calls do not answer.
    fn order(&self, order: Order) -> Answer<'_, Result<Done, Denied>>;
}
