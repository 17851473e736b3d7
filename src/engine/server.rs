//! The server: everything started in an order in which nothing is used before it is there, and stopped in the reverse.

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use rand::rngs::{OsRng, StdRng};
use rand::{Rng, SeedableRng, TryRngCore};
use tokio::sync::{mpsc, oneshot};

use crate::call::{Exchange, ExchangeConfig, Limits, Shared};
use crate::config::{Config, Io};
use crate::kernel::MediaId;
use crate::media::MediaOutput;
use crate::net::batch::Backend;
use crate::net::dns::{Dns, DnsConfig, DnsError};
use crate::net::ports::{PortConfig, PortError, PortPool};
use crate::net::tcp::{TcpConfig, TcpEvent, TcpTransport};
use crate::net::udp::{UdpConfig, UdpTransport};
use crate::sip::message::parse_datagram;
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::UaConfig;
use crate::store::trace::TraceConfig;
use crate::store::{Journal, JournalConfig, Store, StoreConfig, StoreError};

use super::clock;
use super::commits::Commits;
use super::gauges::{ShardGauges, TrunkBoard, Watched};
use super::handle::Handle;
use super::hands::Hands;
use super::library::Library;
use super::media::{FrameSink, MediaConfig, MediaEvents, MediaPool};
use super::meter::Meter;
use super::plans;
use super::reach::Reacher;
use super::recorder::Recordings;
use super::shard::{INPUTS_MAX, Input, Shard};
use super::sip_ports::SipPorts;
use super::trunks;

/// Longest name look-up.
const DNS_TIMEOUT_MS: u64 = 3_000;
/// Files of the SIP trace.
const TRACE_SEGMENTS: usize = 8;

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
    tcp: TcpTransport,
}

/// Parts that every shard gets.
struct Parts {
    sip: Arc<SipPorts>,
    journal: Journal,
    ports: PortPool,
    media: Arc<MediaPool>,
    library: Arc<Library>,
    recordings: Arc<Recordings>,
    reacher: Arc<Reacher>,
    trunks: Arc<TrunkBoard>,
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
        let recordings = Arc::new(Recordings::new(
            store.recorder(),
            store.health.clone(),
            config.store.clone(),
        ));
        let sip = Arc::new(SipPorts::new(store.trace()));
        let count = shard_count(config);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel(INPUTS_MAX)).unzip();
        let workers = worker_count(config);
        let media = Arc::new(media_pool(config, workers, &senders, recordings.clone())?);
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
            reacher,
            trunks: Arc::default(),
        };
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
            if number == 0 {
                exchange.add_trunks(line.trunks.clone(), clock::now());
            }
            let shard = Shard { exchange, hands };
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
            trunks: parts.trunks.clone(),
            gauges,
            draining: Arc::default(),
        };
        Ok(Self {
            handle,
            addresses,
            threads,
            watch: Some(watch),
            watch_stop,
            media,
            store,
            tcp: tcp.0,
        })
    }

    /// The way for others to ask it something.
    pub fn handle(&self) -> &Handle {
        &self.handle
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
        self.store.close().await; // after the last event
        peaceful
    }
}

