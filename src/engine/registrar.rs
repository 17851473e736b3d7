//! The registrar's thread: hands requests, the disk's answers and time to its machine, and carries out what it says.
//! A storm of telephones is its business alone; no call waits for it.

mod inbox;
mod roster;
mod writer;

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use tokio::sync::{mpsc, watch};

use crate::config::{Config, Digest};
use crate::sip::digest::HashKind;
use crate::sip::registrar::{Accounts, Binding, BindingChange, Command, Registrar, RegistrarConfig, Tally};
use crate::store::people::People;

use super::clock;
use super::server::{StartError, system};
use super::shard::Input as ShardInput;
use super::sip_ports::SipPorts;
use inbox::Batch;
use writer::{Wish, write};

pub(super) use inbox::{Inbox, Input};
pub(super) use roster::Roster;

/// How soon a change is told again to a shard that had no room for it.
const TELL_AGAIN: Duration = Duration::from_millis(100);

/// Its limits, from the configuration.
fn machine_config(config: &Config, secret: [u8; 32]) -> RegistrarConfig {
    let set = &config.registrar;
    let seconds = |s: u32| Duration::from_secs(u64::from(s));
    let kind = |digest: &Digest| match digest {
        Digest::Sha256 => HashKind::Sha256,
        Digest::Md5 => HashKind::Md5,
    };
    RegistrarConfig {
        server: config.sip.user_agent.clone(),
        digests: set.digests.iter().map(kind).collect(),
        secret,
        nonce_lifetime_s: set.nonce_lifetime_s,
        expires_default_s: set.expires_default_s,
        expires_min_s: set.expires_min_s,
        expires_max_s: set.expires_max_s,
        expires_nat_s: set.expires_nat_s,
        expires_stream_s: set.expires_tcp_s,
        bindings_per_account_max: set.max_phones_per_account as usize,
        bindings_max: set.max_phones as usize,
        requests_per_source_per_s: set.max_requests_per_source_per_s,
        requests_per_source_burst: set.max_burst_per_source,
        failures_per_user_max: set.max_failures_per_account,
        failures_per_source_max: set.max_failures_per_source,
        failure_window: seconds(set.failure_window_s),
        block: seconds(set.block_s),
        answer_kept: Duration::from_millis(config.sip.t1_ms * 64),
        ..RegistrarConfig::default()
    }
}

/// What the thread works with.
struct Thread {
    machine: Registrar,
    inbox: Arc<Inbox>,
    sip: Arc<SipPorts>,
    writer: mpsc::UnboundedSender<Wish>,
    /// Changes that are not told yet, each with the shard that has to hear it.
    untold: VecDeque<(usize, BindingChange)>,
    shown: Shown,
}

impl Thread {
    /// A thread that does not run yet.
    fn new(
        config: RegistrarConfig,
        (accounts, bindings): (Arc<Accounts>, Vec<Binding>),
        inbox: Arc<Inbox>,
        sip: Arc<SipPorts>,
        writer: mpsc::UnboundedSender<Wish>,
    ) -> Self {
        Self {
            machine: Registrar::new(config, accounts, bindings, clock::now()),
            inbox,
            sip,
            writer,
            untold: VecDeque::new(),
            shown: Shown::new(),
        }
    }

    /// Starts it; it ends with [`Input::Stop`].
    fn start(self) -> io::Result<thread::JoinHandle<()>> {
        thread::Builder::new()
            .name("registrar".into())
            .spawn(move || self.run())
    }

    fn run(mut self) {
        let mut batch = Batch::default();
        self.drain(); // the telephones of the last run
        self.tell();
        loop {
            self.inbox.wait(&mut batch, self.due());
            for (flow, bytes) in batch.datagrams() {
                self.machine.datagram(bytes, flow, clock::now());
                self.drain();
            }
            for input in batch.take_inputs() {
                if matches!(input, Input::Stop) {
                    self.machine.flush();
                    self.drain();
                    return;
                }
                self.take(input);
                self.drain();
            }
            let now = clock::now();
            if self.machine.poll_timeout().is_some_and(|at| at <= now.mono) {
                self.machine.handle_timeout(now);
                self.drain();
            }
            self.tell();
            self.shown.show(&self.machine);
        }
    }

    /// How long there is nothing to do.
    fn due(&self) -> Option<Duration> {
        let next = self.machine.poll_timeout().map(|at| at.since(clock::mono()));
        let again = (!self.untold.is_empty()).then_some(TELL_AGAIN);
        [next, again].into_iter().flatten().min()
    }

