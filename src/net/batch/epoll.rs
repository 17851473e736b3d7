//! One system call a packet: what every Linux can do. Knows nothing but sockets.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::readiness::{EVENTS_MAX, Readiness};
use super::{IoGauges, OnPacket, Pace, PacketIo, SendQueue, SocketKey, Waker};
use crate::kernel::limits::RTP_PACKET_MAX_BYTES;

/// Looks at the lazy sockets at most so often in one harvest: a flood on one of them must not stop the clock.
pub(super) const ROUNDS_MAX: usize = 8;

/// [`PacketIo`] by `recvfrom` and `sendto`.
pub struct EpollIo {
    readiness: Readiness,
    gauges: Arc<IoGauges>,
    keys: Vec<SocketKey>,
    buffer: Box<[u8; RTP_PACKET_MAX_BYTES + 1]>,
}

impl EpollIo {
    /// Two epoll sets and an eventfd.
    ///
    /// # Errors
    /// What the kernel answers: out of file descriptors.
    pub fn new(gauges: Arc<IoGauges>) -> io::Result<Self> {
        Ok(Self {
            readiness: Readiness::new()?,
            gauges,
            keys: Vec::with_capacity(EVENTS_MAX),
            buffer: Box::new([0; RTP_PACKET_MAX_BYTES + 1]),
        })
    }
}

impl PacketIo for EpollIo {
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
        let mut packets = 0;
        for _ in 0..ROUNDS_MAX {
            self.readiness.ready(pace, &mut self.keys);
            if self.keys.is_empty() {
                break;
            }
            for key in &self.keys {
                packets += receive(&self.readiness, *key, &mut self.buffer[..], &self.gauges, on_packet);
            }
        }
        packets
    }

    fn flush(&mut self, queue: &mut SendQueue) {
        send_each(&self.readiness, queue, &self.gauges);
    }

    fn waker(&self) -> Waker {
        self.readiness.waker()
    }

    fn name(&self) -> &'static str {
        "epoll"
    }
}

/// Receives one packet of one socket. `buffer` is one longer than the longest packet, so that a longer one shows.
pub(super) fn receive(
    readiness: &Readiness,
    key: SocketKey,
    buffer: &mut [u8],
    gauges: &IoGauges,
    on_packet: &mut OnPacket<'_>,
) -> usize {
    let Some(entry) = readiness.get(key) else {
        return 0;
    };
    match entry.socket.recv_from(buffer) {
        Ok((length, _)) if length == buffer.len() => {
            gauges.dropped.fetch_add(1, Ordering::Relaxed);
            0
        }
        Ok((length, from)) => {
            gauges.received.fetch_add(1, Ordering::Relaxed);
            on_packet(entry.tag, from, &buffer[..length]);
            1
        }
        Err(_) => 0, // taken back by the kernel (bad checksum), or an ICMP error: the next packet is another matter
    }
}

/// Sends what is queued, one by one.
pub(super) fn send_each(readiness: &Readiness, queue: &mut SendQueue, gauges: &IoGauges) {
    let (mut sent, mut failed) = (0, 0);
    for item in queue.items() {
        let Some(entry) = readiness.get(item.key) else {
            continue;
        };
        match entry.socket.send_to(queue.packet(item), item.to) {
            Ok(_) => sent += 1,
            Err(_) => failed += 1,
        }
    }
    count_sends(gauges, sent, failed, queue.clear());
}

pub(super) fn count_sends(gauges: &IoGauges, sent: u64, failed: u64, refused: u64) {
    gauges.sent.fetch_add(sent, Ordering::Relaxed);
    if failed > 0 {
        gauges.send_errors.fetch_add(failed, Ordering::Relaxed);
    }
    if refused > 0 {
        gauges.dropped.fetch_add(refused, Ordering::Relaxed);
    }
}
