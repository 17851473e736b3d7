//! Many small UDP sockets served by one thread: wait, harvest, queue, flush. Knows addresses and bytes, not what they mean.
//!
//! Two ways lead to the same behaviour: `epoll` makes one system call for each packet, `uring` one for each batch.
//! Both learn which sockets have data from `readiness`, so that a silent socket costs nothing.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

mod epoll;
mod queue;
mod readiness;
mod uring;

#[cfg(test)]
mod measure;
#[cfg(test)]
mod tests;

pub use epoll::EpollIo;
pub use queue::SendQueue;
pub use readiness::{SocketKey, Waker};
pub use uring::UringIo;

/// When a socket's data is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the next [`PacketIo::harvest`] of the lazy ones: its data wakes nobody.
    Lazy,
    /// At once: its data ends [`PacketIo::wait`].
    Eager,
}

/// Which implementation is to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The one that measured better for a server that mostly sends: epoll. On Linux 6.18 with two cores, least of 40
    /// runs by `measure.rs`, CPU µs a packet: sending 3.7–3.9 by either, relaying 5.7 by epoll and 5.2–5.5 by io_uring.
    /// The kernel's way through UDP costs what it costs; entering it is little of that.
    #[default]
    Auto,
    /// One `sendto` or `recvfrom` a packet.
    Epoll,
    /// Batches through io_uring.
    Uring,
}

/// What passed through all sockets of one thread, or of several that share it.
#[derive(Debug, Default)]
pub struct IoGauges {
    /// Packets received.
    pub received: AtomicU64,
    /// Packets handed to the kernel.
    pub sent: AtomicU64,
    /// Packets that were too long to be sound, or for which the queue was full.
    pub dropped: AtomicU64,
    /// Sends that the kernel refused.
    pub send_errors: AtomicU64,
}

/// What receives packets: the socket's tag, where it came from, its bytes.
pub type OnPacket<'a> = dyn FnMut(u64, SocketAddr, &[u8]) + 'a;

/// A thread's sockets. Not shared: each media worker owns one.
pub trait PacketIo {
    /// Takes a non-blocking socket into the house. `tag` comes back with each of its packets.
    ///
    /// # Errors
    /// What `epoll_ctl` answers; the socket is closed then.
    fn adopt(&mut self, socket: UdpSocket, tag: u64, pace: Pace) -> io::Result<SocketKey>;

    /// Changes when a socket's data is looked at.
    ///
    /// # Errors
    /// `NotFound` for a released key, else what `epoll_ctl` answers.
    fn set_pace(&mut self, key: SocketKey, pace: Pace) -> io::Result<()>;

    /// Gives a socket back. Flush first: what is still queued for it is lost.
    fn release(&mut self, key: SocketKey) -> Option<UdpSocket>;

    /// Sleeps until an eager socket has data, the [`Waker`] rings or `timeout` has passed; `None` sleeps for ever.
    ///
    /// # Errors
    /// What `epoll_wait` answers; an interrupted sleep is no error.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Receives what the sockets of that pace have; for eager ones, what the last `wait` has found. Returns the number of packets.
    fn harvest(&mut self, pace: Pace, on_packet: &mut OnPacket<'_>) -> usize;

    /// Sends what is queued, in its order, and empties the queue. What the kernel does not take at once is dropped and counted.
    fn flush(&mut self, queue: &mut SendQueue);

    /// Ends a `wait` from another thread.
    fn waker(&self) -> Waker;

    /// The implementation's name, for logs and metrics.
    fn name(&self) -> &'static str;
}

/// Opens the wanted implementation. Call it on the thread that will use it.
///
/// # Errors
/// What the kernel answers.
pub fn open(backend: Backend, gauges: Arc<IoGauges>) -> io::Result<Box<dyn PacketIo>> {
    match backend {
        Backend::Auto | Backend::Epoll => Ok(Box::new(EpollIo::new(gauges)?)),
        Backend::Uring => Ok(Box::new(UringIo::new(gauges)?)),
    }
}
