//! Which connections are open, and how many each source has. Knows no bytes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use super::{TcpConfig, TcpGauges, TcpSendError};
use crate::sip::Flow;

pub(super) struct Registry {
    connections_max: usize,
    per_source_max: usize,
    queue_max_messages: usize,
    numbers: AtomicU64,
    gauges: Arc<TcpGauges>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    open: HashMap<u64, Line>,
    to: HashMap<SocketAddr, Flow>,
    sources: HashMap<IpAddr, usize>,
}

/// The sending end of one connection.
struct Line {
    outgoing: mpsc::Sender<Arc<[u8]>>,
    abort: Arc<Notify>,
}

/// A connection's place in the book, given up when dropped.
pub(super) struct Seat {
    pub(super) outgoing: mpsc::Receiver<Arc<[u8]>>,
    /// Rings when the connection is to be cut.
    pub(super) abort: Arc<Notify>,
    place: Place,
}

struct Place {
    flow: Flow,
    ours: bool,
    gauges: Arc<TcpGauges>,
    book: Arc<Mutex<Book>>,
}

impl Registry {
    pub(super) fn new(config: &TcpConfig, gauges: Arc<TcpGauges>) -> Self {
        Self {
            connections_max: config.connections_max,
            per_source_max: config.connections_per_source_max,
            queue_max_messages: config.outgoing_queue_max_messages.max(1),
            numbers: AtomicU64::new(1), // 0 is for datagrams
            gauges,
            book: Arc::default(),
        }
    }

    pub(super) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A place for a connection; `None` when there are too many. Only accepted ones count for their source.
    pub(super) fn enter(&self, flow: Flow, ours: bool) -> Option<Seat> {
        let mut book = lock(&self.book);
        if book.open.len() >= self.connections_max {
            return None;
        }
        if !ours {
            let count = book.sources.entry(source(flow.remote.ip())).or_default();
            if *count >= self.per_source_max {
                return None;
            }
            *count += 1;
        }
        let (sender, outgoing) = mpsc::channel(self.queue_max_messages);
        let abort = Arc::new(Notify::new());
        let line = Line {
            outgoing: sender,
            abort: Arc::clone(&abort),
        };
        book.open.insert(flow.connection, line);
        book.to.insert(flow.remote, flow);
        self.gauges.open.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            flow,
            ours,
            gauges: Arc::clone(&self.gauges),
            book: Arc::clone(&self.book),
        };
        Some(Seat { outgoing, abort, place })
    }

    pub(super) fn flow_to(&self, remote: SocketAddr) -> Option<Flow> {
        lock(&self.book).to.get(&remote).copied()
    }

    pub(super) fn send(&self, connection: u64, bytes: Arc<[u8]>) -> Result<(), TcpSendError> {
        let book = lock(&self.book);
        let line = book.open.get(&connection).ok_or(TcpSendError::Gone)?;
        match line.outgoing.try_send(bytes) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(TcpSendError::Gone),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.gauges.congested.fetch_add(1, Ordering::Relaxed);
                line.abort.notify_one();
                Err(TcpSendError::Congested)
            }
        }
    }
}

impl Seat {
    /// Takes the parts that the two tasks need; the place is given up with the last part.
    pub(super) fn split(self) -> (mpsc::Receiver<Arc<[u8]>>, Arc<Notify>, impl Sized) {
        (self.outgoing, self.abort, self.place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = lock(&self.book);
        book.open.remove(&self.flow.connection);
        if book.to.get(&self.flow.remote) == Some(&self.flow) {
            book.to.remove(&self.flow.remote);
        }
        if !self.ours {
            let from = source(self.flow.remote.ip());
            if let Some(count) = book.sources.get_mut(&from) {
                *count -= 1;
                if *count == 0 {
                    book.sources.remove(&from);
                }
            }
        }
        self.gauges.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whom to count a connection for: one IPv6 subscriber has a whole /64.
fn source(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.into(),
            None => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        },
    }
}
