//! What the rest of the house may ask of a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::call::{CallView, Denied, Done, Order, Shared};
use crate::config::Config;
use crate::queue::FloorConfig;
use crate::sip::registrar::Binding;
use crate::store::Journal;
use crate::store::disk::RealDisk;
use crate::store::ledger::Ledger;
use crate::store::people::{People, PeopleError};
use crate::store::recordings::{ReadError, Reader, Samples, Vault};

use super::gauges::{ShardGauges, TrunkBoard};
use super::library::Library;
use super::plans;
use super::registrar::{self, Inbox, Roster};
use super::shard::{Input, Past, Room};

/// How often a drain looks whether the last call has ended.
const DRAIN_LOOK: Duration = Duration::from_millis(100);
/// What calls get to say goodbye when the drain's time is over: BYE and its answer.
const GOODBYE: Duration = Duration::from_secs(3);

/// What a reload brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// Numbers that are served now.
    pub numbers: usize,
    /// Flows that are loaded now.
    pub flows: usize,
}

/// Whether the server is well.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// The journal takes events durably.
    pub journal_writable: bool,
    /// The database takes the journal's events.
    pub ledger_current: bool,
    /// Events that the database has not taken yet.
    pub journal_waiting: u64,
    /// No new calls.
    pub draining: bool,
}

/// A running server, as others see it. Clones are cheap.
#[derive(Clone)]
pub struct Handle {
    pub(super) config: Arc<Config>,
    pub(super) shards: Vec<mpsc::Sender<Input>>,
    pub(super) shared: Arc<ArcSwap<Shared>>,
    pub(super) library: Arc<Library>,
    pub(super) journal: Journal,
    pub(super) ledger: Ledger,
    pub(super) vault: Arc<Vault>,
    pub(super) trunks: Arc<TrunkBoard>,
    pub(super) gauges: Vec<Arc<ShardGauges>>,
    pub(super) draining: Arc<AtomicBool>,
    pub(super) people: People,
    pub(super) roster: Arc<Roster>,
    pub(super) registrar: Arc<Inbox>,
}

impl Handle {
    /// The ledger, for reading.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Agents and tokens. After a change of agents call [`Self::people_changed`], or wait a second.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Somebody changed the agents: when this returns, the registrar and the exchange have been told.
    ///
    /// # Errors
    /// The file cannot be read; it will be looked at again.
    pub async fn people_changed(&self) -> Result<(), PeopleError> {
        self.roster.look().await
    }

    /// All registered telephones by account.
    pub async fn registrations(&self) -> Vec<Binding> {
        let (ask, answer) = oneshot::channel();
        self.registrar.put(registrar::Input::Bindings(ask));
        answer.await.unwrap_or_default()
    }

    /// The journal: what is noted from outside of the calls goes in here, and what happens is followed here.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// A recording, opened for reading as WAV; blocks as a disk does. Who may hear it, and that it is on record who did, is the
    /// caller's to see to.
    ///
    /// # Errors
    /// [`ReadError`]: there is none of this name, its key is missing, it is damaged.
    pub fn recording(&self, file: &str, samples: Samples) -> Result<Reader, ReadError> {
        Reader::open(&RealDisk, &self.config.recordings_dir(), file, &self.vault, samples)
    }

    /// The configuration that the server was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Numbers that are served: as dialled, and the hotline's name.
    pub fn numbers(&self) -> Vec<(String, String)> {
        let shared = self.shared.load();
        let each = shared.plan.numbers().iter();
        each.flat_map(|n| n.dial.iter().map(|dial| (dial.to_string(), n.name.clone())))
            .collect()
    }

