//! A UDP socket for SIP: a receive loop into a handler and sends that never wait. Knows no SIP: a datagram is bytes and a flow.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::net::SendFlags;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::kernel::limits::SIP_MESSAGE_MAX_BYTES;
use crate::sip::{Flow, Transport};

/// Datagrams taken in one go before other tasks get their turn.
const BURST_MAX_DATAGRAMS: usize = 64;

/// What receives datagrams. It runs on the receive loop and must not block.
pub type DatagramHandler = Arc<dyn Fn(&[u8], Flow) + Send + Sync>;

/// How a socket is set up.
#[derive(Clone, Debug)]
pub struct UdpConfig {
    /// `SO_RCVBUF` asked for, bytes. The kernel caps it at `net.core.rmem_max`.
    pub receive_buffer_bytes: usize,
    /// `SO_SNDBUF` asked for, bytes.
    pub send_buffer_bytes: usize,
}

impl Default for UdpConfig {
    fn default() -> Self {
        Self {
            receive_buffer_bytes: 4 << 20,
            send_buffer_bytes: 1 << 20,
        }
    }
}

/// What passed through one socket.
#[derive(Debug, Default)]
pub struct UdpGauges {
    /// Datagrams received.
    pub received: AtomicU64,
    /// Datagrams handed to the kernel.
    pub sent: AtomicU64,
    /// Datagrams dropped because the kernel's buffer was full.
    pub dropped: AtomicU64,
    /// Sends that the kernel refused (no route, too long …).
    pub send_errors: AtomicU64,
}

/// One bound socket with its receive loop.
pub struct UdpTransport {
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    gauges: Arc<UdpGauges>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl UdpTransport {
    /// Binds `local` and starts receiving; call it inside a tokio runtime.
    ///
    /// Bind an explicit address: [`Flow::local`] is what `bind` was given, and a Via made of `0.0.0.0` reaches nobody.
    ///
    /// # Errors
    /// Whatever `socket`, `bind` or the runtime's registration answers.
    pub fn bind(local: SocketAddr, config: &UdpConfig, handler: DatagramHandler) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // A smaller buffer than asked for is no reason not to serve.
        let _ = socket.set_recv_buffer_size(config.receive_buffer_bytes);
        let _ = socket.set_send_buffer_size(config.send_buffer_bytes);
        socket.bind(&local.into())?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let local = socket.local_addr()?;
        let gauges = Arc::new(UdpGauges::default());
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(receive_loop(
            Arc::clone(&socket),
            local,
            Arc::clone(&gauges),
            handler,
            stopped,
        ));
        Ok(Self {
            socket,
            local,
            gauges,
            stop,
            task,
        })
    }

    /// The address that is bound, with the port that was found for port 0.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// The socket's counters.
    pub const fn gauges(&self) -> &Arc<UdpGauges> {
        &self.gauges
    }

    /// Sends at once or not at all: SIP repeats what UDP loses, but a send that waits would hold up everybody else.
    /// Returns whether the kernel took it.
    pub fn send(&self, remote: SocketAddr, bytes: &[u8]) -> bool {
        // Past tokio's own readiness, which is unknown before the reactor's first turn: the first datagram would be lost.
        match rustix::net::sendto(&self.socket, bytes, SendFlags::DONTWAIT, &remote) {
            Ok(_) => {
                self.gauges.sent.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            Err(Errno::AGAIN) => self.gauges.dropped.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                tracing::debug!(%remote, %error, "UDP send refused");
                self.gauges.send_errors.fetch_add(1, Ordering::Relaxed)
            }
        };
        false
    }

    /// Ends the receive loop and waits for it; the socket closes when the last sender is gone.
    pub async fn shut_down(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn receive_loop(
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    gauges: Arc<UdpGauges>,
    handler: DatagramHandler,
    mut stopped: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; SIP_MESSAGE_MAX_BYTES];
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            ready = socket.readable() => if ready.is_err() { return },
        }
        for _ in 0..BURST_MAX_DATAGRAMS {
            match socket.try_recv_from(&mut buffer) {
                Ok((length, remote)) => {
                    gauges.received.fetch_add(1, Ordering::Relaxed);
                    let flow = Flow {
                        transport: Transport::Udp,
                        local,
                        remote,
                        connection: 0,
                    };
                    handler(&buffer[..length], flow);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An ICMP error of an earlier send; it says nothing about the next datagram.
                Err(error) => tracing::debug!(%local, %error, "UDP receive"),
            }
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::mpsc;

    fn collecting() -> (DatagramHandler, mpsc::UnboundedReceiver<(Vec<u8>, Flow)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let handler: DatagramHandler = Arc::new(move |bytes: &[u8], flow| {
            let _ = sender.send((bytes.to_vec(), flow));
        });
        (handler, receiver)
    }

    async fn next(r: &mut mpsc::UnboundedReceiver<(Vec<u8>, Flow)>) -> (Vec<u8>, Flow) {
        tokio::time::timeout(Duration::from_secs(5), r.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn there_and_back(address: &str) {
        let (heard_by_a, mut at_a) = collecting();
        let (heard_by_b, mut at_b) = collecting();
        let config = UdpConfig::default();
        let a = UdpTransport::bind(address.parse().unwrap(), &config, heard_by_a).unwrap();
        let b = UdpTransport::bind(address.parse().unwrap(), &config, heard_by_b).unwrap();
        assert!(a.send(b.local(), b"OPTIONS sip:b SIP/2.0\r\n\r\n"));
        let (bytes, flow) = next(&mut at_b).await;
        assert_eq!(bytes, b"OPTIONS sip:b SIP/2.0\r\n\r\n");
        assert_eq!((flow.local, flow.remote), (b.local(), a.local()));
        assert!(b.send(flow.remote, b"SIP/2.0 200 OK\r\n\r\n"));
        assert_eq!(next(&mut at_a).await.0, b"SIP/2.0 200 OK\r\n\r\n");
        a.shut_down().await;
        b.shut_down().await;
    }

    #[tokio::test]
    async fn a_datagram_goes_there_and_back_over_both_families() {
        there_and_back("127.0.0.1:0").await;
        there_and_back("[::1]:0").await;
    }

    #[tokio::test]
    async fn a_send_that_cannot_succeed_is_counted_and_harms_nobody() {
        let (handler, mut received) = collecting();
        let a = UdpTransport::bind("127.0.0.1:0".parse().unwrap(), &UdpConfig::default(), handler).unwrap();
        assert!(!a.send("[::1]:9".parse().unwrap(), b"wrong family"));
        assert_eq!(a.gauges().send_errors.load(Ordering::Relaxed), 1);
        // Nobody listens on port 9: the kernel hears an ICMP error, and the loop goes on.
        a.send("127.0.0.1:9".parse().unwrap(), b"nobody there");
        assert!(a.send(a.local(), b"still here"));
        assert_eq!(next(&mut received).await.0, b"still here");
    }
}
