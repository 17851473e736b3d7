//! The network of a [`World`]: packets under way and the weather that delays, loses and doubles them.

use std::net::SocketAddr;
use std::time::Duration;

use rand::Rng;
use yihao::kernel::Mono;

use super::World;

/// What the network does to packets of one kind.
#[derive(Clone, Debug)]
pub struct Weather {
    pub delay: Duration,
    pub jitter: Duration,
    /// Probability of loss.
    pub loss: f64,
    /// Every n-th packet is lost; 0 for none.
    pub lose_every: u64,
    /// Probability that a packet comes twice.
    pub double: f64,
}

impl Weather {
    pub fn fine() -> Self {
        Self {
            delay: Duration::from_millis(5),
            jitter: Duration::ZERO,
            loss: 0.0,
            lose_every: 0,
            double: 0.0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sip,
    Rtp,
    Rtcp,
}

pub(super) struct Packet {
    pub at: Mono,
    order: u64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub kind: Kind,
    pub bytes: Vec<u8>,
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Packet {}
impl PartialOrd for Packet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Packet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.order).cmp(&(self.at, self.order)) // the earliest comes out of the heap first
    }
}

impl World {
    pub(super) fn post(&mut self, kind: Kind, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let (weather, counter) = match kind {
            Kind::Sip => (self.sip_weather.clone(), &mut self.counters[0]),
            Kind::Rtp | Kind::Rtcp => (self.rtp_weather.clone(), &mut self.counters[1]),
        };
        *counter += 1;
        let lost_by_count = weather.lose_every > 0 && *counter % weather.lose_every == 0;
        if kind == Kind::Sip {
            self.check_answer(bytes, from);
            self.sip_log.push((self.now.mono, from, to, bytes.to_vec()));
            if !(self.sip_filter)(bytes, from, to) {
                return;
            }
        }
        if lost_by_count || self.rng.random_bool(weather.loss) {
            return;
        }
        let copies = if self.rng.random_bool(weather.double) { 2 } else { 1 };
        for _ in 0..copies {
            let jitter = weather.jitter.mul_f64(self.rng.random::<f64>());
            self.order += 1;
            self.wire.push(Packet {
                at: self.now.mono + weather.delay + jitter,
                order: self.order,
                from,
                to,
                kind,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// Moves the count by which every n-th SIP message is lost.
    pub fn skip_sip_packets(&mut self, n: u64) {
        self.counters[0] += n;
    }

    /// The same for sound.
    pub fn skip_rtp_packets(&mut self, n: u64) {
        self.counters[1] += n;
    }
}
