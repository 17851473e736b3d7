//! How much is heard from each source: requests by the second, and wrong passwords. Knows addresses and names, no message.
//!
//! A source is one IPv4 address or one IPv6 /64. A whole office may stand behind one, with one telephone that has a wrong
//! password: so a name is blocked at a source long before the source is.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::types::RegistrarConfig;
use crate::kernel::Mono;

/// Sources, and pairs of source and name, that are remembered; strangers beyond it are not heard until some are forgotten.
pub(super) const REMEMBERED_MAX: usize = 16_384;
/// How often at most the tables are swept for what need not be remembered.
const SWEEP: Duration = Duration::from_secs(1);

/// Whom to count a request for.
pub fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => four.into(),
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// The rules.
#[derive(Clone, Copy)]
struct Rules {
    /// Time that one request uses up.
    interval: Duration,
    /// Time that may be used up in advance.
    ahead: Duration,
    per_user_max: u32,
    per_source_max: u32,
    window: Duration,
    block: Duration,
}

/// All sources.
pub struct Sources {
    rules: Rules,
    by_address: HashMap<IpAddr, Source>,
    by_user: HashMap<(IpAddr, u64), Failures>,
    hasher: RandomState,
    swept: Mono,
}

#[derive(Default)]
struct Source {
    /// When everything that it has sent would be used up (GCRA, the leaky bucket as a meter).
    used_until: Mono,
    failures: Failures,
}

#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    since: Mono,
    blocked_until: Option<Mono>,
}

impl Failures {
    fn is_blocked(&self, now: Mono) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// One more; true if that was too many.
    fn add(&mut self, max: u32, rules: Rules, now: Mono) -> bool {
        if now.since(self.since) > rules.window || self.blocked_until.is_some_and(|until| until <= now) {
            *self = Self {
                since: now,
                ..Self::default()
            };
        }
        self.count = self.count.saturating_add(1);
        let too_many = self.count >= max && self.blocked_until.is_none();
        if too_many {
            self.blocked_until = Some(now + rules.block);
        }
        too_many
    }

    /// Whether there is nothing to remember.
    fn is_idle(&self, rules: Rules, now: Mono) -> bool {
        !self.is_blocked(now) && (self.count == 0 || now.since(self.since) > rules.window)
    }
}

/// What a wrong password led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is remembered.
    Noted,
    /// This name is not heard from this source for a while.
    UserBlocked,
    /// This source is not heard for a while.
    SourceBlocked,
}

impl Sources {
    /// Nothing heard so far.
    pub fn new(config: &RegistrarConfig) -> Self {
        let interval = Duration::from_secs(1) / config.requests_per_source_per_s.max(1);
        let rules = Rules {
            interval,
            ahead: interval * config.requests_per_source_burst.max(1),
            per_user_max: config.failures_per_user_max.max(1),
            per_source_max: config.failures_per_source_max.max(1),
            window: config.failure_window,
            block: config.block,
        };
        Self {
            rules,
            by_address: HashMap::new(),
            by_user: HashMap::new(),
            hasher: RandomState::new(),
            swept: Mono::ZERO,
        }
    }

    /// Whether one more request is heard.
    pub fn admits(&mut self, source: IpAddr, now: Mono) -> bool {
        if !self.by_address.contains_key(&source) && self.is_full(now) {
            return false;
        }
        let Rules { interval, ahead, .. } = self.rules;
        let known = self.by_address.entry(source).or_default();
        let used_until = known.used_until.max(now) + interval;
        if used_until.since(now) > ahead {
            return false;
        }
        known.used_until = used_until;
        true
    }

    /// Whether a name is blocked at a source.
    pub fn user_is_blocked(&self, source: IpAddr, user: &str, now: Mono) -> bool {
        // Nearly always nobody has failed: no need to hash the name then.
        !self.by_user.is_empty()
            && self
                .by_user
                .get(&self.pair(source, user))
                .is_some_and(|it| it.is_blocked(now))
    }

    /// Whether a source is blocked.
    pub fn is_blocked(&self, source: IpAddr, now: Mono) -> bool {
        self.by_address
            .get(&source)
            .is_some_and(|it| it.failures.is_blocked(now))
    }

    /// A wrong password, or a name that nobody has.
    pub fn failed(&mut self, source: IpAddr, user: &str, now: Mono) -> Verdict {
        let (rules, pair) = (self.rules, self.pair(source, user));
        let known = self.by_address.entry(source).or_default();
        let source_blocked = known.failures.add(rules.per_source_max, rules, now);
        // Without room for the name it counts for the source alone.
        let room = self.by_user.contains_key(&pair) || self.by_user.len() < REMEMBERED_MAX;
        let user_blocked = room
            && self
                .by_user
                .entry(pair)
                .or_default()
                .add(rules.per_user_max, rules, now);
        match (source_blocked, user_blocked) {
            (true, _) => Verdict::SourceBlocked,
            (false, true) => Verdict::UserBlocked,
            (false, false) => Verdict::Noted,
        }
    }

