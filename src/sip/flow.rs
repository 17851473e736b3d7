//! Where a message came from and where an answer goes. An address pair, never a socket.

use std::fmt;
use std::net::SocketAddr;

/// Transports that a Via can name and that we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams: messages may be lost, doubled, reordered.
    Udp,
    /// A byte stream: no retransmissions, own framing (RFC 3261 §18.3).
    Tcp,
}

impl Transport {
    /// Whether SIP leaves retransmission to the transport (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp => true,
        }
    }

    /// The name in a Via.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// One path between us and a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// Transport of the path.
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address as we see it.
    pub remote: SocketAddr,
    /// Number of the connection; 0 for datagrams.
    pub connection: u64,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ↔ {}", self.transport.as_str(), self.local, self.remote)
    }
}
