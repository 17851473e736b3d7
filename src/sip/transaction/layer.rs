//! All transactions of one shard: finds the one a message belongs to, opens and closes them, keeps their timers. Knows no dialog.

mod asking;
mod receiving;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use super::command::{ClientKey, Command, ServerKey, TransactionConfig};
use super::context::{Context, Shared};
use super::identity::{self, Identity};
use super::invite_client::{self, InviteClient};
use super::invite_server::{self, InviteServer};
use super::plain_client::{self, PlainClient};
use super::plain_server::{self, PlainServer};
use super::pressure::Pressure;
use super::timer::{Timer, Timers};
use crate::kernel::Mono;
use crate::sip::Flow;
use crate::sip::message::{HeaderName, Malformed, Message, Method, Request, Response};

/// Shortest T1: shorter ones would only fill the queue.
const T1_MIN: Duration = Duration::from_millis(1);

/// The transaction layer of one shard.
///
/// One turn: call one of the input functions, drain [`Layer::next_command`], re-arm the clock at
/// [`Layer::poll_timeout`].
#[derive(Debug)]
pub struct Layer {
    pub(super) shared: Shared,
    pub(super) entries: HashMap<u64, Entry>,
    pub(super) names: HashMap<Identity, u64>,
    /// Requests outside dialogs, to recognise copies of them that came by another way.
    pub(super) merges: HashMap<u64, u64>,
    /// (Hash of the flow, transaction): who is concerned when a flow breaks.
    pub(super) by_flow: BTreeSet<(u64, u64)>,
    last_id: u64,
    /// Salt of tags and hashes, so that strangers cannot predict them.
    secret: u64,
    rng: StdRng,
}

/// One transaction.
#[derive(Debug)]
pub(super) struct Entry {
    identity: Identity,
    flow: Flow,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    InviteClient(InviteClient),
    PlainClient {
        machine: PlainClient,
        /// A CANCEL of ours, whose answer concerns nobody.
        silent: bool,
    },
    InviteServer {
        machine: InviteServer,
        facts: Facts,
    },
    PlainServer {
        machine: PlainServer,
        facts: Facts,
    },
}

/// What is kept of a request that we answer.
#[derive(Debug)]
struct Facts {
    /// For answers of ours that lack a To tag.
    tag: u64,
    /// The To tag of our first answer that had one.
    answered_tag: Option<Box<str>>,
    /// Its entry in `Layer::merges`.
    merge: Option<u64>,
    /// Whether it is a copy of another request that is still being handled.
    merged: bool,
}

impl Layer {
    /// An empty layer. `rng` yields branches and the salt of tags.
    pub fn new(config: TransactionConfig, mut rng: StdRng) -> Self {
        let config = TransactionConfig {
            t1: config.t1.max(T1_MIN),
            ..config
        };
        Self {
            shared: Shared {
                config,
                timers: Timers::default(),
                commands: VecDeque::new(),
                pressure: Pressure::default(),
            },
            entries: HashMap::new(),
            names: HashMap::new(),
            merges: HashMap::new(),
            by_flow: BTreeSet::new(),
            last_id: 0,
            secret: rng.random(),
            rng,
        }
    }

    /// Takes one message from the network.
    pub fn receive(&mut self, message: Message, flow: Flow, now: Mono) {
        match message {
            Message::Request(request) => self.receive_request(request, flow, now),
            Message::Response(response) => self.receive_response(response, flow, now),
        }
    }

    /// Gives an answer, provisional or final. A To tag is added where it is missing. An answer that
    /// no longer has its transaction is dropped.
    pub fn respond(&mut self, key: ServerKey, mut response: Response, now: Mono) {
        let Some(facts) = self.entries.get_mut(&key.0).and_then(Entry::facts_mut) else {
            return;
        };
        add_tag(&mut response, facts.tag);
        if response.status > 100 && facts.answered_tag.is_none() {
            facts.answered_tag = identity::to_tag(&response.headers).map(String::into_boxed_str);
        }
        let (status, bytes) = (response.status, Arc::from(response.to_bytes()));
        self.turn(key.0, now, |machine, cx| match machine {
            Machine::InviteServer { machine, .. } => {
                machine.handle(invite_server::Input::Response(status, bytes), cx);
            }
            Machine::PlainServer { machine, .. } => {
                machine.handle(plain_server::Input::Response(status, bytes), cx);
            }
            Machine::InviteClient(_) | Machine::PlainClient { .. } => {}
        });
    }

    /// Whether the request is a copy of one that came by another way and is still being handled;
    /// its user answers 482 Loop Detected (RFC 3261 §8.2.2.2).
    pub fn is_merged(&self, key: ServerKey) -> bool {
        let facts = self.entries.get(&key.0).and_then(Entry::facts);
        facts.is_some_and(|it| it.merged)
    }

