//! Who may call, and how many at once. Decides from counts and addresses alone.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::kernel::EndReason;
use crate::sip::trunk::Cidr;

/// A peer that may send us calls: a carrier's trunk or the city's own exchange.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Name in records.
    pub name: String,
    /// Networks that its messages come from.
    pub networks: Vec<Cidr>,
    /// Most calls of this peer at once; 0 for no limit of its own.
    pub calls_max: usize,
    /// Whether its `P-Asserted-Identity` (RFC 3325) is believed.
    pub trusted_identity: bool,
}

/// Limits on calls.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls at once in this shard.
    pub calls_max: usize,
    /// Calls at once of one source address that is no configured peer.
    pub calls_per_source_max: usize,
    /// Whether addresses that belong to no configured peer may call at all.
    pub strangers_may_call: bool,
    /// What Retry-After tells callers while the server drains, seconds.
    pub drain_retry_s: u32,
}

/// Why a call is not taken, with the SIP status that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the record.
    pub reason: EndReason,
    /// For the caller.
    pub status: u16,
    /// `Retry-After`, seconds, where trying again makes sense.
    pub retry_after_s: Option<u32>,
}

/// Counts of calls by source.
#[derive(Debug, Default)]
pub(super) struct Counts {
    by_source: HashMap<IpAddr, usize>,
    by_peer: HashMap<String, usize>,
    total: usize,
}

impl Counts {
    /// Takes a place for a call or says why there is none. Never 486 while a line is free (mission row N1).
    pub(super) fn admit(
        &mut self,
        source: IpAddr,
        peer: Option<&Peer>,
        limits: &Limits,
        draining: bool,
    ) -> Result<(), Refusal> {
        let overload = |retry| Refusal { reason: EndReason::Overload, status: 503, retry_after_s: Some(retry) };
        if draining {
            return Err(Refusal { reason: EndReason::Draining, status: 503, retry_after_s: Some(limits.drain_retry_s) });
        }
        if self.total >= limits.calls_max {
            return Err(overload(10));
        }
        match peer {
            None if !limits.strangers_may_call => {
                return Err(Refusal { reason: EndReason::Forbidden, status: 403, retry_after_s: None });
            }
            None if self.of_source(source) >= limits.calls_per_source_max => return Err(overload(30)),
            Some(p) if p.calls_max > 0 && self.of_peer(&p.name) >= p.calls_max => return Err(overload(10)),
            None | Some(_) => {}
        }
        self.total += 1;
        *self.by_source.entry(source).or_default() += 1;
        if let Some(p) = peer {
            *self.by_peer.entry(p.name.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// Gives a place back.
    pub(super) fn release(&mut self, source: IpAddr, peer: Option<&str>) {
        self.total = self.total.saturating_sub(1);
        decrement(&mut self.by_source, &source);
        if let Some(name) = peer {
            decrement(&mut self.by_peer, name);
        }
    }

    fn of_source(&self, source: IpAddr) -> usize {
        self.by_source.get(&source).copied().unwrap_or(0)
    }

    fn of_peer(&self, name: &str) -> usize {
        self.by_peer.get(name).copied().unwrap_or(0)
    }
}

fn decrement<K, Q>(counts: &mut HashMap<K, usize>, key: &Q)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { calls_max: 3, calls_per_source_max: 2, strangers_may_call: true, drain_retry_s: 5 };

    fn ip(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    #[test]
    fn one_stranger_cannot_take_every_line() {
        let mut counts = Counts::default();
        assert!(counts.admit(ip(1), None, &LIMITS, false).is_ok());
        assert!(counts.admit(ip(1), None, &LIMITS, false).is_ok());
        let refused = counts.admit(ip(1), None, &LIMITS, false).unwrap_err();
        assert_eq!((refused.status, refused.reason), (503, EndReason::Overload));
        assert!(counts.admit(ip(2), None, &LIMITS, false).is_ok(), "another caller still gets a line");
    }

    #[test]
    fn a_place_given_back_can_be_taken_again() {
        let mut counts = Counts::default();
        for _ in 0..100 {
            counts.admit(ip(1), None, &LIMITS, false).unwrap();
            counts.release(ip(1), None);
        }
        assert!(counts.by_source.is_empty() && counts.total == 0);
    }

    #[test]
    fn while_draining_callers_are_told_to_try_again() {
        let refused = Counts::default().admit(ip(1), None, &LIMITS, true).unwrap_err();
        assert_eq!((refused.status, refused.retry_after_s), (503, Some(5)));
    }
}