fn system(what: impl Into<String>, source: io::Error) -> StartError {
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

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// One shard takes hundreds of calls a second; more only help on large machines.
fn shard_count(config: &Config) -> u16 {
    match config.sip.shards {
        0 => u16::try_from(processors() / 4).unwrap_or(u16::MAX).clamp(1, 64),
        n => n,
    }
}

/// Sound takes more than signalling: half of the processors.
fn worker_count(config: &Config) -> u8 {
    match config.media.workers {
        0 => u8::try_from(processors() / 2).unwrap_or(u8::MAX).max(1),
        n => u8::try_from(n).unwrap_or(u8::MAX),
    }
}

fn store_config(config: &Config) -> StoreConfig {
    StoreConfig {
        journal: JournalConfig {
            segment_bytes: u64::from(config.store.journal_segment_mb) << 20,
            inbox_max_events: config.store.journal_buffer_events as usize,
            ..JournalConfig::default()
        },
        trace: TraceConfig {
            segment_bytes: (u64::from(config.store.trace_mb) << 20) / TRACE_SEGMENTS as u64,
            segments: TRACE_SEGMENTS,
            ..TraceConfig::default()
        },
    }
}

fn media_pool(
    config: &Config,
    workers: u8,
    shards: &[mpsc::Sender<Input>],
    recordings: Arc<Recordings>,
) -> Result<MediaPool, StartError> {
    let shards = shards.to_vec();
    let events: MediaEvents = Arc::new(move |id: MediaId, output: MediaOutput| {
        if matches!(output, MediaOutput::StrangerDropped) {
            metrics::counter!("yihao_rtp_strangers_total").increment(1);
            return;
        }
        let shard = shards.get(usize::try_from(id.0 >> 48).unwrap_or(0));
        if shard.is_none_or(|s| s.try_send(Input::Heard(id, output)).is_err()) {
            tracing::error!("a media event found its shard full");
        }
    });
    let backend = match config.media.io {
        Io::Auto => Backend::Auto,
        Io::Epoll => Backend::Epoll,
        Io::Uring => Backend::Uring,
    };
    let pool_config = MediaConfig {
        workers: usize::from(workers),
        backend,
        ..MediaConfig::default()
    };
    let clock: crate::net::Clock = Arc::new(clock::mono);
    let sink: Arc<dyn FrameSink> = recordings;
    MediaPool::start(&pool_config, &clock, &events, &sink).map_err(|e| system("media workers", e))
}

fn listen_tcp(config: &Config, sip: &Arc<SipPorts>) -> Result<(TcpTransport, Vec<SocketAddr>), StartError> {
    let tcp_config = TcpConfig {
        message_timeout_ms: u64::from(config.sip.tcp_header_timeout_s) * 1_000,
        idle_timeout_s: u64::from(config.sip.tcp_idle_timeout_s),
        connections_max: config.sip.tcp_max_connections as usize,
        connections_per_source_max: config.sip.tcp_max_connections_per_source as usize,
        ..TcpConfig::default()
    };
    let ports = sip.clone();
    let tcp = TcpTransport::new(
        tcp_config,
        Arc::new(move |event| match event {
            TcpEvent::Message { message, flow } => ports.received(None, message, flow),
            TcpEvent::Failed { flow } => ports.failed(flow),
        }),
    );
    let mut bound = Vec::new();
    for address in &config.sip.listen_tcp {
        bound.push(
            tcp.listen(*address)
                .map_err(|e| system(format!("SIP over TCP at {address}"), e))?,
        );
    }
    sip.attach_tcp(tcp.clone());
    Ok((tcp, bound))
}

fn exchange_config(
    config: &Config,
    (shard, shards): (u16, u16),
    workers: u8,
    tcp_port: Option<u16>,
    seed: u64,
) -> ExchangeConfig {
    let ms = Duration::from_millis;
    ExchangeConfig {
        shard,
        shards,
        media_workers: workers,
        ua: UaConfig {
            user_agent: config.sip.user_agent.clone(),
            session_expires_s: config.sip.session_expires_s,
            min_se_s: config.sip.min_se_s,
            ack_timeout: ms(config.sip.t1_ms * 64),
            advertised: config
                .sip
                .advertised_v4
                .map(Into::into)
                .or(config.sip.advertised_v6.map(Into::into)),
            tcp_listen_port: tcp_port,
            retry_after_s: config.drain.retry_after_s,
            ..UaConfig::default()
        },
        transactions: TransactionConfig {
            t1: ms(config.sip.t1_ms),
            t2: ms(config.sip.t2_ms),
            t4: ms(config.sip.t4_ms),
            max_transactions: (config.sip.max_transactions as usize).div_ceil(usize::from(shards)),
        },
        seed,
    }
}

fn hands(
    config: &Config,
    parts: &Parts,
    shard: u16,
    inputs: mpsc::WeakSender<Input>,
    gauges: Arc<ShardGauges>,
    rng: &mut StdRng,
) -> Hands {
    Hands {
        shard,
        inputs,
        runtime: tokio::runtime::Handle::current(),
        sip: parts.sip.clone(),
        journal: parts.journal.clone(),
        ports: parts.ports.clone(),
        media: parts.media.clone(),
        library: parts.library.clone(),
        recordings: parts.recordings.clone(),
        reacher: parts.reacher.clone(),
        meter: Meter::new(gauges.clone()),
        gauges,
        trunks: parts.trunks.clone(),
        dead_after: Duration::from_secs(u64::from(config.media.dead_media_s)),
        inband_dtmf: config.media.inband_dtmf,
        advertised: [
            config.sip.advertised_v4.map(Into::into),
            config.sip.advertised_v6.map(Into::into),
        ],
        rng: StdRng::from_rng(rng),
    }
}

/// Starts a shard's thread with a runtime of its own; the first shard's also hears the UDP sockets, so that a datagram
/// meets its call without changing threads.
async fn start_shard(
    number: u16,
    shard: Shard,
    inputs: mpsc::Receiver<Input>,
    udp: Vec<SocketAddr>,
    sip: Arc<SipPorts>,
) -> Result<(thread::JoinHandle<()>, Vec<SocketAddr>), StartError> {
    let (ready, started) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| system("runtime", e))?;
    let run = move || {
        runtime.block_on(async move {
            match bind_udp(&udp, &sip) {
                Ok(bound) => {
                    let _ = ready.send(Ok(bound)); // whoever started us may have given up
                    shard.run(inputs).await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    };
    let thread = thread::Builder::new()
        .name(format!("sip-{number}"))
        .spawn(run)
        .map_err(|e| system("shard", e))?;
    let bound = started.await.map_err(|e| system("shard", io::Error::other(e)))??;
    Ok((thread, bound))
}

fn bind_udp(addresses: &[SocketAddr], sip: &Arc<SipPorts>) -> Result<Vec<SocketAddr>, StartError> {
    let mut sockets = Vec::new();
    for address in addresses {
        let ports = sip.clone();
        let handler = Arc::new(move |bytes: &[u8], flow| ports.received(Some(bytes), parse_datagram(bytes), flow));
        let socket = UdpTransport::bind(*address, &UdpConfig::default(), handler)
            .map_err(|e| system(format!("SIP over UDP at {address}"), e))?;
        sockets.push(socket);
    }
    let bound = sockets.iter().map(UdpTransport::local).collect();
    if !addresses.is_empty() {
        sip.attach_udp(sockets);
    }
    Ok(bound)
}
