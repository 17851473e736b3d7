//! Momentary values, shown to the metrics once a second.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use metrics::{counter, gauge};

use crate::net::tcp::TcpGauges;
use crate::store::{Journal, StoreHealth};

use super::media::MediaGauges;

/// How often.
const PERIOD: Duration = Duration::from_secs(1);

/// What one shard shows of itself.
#[derive(Debug, Default)]
pub(super) struct ShardGauges {
    pub calls: AtomicU64,
    pub legs: AtomicU64,
    pub transactions: AtomicU64,
    /// Calls that arrived since the start.
    pub arrived: AtomicU64,
    /// Calls that were refused since the start.
    pub refused: AtomicU64,
}

/// Which trunks are up, for the status page.
#[derive(Debug, Default)]
pub(super) struct TrunkBoard(Mutex<BTreeMap<String, bool>>);

impl TrunkBoard {
    /// Notes how a trunk is.
    pub(super) fn set(&self, name: String, up: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, up);
    }

    /// All trunks by name.
    pub(super) fn all(&self) -> Vec<(String, bool)> {
        let trunks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trunks.iter().map(|(name, up)| (name.clone(), *up)).collect()
    }
}

/// Everything that is looked at.
pub(super) struct Watched {
    pub shards: Vec<Arc<ShardGauges>>,
    pub media: Arc<MediaGauges>,
    pub tcp: Arc<TcpGauges>,
    pub journal: Journal,
    pub stop: Arc<AtomicBool>,
}

impl Watched {
    /// Starts the thread; it ends when `stop` is set.
    pub(super) fn start(self) -> std::io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name("watch".into()).spawn(move || {
            while !self.stop.load(Ordering::Relaxed) {
                self.show();
                thread::park_timeout(PERIOD);
            }
        })
    }

    fn show(&self) {
        let sum = |of: fn(&ShardGauges) -> &AtomicU64| {
            self.shards.iter().map(|s| of(s).load(Ordering::Relaxed)).sum::<u64>() as f64
        };
        gauge!("yihao_calls_live").set(sum(|s| &s.calls));
        gauge!("yihao_sip_legs").set(sum(|s| &s.legs));
        gauge!("yihao_sip_transactions").set(sum(|s| &s.transactions));
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        gauge!("yihao_rtp_sessions").set(load(&self.media.sessions) as f64);
        counter!("yihao_media_late_ticks_total").absolute(load(&self.media.late_ticks));
        counter!("yihao_rtp_packets_total", "direction" => "in").absolute(load(&self.media.packets.received));
        counter!("yihao_rtp_packets_total", "direction" => "out").absolute(load(&self.media.packets.sent));
        gauge!("yihao_tcp_connections").set(load(&self.tcp.open) as f64);
        counter!("yihao_tcp_refused_total", "cause" => "limit").absolute(load(&self.tcp.refused));
        counter!("yihao_tcp_refused_total", "cause" => "slow").absolute(load(&self.tcp.slow));
        show_store(self.journal.health());
    }
}

fn show_store(health: &StoreHealth) {
    let flag = |raised: bool| f64::from(u8::from(raised));
    gauge!("yihao_journal_waiting").set(health.journal_lag_entries.get() as f64);
    gauge!("yihao_journal_degraded").set(flag(health.degraded.get() || health.stalled.get()));
    counter!("yihao_journal_lost_total").absolute(health.lost_entries.get());
    gauge!("yihao_ledger_behind").set(flag(health.db_lagging.get()));
    gauge!("yihao_recordings_live").set(health.recordings_open.get() as f64);
}
