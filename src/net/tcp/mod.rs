//! SIP over TCP: listeners, connections, their limits. Knows the framing of messages and nothing of what they ask for.
//!
//! Each connection is one reading and one writing task. Every wait has an end and every queue a bound: a peer that
//! dribbles bytes, reads nothing, connects without end or resets at the worst moment costs its own connection only.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::sip::message::{Malformed, Message};
use crate::sip::{Flow, Transport};

mod connection;
mod registry;

#[cfg(test)]
mod tests;

use connection::Wiring;
use registry::Registry;

/// Limits of all connections. A keep-alive or an idle time of 0 switches it off.
#[derive(Clone, Debug)]
pub struct TcpConfig {
    /// Longest time from the first byte of a message to its last, and from accepting to the first whole message.
    pub message_timeout_ms: u64,
    /// A connection that has carried nothing for so long is closed.
    pub idle_timeout_s: u64,
    /// A ping (CRLF CRLF, RFC 5626 §4.4.1) is sent after so long without a word, on connections that we opened.
    pub keep_alive_s: u64,
    /// Longest wait for an outgoing connection.
    pub connect_timeout_ms: u64,
    /// Longest wait for a peer to take one message.
    pub write_timeout_ms: u64,
    /// Connections at a time, those we opened included.
    pub connections_max: usize,
    /// Accepted connections at a time from one IPv4 address or one IPv6 /64.
    pub connections_per_source_max: usize,
    /// Messages that may wait for one peer; one more closes the connection.
    pub outgoing_queue_max_messages: usize,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            message_timeout_ms: 8_000,
            idle_timeout_s: 600,
            keep_alive_s: 90,
            connect_timeout_ms: 4_000,
            write_timeout_ms: 8_000,
            connections_max: 4_096,
            connections_per_source_max: 64,
            outgoing_queue_max_messages: 256,
        }
    }
}

/// What a connection tells.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "events are handed over at once, never stored; nearly all are messages"
)]
pub enum TcpEvent {
    /// A message, or what could not be read as one, came.
    Message {
        /// The message.
        message: Result<Message, Malformed>,
        /// Where it came from.
        flow: Flow,
    },
    /// The connection is gone; said once for each connection that was told of by a message or by [`TcpTransport::connect`].
    Failed {
        /// Which.
        flow: Flow,
    },
}

/// What receives events. It runs on the connections' tasks and must not block.
pub type TcpHandler = Arc<dyn Fn(TcpEvent) + Send + Sync>;

/// Why a message could not be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TcpSendError {
    /// The connection is gone.
    #[error("the connection is gone")]
    Gone,
    /// The peer reads too slowly; its connection is being closed.
    #[error("the peer does not take its messages")]
    Congested,
}

/// What passed through, and what was turned away.
#[derive(Debug, Default)]
pub struct TcpGauges {
    /// Connections open now.
    pub open: AtomicU64,
    /// Connections accepted so far.
    pub accepted: AtomicU64,
    /// Connections turned away because there are too many, or too many of that source.
    pub refused: AtomicU64,
    /// Connections closed because a message took too long to come.
    pub slow: AtomicU64,
    /// Connections closed because the peer did not take what was sent.
    pub congested: AtomicU64,
    /// Messages received.
    pub received: AtomicU64,
    /// Messages sent.
    pub sent: AtomicU64,
}

/// All TCP of one server. Clones share it.
#[derive(Clone)]
pub struct TcpTransport(Arc<Inner>);

struct Inner {
    config: TcpConfig,
    handler: TcpHandler,
    registry: Registry,
    gauges: Arc<TcpGauges>,
    stop: watch::Sender<bool>,
}

impl TcpTransport {
    /// Opens nothing yet.
    pub fn new(config: TcpConfig, handler: TcpHandler) -> Self {
        let gauges = Arc::new(TcpGauges::default());
        Self(Arc::new(Inner {
            registry: Registry::new(&config, Arc::clone(&gauges)),
            config,
            handler,
            gauges,
            stop: watch::Sender::new(false),
        }))
    }

