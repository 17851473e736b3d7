//! The store's alarm board: plain atomics that every part sets and the metrics exporter reads. Knows no metric names.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How the store is doing. All values are momentary, except the counters, which only grow.
#[derive(Debug, Default)]
pub struct StoreHealth {
    /// Events that the journal holds and the database has not.
    pub journal_lag_entries: Gauge,
    /// Events that wait in memory because the journal's disk refuses them.
    pub journal_backlog_entries: Gauge,
    /// True while the journal cannot make events durable; calls go on.
    pub degraded: Flag,
    /// True while one write of the journal hangs longer than it may; calls go on.
    pub stalled: Flag,
    /// True while there is no spare journal segment, so that a full disk would hurt at once.
    pub spare_missing: Flag,
    /// Counter: failed file operations of the journal.
    pub journal_errors: Gauge,
    /// Counter: events given up because even the memory bound was reached, or that were unreadable later.
    pub lost_entries: Gauge,
    /// Counter: group commits made durable.
    pub commits: Gauge,
    /// True while the database refuses the journal's events (locked, full, failed).
    pub db_lagging: Flag,
    /// Counter: failed transactions of the drain.
    pub db_errors: Gauge,
    /// Free bytes on the disk of the journal, as last looked at.
    pub disk_free_bytes: Gauge,
    /// Counter: traced SIP messages dropped because their queue was full or the disk refused them.
    pub trace_dropped: Gauge,
    /// Recordings being written.
    pub recordings_open: Gauge,
    /// Counter: recordings that stopped because of the disk.
    pub recordings_failed: Gauge,
}

/// A number that is set by one and read by others.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

/// A yes or no that is set by one and read by others.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Gauge {
    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to the value.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

impl Flag {
    /// Whether it is raised.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Raises or lowers it; tells what it was.
    pub fn set(&self, raised: bool) -> bool {
        self.0.swap(raised, Ordering::Relaxed)
    }
}
