//! What a server is made of, each part from the configuration. Starts nothing that it is not asked for.

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use crate::call::{ExchangeConfig, Manners};
use crate::config::{Config, Encrypt, Io};
use crate::ivr::Language;
use crate::kernel::{MediaId, calendar};
use crate::media::MediaOutput;
use crate::net::batch::Backend;
use crate::net::ports::PortPool;
use crate::net::tcp::{TcpConfig, TcpEvent, TcpTransport};
use crate::net::udp::{UdpConfig, UdpTransport};
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::UaConfig;
use crate::store::trace::TraceConfig;
use crate::store::{Journal, JournalConfig, RecordingsConfig, StoreConfig};

use super::clock;
use super::gauges::{ShardGauges, TrunkBoard};
use super::hands::Hands;
use super::library::Library;
use super::media::{MediaConfig, MediaEvents, MediaPool};
use super::meter::Meter;
use super::reach::Reacher;
use super::recorder::Recordings;
use super::server::{StartError, system};
use super::shard::{Input, Shard};
use super::sip_ports::SipPorts;

/// Files of the SIP trace.
const TRACE_SEGMENTS: usize = 8;

/// Parts that every shard gets.
pub(super) struct Parts {
    pub sip: Arc<SipPorts>,
    pub journal: Journal,
    pub ports: PortPool,
    pub media: Arc<MediaPool>,
    pub library: Arc<Library>,
    pub recordings: Arc<Recordings>,
    pub reacher: Arc<Reacher>,
    pub trunks: Arc<TrunkBoard>,
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// One shard takes hundreds of calls a second; more only help on large machines. Queues need one that owns all agents.
pub(super) fn shard_count(config: &Config) -> u16 {
    match config.sip.shards {
        _ if !config.queue.is_empty() => 1,
        0 => u16::try_from(processors() / 4).unwrap_or(u16::MAX).clamp(1, 64),
        n => n,
    }
}

/// Sound takes more than signalling: half of the processors.
pub(super) fn worker_count(config: &Config) -> u8 {
    match config.media.workers {
        0 => u8::try_from(processors() / 2).unwrap_or(u8::MAX).max(1),
        n => u8::try_from(n).unwrap_or(u8::MAX),
    }
}

pub(super) fn store_config(config: &Config) -> StoreConfig {
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
        recordings: RecordingsConfig {
            key_file: config.recordings.key_file.clone(),
            encryption_required: config.recordings.encrypt == Encrypt::Required,
        },
    }
}

pub(super) fn media_pool(
    config: &Config,
    workers: u8,
    shards: &[mpsc::Sender<Input>],
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
    MediaPool::start(&pool_config, &clock, &events).map_err(|e| system("media workers", e))
}

pub(super) fn listen_tcp(config: &Config, sip: &Arc<SipPorts>) -> Result<(TcpTransport, Vec<SocketAddr>), StartError> {
    let tcp_config = TcpConfig {
        message_timeout_ms: u64::from(config.sip.tcp_header_timeout_s) * 1_000,
        idle_timeout_s: u64::from(config.sip.tcp_idle_timeout_s),
        connections_max: config.sip.tcp_max_connections as usize,
        connections_per_source_max: config.sip.tcp_max_connections_per_source as usize,
        ..TcpConfig::default()
    };
    // The ports hold the transport: held by it in turn, neither would ever close.
    let ports = Arc::downgrade(sip);
    let tcp = TcpTransport::new(
        tcp_config,
        Arc::new(move |event| match (ports.upgrade(), event) {
            (Some(ports), TcpEvent::Message { message, flow }) => ports.received(None, message, flow),
            (Some(ports), TcpEvent::Failed { flow }) => ports.failed(flow),
            (None, _after_the_end) => {}
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

/// How people are served.
pub(super) fn manners(config: &Config) -> Manners {
    let seconds = |s: u32| Duration::from_secs(u64::from(s));
    Manners {
        hold_music: config.calls.hold_music.clone(),
        record_calls: config.calls.record,
        recording_max: seconds(config.calls.record_max_s),
        alert_info: config.calls.alert_info.clone(),
        debts_queue: config.calls.callback_queue.clone(),
        language: Language::parse(config.language.as_str()).unwrap_or_default(),
        ring_timeout: seconds(config.calls.ring_timeout_s),
        hotline_number: config.calls.number.clone(),
        zone: calendar::zone(&config.time_zone).unwrap_or(TimeZone::UTC), // the configuration was checked
    }
}

pub(super) fn exchange_config(
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
            advertised: [
                config.sip.advertised_v4.map(Into::into),
                config.sip.advertised_v6.map(Into::into),
            ]
            .into_iter()
            .flatten()
            .collect(),
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

pub(super) fn hands(
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
pub(super) async fn start_shard(
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
        let handler = Arc::new(move |bytes: &[u8], flow| ports.datagram(bytes, flow));
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
