//! One signalling shard: a thread that hands messages, sounds, commits and time to its exchange and carries out what
//! the exchange says. It owns every call whose SIP Call-ID falls to it, so nothing in a call is locked.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::call::{CallView, Denied, Done, Exchange, Order, Recorded, Shared, TrunkState};
use crate::kernel::{Dialog, MediaId, Now, PhoneNumber, Wall};
use crate::media::{MediaOutput, QualityStats};
use crate::queue::{AgentView, Debt, FloorConfig, Profile, QueueView, Restored, Returning};
use crate::sip::Flow;
use crate::sip::message::{Malformed, Message};
use crate::sip::registrar::{Accounts, BindingChange};
use crate::sip::trunk::{Answer, Target};

use super::clock;
use super::hands::Hands;

/// Inputs that may wait for one shard. A burst beyond it is dropped at the door: SIP sends again.
pub const INPUTS_MAX: usize = 65_536;
/// Inputs taken in one turn before the timers are looked at.
const TURN_MAX_INPUTS: usize = 64;

/// What reaches a shard.
pub enum Input {
    /// A SIP message, or what could not be read as one.
    Sip(Box<Result<Message, Malformed>>, Flow),
    /// A connection broke.
    FlowFailed(Flow),
    /// The ledger has these tickets.
    Committed(Vec<u64>),
    /// A media worker reports.
    Heard(MediaId, MediaOutput),
    /// A session is gone.
    MediaClosed(MediaId, Box<QualityStats>),
    /// A recording is complete.
    Recorded(MediaId, Recorded),
    /// The way to a peer is known, or there is none.
    Reached(u64, Option<Flow>),
    /// A name of a trunk is resolved, or cannot be.
    Resolved(u64, Answer),
    /// A trunk of the first shard has changed.
    TrunkChanged(TrunkState),
    /// A call of another shard found an address of a trunk dead.
    TrunkFailed(String, Target),
    /// An account's telephones have changed.
    Bound(BindingChange),
    /// All accounts as they are from now on.
    Agents(Arc<Vec<Profile>>),
    /// Who may call as one of ours, and the hashes of their passwords.
    Accounts(Arc<Accounts>),
    /// New queues.
    Floor(Arc<FloorConfig>),
    /// What was true before a restart: once, before the first call.
    Restore(Box<Past>),
    /// An order, and who wants to know what came of it. Told when the ledger has it.
    Order(Box<Order>, oneshot::Sender<Result<Done, Denied>>),
    /// Who wants to see agents, queues and debts.
    Room(oneshot::Sender<Room>),
    /// Goodbye in a dialog of the last run, by this way.
    Farewell(Box<Dialog>, Flow),
    /// The house closes: the first shard gives the registrations back.
    StopTrunks,
    /// Who wants to know when the carriers have taken it.
    TrunksStopped(oneshot::Sender<bool>),
    /// New settings.
    Reload(Arc<Shared>),
    /// Who wants to see the live calls.
    Views(oneshot::Sender<Vec<CallView>>),
    /// Who wants to know when nothing is left to do.
    Idle(oneshot::Sender<bool>),
    /// The drain's time is over.
    EndAll,
    /// The thread may go home.
    Stop,
}

/// What the ledger knows of the time before a restart.
#[derive(Debug, Default)]
pub struct Past {
    /// Agents as they were.
    pub agents: Vec<Restored>,
    /// Callers whom the restart cut off while they waited.
    pub returning: Vec<Returning>,
    /// Calls back that are owed.
    pub debts: Vec<Debt>,
    /// Numbers that were asked of late how it was.
    pub asked: Vec<(PhoneNumber, Wall)>,
}

/// The floor of this moment.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// All agents by name.
    pub agents: Vec<AgentView>,
    /// All queues by name.
    pub queues: Vec<QueueView>,
    /// Calls back that are owed, the oldest first.
    pub debts: Vec<Debt>,
}

/// Who waits for the ledger to have an order, and what he is told then.
pub(super) type OrderAnswer = (oneshot::Sender<Result<Done, Denied>>, Result<Done, Denied>);

/// A shard and its hands.
pub(super) struct Shard {
    pub exchange: Exchange,
    pub hands: Hands,
    /// Answers to orders, by the ticket that they wait for.
    pub answers: HashMap<u64, OrderAnswer>,
}