    /// The right password: what this name got wrong before is forgiven, what the source did is not.
    pub fn succeeded(&mut self, source: IpAddr, user: &str) {
        if !self.by_user.is_empty() {
            self.by_user.remove(&self.pair(source, user));
        }
    }

    /// Forgets what need not be remembered, now and then.
    pub fn sweep(&mut self, now: Mono) {
        if now.since(self.swept) < SWEEP {
            return;
        }
        self.swept = now;
        let rules = self.rules;
        self.by_address
            .retain(|_, it| it.used_until > now || !it.failures.is_idle(rules, now));
        self.by_user.retain(|_, it| !it.is_idle(rules, now));
    }

    /// Sources and pairs remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_address.len(), self.by_user.len())
    }

    fn is_full(&mut self, now: Mono) -> bool {
        if self.by_address.len() >= REMEMBERED_MAX {
            self.sweep(now);
        }
        self.by_address.len() >= REMEMBERED_MAX
    }

    fn pair(&self, source: IpAddr, user: &str) -> (IpAddr, u64) {
        (source, self.hasher.hash_one(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono::from_nanos(ms * 1_000_000)
    }

    fn sources() -> Sources {
        Sources::new(&RegistrarConfig {
            requests_per_source_per_s: 10,
            requests_per_source_burst: 5,
            failures_per_user_max: 3,
            failures_per_source_max: 5,
            ..RegistrarConfig::default()
        })
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_burst_is_heard_and_then_as_many_as_the_rate_allows() {
        let mut sources = sources();
        let heard = (0..20).filter(|_| sources.admits(HERE, at(0))).count();
        assert_eq!(heard, 5);
        let heard = (1..=1_000).filter(|ms| sources.admits(HERE, at(*ms))).count();
        assert_eq!(heard, 10, "ten a second");
        assert!(
            sources.admits("192.0.2.2".parse().unwrap(), at(1_000)),
            "others are heard"
        );
    }

    #[test]
    fn one_telephone_with_a_wrong_password_does_not_block_its_office() {
        let mut sources = sources();
        let verdicts: Vec<Verdict> = (0..3).map(|_| sources.failed(HERE, "8001", at(0))).collect();
        assert_eq!(verdicts, [Verdict::Noted, Verdict::Noted, Verdict::UserBlocked]);
        assert!(sources.user_is_blocked(HERE, "8001", at(1)));
        assert!(!sources.user_is_blocked(HERE, "8002", at(1)) && !sources.is_blocked(HERE, at(1)));
        assert!(!sources.user_is_blocked("192.0.2.2".parse().unwrap(), "8001", at(1)));
        assert!(!sources.user_is_blocked(HERE, "8001", at(120_001)), "a block ends");
    }

    #[test]
    fn who_tries_many_names_is_blocked_as_a_source() {
        let mut sources = sources();
        let verdicts: Vec<Verdict> = (0..5).map(|n| sources.failed(HERE, &n.to_string(), at(n))).collect();
        assert_eq!(verdicts[4], Verdict::SourceBlocked);
        assert!(sources.is_blocked(HERE, at(5)) && !sources.is_blocked(HERE, at(121_000)));
    }

    #[test]
    fn wrong_passwords_are_forgotten_with_time_and_forgiven_to_who_gets_it_right() {
        let mut sources = sources();
        sources.failed(HERE, "8001", at(0));
        sources.failed(HERE, "8001", at(0));
        sources.succeeded(HERE, "8001");
        assert_eq!(sources.failed(HERE, "8001", at(1)), Verdict::Noted);
        assert_eq!(sources.failed(HERE, "8001", at(70_000)), Verdict::Noted);
        sources.sweep(at(200_000));
        assert_eq!(sources.len(), (0, 0));
    }

    #[test]
    fn forged_sources_do_not_fill_the_memory() {
        let mut sources = sources();
        for n in 0..REMEMBERED_MAX as u32 + 100 {
            sources.admits(IpAddr::from(n.to_be_bytes()), at(0));
            sources.failed(HERE, &n.to_string(), at(0));
        }
        assert!(sources.len().0 <= REMEMBERED_MAX + 1 && sources.len().1 <= REMEMBERED_MAX);
        assert!(
            !sources.admits("192.0.2.9".parse().unwrap(), at(0)),
            "nobody new for a moment"
        );
        assert!(sources.admits("192.0.2.9".parse().unwrap(), at(2_000)));
    }

    #[test]
    fn one_subscriber_has_many_addresses() {
        let source = |text: &str| source_of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
