//! Batches through io_uring: one system call for all sends of a tick, one for all packets that have come.
//!
//! The only file of the crate with unsafe code. The rule that makes it sound is simple: **no request outlives the call
//! that made it.** Each batch is submitted and waited for before anything it points to is touched, moved or freed.
//! Every request carries `MSG_DONTWAIT`, so that the kernel completes it on the spot and the wait costs nothing.
#![expect(unsafe_code, reason = "io_uring takes pointers; no safe interface to it exists")]

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use io_uring::{IoUring, Probe, opcode, squeue, types};

use super::epoll::{ROUNDS_MAX, count_sends, receive, send_each};
use super::readiness::{EVENTS_MAX, Readiness};
use super::{IoGauges, OnPacket, Pace, PacketIo, SendQueue, SocketKey, Waker};
use crate::kernel::limits::RTP_PACKET_MAX_BYTES;

/// Requests in one batch.
const BATCH_MAX: usize = 128;
const MSG_DONTWAIT: u32 = 0x40;
const MSG_TRUNC: u32 = 0x20;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// Room for the kernel's `sockaddr_in` and `sockaddr_in6`.
#[repr(C, align(8))]
#[derive(Clone, Copy, Default)]
struct RawAddress([u8; 28]);

/// `struct iovec`.
#[repr(C)]
struct IoVec {
    base: *mut u8,
    length: usize,
}

/// `struct user_msghdr` of the kernel's ABI.
#[repr(C)]
struct MsgHeader {
    name: *mut RawAddress,
    name_length: u32,
    iov: *mut IoVec,
    iov_length: usize,
    control: *mut u8,
    control_length: usize,
    flags: u32,
}

/// What one receive request points to.
struct Landing {
    header: MsgHeader,
    iov: IoVec,
    address: RawAddress,
    bytes: [u8; RTP_PACKET_MAX_BYTES],
}

/// The ring with the batch that is being made.
struct Ring {
    ring: IoUring,
    requests: Vec<squeue::Entry>,
    /// Place in the batch and result of each completed request.
    results: Vec<(usize, i32)>,
    /// Set when the ring has failed: all goes by single calls from then on.
    broken: bool,
}

/// [`PacketIo`] by io_uring.
pub struct UringIo {
    ring: Ring,
    readiness: Readiness,
    gauges: Arc<IoGauges>,
    keys: Vec<SocketKey>,
    /// Addresses of the sends in flight.
    addresses: Box<[RawAddress; BATCH_MAX]>,
    /// Buffers of the receives in flight; made when first needed, 1.6 KB each.
    landings: Vec<Landing>,
}

impl Ring {
    fn new() -> io::Result<Self> {
        let entries = u32::try_from(BATCH_MAX).map_err(io::Error::other)?;
        let ring = IoUring::builder()
            .setup_coop_taskrun()
            .build(entries)
            .or_else(|_| IoUring::new(entries))?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if !probe.is_supported(opcode::Send::CODE) || !probe.is_supported(opcode::RecvMsg::CODE) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Self {
            ring,
            requests: Vec::with_capacity(BATCH_MAX),
            results: Vec::with_capacity(BATCH_MAX),
            broken: false,
        })
    }

    /// Submits `requests` and waits for all of them; `results` then holds one entry for each, in any order.
    /// Returns false if the ring has failed: the kernel may still follow pointers of this batch.
    ///
    /// # Safety
    /// All that the requests point to must stay where it is, unread and unwritten, until the call returns, and for ever
    /// if it returns false.
    unsafe fn complete(&mut self) -> bool {
        self.results.clear();
        let expected = self.requests.len();
        // SAFETY: the caller vouches for the pointers.
        if unsafe { self.ring.submission().push_multiple(&self.requests) }.is_err() {
            // Cannot be: the queue is as long as the longest batch and empty between batches.
            self.broken = true;
        }
        self.requests.clear();
        while !self.broken && self.results.len() < expected {
            match self.ring.submit_and_wait(expected - self.results.len()) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!(%error, "io_uring failed, going on without it");
                    self.broken = true;
                }
            }
            let completed = self.ring.completion();
            let place = |data: u64| usize::try_from(data).unwrap_or(usize::MAX);
            self.results
                .extend(completed.map(|c| (place(c.user_data()), c.result())));
        }
        !self.broken
    }
}

impl UringIo {
    /// Sets up a ring and makes sure that the kernel does what is asked of it.
    ///
    /// # Errors
    /// What the kernel answers: it is too old, or forbids io_uring (`kernel.io_uring_disabled`, seccomp).
    pub fn new(gauges: Arc<IoGauges>) -> io::Result<Self> {
        let mut io = Self {
            ring: Ring::new()?,
            readiness: Readiness::new()?,
            gauges: Arc::default(),
            keys: Vec::with_capacity(EVENTS_MAX),
            addresses: Box::new([RawAddress::default(); BATCH_MAX]),
            landings: Vec::new(),
        };
        io.prove()?;
        io.gauges = gauges;
        Ok(io)
    }