impl Shard {
    /// Runs until [`Input::Stop`] or until nobody can send any more.
    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut batch = Vec::with_capacity(TURN_MAX_INPUTS);
        let alarm = tokio::time::sleep_until(tokio::time::Instant::now());
        tokio::pin!(alarm);
        self.drain(); // what the trunks wanted before anybody listened
        loop {
            let due = self.exchange.poll_timeout().map(clock::instant);
            if let Some(at) = due
                && at != alarm.deadline()
            {
                alarm.as_mut().reset(at);
            }
            tokio::select! {
                biased;
                count = inputs.recv_many(&mut batch, TURN_MAX_INPUTS) => {
                    if count == 0 {
                        return;
                    }
                }
                () = &mut alarm, if due.is_some() => {}
            }
            for input in batch.drain(..) {
                if matches!(input, Input::Stop) {
                    return;
                }
                self.take(input);
                self.drain();
            }
            let now = clock::now();
            if self.exchange.poll_timeout().is_some_and(|at| at <= now.mono) {
                self.exchange.handle_timeout(now);
                self.drain();
            }
            self.hands.show(&self.exchange);
        }
    }

    fn take(&mut self, input: Input) {
        let now = clock::now();
        match input {
            Input::Sip(message, flow) => self.exchange.receive(*message, flow, now),
            Input::FlowFailed(flow) => self.exchange.flow_failed(&flow, now),
            Input::Committed(tickets) => {
                for ticket in tickets {
                    if let Some((reply, done)) = self.answers.remove(&ticket) {
                        let _ = reply.send(done); // whoever asked may have gone
                    }
                    self.exchange.committed(ticket, now);
                }
            }
            Input::Heard(id, output) => self.exchange.heard(id, &output, now),
            Input::MediaClosed(id, quality) => self.exchange.media_closed(id, &quality, now),
            Input::Recorded(id, recorded) => self.exchange.recorded(id, &recorded, now),
            Input::Reached(query, flow) => self.exchange.reached(query, flow, now),
            Input::Resolved(query, answer) => self.exchange.resolved(query, answer, now),
            Input::TrunkChanged(state) => self.exchange.trunk_changed(state),
            Input::TrunkFailed(name, target) => self.exchange.trunk_target_failed(&name, target, now),
            Input::Bound(change) => self.exchange.bound(change, now),
            Input::Agents(profiles) => self.exchange.set_agents(profiles.to_vec(), now),
            Input::Farewell(dialog, flow) => {
                if let Err(error) = self.exchange.farewell(&dialog, flow, now) {
                    tracing::warn!(%error, "a telephone of a call that was cut off cannot be told");
                }
            }
            Input::Accounts(accounts) => self.exchange.set_accounts(accounts),
            Input::Floor(config) => self.exchange.set_floor((*config).clone(), now),
            Input::Restore(past) => {
                self.exchange.restore_asked(past.asked);
                self.exchange.restore(past.agents, past.returning, past.debts, now);
            }
            Input::Order(order, reply) => self.order(*order, reply, now),
            Input::Room(reply) => {
                let room = Room {
                    agents: self.exchange.agents(now),
                    queues: self.exchange.queues(now),
                    debts: self.exchange.debts(),
                };
                let _ = reply.send(room); // whoever asked may have gone
            }
            Input::StopTrunks => self.exchange.stop_trunks(now),
            Input::TrunksStopped(reply) => {
                let _ = reply.send(self.exchange.trunks_are_stopped(now));
            }
            Input::Reload(shared) => self.exchange.reload((*shared).clone()),
            Input::Views(reply) => {
                let _ = reply.send(self.exchange.views()); // whoever asked may have gone
            }
            Input::Idle(reply) => {
                let _ = reply.send(self.exchange.is_idle());
            }
            Input::EndAll => self.exchange.end_all(now),
            Input::Stop => {}
        }
    }

    /// What an answer says is in the ledger before the answer leaves.
    fn order(&mut self, order: Order, reply: oneshot::Sender<Result<Done, Denied>>, now: Now) {
        let done = self.exchange.order(order, now);
        let ticket = done.is_ok().then(|| self.exchange.ticket_of_the_last()).flatten();
        match ticket {
            Some(ticket) => {
                self.answers.insert(ticket, (reply, done));
            }
            None => {
                let _ = reply.send(done); // whoever asked may have gone
            }
        }
    }

    fn drain(&mut self) {
        while let Some(command) = self.exchange.next_command() {
            self.hands.carry_out(command, &mut self.exchange);
        }
    }
}
