//! How many refusals we repeat to one address that never acknowledges any. Knows addresses only.
//!
//! An INVITE whose source is forged is refused like any other, and the refusal is repeated until an
//! ACK comes, which never will: each forged datagram would hit the victim eleven times. So only a
//! few such answers to one address are repeated at a time. A real caller hardly notices: its ACK
//! normally comes before the first repetition, and a repeated INVITE is always answered.

use std::collections::HashMap;
use std::net::IpAddr;

/// Refusals repeated at once to one address.
pub(super) const REPEATING_PER_SOURCE_MAX: u32 = 32;

/// Refusals that are being repeated, per address.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    repeating: HashMap<IpAddr, u32>,
}

impl Pressure {
    /// Whether one more refusal may be repeated to `peer`. If so, [`Pressure::release`] must follow once.
    pub fn admit(&mut self, peer: IpAddr) -> bool {
        let count = self.repeating.entry(peer).or_default();
        let admitted = *count < REPEATING_PER_SOURCE_MAX;
        if admitted {
            *count += 1;
        }
        admitted
    }

    /// One refusal less is being repeated to `peer`.
    pub fn release(&mut self, peer: IpAddr) {
        if let Some(count) = self.repeating.get_mut(&peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.repeating.remove(&peer);
            }
        }
    }

    /// Addresses that refusals are being repeated to.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.repeating.len()
    }
}
