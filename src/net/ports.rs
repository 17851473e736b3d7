//! RTP and RTCP port pairs from a range. Knows nothing of packets; a port that was used rests before it is used again.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use socket2::{Domain, Protocol, Socket, Type};

use super::Clock;
use crate::kernel::Mono;

/// The range and its rest.
#[derive(Clone, Debug)]
pub struct PortConfig {
    /// Lowest port; an odd one is rounded up, because RTP ports are even (RFC 3550 §11).
    pub port_min: u16,
    /// Highest port that may be used, RTCP included.
    pub port_max: u16,
    /// Rest of a pair between two calls, so that late packets of the first never reach the second.
    pub quarantine_s: u64,
    /// `SO_RCVBUF` of an RTP socket, bytes. Small: sound that has waited long is worthless.
    pub receive_buffer_bytes: usize,
}

impl Default for PortConfig {
    fn default() -> Self {
        Self {
            port_min: 20_000,
            port_max: 29_999,
            quarantine_s: 10,
            receive_buffer_bytes: 64 << 10,
        }
    }
}

/// Why there is no pair of ports.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The range holds no pair.
    #[error("RTP ports {min}–{max} hold no pair of ports")]
    EmptyRange {
        /// Lowest.
        min: u16,
        /// Highest.
        max: u16,
    },
    /// All pairs of that address are in use or resting.
    #[error("all RTP ports of {0} are in use or resting")]
    Exhausted(IpAddr),
    /// The kernel refused for a reason that no other port would change.
    #[error("binding an RTP port of {address}: {source}")]
    Bind {
        /// Our address.
        address: IpAddr,
        /// What the kernel says.
        source: io::Error,
    },
}

/// Pairs for any number of local addresses; clones share them.
#[derive(Clone)]
pub struct PortPool(Arc<Inner>);

struct Inner {
    config: PortConfig,
    clock: Clock,
    addresses: Mutex<BTreeMap<IpAddr, Pairs>>,
    order: Vec<u16>,
}

/// RTP ports of one address. Those that rest stand in the order in which they came to rest.
#[derive(Default)]
struct Pairs {
    free: VecDeque<u16>,
    resting: VecDeque<(Mono, u16)>,
    in_use: usize,
}

/// Two bound sockets. They give their ports back when dropped.
#[derive(Debug)]
pub struct RtpSockets {
    /// The even port.
    pub rtp: UdpSocket,
    /// The odd port above it.
    pub rtcp: UdpSocket,
    /// Keeps the pair from others; drop it after the sockets.
    pub lease: PortLease,
}

/// The right to a pair of ports. Its drop begins the quarantine.
pub struct PortLease {
    pool: Option<Arc<Inner>>,
    address: IpAddr,
    rtp_port: u16,
}

impl PortPool {
    /// A pool whose ports are given out in an order made from `seed`, so that a stranger cannot guess the next one.
    ///
    /// # Errors
    /// [`PortError::EmptyRange`].
    pub fn new(config: PortConfig, clock: Clock, seed: u64) -> Result<Self, PortError> {
        let first = config.port_min.max(2).checked_next_multiple_of(2);
        let mut order: Vec<u16> = first
            .map(|first| (first..config.port_max).step_by(2).collect())
            .unwrap_or_default();
        if order.is_empty() {
            return Err(PortError::EmptyRange {
                min: config.port_min,
                max: config.port_max,
            });
        }
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        Ok(Self(Arc::new(Inner {
            config,
            clock,
            addresses: Mutex::default(),
            order,
        })))
    }

