//! Wrong tokens counted by source, so that guessing is slow and costs no look-ups. Pure: time is handed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// Wrong tokens that one source may try in a window.
const ALLOWED: u32 = 10;
/// The window; it begins with the first wrong token.
const WINDOW: Duration = Duration::from_secs(60);
/// Sources remembered at once.
const SOURCES_MAX: usize = 4_096;

/// The count.
#[derive(Debug, Default)]
pub(super) struct Failures {
    by_source: HashMap<IpAddr, (u32, Instant)>,
}

impl Failures {
    /// How long this source has to wait, if it has tried too often.
    pub(super) fn wait(&self, source: IpAddr, now: Instant) -> Option<Duration> {
        let (count, began) = self.by_source.get(&network(source))?;
        let passed = now.saturating_duration_since(*began);
        (*count >= ALLOWED && passed < WINDOW).then(|| WINDOW.saturating_sub(passed))
    }

    /// One more wrong token.
    pub(super) fn add(&mut self, source: IpAddr, now: Instant) {
        let source = network(source);
        if self.by_source.len() >= SOURCES_MAX && !self.by_source.contains_key(&source) {
            self.forget_some(now);
        }
        let entry = self.by_source.entry(source).or_insert((0, now));
        if now.saturating_duration_since(entry.1) >= WINDOW {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }

    /// Those whose window is over go; if all are fresh, the one that began first does.
    fn forget_some(&mut self, now: Instant) {
        self.by_source
            .retain(|_, (_, began)| now.saturating_duration_since(*began) < WINDOW);
        if self.by_source.len() >= SOURCES_MAX {
            let oldest = self.by_source.iter().min_by_key(|(_, (_, began))| *began);
            if let Some(source) = oldest.map(|(source, _)| *source) {
                self.by_source.remove(&source);
            }
        }
    }
}

/// A house with IPv6 has a whole /64 to guess from: it counts as one.
fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || {
                let mut octets = v6.octets();
                octets[8..].fill(0);
                IpAddr::from(octets)
            },
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_has_to_wait_and_others_do_not() {
        let mut failures = Failures::default();
        let (guesser, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let begun = Instant::now();
        for _ in 0..ALLOWED {
            assert_eq!(failures.wait(guesser, begun), None);
            failures.add(guesser, begun);
        }
        assert_eq!(failures.wait(guesser, begun), Some(WINDOW));
        assert_eq!(failures.wait(other, begun), None);
        assert_eq!(failures.wait(guesser, begun + WINDOW), None);
        failures.add(guesser, begun + WINDOW);
        assert_eq!(failures.wait(guesser, begun + WINDOW), None, "a new window begins");
    }

    #[test]
    fn neighbours_in_one_network_count_together_and_the_memory_is_bounded() {
        let mut failures = Failures::default();
        let now = Instant::now();
        for last in 0..u16::try_from(ALLOWED).unwrap() {
            failures.add(format!("2001:db8::{last:x}").parse().unwrap(), now);
        }
        assert!(failures.wait("2001:db8::ffff".parse().unwrap(), now).is_some());
        for n in 0..u32::try_from(SOURCES_MAX).unwrap() + 10 {
            failures.add(IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(failures.by_source.len() <= SOURCES_MAX);
    }
}