    /// The calls of this moment.
    pub async fn calls(&self) -> Vec<CallView> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let (ask, answer) = oneshot::channel();
            if shard.send(Input::Views(ask)).await.is_ok() {
                all.extend(answer.await.unwrap_or_default());
            }
        }
        all.sort_by_key(|call| call.id);
        all
    }

    /// Gives an order to the floor and the calls.
    ///
    /// # Errors
    /// [`Denied`]; [`Denied::Unreachable`] from a server that is closing.
    pub async fn order(&self, order: Order) -> Result<Done, Denied> {
        let (ask, answer) = oneshot::channel();
        let first = self.shards.first().ok_or(Denied::Unreachable)?; // with queues there is one shard alone
        let sent = first.send(Input::Order(Box::new(order), ask)).await;
        sent.map_err(|_| Denied::Unreachable)?;
        answer.await.unwrap_or(Err(Denied::Unreachable))
    }

    /// Agents, queues and debts of this moment.
    pub async fn room(&self) -> Room {
        let Some(first) = self.shards.first() else {
            return Room::default();
        };
        let (ask, answer) = oneshot::channel();
        match first.send(Input::Room(ask)).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => Room::default(), // it is closing
        }
    }

    /// Tells the floor what was true before a restart: once, before the first call.
    pub async fn restore(&self, past: Past) {
        if let Some(first) = self.shards.first() {
            let _ = first.send(Input::Restore(Box::new(past))).await; // a shard that is gone takes no calls
        }
    }

    /// New queues.
    pub async fn set_floor(&self, config: FloorConfig) {
        let config = Arc::new(config);
        for shard in &self.shards {
            let _ = shard.send(Input::Floor(config.clone())).await; // a shard that is gone takes no calls
        }
    }

    /// Calls that arrived since the start, and those of them that were refused.
    pub fn totals(&self) -> (u64, u64) {
        let sum = |of: fn(&ShardGauges) -> &AtomicU64| self.gauges.iter().map(|g| of(g).load(Ordering::Relaxed)).sum();
        (sum(|g| &g.arrived), sum(|g| &g.refused))
    }

    /// Whether the server is well.
    pub fn health(&self) -> Health {
        let health = self.journal.health();
        Health {
            journal_writable: !health.degraded.get() && !health.stalled.get(),
            ledger_current: !health.db_lagging.get(),
            journal_waiting: health.journal_lag_entries.get(),
            draining: self.draining.load(Ordering::Relaxed),
        }
    }

    /// Reads prompts, plans, calendar and the keys of the recordings again. Running calls end under the plan they began with.
    ///
    /// # Errors
    /// Every problem found; the old plans stay in force.
    pub async fn reload(&self) -> Result<Reloaded, Vec<String>> {
        let handle = self.clone();
        let loaded = tokio::task::spawn_blocking(move || {
            let bad = handle.library.reload();
            let keys = handle.vault.reload().map_err(|error| vec![error.to_string()]);
            let plans = keys.and_then(|()| plans::load(&handle.config, &handle.library));
            (bad, plans)
        });
        let (bad, loaded) = loaded.await.map_err(|error| vec![error.to_string()])?;
        for prompt in bad {
            tracing::error!(%prompt, "a prompt cannot be used");
        }
        let plans = loaded.inspect_err(|_| count_reload("refused"))?;
        let counts = Reloaded {
            numbers: plans.dialplan.numbers().len(),
            flows: plans.dialplan.flows().len(),
        };
        self.change(|shared| {
            shared.plan = plans.dialplan.clone();
            shared.calendar = plans.calendar.clone();
        })
        .await;
        count_reload("done");
        Ok(counts)
    }

    /// Takes no new calls from now on.
    pub async fn drain(&self) {
        if !self.draining.swap(true, Ordering::Relaxed) {
            metrics::gauge!("yihao_draining").set(1.0);
            self.change(|shared| shared.draining = true).await;
        }
    }

    /// Waits until every call has ended; after `patience` they are ended. Says whether all ended in peace.
    pub async fn drained(&self, patience: Duration) -> bool {
        if tokio::time::timeout(patience, self.until_idle()).await.is_ok() {
            return true;
        }
        for shard in &self.shards {
            let _ = shard.send(Input::EndAll).await; // a shard that is gone has no calls
        }
        let _ = tokio::time::timeout(GOODBYE, self.until_idle()).await; // then they end without a word
        false
    }

    /// The trunks and whether calls can be placed by them.
    pub fn trunks(&self) -> Vec<(String, bool)> {
        self.trunks.all()
    }

    /// Gives the registrations back, once no call needs a trunk any more. Ends by itself: the exchange waits two seconds.
    pub(super) async fn leave_trunks(&self) {
        let Some(first) = self.shards.first() else { return };
        let _ = first.send(Input::StopTrunks).await; // a shard that is gone has no trunks
        loop {
            let (ask, answer) = oneshot::channel();
            if first.send(Input::TrunksStopped(ask)).await.is_err() || answer.await.unwrap_or(true) {
                return;
            }
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }

    async fn until_idle(&self) {
        while !self.is_idle().await {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }

    async fn is_idle(&self) -> bool {
        for shard in &self.shards {
            let (ask, answer) = oneshot::channel();
            if shard.send(Input::Idle(ask)).await.is_ok() && !answer.await.unwrap_or(true) {
                return false;
            }
        }
        true
    }

    async fn change(&self, change: impl Fn(&mut Shared)) {
        self.shared.rcu(|old| {
            let mut new = Shared::clone(old);
            change(&mut new);
            new
        });
        let new = self.shared.load_full();
        for shard in &self.shards {
            let _ = shard.send(Input::Reload(new.clone())).await; // a shard that is gone takes no calls
        }
    }
}

fn count_reload(outcome: &'static str) {
    metrics::counter!("yihao_reloads_total", "outcome" => outcome).increment(1);
}
