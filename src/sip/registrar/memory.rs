//! Answers kept for requests that come again (RFC 3261 §17.2.2, with no machine for each). Knows hashes and answers only.
//!
//! Only what has changed something is kept: a challenge can be given twice, a granted registration cannot be asked for
//! twice with the same credentials.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::Mono;
use crate::sip::Flow;

/// What one kept answer costs besides its octets, about, bytes.
const ENTRY_BYTES: usize = 160;

/// A request as it stood on the wire, and where it came from: a retransmission is the same to the last octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u64);

/// Kept answers, the oldest first.
pub(super) struct Memory {
    hasher: RandomState,
    kept: HashMap<Name, Answer>,
    order: VecDeque<(Mono, Name)>,
    bytes: usize,
    max_bytes: usize,
    time: Duration,
}

/// What is known of a request that has come before.
#[derive(Clone)]
pub(super) enum Answer {
    /// Its answer waits for the disk.
    Waiting,
    /// It was answered.
    Given(Flow, Arc<[u8]>),
}

impl Memory {
    pub(super) fn new(max_bytes: usize, time: Duration) -> Self {
        Self {
            hasher: RandomState::new(),
            kept: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            max_bytes,
            time,
        }
    }

    /// The name of a request.
    pub(super) fn name(&self, datagram: &[u8], flow: &Flow) -> Name {
        Name(self.hasher.hash_one((datagram, flow)))
    }

    /// What became of a request.
    pub(super) fn find(&self, name: Name) -> Option<&Answer> {
        self.kept.get(&name)
    }

    /// Keeps an answer, or that there will be one.
    pub(super) fn keep(&mut self, name: Name, answer: Answer, now: Mono) {
        self.bytes += answer.bytes();
        match self.kept.insert(name, answer) {
            Some(old) => self.bytes -= old.bytes(),
            None => self.order.push_back((now + self.time, name)),
        }
        while self.bytes > self.max_bytes && self.forget_oldest() {}
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self, now: Mono) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            self.forget_oldest();
        }
        if self.kept.is_empty() {
            self.kept.shrink_to(1_024); // a storm is over
            self.order.shrink_to(1_024);
        }
    }

    /// When something is too old.
    pub(super) fn next(&self) -> Option<Mono> {
        self.order.front().map(|(until, _)| *until)
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, name)) = self.order.pop_front() else {
            return false;
        };
        if let Some(answer) = self.kept.remove(&name) {
            self.bytes -= answer.bytes();
        }
        true
    }
}

impl Answer {
    fn bytes(&self) -> usize {
        match self {
            Self::Waiting => ENTRY_BYTES,
            Self::Given(_, bytes) => ENTRY_BYTES + bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn flow(port: u16) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: ([192, 0, 2, 1], 5060).into(),
            remote: ([192, 0, 2, 9], port).into(),
            connection: 0,
        }
    }

    fn given(length: usize) -> Answer {
        Answer::Given(flow(1), vec![0; length].into())
    }

    #[test]
    fn the_same_octets_from_the_same_place_are_the_same_request() {
        let memory = Memory::new(10_000, Duration::from_secs(32));
        assert_eq!(memory.name(b"a", &flow(1)), memory.name(b"a", &flow(1)));
        assert_ne!(memory.name(b"a", &flow(1)), memory.name(b"a", &flow(2)));
        assert_ne!(memory.name(b"a", &flow(1)), memory.name(b"b", &flow(1)));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many_or_its_time_is_over() {
        let mut memory = Memory::new(3 * (ENTRY_BYTES + 100), Duration::from_secs(32));
        let names: Vec<Name> = (0..4u8).map(|n| memory.name(&[n], &flow(1))).collect();
        for name in &names {
            memory.keep(*name, Answer::Waiting, Mono::ZERO);
            memory.keep(*name, given(100), Mono::ZERO);
        }
        assert!(memory.find(names[0]).is_none() && memory.find(names[3]).is_some());
        assert_eq!(memory.bytes, 3 * (ENTRY_BYTES + 100));
        memory.forget(Mono::ZERO + Duration::from_secs(31));
        assert!(memory.find(names[3]).is_some());
        memory.forget(memory.next().unwrap());
        assert!(memory.find(names[3]).is_none() && memory.next().is_none());
        assert_eq!(memory.bytes, 0);
    }
}