    /// Sends one packet to ourselves: `Send` with an address needs Linux 6.0, and a probe does not tell.
    fn prove(&mut self) -> io::Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let to = socket.local_addr()?;
        let key = self.readiness.adopt(socket, 0, Pace::Lazy)?;
        let mut queue = SendQueue::default();
        queue.push(key, to, b"proof");
        self.flush(&mut queue);
        let arrived = self.harvest(Pace::Lazy, &mut |_, _, _| {});
        self.release(key);
        if arrived != 1 || self.ring.broken {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(())
    }

    /// Receives one packet for each of up to `BATCH_MAX` keys.
    fn receive_batch(&mut self, keys: &[SocketKey], on_packet: &mut OnPacket<'_>) -> usize {
        if self.landings.len() < keys.len() {
            self.landings.resize_with(keys.len(), Landing::new);
        }
        for (place, (key, landing)) in keys.iter().zip(&mut self.landings).enumerate() {
            let Some(entry) = self.readiness.get(*key) else {
                continue;
            };
            let fd = types::Fd(entry.socket.as_raw_fd());
            let header: *mut MsgHeader = landing.aim();
            let request = opcode::RecvMsg::new(fd, header.cast()).flags(MSG_DONTWAIT);
            self.ring.requests.push(request.build().user_data(place as u64));
        }
        // SAFETY: each request points to a landing of its own, on the heap; nothing touches or moves it before `complete` returns, and it is leaked if the ring fails.
        if !unsafe { self.ring.complete() } {
            std::mem::forget(std::mem::take(&mut self.landings));
            return 0;
        }
        let (mut packets, mut dropped) = (0, 0);
        for (place, result) in &self.ring.results {
            let Ok(length) = usize::try_from(*result) else {
                continue; // taken back by the kernel, or an ICMP error: the next packet is another matter
            };
            let entry = keys.get(*place).and_then(|key| self.readiness.get(*key));
            match (entry, self.landings[*place].packet(length)) {
                (Some(entry), Some((from, bytes))) => {
                    packets += 1;
                    on_packet(entry.tag, from, bytes);
                }
                _ => dropped += 1,
            }
        }
        self.gauges.received.fetch_add(packets, Ordering::Relaxed);
        self.gauges.dropped.fetch_add(dropped, Ordering::Relaxed);
        usize::try_from(packets).unwrap_or(usize::MAX)
    }

    /// Sends the queue's packets from `first` on, up to `BATCH_MAX`; returns how many were sent and how many refused.
    fn send_batch(&mut self, queue: &SendQueue, first: usize) -> Option<(u64, u64)> {
        let batch = queue.items().iter().skip(first).take(BATCH_MAX);
        for (place, item) in batch.enumerate() {
            let Some(entry) = self.readiness.get(item.key) else {
                continue;
            };
            let (address, address_length) = raw_address(item.to);
            self.addresses[place] = address;
            let packet = queue.packet(item);
            let length = u32::try_from(packet.len()).unwrap_or(0);
            let fd = types::Fd(entry.socket.as_raw_fd());
            let request = opcode::Send::new(fd, packet.as_ptr(), length)
                .flags(MSG_DONTWAIT.cast_signed())
                .dest_addr((&raw const self.addresses[place]).cast())
                .dest_addr_len(address_length);
            self.ring.requests.push(request.build().user_data(place as u64));
        }
        // SAFETY: the requests point into `queue`'s bytes, which are borrowed here, and into `self.addresses`, which is
        // not written before the next batch. If the ring fails, `flush` leaks both.
        if !unsafe { self.ring.complete() } {
            return None;
        }
        let sent = self.ring.results.iter().filter(|(_, result)| *result >= 0).count() as u64;
        Some((sent, self.ring.results.len() as u64 - sent))
    }
}

impl PacketIo for UringIo {
    fn adopt(&mut self, socket: UdpSocket, tag: u64, pace: Pace) -> io::Result<SocketKey> {
        self.readiness.adopt(socket, tag, pace)
    }

    fn set_pace(&mut self, key: SocketKey, pace: Pace) -> io::Result<()> {
        self.readiness.set_pace(key, pace)
    }

    fn release(&mut self, key: SocketKey) -> Option<UdpSocket> {
        self.readiness.release(key)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.readiness.wait(timeout)
    }

