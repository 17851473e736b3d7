//! The machine: hears a request, finds out who asks, changes what he may change, answers. Knows no socket, no file, no call.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::asked;
use super::book::{Book, Held, held, shown};
use super::decide::Decision;
use super::memory::{Answer, Memory, Name};
use super::reply::{Asker, Scribe};
use super::sources::{Sources, source_of};
use super::types::{Accounts, Binding, BindingChange, Command, RegistrarConfig, Tally};
use crate::kernel::{Mono, Now};
use crate::sip::digest::{Authenticator, AuthenticatorConfig};
use crate::sip::message::{Malformed, Message, Method, Request, Response, parse_datagram};
use crate::sip::transaction::via;
use crate::sip::{Flow, Transport};

/// All accounts and their telephones.
pub struct Registrar {
    pub(super) config: RegistrarConfig,
    pub(super) accounts: Arc<Accounts>,
    pub(super) authenticator: Authenticator,
    pub(super) sources: Sources,
    memory: Memory,
    pub(super) book: Book,
    pub(super) scribe: Scribe,
    /// Accounts whose telephones are not written down as they are, only refreshed since.
    dirty: HashSet<Arc<str>>,
    flush_at: Option<Mono>,
    /// Answers that wait for the disk.
    tickets: HashMap<u64, Ticket>,
    pub(super) waiting: usize,
    /// The last ticket of each account that the disk has not given back: until then nothing is said of its telephones.
    pub(super) pending: HashMap<Arc<str>, u64>,
    last_ticket: u64,
    pub(super) out: VecDeque<Command>,
    pub(super) tally: Tally,
}

/// What waits for one write of one account's telephones.
struct Ticket {
    user: Arc<str>,
    waiting: Vec<Waiting>,
}

/// An answer that waits for the disk.
struct Waiting {
    name: Option<Name>,
    flow: Flow,
    bytes: Arc<[u8]>,
}

impl Registrar {
    /// A registrar with the telephones that were written down before. Those on connections are gone with them.
    pub fn new(config: RegistrarConfig, accounts: Arc<Accounts>, bindings: Vec<Binding>, now: Now) -> Self {
        let authenticator = Authenticator::new(&AuthenticatorConfig {
            realm: accounts.realm.clone(),
            secret: config.secret,
            nonce_lifetime_s: config.nonce_lifetime_s,
            nonces_max: config.nonces_max,
        })
        .offering(&config.digests);
        let mut registrar = Self {
            authenticator,
            sources: Sources::new(&config),
            memory: Memory::new(config.answers_max_bytes, config.answer_kept),
            scribe: Scribe::new(config.server.clone()),
            config,
            accounts,
            book: Book::default(),
            dirty: HashSet::new(),
            flush_at: None,
            tickets: HashMap::new(),
            waiting: 0,
            pending: HashMap::new(),
            last_ticket: 0,
            out: VecDeque::new(),
            tally: Tally::default(),
        };
        registrar.restore(bindings, now);
        registrar
    }

    /// A datagram that begins like a REGISTER.
    pub fn datagram(&mut self, bytes: &[u8], flow: Flow, now: Now) {
        if !self.is_heard(&flow, now) {
            return;
        }
        let name = self.memory.name(bytes, &flow);
        if let Some(answer) = self.memory.find(name).cloned() {
            self.tally.repeated += 1;
            if let Answer::Given(flow, bytes) = answer {
                self.out.push_back(Command::Transmit { flow, bytes });
            }
            return;
        }
        self.read(parse_datagram(bytes), flow, Some(name), now);
    }

    /// A REGISTER of a connection, or what could not be read as one. There is no retransmission on connections.
    pub fn message(&mut self, message: Result<Message, Malformed>, flow: Flow, now: Now) {
        if self.is_heard(&flow, now) {
            self.read(message, flow, None, now);
        }
    }