    fn take(&mut self, input: Input) {
        let now = clock::now();
        match input {
            Input::Message(message, flow) => self.machine.message(*message, flow, now),
            Input::FlowFailed(flow) => self.machine.flow_failed(&flow, now),
            Input::Persisted(tickets) => {
                for ticket in tickets {
                    self.machine.persisted(ticket, now);
                }
            }
            Input::Accounts(accounts) => self.machine.set_accounts(accounts, now),
            Input::Restore(bindings) => self.machine.restore(bindings, now),
            Input::Bindings(reply) => {
                let _ = reply.send(self.machine.bindings()); // whoever asked may have gone
            }
            Input::Stop => {}
        }
    }

    fn drain(&mut self) {
        while let Some(command) = self.machine.next_command() {
            match command {
                Command::Transmit { flow, bytes } => self.sip.answer(&flow, &bytes),
                Command::Changed(change) => {
                    let shards = 0..self.sip.shards();
                    self.untold.extend(shards.map(|shard| (shard, change.clone())));
                }
                Command::Persist { user, bindings, ticket } => {
                    let user = user.to_string();
                    // The writer ends after us: it is there.
                    let _ = self.writer.send(Wish { user, bindings, ticket });
                }
                Command::Blocked { source, user, block } => blocked(source, user, block),
            }
        }
    }

    /// Tells the shards what has changed, in order. One that is gone has no calls; one that is full is told later.
    fn tell(&mut self) {
        let mut full = false;
        for (number, change) in std::mem::take(&mut self.untold) {
            let Some(shard) = self.sip.shard(number) else { continue };
            if full {
                self.untold.push_back((number, change));
                continue;
            }
            if let Err(mpsc::error::TrySendError::Full(ShardInput::Bound(change))) =
                shard.try_send(ShardInput::Bound(change))
            {
                full = true;
                self.untold.push_back((number, change));
            }
        }
    }
}

/// The registrar of a running server with everything that belongs to it.
pub(super) struct Registration {
    pub people: People,
    pub roster: Arc<Roster>,
    pub inbox: Arc<Inbox>,
    thread: thread::JoinHandle<()>,
    writing: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Registration {
    /// Reads who there is, tells the shards, and begins to answer.
    pub(super) async fn start(
        config: &Config,
        inbox: Arc<Inbox>,
        sip: &Arc<SipPorts>,
        shards: &[mpsc::Sender<ShardInput>],
        secret: [u8; 32],
    ) -> Result<Self, StartError> {
        let people = People::new(&config.people_file());
        let roster = Roster::new(people.clone(), config, inbox.clone(), shards.to_vec());
        let known = roster.begin().await?;
        let (writer, wishes) = mpsc::unbounded_channel();
        let machine = machine_config(config, secret);
        let thread = Thread::new(machine, known, inbox.clone(), sip.clone(), writer);
        let thread = thread.start().map_err(|e| system("registrar", e))?;
        let writing = tokio::spawn(write(people.clone(), wishes, inbox.clone()));
        let (stop, stopped) = watch::channel(false);
        let roster = Arc::new(roster);
        tokio::spawn(roster.clone().watch(stopped));
        Ok(Self {
            people,
            roster,
            inbox,
            thread,
            writing,
            stop,
        })
    }

    /// Has everything written down and stops.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true); // it may have ended
        self.inbox.put(Input::Stop);
        let thread = self.thread;
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("the registrar did not end in order");
        }
        let _ = self.writing.await; // one that failed has said so
        self.people.close().await;
    }
}

fn blocked(source: IpAddr, user: Option<String>, block: Duration) {
    match user {
        Some(user) => {
            tracing::warn!(%source, user, ?block, "too many wrong passwords: this account is not heard from there")
        }
        None => tracing::warn!(%source, ?block, "too many wrong passwords: nobody new is heard from there"),
    }
}

/// What the metrics tell of it.
struct Shown {
    bindings: Gauge,
    outcomes: Vec<Counter>,
}

impl Shown {
    fn new() -> Self {
        let outcome = |(name, _): (&'static str, u64)| counter!("yihao_registrations_total", "outcome" => name);
        Self {
            bindings: gauge!("yihao_registrations"),
            outcomes: Tally::default().all().into_iter().map(outcome).collect(),
        }
    }

    fn show(&self, machine: &Registrar) {
        self.bindings.set(machine.len() as f64);
        for (counter, (_, count)) in self.outcomes.iter().zip(machine.tally().all()) {
            counter.absolute(count);
        }
    }
}