    /// The counters.
    pub fn gauges(&self) -> &Arc<TcpGauges> {
        &self.0.gauges
    }

    /// Listens on `local` and returns the address with the port that was found for port 0. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// What `bind` and `listen` answer.
    pub fn listen(&self, local: SocketAddr) -> io::Result<SocketAddr> {
        let socket = socket_for(local)?;
        socket.set_reuseaddr(true)?;
        socket.bind(local)?;
        let listener = socket.listen(1_024)?;
        let local = listener.local_addr()?;
        tokio::spawn(accept_loop(Arc::clone(&self.0), listener));
        Ok(local)
    }

    /// Queues `bytes` for the flow's connection; never waits.
    ///
    /// # Errors
    /// [`TcpSendError`]; the connection's [`TcpEvent::Failed`] comes, or has come, too.
    pub fn send(&self, flow: &Flow, bytes: Arc<[u8]>) -> Result<(), TcpSendError> {
        self.0.registry.send(flow.connection, bytes)
    }

    /// The open connection to `remote`, or a new one from `local`.
    ///
    /// # Errors
    /// What the kernel answers, `TimedOut`, or `QuotaExceeded` when there are too many connections.
    pub async fn connect(&self, local: IpAddr, remote: SocketAddr) -> io::Result<Flow> {
        if let Some(flow) = self.0.registry.flow_to(remote) {
            return Ok(flow);
        }
        let socket = socket_for(remote)?;
        if !local.is_unspecified() {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        let limit = Duration::from_millis(self.0.config.connect_timeout_ms);
        let stream = tokio::time::timeout(limit, socket.connect(remote)).await??;
        begin(&self.0, stream, remote, true).ok_or_else(|| io::ErrorKind::QuotaExceeded.into())
    }

    /// Closes listeners and connections. What is already queued is still written, each peer within its time limit.
    pub async fn shut_down(&self) {
        self.0.stop.send_replace(true);
        // The tasks hold a receiver each; the last one to leave closes the channel.
        self.0.stop.closed().await;
    }
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => {
            let socket = TcpSocket::new_v6()?;
            socket2::SockRef::from(&socket).set_only_v6(true)?;
            Ok(socket)
        }
    }
}

async fn accept_loop(inner: Arc<Inner>, listener: TcpListener) {
    let mut stopped = inner.stop.subscribe();
    if *stopped.borrow() {
        return;
    }
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                begin(&inner, stream, remote, false);
            }
            Err(error) => {
                // Reset before we came to it, or out of file descriptors: the latter must not become a busy loop.
                tracing::warn!(%error, "accepting a TCP connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Starts the tasks of a connection; `None` when it is turned away, or was gone at once.
fn begin(inner: &Arc<Inner>, stream: TcpStream, remote: SocketAddr, ours: bool) -> Option<Flow> {
    let local = stream.local_addr().ok()?;
    // A SIP message is one write; waiting to fill a segment only adds delay.
    let _ = stream.set_nodelay(true);
    let flow = Flow {
        transport: Transport::Tcp,
        local,
        remote,
        connection: inner.registry.next_number(),
    };
    let Some(seat) = inner.registry.enter(flow, ours) else {
        inner.gauges.refused.fetch_add(1, Ordering::Relaxed);
        // A reset, not a polite close: no state is left behind for a peer that is turned away.
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        return None;
    };
    if !ours {
        inner.gauges.accepted.fetch_add(1, Ordering::Relaxed);
    }
    let wiring = Wiring {
        flow,
        ours,
        config: inner.config.clone(),
        handler: Arc::clone(&inner.handler),
        gauges: Arc::clone(&inner.gauges),
        stopped: inner.stop.subscribe(),
    };
    tokio::spawn(connection::run(wiring, seat, stream));
    Some(flow)
}
