//! The machine: hears a request, finds out who asks, changes what he may change, answers. Knows no socket, no file, no call.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::asked::{self, Asked, Refusal, Wish};
use super::book::{Book, Held, held, shown};
use super::memory::{Answer, Memory, Name};
use super::reply::{Asker, Scribe};
use super::sources::{Sources, Verdict, source_of};
use super::types::{Accounts, Binding, BindingChange, Command, RegistrarConfig, Tally};
use crate::kernel::{Mono, Now};
use crate::sip::digest::{self, Authenticator, AuthenticatorConfig};
use crate::sip::message::{HeaderName, Malformed, Message, Method, Request, Response, parse_datagram};
use crate::sip::transaction::via;
use crate::sip::{Flow, Transport};

/// When one that is turned away for want of room may come again, seconds.
const RETRY_AFTER_S: u32 = 5;

/// All accounts and their telephones.
pub struct Registrar {
    config: RegistrarConfig,
    accounts: Accounts,
    authenticator: Authenticator,
    sources: Sources,
    memory: Memory,
    book: Book,
    scribe: Scribe,
    /// Accounts whose telephones are not written down as they are, only refreshed since.
    dirty: HashSet<Arc<str>>,
    flush_at: Option<Mono>,
    /// Answers that wait for the disk.
    waiting: HashMap<u64, (Option<Name>, Flow, Arc<[u8]>)>,
    last_ticket: u64,
    out: VecDeque<Command>,
    tally: Tally,
}

/// What was decided: the answer, and whether a request that comes again must get the same one.
enum Decision {
    /// The request changed nothing and used nothing up: it may be decided anew.
    Free(Response),
    /// The credentials are used up.
    Final(Response),
    /// So, when the disk has it.
    WhenWritten(Response, u64),
}

impl Registrar {
    /// A registrar with the telephones that were written down before. Those on connections are gone with them.
    pub fn new(config: RegistrarConfig, accounts: Accounts, bindings: Vec<Binding>, now: Now) -> Self {
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
            waiting: HashMap::new(),
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
        let Some((name, flow, bytes)) = self.waiting.remove(&ticket) else {
            return;
        };
        if let Some(name) = name {
            self.memory.keep(name, Answer::Given(flow, bytes.clone()), now.mono);
        }
        self.out.push_back(Command::Transmit { flow, bytes });
    }

