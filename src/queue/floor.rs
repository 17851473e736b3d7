//! The machine.

use std::time::Duration;

use crate::kernel::{AgentId, CallId, Mono, Now, OfferEnd, PhoneNumber};

use super::types::{
    Action, AgentView, Command, Debt, FloorConfig, OfferId, Profile, QueueView, Refused, Restored, Returning, Waiter,
};

/// All queues and agents.
pub struct Floor {
    config: FloorConfig,
}

impl Floor {
    /// A floor without agents. `seed` is for choices by lot.
    pub fn new(config: FloorConfig, seed: u64) -> Self {
        let _ = seed;
        Self { config }
    }

    /// New settings; callers and agents stay as they are. Callers of a queue that is gone leave with `no_agents`.
    pub fn reconfigure(&mut self, config: FloorConfig, now: Now) {
        let _ = now;
        self.config = config;
    }

    /// All accounts as they are from now on. Who is gone is signed out, after the call that he is in.
    pub fn set_agents(&mut self, profiles: Vec<Profile>, now: Now) {
        let _ = (profiles, now);
    }

    /// What was true before a restart: once, before the first call.
    pub fn restore(&mut self, agents: Vec<Restored>, returning: Vec<Returning>, debts: Vec<Debt>, now: Now) {
        let _ = (agents, returning, debts, now);
    }

    // ── callers ──

    /// A caller enters. Says what he has waited before, in all (for the record): what he carries, or what he had waited when
    /// a restart cut him off.
    ///
    /// # Errors
    /// [`Refused::UnknownQueue`].
    pub fn enter(&mut self, waiter: Waiter, now: Now) -> Result<Duration, Refused> {
        let _ = (waiter, now);
        Ok(Duration::ZERO)
    }

    /// The caller is gone, or goes elsewhere. What he waited in all.
    pub fn leave(&mut self, call: CallId, now: Now) -> Duration {
        let _ = (call, now);
        Duration::ZERO
    }

    /// The caller wants to be called back instead and hangs up: a debt takes his place in the queue.
    pub fn leave_for_callback(&mut self, call: CallId, debt: Debt, now: Now) {
        let _ = (call, debt, now);
    }

    // ── agents ──

    /// What an agent wants. `by` is who asks for him, if somebody does.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn act(&mut self, agent: &AgentId, action: Action, by: Option<&str>, now: Now) -> Result<(), Refused> {
        let _ = (agent, action, by, now);
        Err(Refused::UnknownAgent)
    }

    /// Whether a telephone of the agent's is registered: without one he is offered nothing.
    pub fn reachable(&mut self, agent: &AgentId, reachable: bool, now: Now) {
        let _ = (agent, reachable, now);
    }

    /// The agent begins a call that the floor did not offer (calls somebody, is consulted, picks up). Takes back an offer
    /// that rings there.
    ///
    /// # Errors
    /// [`Refused::NotNow`] if he speaks already.
    pub fn engage(&mut self, agent: &AgentId, call: CallId, now: Now) -> Result<(), Refused> {
        let _ = (agent, call, now);
        Err(Refused::UnknownAgent)
    }

    /// The agent has put the citizen on hold, or comes back.
    pub fn hold(&mut self, agent: &AgentId, on: bool, now: Now) {
        let _ = (agent, on, now);
    }

    /// The agent's part in the call is over: he writes it up, if it came by a queue or was placed for a debt.
    pub fn part_over(&mut self, agent: &AgentId, call: CallId, now: Now) {
        let _ = (agent, call, now);
    }

    // ── offers ──

    /// The agent has answered: the call is his. `Err`: the offer is over, hang up on him.
    ///
    /// # Errors
    /// [`Refused::TooLate`].
    pub fn offer_answered(&mut self, offer: OfferId, now: Now) -> Result<(), Refused> {
        let _ = (offer, now);
        Err(Refused::TooLate)
    }

    /// The offer came to nothing: the caller keeps his place.
    pub fn offer_ended(&mut self, offer: OfferId, outcome: OfferEnd, now: Now) {
        let _ = (offer, outcome, now);
    }

    // ── debts ──

    /// A citizen is owed a call.
    pub fn owe(&mut self, debt: Debt, now: Now) {
        let _ = (debt, now);
    }

    /// What came of an attempt to call back (the offer of [`super::Task::CallBack`], or an agent's own call): `reached` settles it.
    pub fn callback_tried(&mut self, debt: CallId, reached: bool, now: Now) {
        let _ = (debt, reached, now);
    }

    /// Somebody decided, or the citizen called again and was served.
    pub fn settle(&mut self, debt: CallId) -> Option<Debt> {
        let _ = debt;
        None
    }

    /// Debts to a number: all are settled when a person has spoken with it.
    pub fn debts_to(&self, number: &PhoneNumber) -> Vec<CallId> {
        let _ = number;
        Vec::new()
    }

    /// All debts, the oldest first.
    pub fn debts(&self) -> Vec<Debt> {
        Vec::new()
    }

    // ── the machine ──

    /// What to do next.
    pub fn next_command(&mut self) -> Option<Command> {
        None
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        None
    }

    /// Everything that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        let _ = now;
    }

    // ── to be shown ──

    /// An account.
    pub fn profile(&self, agent: &AgentId) -> Option<&Profile> {
        let _ = agent;
        None
    }

    /// All agents by name.
    pub fn agents(&self, now: Now) -> Vec<AgentView> {
        let _ = now;
        Vec::new()
    }

    /// All queues by name.
    pub fn queues(&self, now: Now) -> Vec<QueueView> {
        let _ = now;
        Vec::new()
    }
}