    /// A flow broke: the connection closed, or the network says that nobody listens there.
    pub fn flow_failed(&mut self, flow: &Flow, now: Mono) {
        let hash = self.flow_hash(flow);
        let concerned: Vec<u64> = self
            .by_flow
            .range((hash, 0)..=(hash, u64::MAX))
            .map(|&(_, id)| id)
            .filter(|id| self.entries.get(id).is_some_and(|it| it.flow == *flow))
            .collect();
        for id in concerned {
            self.turn(id, now, |machine, cx| match machine {
                Machine::InviteClient(machine) => {
                    machine.handle(invite_client::Input::FlowFailed, cx);
                }
                Machine::PlainClient { machine, .. } => {
                    machine.handle(plain_client::Input::FlowFailed, cx);
                }
                Machine::InviteServer { machine, .. } => {
                    machine.handle(invite_server::Input::FlowFailed, cx);
                }
                Machine::PlainServer { machine, .. } => {
                    machine.handle(plain_server::Input::FlowFailed, cx);
                }
            });
        }
    }

    /// The next thing to do or to know.
    pub fn next_command(&mut self) -> Option<Command> {
        self.shared.commands.pop_front()
    }

    /// When [`Layer::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.shared.timers.next()
    }

    /// Fires every timer that is due.
    pub fn handle_timeout(&mut self, now: Mono) {
        while let Some((id, timer)) = self.shared.timers.pop_due(now) {
            self.fire(id, timer, now);
        }
    }

    /// Transactions alive.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no transaction is alive.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn fire(&mut self, id: u64, timer: Timer, now: Mono) {
        self.turn(id, now, |machine, cx| match machine {
            Machine::InviteClient(machine) => {
                machine.handle(invite_client::Input::Timer(timer), cx);
            }
            Machine::PlainClient { machine, .. } => {
                machine.handle(plain_client::Input::Timer(timer), cx);
            }
            Machine::InviteServer { machine, .. } => {
                machine.handle(invite_server::Input::Timer(timer), cx);
            }
            Machine::PlainServer { machine, .. } => {
                machine.handle(plain_server::Input::Timer, cx);
            }
        });
    }

    /// Lets one transaction handle one input, and buries it if that was its last.
    fn turn<T>(&mut self, id: u64, now: Mono, step: impl FnOnce(&mut Machine, &mut Context<'_>) -> T) -> Option<T> {
        let entry = self.entries.get_mut(&id)?;
        let mut cx = Context {
            config: self.shared.config,
            shared: &mut self.shared,
            now,
            id,
            flow: entry.flow,
            silent: entry.machine.is_silent(),
        };
        let result = step(&mut entry.machine, &mut cx);
        if entry.machine.is_over() {
            self.bury(id);
        }
        Some(result)
    }

    /// Opens a transaction; `start` makes its machine and takes its first steps.
    fn open(
        &mut self,
        identity: Identity,
        flow: Flow,
        now: Mono,
        silent: bool,
        start: impl FnOnce(&mut Context<'_>) -> Machine,
    ) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        let mut cx = Context {
            config: self.shared.config,
            shared: &mut self.shared,
            now,
            id,
            flow,
            silent,
        };
        let machine = start(&mut cx);
        self.by_flow.insert((self.flow_hash(&flow), id));
        self.names.insert(Arc::clone(&identity), id);
        let entry = Entry {
            identity,
            flow,
            machine,
        };
        self.entries.insert(id, entry);
        id
    }

    fn bury(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.shared.timers.stop_all(id);
        self.by_flow.remove(&(self.flow_hash(&entry.flow), id));
        if self.names.get(&entry.identity) == Some(&id) {
            self.names.remove(&entry.identity);
        }
        if let Some(merge) = entry.facts().and_then(|it| it.merge)
            && self.merges.get(&merge) == Some(&id)
        {
            self.merges.remove(&merge);
        }
    }

    fn flow_hash(&self, flow: &Flow) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.secret, flow).hash(&mut hash);
        hash.finish()
    }
}

impl Entry {
    fn facts(&self) -> Option<&Facts> {
        match &self.machine {
            Machine::InviteServer { facts, .. } | Machine::PlainServer { facts, .. } => Some(facts),
            Machine::InviteClient(_) | Machine::PlainClient { .. } => None,
        }
    }

    fn facts_mut(&mut self) -> Option<&mut Facts> {
        match &mut self.machine {
            Machine::InviteServer { facts, .. } | Machine::PlainServer { facts, .. } => Some(facts),
            Machine::InviteClient(_) | Machine::PlainClient { .. } => None,
        }
    }
}

impl Machine {
    fn is_over(&self) -> bool {
        match self {
            Self::InviteClient(it) => it.state() == invite_client::State::Terminated,
            Self::PlainClient { machine, .. } => machine.state() == plain_client::State::Terminated,
            Self::InviteServer { machine, .. } => machine.state() == invite_server::State::Terminated,
            Self::PlainServer { machine, .. } => machine.state() == plain_server::State::Terminated,
        }
    }

    fn is_silent(&self) -> bool {
        match self {
            Self::PlainClient { silent, .. } => *silent,
            Self::InviteClient(_) | Self::InviteServer { .. } | Self::PlainServer { .. } => false,
        }
    }
}

/// Adds our tag to the To of an answer above 100 that has none (RFC 3261 §8.2.6.2). A To that cannot
/// be read goes back as it came.
fn add_tag(response: &mut Response, tag: u64) {
    let untagged = response.headers.to().is_ok_and(|to| to.tag().is_none());
    if response.status > 100
        && untagged
        && let Some(to) = response.headers.get(&HeaderName::To)
    {
        let mut to = to.to_vec();
        to.extend_from_slice(format!(";tag={tag:016x}").as_bytes());
        response.headers.set(HeaderName::To, to);
    }
}