    /// A connection broke: its telephones have to come again.
    pub fn flow_failed(&mut self, flow: &Flow, now: Now) {
        if flow.transport != Transport::Tcp {
            return;
        }
        for user in self.book.on_connection(flow.connection) {
            let others = self.book.of(&user).iter();
            let others = others.filter(|it| it.binding.flow.connection != flow.connection);
            let others: Vec<Held> = others.cloned().collect();
            self.tally.broken += count(self.book.of(&user).len() - others.len());
            self.change(&user, others, now);
        }
    }

    /// Answer to [`Command::Persist`].
    pub fn persisted(&mut self, ticket: u64, now: Now) {
        let Some(Ticket { user, waiting }) = self.tickets.remove(&ticket) else {
            return;
        };
        if self.pending.get(&user) == Some(&ticket) {
            self.pending.remove(&user);
        }
        for Waiting { name, flow, bytes } in waiting {
            self.waiting -= 1;
            if let Some(name) = name {
                self.memory.keep(name, Answer::Given(flow, bytes.clone()), now.mono);
            }
            self.out.push_back(Command::Transmit { flow, bytes });
        }
    }

    /// All accounts as they are from now on, with hashes for the same realm. Who is gone, or has a new password, has no
    /// telephone any more.
    pub fn set_accounts(&mut self, accounts: Arc<Accounts>, now: Now) {
        let old = mem::replace(&mut self.accounts, accounts);
        let new = &self.accounts.by_user;
        let changed = |user: &Arc<str>| {
            let password = new.get(&**user);
            password.is_none() || password != old.by_user.get(&**user)
        };
        let gone: Vec<Arc<str>> = self.book.users().filter(|user| changed(user)).cloned().collect();
        for user in gone {
            self.change(&user, Vec::new(), now);
        }
    }

