//! Who may call, and how many at once. Decides from counts and addresses alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::kernel::EndReason;
use crate::sip::trunk::Cidr;

/// A peer that may send us calls: a carrier's trunk or the city's own exchange.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Name in records.
    pub name: String,
    /// Networks that its messages come from.
    pub networks: Vec<Cidr>,
    /// Its lines, for calls both ways.
    pub lines: Lines,
    /// Which of its headers names the caller.
    pub caller_id: CallerId,
}

/// Which header names the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerId {
    /// `P-Asserted-Identity` (RFC 3325), and `From` where it is missing.
    Asserted,
    /// `Remote-Party-ID` of older exchanges, and `From` where it is missing.
    RemoteParty,
    /// `From` alone.
    From,
}

/// The lines of a peer. Clones share them, over all shards.
#[derive(Clone, Debug)]
pub struct Lines {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// One line, taken until it is dropped.
#[derive(Debug)]
pub(super) struct Line(Arc<AtomicUsize>);

impl Lines {
    /// So many lines, none of them taken.
    pub fn at_most(max: usize) -> Self {
        Self {
            taken: Arc::default(),
            max,
        }
    }

    /// Takes a line, if one is free.
    pub(super) fn take(&self) -> Option<Line> {
        let one_more = |n: usize| (n < self.max).then(|| n + 1);
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.ok().map(|_| Line(self.taken.clone()))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
    total: usize,
}

impl Counts {
    /// Takes a place for a call, and a line of its peer, or says why there is none. Never 486 while a line is free (mission row N1).
    pub(super) fn admit(
        &mut self,
        source: IpAddr,
        peer: Option<&Peer>,
        limits: &Limits,
        draining: bool,
    ) -> Result<Option<Line>, Refusal> {
        let overload = |retry| Refusal {
            reason: EndReason::Overload,
            status: 503,
            retry_after_s: Some(retry),
        };
        if draining {
            return Err(Refusal {
                reason: EndReason::Draining,
                status: 503,
                retry_after_s: Some(limits.drain_retry_s),
            });
        }
        if self.total >= limits.calls_max {
            return Err(overload(10));
        }
        match peer {
            None if !limits.strangers_may_call => {
                return Err(Refusal {
                    reason: EndReason::Forbidden,
                    status: 403,
                    retry_after_s: None,
                });
            }
            None if self.of_source(source) >= limits.calls_per_source_max => return Err(overload(30)),
            None | Some(_) => {}
        }
        let line = match peer {
            Some(peer) => Some(peer.lines.take().ok_or_else(|| overload(10))?),
            None => None,
        };
        self.total += 1;
        *self.by_source.entry(source).or_default() += 1;
        Ok(line)
    }

    /// Gives a place back.
    pub(super) fn release(&mut self, source: IpAddr) {
        self.total = self.total.saturating_sub(1);
        if let Some(n) = self.by_source.get_mut(&source) {
            *n -= 1;
            if *n == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    fn of_source(&self, source: IpAddr) -> usize {
        self.by_source.get(&source).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        calls_max: 3,
        calls_per_source_max: 2,
        strangers_may_call: true,
        drain_retry_s: 5,
    };

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
        assert!(
            counts.admit(ip(2), None, &LIMITS, false).is_ok(),
            "another caller still gets a line"
        );
    }

    #[test]
    fn a_place_given_back_can_be_taken_again() {
        let mut counts = Counts::default();
        for _ in 0..100 {
            counts.admit(ip(1), None, &LIMITS, false).unwrap();
            counts.release(ip(1));
        }
        assert!(counts.by_source.is_empty() && counts.total == 0);
    }

    #[test]
    fn a_trunk_has_as_many_lines_as_its_contract() {
        let lines = Lines::at_most(2);
        let carrier = Peer {
            name: "carrier".into(),
            networks: Vec::new(),
            lines,
            caller_id: CallerId::Asserted,
        };
        let mut counts = Counts::default();
        let first = counts.admit(ip(1), Some(&carrier), &LIMITS, false).unwrap();
        let transfer = carrier.lines.take();
        assert!(transfer.is_some(), "an outgoing call takes a line as well");
        assert_eq!(
            counts.admit(ip(1), Some(&carrier), &LIMITS, false).unwrap_err().status,
            503
        );
        drop(first);
        assert!(counts.admit(ip(1), Some(&carrier), &LIMITS, false).is_ok());
    }

    #[test]
    fn while_draining_callers_are_told_to_try_again() {
        let refused = Counts::default().admit(ip(1), None, &LIMITS, true).unwrap_err();
        assert_eq!((refused.status, refused.retry_after_s), (503, Some(5)));
    }
}
