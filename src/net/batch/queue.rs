//! Packets that wait to be sent, in one piece of memory that is used again and again. Knows no socket.

use std::net::SocketAddr;

use super::SocketKey;

/// Most packets that one queue holds between two flushes.
const QUEUE_MAX_PACKETS: usize = 8_192;

/// Packets to send with the next flush.
#[derive(Debug, Default)]
pub struct SendQueue {
    bytes: Vec<u8>,
    items: Vec<Item>,
    refused: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) key: SocketKey,
    pub(super) to: SocketAddr,
    pub(super) start: usize,
    pub(super) length: usize,
}

impl SendQueue {
    /// Queues a copy of `packet`. Above the limit of 8,192 packets it is dropped, and the next flush counts it.
    pub fn push(&mut self, key: SocketKey, to: SocketAddr, packet: &[u8]) {
        if self.items.len() >= QUEUE_MAX_PACKETS {
            self.refused += 1;
            return;
        }
        self.items.push(Item {
            key,
            to,
            start: self.bytes.len(),
            length: packet.len(),
        });
        self.bytes.extend_from_slice(packet);
    }

    /// Packets that wait.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn packet(&self, item: &Item) -> &[u8] {
        &self.bytes[item.start..item.start + item.length]
    }

    /// Empties the queue, keeping its memory. Returns how many packets had been refused.
    pub(super) fn clear(&mut self) -> u64 {
        self.bytes.clear();
        self.items.clear();
        std::mem::take(&mut self.refused)
    }

    /// Gives the memory away for good: the kernel may still read from it.
    pub(super) fn abandon(&mut self) {
        std::mem::forget(std::mem::take(&mut self.bytes));
    }
}