    /// Telephones that were written down and can only be read now. Those that have come meanwhile stay as they are.
    pub fn restore(&mut self, bindings: Vec<Binding>, now: Now) {
        let mut by_user: HashMap<Arc<str>, Vec<Held>> = HashMap::new();
        for binding in bindings {
            let user = self.book.key(&binding.user);
            let left_ms = binding.expires.as_millis().saturating_sub(now.wall.as_millis());
            let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
            let longest = Duration::from_secs(u64::from(self.config.expires_max_s));
            let all = by_user.entry(user).or_default();
            let is_good = !left.is_zero()
                && binding.flow.transport == Transport::Udp
                && self.accounts.by_user.contains_key(&binding.user)
                && all.len() < self.config.bindings_per_account_max;
            if is_good {
                all.push(held(binding, left.min(longest), now));
            }
        }
        for (user, old) in by_user {
            let mut all = self.book.of(&user).to_vec();
            let is_there = |it: &Held| {
                all.iter()
                    .any(|h| asked::same_contact(&h.binding.contact, &it.binding.contact))
            };
            let missing: Vec<Held> = old.into_iter().filter(|it| !is_there(it)).collect();
            all.extend(missing);
            if self.book.len() + all.len() <= self.config.bindings_max {
                self.change(&user, all, now);
            }
        }
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        [self.book.next(), self.memory.next(), self.flush_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Everything that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some((user, left)) = self.book.pop_ended(now.mono) {
            self.tally.expired += count(self.book.of(&user).len() - left.len());
            self.change(&user, left, now);
        }
        self.memory.forget(now.mono);
        self.sources.sweep(now.mono);
        if self.flush_at.is_some_and(|at| at <= now.mono) {
            self.flush();
        }
    }

    /// Has everything written down that is not yet: after `write_behind`, and at the end.
    pub fn flush(&mut self) {
        self.flush_at = None;
        for user in mem::take(&mut self.dirty) {
            self.persist(user, None);
        }
    }

    /// All telephones of this moment.
    pub fn bindings(&self) -> Vec<Binding> {
        let users = self.book.users();
        let mut all: Vec<Binding> = users.flat_map(|user| shown(self.book.of(user))).collect();
        all.sort_by(|a, b| a.user.cmp(&b.user));
        all
    }

    /// How many telephones there are.
    pub fn len(&self) -> usize {
        self.book.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has become of all requests.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    fn is_heard(&mut self, flow: &Flow, now: Now) -> bool {
        let heard = self.sources.admits(source_of(flow.remote.ip()), now.mono);
        self.tally.limited += u64::from(!heard);
        heard
    }

    fn read(&mut self, message: Result<Message, Malformed>, flow: Flow, name: Option<Name>, now: Now) {
        match message {
            Ok(Message::Request(request)) if request.method == Method::Register => {
                if let Some(asker) = asker(request, flow) {
                    self.register(&asker, name, now);
                }
            }
            Ok(Message::Request(_) | Message::Response(_)) => {} // none of ours
            Err(Malformed { status, reply, .. }) => {
                let asker = reply.and_then(|request| asker(*request, flow));
                if let Some(asker) = asker {
                    self.tally.refused += 1;
                    let response = self.scribe.answer(&asker, status);
                    self.transmit(&asker, &response);
                }
            }
        }
    }

    fn register(&mut self, asker: &Asker, name: Option<Name>, now: Now) {
        match self.decide(asker, now) {
            Decision::Free(response) => {
                self.transmit(asker, &response);
            }
            Decision::Final(response) => {
                let bytes = self.transmit(asker, &response);
                if let Some(name) = name {
                    self.memory.keep(name, Answer::Given(asker.back, bytes), now.mono);
                }
            }
            Decision::WhenWritten(response, ticket) => {
                let bytes = response.to_bytes().into();
                let flow = asker.back;
                if let Some(ticket) = self.tickets.get_mut(&ticket) {
                    self.waiting += 1;
                    ticket.waiting.push(Waiting { name, flow, bytes });
                }
                if let Some(name) = name {
                    self.memory.keep(name, Answer::Waiting, now.mono);
                }
            }
        }
    }

    fn transmit(&mut self, asker: &Asker, response: &Response) -> Arc<[u8]> {
        let bytes: Arc<[u8]> = response.to_bytes().into();
        self.out.push_back(Command::Transmit {
            flow: asker.back,
            bytes: bytes.clone(),
        });
        bytes
    }

    /// From now on an account has these telephones: noted, told, and to be written down.
    pub(super) fn change(&mut self, user: &Arc<str>, next: Vec<Held>, now: Now) {
        let bindings = shown(&next);
        self.book.set(user, next);
        self.out.push_back(Command::Changed(BindingChange {
            user: user.to_string(),
            bindings,
        }));
        self.write_later(user.clone(), now);
    }

    pub(super) fn write_later(&mut self, user: Arc<str>, now: Now) {
        self.flush_at.get_or_insert(now.mono + self.config.write_behind);
        self.dirty.insert(user);
    }

    /// Has an account's telephones written down now; the ticket for who waits for it.
    pub(super) fn write_now(&mut self, user: Arc<str>) -> u64 {
        self.last_ticket += 1;
        let ticket = Ticket {
            user: user.clone(),
            waiting: Vec::new(),
        };
        self.tickets.insert(self.last_ticket, ticket);
        self.pending.insert(user.clone(), self.last_ticket);
        self.persist(user, Some(self.last_ticket));
        self.last_ticket
    }

    fn persist(&mut self, user: Arc<str>, ticket: Option<u64>) {
        self.dirty.remove(&user);
        let bindings = self.book.of(&user).iter().map(|it| it.binding.clone()).collect();
        self.out.push_back(Command::Persist { user, bindings, ticket });
    }
}

/// The request with its ways; `None` without a Via, by which an answer could travel.
fn asker(mut request: Request, flow: Flow) -> Option<Asker> {
    let via = request.headers.via_top().ok()?;
    via::stamp(&mut request, via.clone(), &flow);
    Some(Asker {
        back: via::answer_flow(&via, &flow),
        request,
        flow,
        via,
    })
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