    fn harvest(&mut self, pace: Pace, on_packet: &mut OnPacket<'_>) -> usize {
        let mut keys = std::mem::take(&mut self.keys);
        let mut packets = 0;
        for _ in 0..ROUNDS_MAX {
            self.readiness.ready(pace, &mut keys);
            if keys.is_empty() {
                break;
            }
            // One packet alone is cheaper by `recvfrom`.
            if keys.len() == 1 || self.ring.broken {
                let mut buffer = [0; RTP_PACKET_MAX_BYTES + 1];
                for key in &keys {
                    packets += receive(&self.readiness, *key, &mut buffer, &self.gauges, on_packet);
                }
                continue;
            }
            for batch in keys.chunks(BATCH_MAX) {
                packets += self.receive_batch(batch, on_packet);
            }
        }
        self.keys = keys;
        packets
    }

    fn flush(&mut self, queue: &mut SendQueue) {
        if self.ring.broken || queue.len() == 1 {
            return send_each(&self.readiness, queue, &self.gauges);
        }
        let (mut sent, mut failed) = (0, 0);
        for first in (0..queue.len()).step_by(BATCH_MAX) {
            let Some((s, f)) = self.send_batch(queue, first) else {
                queue.abandon();
                std::mem::forget(std::mem::replace(
                    &mut self.addresses,
                    Box::new([RawAddress::default(); BATCH_MAX]),
                ));
                break;
            };
            sent += s;
            failed += f;
        }
        count_sends(&self.gauges, sent, failed, queue.clear());
    }

    fn waker(&self) -> Waker {
        self.readiness.waker()
    }

    fn name(&self) -> &'static str {
        "io_uring"
    }
}

impl Landing {
    const fn new() -> Self {
        Self {
            header: MsgHeader {
                name: ptr::null_mut(),
                name_length: 0,
                iov: ptr::null_mut(),
                iov_length: 0,
                control: ptr::null_mut(),
                control_length: 0,
                flags: 0,
            },
            iov: IoVec {
                base: ptr::null_mut(),
                length: 0,
            },
            address: RawAddress([0; 28]),
            bytes: [0; RTP_PACKET_MAX_BYTES],
        }
    }

    /// Points the header at this landing's own parts; the landing must not move until the request is complete.
    fn aim(&mut self) -> *mut MsgHeader {
        self.iov = IoVec {
            base: self.bytes.as_mut_ptr(),
            length: self.bytes.len(),
        };
        self.header.name = &raw mut self.address;
        self.header.name_length = 28;
        self.header.iov = &raw mut self.iov;
        self.header.iov_length = 1;
        self.header.flags = 0;
        &raw mut self.header
    }

    /// What has landed; `None` if it was cut, or came from no internet address.
    fn packet(&self, length: usize) -> Option<(SocketAddr, &[u8])> {
        if self.header.flags & MSG_TRUNC != 0 {
            return None;
        }
        Some((parse_address(&self.address)?, self.bytes.get(..length)?))
    }
}

fn raw_address(address: SocketAddr) -> (RawAddress, u32) {
    let mut raw = RawAddress::default();
    raw.0[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address {
        SocketAddr::V4(four) => {
            raw.0[..2].copy_from_slice(&AF_INET.to_ne_bytes());
            raw.0[4..8].copy_from_slice(&four.ip().octets());
            (raw, 16)
        }
        SocketAddr::V6(six) => {
            raw.0[..2].copy_from_slice(&AF_INET6.to_ne_bytes());
            raw.0[4..8].copy_from_slice(&six.flowinfo().to_be_bytes());
            raw.0[8..24].copy_from_slice(&six.ip().octets());
            raw.0[24..28].copy_from_slice(&six.scope_id().to_ne_bytes());
            (raw, 28)
        }
    }
}

fn parse_address(raw: &RawAddress) -> Option<SocketAddr> {
    let four = |at: usize| -> [u8; 4] { [raw.0[at], raw.0[at + 1], raw.0[at + 2], raw.0[at + 3]] };
    let port = u16::from_be_bytes([raw.0[2], raw.0[3]]);
    match u16::from_ne_bytes([raw.0[0], raw.0[1]]) {
        AF_INET => Some(SocketAddr::new(Ipv4Addr::from(four(4)).into(), port)),
        AF_INET6 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&raw.0[8..24]);
            let address = SocketAddrV6::new(
                Ipv6Addr::from(octets),
                port,
                u32::from_be_bytes(four(4)),
                u32::from_ne_bytes(four(24)),
            );
            Some(address.into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_to_the_kernel_and_back() {
        for text in ["192.0.2.7:5060", "[2001:db8::7]:40000", "[fe80::1%3]:9"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(parse_address(&raw_address(address).0), Some(address));
        }
        assert_eq!(parse_address(&RawAddress::default()), None);
    }
}