    /// Binds a pair on `address`: the one that has been free the longest.
    ///
    /// # Errors
    /// [`PortError::Exhausted`] and [`PortError::Bind`]. A port that another program holds is left out and tried again later.
    pub fn take(&self, address: IpAddr) -> Result<RtpSockets, PortError> {
        let mut tries = self.0.order.len();
        loop {
            let rtp_port = self.0.next_free(address)?;
            let lease = PortLease {
                pool: Some(Arc::clone(&self.0)),
                address,
                rtp_port,
            };
            tries -= 1;
            match self.0.bind_pair(address, rtp_port) {
                Ok((rtp, rtcp)) => return Ok(RtpSockets { rtp, rtcp, lease }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(source) => return Err(PortError::Bind { address, source }),
            }
        }
    }

    /// Pairs of `address` that calls hold now.
    pub fn in_use(&self, address: IpAddr) -> usize {
        self.0.lock().get(&address).map_or(0, |pairs| pairs.in_use)
    }

    /// Pairs that each address has altogether.
    pub fn capacity(&self) -> usize {
        self.0.order.len()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Pairs>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_free(&self, address: IpAddr) -> Result<u16, PortError> {
        let now = (self.clock)();
        let mut addresses = self.lock();
        let pairs = addresses.entry(address).or_insert_with(|| Pairs {
            free: self.order.iter().copied().collect(),
            ..Pairs::default()
        });
        while pairs.resting.front().is_some_and(|(until, _)| *until <= now) {
            pairs.free.extend(pairs.resting.pop_front().map(|(_, port)| port));
        }
        let port = pairs.free.pop_front().ok_or(PortError::Exhausted(address))?;
        pairs.in_use += 1;
        Ok(port)
    }

    fn bind_pair(&self, address: IpAddr, rtp_port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
        let bytes = self.config.receive_buffer_bytes;
        Ok((
            bind(SocketAddr::new(address, rtp_port), bytes)?,
            bind(SocketAddr::new(address, rtp_port + 1), bytes)?,
        ))
    }
}

fn bind(local: SocketAddr, receive_buffer_bytes: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    if local.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    let _ = socket.set_recv_buffer_size(receive_buffer_bytes);
    // Expedited forwarding (RFC 4594 §4.1). A network that forbids it carries the call all the same.
    let _ = match local {
        SocketAddr::V4(_) => socket.set_tos_v4(0xB8),
        SocketAddr::V6(_) => socket.set_tclass_v6(0xB8),
    };
    socket.bind(&local.into())?;
    Ok(socket.into())
}

impl RtpSockets {
    /// Any two sockets, outside every pool: for tests and for the built-in caller.
    pub fn unpooled(rtp: UdpSocket, rtcp: UdpSocket) -> io::Result<Self> {
        let local = rtp.local_addr()?;
        Ok(Self {
            rtp,
            rtcp,
            lease: PortLease {
                pool: None,
                address: local.ip(),
                rtp_port: local.port(),
            },
        })
    }

    /// The even port.
    pub const fn rtp_port(&self) -> u16 {
        self.lease.rtp_port
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        let Some(pool) = self.pool.take() else { return };
        let until = (pool.clock)() + Duration::from_secs(pool.config.quarantine_s);
        let mut addresses = pool.lock();
        if let Some(pairs) = addresses.get_mut(&self.address) {
            pairs.resting.push_back((until, self.rtp_port));
            pairs.in_use = pairs.in_use.saturating_sub(1);
        }
    }
}

impl std::fmt::Debug for PortLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.address, self.rtp_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 77));

    /// A pool of a range that is likely free, and the hand of its clock (seconds).
    fn pool(port_min: u16, port_max: u16) -> (PortPool, Arc<AtomicU64>) {
        let hand = Arc::new(AtomicU64::new(1));
        let seen = Arc::clone(&hand);
        let clock: Clock = Arc::new(move || Mono::from_nanos(seen.load(Ordering::Relaxed) * 1_000_000_000));
        let config = PortConfig {
            port_min,
            port_max,
            quarantine_s: 10,
            ..PortConfig::default()
        };
        (PortPool::new(config, clock, 7).unwrap(), hand)
    }

    #[test]
    fn pairs_are_even_and_odd_and_the_next_caller_waits_out_the_quarantine() {
        let (pool, hand) = pool(26_001, 26_005); // 26002 + 26003, 26004 + 26005
        assert_eq!(pool.capacity(), 2);
        let one = pool.take(HOME).unwrap();
        let two = pool.take(HOME).unwrap();
        assert_eq!(one.rtp.local_addr().unwrap().port() % 2, 0);
        assert_eq!(one.rtcp.local_addr().unwrap().port(), one.rtp_port() + 1);
        assert_ne!(one.rtp_port(), two.rtp_port());
        let freed = one.rtp_port();
        drop(one);
        hand.store(10, Ordering::Relaxed);
        assert!(matches!(pool.take(HOME), Err(PortError::Exhausted(_))));
        hand.store(11, Ordering::Relaxed);
        assert_eq!(pool.take(HOME).unwrap().rtp_port(), freed);
        assert_eq!(pool.in_use(HOME), 1);
    }

    #[test]
    fn a_port_of_another_program_is_passed_over() {
        let (pool, _) = pool(26_012, 26_015);
        let first = pool.take(HOME).unwrap();
        let second_port = if first.rtp_port() == 26_012 { 26_014 } else { 26_012 };
        let stranger = UdpSocket::bind((HOME, second_port + 1)).unwrap();
        assert!(pool.take(HOME).is_err());
        assert_eq!(pool.in_use(HOME), 1, "the pair that failed is not counted as used");
        drop(stranger);
    }

    #[test]
    fn late_sound_of_the_last_caller_never_reaches_the_next_one() {
        let (pool, hand) = pool(26_022, 26_023);
        let first = pool.take(HOME).unwrap();
        let port = first.rtp_port();
        drop(first);
        let late = UdpSocket::bind((HOME, 0)).unwrap();
        let _ = late.send_to(b"late", (HOME, port));
        hand.store(60, Ordering::Relaxed);
        let next = pool.take(HOME).unwrap();
        assert_eq!(next.rtp_port(), port);
        let heard = next.rtp.recv_from(&mut [0; 16]).unwrap_err();
        assert_eq!(heard.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn version_six_has_its_own_ports_and_an_empty_range_is_refused() {
        let (pool, _) = pool(26_032, 26_033);
        let six: IpAddr = "::1".parse().unwrap();
        let a = pool.take(HOME).unwrap();
        let b = pool.take(six).unwrap();
        assert_eq!(a.rtp_port(), b.rtp_port());
        let config = PortConfig {
            port_min: 26_041,
            port_max: 26_042,
            ..PortConfig::default()
        };
        let clock: Clock = Arc::new(|| Mono::ZERO);
        assert!(PortPool::new(config, clock, 0).is_err());
        let clock: Clock = Arc::new(|| Mono::ZERO);
        let top = PortConfig {
            port_min: 65_535,
            port_max: 65_535,
            ..PortConfig::default()
        };
        assert!(PortPool::new(top, clock, 0).is_err());
    }
}