    /// All accounts as they are from now on, with hashes for the same realm. Who is gone, or has a new password, has no
    /// telephone any more.
    pub fn set_accounts(&mut self, accounts: Accounts, now: Now) {
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
                self.waiting.insert(ticket, (name, asker.back, bytes));
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

    /// RFC 3261 §10.3, with the checks in an order that tells nobody anything before he has shown his password.
    fn decide(&mut self, asker: &Asker, now: Now) -> Decision {
        if let Err(refusal) = asked::check(&asker.request) {
            self.tally.refused += 1;
            return Decision::Free(self.scribe.refusal(asker, refusal));
        }
        let user = match self.authenticate(asker, now) {
            Ok(user) => user,
            Err(response) => return Decision::Free(response),
        };
        // An account binds its own address only, whether the other one exists or not.
        if !is_own(&asker.request, &user) {
            self.tally.forbidden += 1;
            return Decision::Final(self.scribe.answer(asker, 403));
        }
        let wish = asked::wish(&asker.request, &asker.flow, &self.config);
        let done = wish.and_then(|wish| self.carry_out(&user, wish, asker, now));
        match done {
            Ok(ticket) => {
                let response = self.scribe.granted(asker, self.book.of(&user), now);
                match ticket {
                    Some(ticket) => Decision::WhenWritten(response, ticket),
                    None => Decision::Final(response),
                }
            }
            Err(refusal) => {
                match refusal.status {
                    503 => self.tally.overload += 1,
                    _other => self.tally.refused += 1,
                }
                Decision::Final(self.scribe.refusal(asker, refusal))
            }
        }
    }

    /// The account that asks, or the answer to who has not shown that he is one.
    fn authenticate(&mut self, asker: &Asker, now: Now) -> Result<String, Response> {
        let source = source_of(asker.flow.remote.ip());
        let peer = source.to_string();
        let (mut blocked, mut tried) = (false, String::new());
        let Self {
            authenticator,
            sources,
            accounts,
            book,
            ..
        } = self;
        // Also for who is blocked the same is computed as for everybody.
        let lookup = |user: &str| {
            let is_at_home = || {
                let mut flows = book.of(user).iter().map(|it| it.binding.flow);
                flows.any(|flow| source_of(flow.remote.ip()) == source)
            };
            blocked = sources.user_is_blocked(source, user, now.mono)
                || sources.is_blocked(source, now.mono) && !is_at_home();
            user.clone_into(&mut tried);
            accounts.by_user.get(user).filter(|_| !blocked).cloned()
        };
        let checked = authenticator.check_of(&asker.request, &peer, lookup, now.wall);
        let refusal = match checked {
            Ok(user) => {
                self.sources.succeeded(source, &user);
                return Ok(user);
            }
            Err(refusal) => refusal,
        };
        if blocked {
            self.tally.blocked += 1;
            return Err(self.scribe.refusal(asker, later(self.config.block.as_secs())));
        }
        match refusal {
            digest::Refusal::NoCredentials | digest::Refusal::Unusable => self.tally.challenged += 1,
            digest::Refusal::Stale | digest::Refusal::Replayed => self.tally.stale += 1,
            digest::Refusal::Wrong => {
                self.tally.wrong += 1;
                let user = match self.sources.failed(source, &tried, now.mono) {
                    Verdict::Noted => None,
                    Verdict::UserBlocked => Some(Some(tried)),
                    Verdict::SourceBlocked => Some(None),
                };
                let block = self.config.block;
                self.out
                    .extend(user.map(|user| Command::Blocked { source, user, block }));
            }
        }
        let mut response = self.scribe.answer(asker, 401);
        for challenge in self.authenticator.challenges_for(&peer, refusal.is_stale(), now.wall) {
            response
                .headers
                .push(HeaderName::WwwAuthenticate, challenge.to_string());
        }
        Err(response)
    }

    /// Does what an account asks; a ticket if its answer has to wait for the disk.
    fn carry_out(&mut self, user: &str, wish: Wish, asker: &Asker, now: Now) -> Result<Option<u64>, Refusal> {
        let list = match wish {
            Wish::Tell => {
                self.tally.fetched += 1;
                return Ok(None);
            }
            Wish::Forget => self.all_of(user),
            Wish::Set(list) => list,
        };
        let headers = &asker.request.headers;
        let order = (
            headers.call_id().map_err(|_| Refusal::plain(400))?,
            headers.cseq().map_err(|_| Refusal::plain(400))?.number,
        );
        let current = self.book.of(user);
        if list.iter().any(|it| is_overtaken(it, order, current)) {
            return Err(Refusal::plain(500)); // §10.3, step 7: the whole request fails
        }
        let mut next = current.to_vec();
        let mut done = Done::default();
        for asked in list {
            done.add(set(&mut next, asked, order, asker, user, now));
        }
        self.make_room(&mut next)?;
        let must_wait = done.is_new && asker.flow.transport == Transport::Udp;
        if must_wait && self.waiting.len() >= self.config.waiting_max {
            return Err(later(u64::from(RETRY_AFTER_S)));
        }
        self.tally.added += done.added;
        self.tally.refreshed += done.refreshed;
        self.tally.removed += done.removed;
        let key = self.book.key(user);
        if !done.is_new {
            self.book.set(&key, next);
            self.write_later(key, now);
            return Ok(None);
        }
        self.change(&key, next, now);
        // A telephone on a connection goes with the server anyway: nothing is gained by waiting.
        Ok(must_wait.then(|| {
            self.last_ticket += 1;
            self.persist(key, Some(self.last_ticket));
            self.last_ticket
        }))
    }

    /// `*`: every telephone, with the time 0.
    fn all_of(&self, user: &str) -> Vec<Asked> {
        let all = self.book.of(user).iter().map(|it| Asked {
            contact: it.binding.contact.clone(),
            instance: it.binding.instance.clone(),
            q: it.binding.q,
            expires_s: 0,
        });
        all.collect()
    }

    /// Whoever was heard longest ago gives way to who asks now; 503 if the house as a whole is full.
    fn make_room(&self, next: &mut Vec<Held>) -> Result<(), Refusal> {
        while next.len() > self.config.bindings_per_account_max {
            let oldest = next.iter().enumerate().min_by_key(|(_, it)| it.heard);
            let Some((oldest, _)) = oldest else { break };
            next.remove(oldest);
        }
        let user = next.first().map(|it| self.book.of(&it.binding.user).len());
        match self.book.len() + next.len() > self.config.bindings_max + user.unwrap_or(0) {
            true => Err(later(u64::from(RETRY_AFTER_S))),
            false => Ok(()),
        }
    }

    /// From now on an account has these telephones: noted, told, and to be written down.
    fn change(&mut self, user: &Arc<str>, next: Vec<Held>, now: Now) {
        let bindings = shown(&next);
        self.book.set(user, next);
        self.out.push_back(Command::Changed(BindingChange {
            user: user.to_string(),
            bindings,
        }));
        self.write_later(user.clone(), now);
    }

    fn write_later(&mut self, user: Arc<str>, now: Now) {
        self.flush_at.get_or_insert(now.mono + self.config.write_behind);
        self.dirty.insert(user);
    }

    fn persist(&mut self, user: Arc<str>, ticket: Option<u64>) {
        self.dirty.remove(&user);
        let bindings = self.book.of(&user).iter().map(|it| it.binding.clone()).collect();
        self.out.push_back(Command::Persist { user, bindings, ticket });
    }
}

/// What a request did.
#[derive(Default)]
struct Done {
    added: u64,
    refreshed: u64,
    removed: u64,
    /// Something that calls depend on has changed.
    is_new: bool,
}

/// What became of one contact.
enum Became {
    Added,
    /// The same telephone; whether calls to it take another way.
    Refreshed {
        moved: bool,
    },
    Removed,
    /// It was not there, and is not.
    Nothing,
}

impl Done {
    fn add(&mut self, became: Became) {
        let (count, is_new) = match became {
            Became::Added => (&mut self.added, true),
            Became::Refreshed { moved } => (&mut self.refreshed, moved),
            Became::Removed => (&mut self.removed, true),
            Became::Nothing => return,
        };
        *count += 1;
        self.is_new |= is_new;
    }
}

/// Puts one contact in its place.
fn set(next: &mut Vec<Held>, asked: Asked, order: (&str, u32), asker: &Asker, user: &str, now: Now) -> Became {
    // With an instance at one place and a Contact at another, both were this telephone.
    let place = next.iter().position(|it| is_same(&asked, &it.binding));
    let kept = place.filter(|_| asked.expires_s > 0);
    let before = next.len();
    let mut at = 0..;
    next.retain(|it| at.next() == kept || !is_same(&asked, &it.binding));
    let gone = before - next.len();
    if asked.expires_s == 0 {
        return match gone {
            0 => Became::Nothing,
            _some => Became::Removed,
        };
    }
    let binding = Binding {
        user: user.to_owned(),
        flow: asked::way_to(&asked.contact, &asker.request, &asker.flow),
        instance: asked.instance,
        q: asked.q,
        expires: now.wall,
        call_id: order.0.to_owned(),
        cseq: order.1,
        user_agent: asked::user_agent(&asker.request.headers),
        contact: asked.contact,
    };
    let new = held(binding, Duration::from_secs(u64::from(asked.expires_s)), now);
    match kept.and_then(|at| next.get_mut(at)) {
        Some(old) => {
            let way = |it: &Held| (it.binding.flow, it.binding.q);
            let moved = gone > 0
                || way(old) != way(&new)
                || old.binding.contact != new.binding.contact
                || old.binding.instance != new.binding.instance;
            *old = new;
            Became::Refreshed { moved }
        }
        None => {
            next.push(new);
            Became::Added
        }
    }
}

/// A telephone is known by its instance (RFC 5626 §4.1), without one by its Contact.
fn is_same(asked: &Asked, binding: &Binding) -> bool {
    let instance = asked.instance.is_some() && asked.instance == binding.instance;
    instance || asked::same_contact(&asked.contact, &binding.contact)
}

/// Whether something newer of the same telephone has come before (§10.3, step 7).
fn is_overtaken(asked: &Asked, (call_id, cseq): (&str, u32), current: &[Held]) -> bool {
    let mut same = current.iter().filter(|it| is_same(asked, &it.binding));
    same.any(|it| it.binding.call_id == call_id && cseq <= it.binding.cseq)
}

/// Whether From and To are the account's own.
fn is_own(request: &Request, user: &str) -> bool {
    let is_user = |address: crate::sip::message::NameAddr| address.uri.user_unescaped().is_some_and(|it| it == user);
    request.headers.to().is_ok_and(is_user) && request.headers.from().is_ok_and(is_user)
}

fn later(seconds: u64) -> Refusal {
    Refusal::because(503, HeaderName::RetryAfter, seconds.to_string())
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
