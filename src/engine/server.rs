//! The server: everything started in an order in which nothing is used before it is there, and stopped in the reverse.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use rand::rngs::{OsRng, StdRng};
use rand::{Rng, SeedableRng, TryRngCore};
use tokio::sync::mpsc;

use crate::call::{Exchange, Limits, Shared};
use crate::config::Config;
use crate::net::dns::{Dns, DnsConfig, DnsError};
use crate::net::ports::{PortConfig, PortError, PortPool};
use crate::net::tcp::TcpTransport;
use crate::store::people::PeopleError;
use crate::store::recordings::Vault;
use crate::store::{Store, StoreError};

use super::clock;
use super::codes;
use super::commits::Commits;
use super::floor::floor_config;
use super::gauges::{ShardGauges, Watched};
use super::handle::Handle;
use super::media::MediaPool;
use super::parts::{
    Parts, exchange_config, hands, listen_tcp, manners, media_pool, shard_count, start_shard, store_config,
    worker_count,
};
use super::plans;
use super::reach::Reacher;
use super::recorder::Recordings;
use super::registrar::{self, Registration};
use super::restart;
use super::shard::{INPUTS_MAX, Input, Shard};
use super::sip_ports::SipPorts;
use super::trunks;

/// Longest name look-up.
const DNS_TIMEOUT_MS: u64 = 3_000;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder, a socket, a thread.
    #[error("{what}: {source}")]
    System {
        /// What was to be had.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// Journal, ledger, recordings.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Agents and their telephones.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The RTP ports.
    #[error(transparent)]
    Ports(#[from] PortError),
    /// The resolver.
    #[error(transparent)]
    Dns(#[from] DnsError),
    /// Plans, calendar or trunks: each problem on a line of its own.
    #[error("{}", .0.join("\n"))]
    Plans(Vec<String>),
}

/// A running server.
pub struct Server {
    handle: Handle,
    addresses: Vec<(&'static str, SocketAddr)>,
    threads: Vec<thread::JoinHandle<()>>,
    watch: Option<thread::JoinHandle<()>>,
    watch_stop: Arc<AtomicBool>,
    media: Arc<MediaPool>,
    store: Store,
    registrar: Registration,
    tcp: TcpTransport,
}

impl Server {
    /// Starts everything. Call it on a tokio runtime with more than one thread.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then but threads that end by themselves.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let mut rng = StdRng::from_seed(seed()?);
        let (library, bad) = plans::library(config);
        for prompt in bad {
            tracing::error!(%prompt, "a prompt cannot be used");
        }
        let library = Arc::new(library);
        let plans = plans::load(config, &library).map_err(StartError::Plans)?;
        let line = trunks::trunks(config).map_err(StartError::Plans)?;
        let commits = Arc::new(Commits::default());
        let store = Store::open(&config.data_dir, store_config(config), commits.clone(), clock::wall()).await?;
        if store.recovery.missing > 0 {
            tracing::error!(
                missing = store.recovery.missing,
                "ALARM: the disk lost journal entries that it had confirmed"
            );
        }
        let died_at = restart::settle(&store).await;
        let recordings = Arc::new(Recordings::new(
            store.recorder(),
            store.health.clone(),
            config.store.clone(),
        ));
        let inbox = Arc::new(registrar::Inbox::new());
        let sip = Arc::new(SipPorts::new(store.trace(), inbox.clone()));
        let count = shard_count(config);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel(INPUTS_MAX)).unzip();
        let workers = worker_count(config);
        let media = Arc::new(media_pool(config, workers, &senders)?);
        let port_config = PortConfig {
            port_min: config.media.rtp_port_min,
            port_max: config.media.rtp_port_max,
            quarantine_s: u64::from(config.media.quarantine_s),
            ..PortConfig::default()
        };
        let ports = PortPool::new(port_config, Arc::new(clock::mono), rng.random())?;
        let dns = Dns::new(&DnsConfig {
            timeout_ms: DNS_TIMEOUT_MS,
            ..DnsConfig::default()
        })?;
        let reacher = Arc::new(Reacher { dns, sip: sip.clone() });
        let shared = Shared {
            plan: plans.dialplan,
            calendar: plans.calendar,
            peers: line.peers,
            routes: line.routes,
            limits: Limits {
                calls_max: (config.sip.max_calls as usize).div_ceil(usize::from(count)),
                calls_per_source_max: config.sip.max_calls_per_source as usize,
                strangers_may_call: config.sip.strangers_may_call,
                drain_retry_s: config.drain.retry_after_s,
            },
            laws: config.media.laws.clone(),
            call_max: Duration::from_secs(u64::from(config.dialplan.max_call_s)),
            manners: manners(config),
            codes: Arc::new(codes::codes(config).map_err(|bad| StartError::Plans(vec![bad.to_string()]))?),
            draining: false,
        };
        sip.attach_shards(senders.clone());
        commits.attach(senders.clone());
        let parts = Parts {
            sip: sip.clone(),
            journal: store.journal.clone(),
            ports,
            media: media.clone(),
            library: library.clone(),
            recordings,
            reacher: reacher.clone(),
            trunks: Arc::default(),
        };
        let registrar = Registration::start(config, inbox, &sip, &senders, rng.random()).await?;
        let floor = floor_config(config, clock::wall());
        if let (Some(_), Some(first)) = (died_at, senders.first()) {
            // Behind the accounts, before anything that comes by SIP.
            let past = restart::past(&store.ledger, &floor, clock::wall()).await;
            let _ = first.try_send(Input::Restore(Box::new(past))); // nobody has sent much yet
        }
        let tcp = listen_tcp(config, &sip)?;
        let mut threads = Vec::new();
        let mut gauges = Vec::new();
        let mut addresses = Vec::new();
        for (number, inputs) in (0..count).zip(receivers) {
            let shown = Arc::new(ShardGauges::default());
            gauges.push(shown.clone());
            let tcp_port = tcp.1.first().map(SocketAddr::port);
            let exchange_config = exchange_config(config, (number, count), workers, tcp_port, rng.random());
            let hands = hands(
                config,
                &parts,
                number,
                senders[usize::from(number)].downgrade(),
                shown,
                &mut rng,
            );
            let mut exchange = Exchange::new(exchange_config, shared.clone());
            exchange.set_floor(floor.clone(), clock::now());
            if number == 0 {
                exchange.add_trunks(line.trunks.clone(), clock::now());
            }
            let shard = Shard {
                exchange,
                hands,
                answers: HashMap::new(),
            };
            let udp = if number == 0 {
                config.sip.listen_udp.clone()
            } else {
                Vec::new()
            };
            let (thread, bound) = start_shard(number, shard, inputs, udp, sip.clone()).await?;
            threads.push(thread);
            addresses.extend(bound.into_iter().map(|a| ("udp", a)));
        }
        addresses.extend(tcp.1.iter().map(|a| ("tcp", *a)));
        if let Some(died_at) = died_at {
            tokio::spawn(restart::say_goodbye(store.ledger.clone(), died_at, reacher));
        }
        let watch_stop = Arc::new(AtomicBool::new(false));
        let watched = Watched {
            shards: gauges.clone(),
            media: media.gauges().clone(),
            tcp: tcp.0.gauges().clone(),
            journal: store.journal.clone(),
            stop: watch_stop.clone(),
        };
        let watch = watched.start().map_err(|e| system("watch", e))?;
        let handle = Handle {
            config: Arc::new(config.clone()),
            shards: senders,
            shared: Arc::new(ArcSwap::from_pointee(shared)),
            library,
            journal: store.journal.clone(),
            ledger: store.ledger.clone(),
            vault: store.vault().clone(),
            trunks: parts.trunks.clone(),
            gauges,
            draining: Arc::default(),
            people: registrar.people.clone(),
            roster: registrar.roster.clone(),
            registrar: registrar.inbox.clone(),
        };
        Ok(Self {
            handle,
            addresses,
            threads,
            watch: Some(watch),
            watch_stop,
            media,
            store,
            registrar,
            tcp: tcp.0,
        })
    }

    /// The way for others to ask it something.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The keys of the recordings.
    pub fn vault(&self) -> &Arc<Vault> {
        self.store.vault()
    }

    /// Where SIP is heard: transport and address, ports resolved.
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// Takes no new calls, lets running ones end for `patience`, then ends them, then stops everything. Says whether all
    /// calls ended in peace.
    pub async fn stop(mut self, patience: Duration) -> bool {
        self.handle.drain().await;
        let peaceful = self.handle.drained(patience).await;
        self.handle.leave_trunks().await;
        self.tcp.shut_down().await;
        for shard in &self.handle.shards {
            let _ = shard.send(Input::Stop).await; // one that is gone has stopped
        }
        let threads = std::mem::take(&mut self.threads);
        let media = self.media;
        self.watch_stop.store(true, Ordering::Relaxed);
        let watch = self.watch.take();
        let ended = tokio::task::spawn_blocking(move || {
            for thread in threads {
                let _ = thread.join(); // a shard that panicked has said so
            }
            drop(media);
            if let Some(watch) = watch {
                watch.thread().unpark();
                let _ = watch.join();
            }
        });
        if let Err(error) = ended.await {
            tracing::error!(%error, "the end was not orderly");
        }
        self.registrar.stop().await;
        self.store.close().await; // after the last event
        peaceful
    }
}

pub(super) fn system(what: impl Into<String>, source: io::Error) -> StartError {
    StartError::System {
        what: what.into(),
        source,
    }
}

fn seed() -> Result<[u8; 32], StartError> {
    let mut seed = [0; 32];
    OsRng
        .try_fill_bytes(&mut seed)
        .map_err(|e| system("randomness", io::Error::other(e)))?;
    Ok(seed)
}
