//! What a registrar's answer means and when to register again (RFC 3261 §10, RFC 5626 §4.5). Sends nothing.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use crate::kernel::Mono;
use crate::sip::message::{Contacts, Response, Uri};

/// First and longest pause after a failed registration (RFC 5626 §4.5: base-time, max-time).
const BACK_OFF_BASE_S: u64 = 30;
const BACK_OFF_MAX_S: u64 = 1_800;
/// Longest registration that a registrar may make us ask for.
const EXPIRES_MAX_S: u32 = 86_400;
/// Challenges and corrections answered in one attempt.
const ROUNDS_MAX: u8 = 6;

/// How our registration stands.
#[derive(Debug)]
pub(super) struct Registration {
    /// What we ask for; a registrar may have raised it.
    expires_s: u32,
    /// Until when the registrar knows us.
    until: Option<Mono>,
    /// Attempts in a row that failed.
    failures: u32,
    /// Requests of the present attempt.
    rounds: u8,
}

impl Registration {
    pub const fn new(expires_s: u32) -> Self {
        Self {
            expires_s,
            until: None,
            failures: 0,
            rounds: 0,
        }
    }

    pub const fn expires_s(&self) -> u32 {
        self.expires_s
    }

    pub const fn is_registered(&self) -> bool {
        self.until.is_some()
    }

    /// A new attempt begins.
    pub const fn begin(&mut self) {
        self.rounds = 0;
    }

    /// Whether the attempt may go on with one more request. A registrar could play with us for ever otherwise.
    pub const fn another_round(&mut self) -> bool {
        self.rounds = self.rounds.saturating_add(1);
        self.rounds < ROUNDS_MAX
    }

    /// The registrar knows us for `granted_s` seconds. Returns when to renew: at 80–90 % of them, by lot,
    /// so that the trunks of a city do not all come at once.
    pub fn granted(&mut self, granted_s: u32, now: Mono, rng: &mut StdRng) -> Duration {
        self.failures = 0;
        let granted = Duration::from_secs(granted_s.into());
        self.until = Some(now + granted);
        granted.mul_f64(rng.random_range(0.8..0.9))
    }

    /// 423 Interval Too Brief (RFC 3261 §10.3). Whether it is worth asking again.
    pub const fn raise(&mut self, min_s: u32) -> bool {
        let worth = self.expires_s < min_s && min_s <= EXPIRES_MAX_S;
        if worth {
            self.expires_s = min_s;
        }
        worth
    }

    /// The attempt failed. Returns the pause before the next: doubled each time, and between half and whole by lot
    /// (RFC 5626 §4.5), but not before the registrar wants to hear of us again.
    pub fn failed(&mut self, retry_after_s: Option<u32>, rng: &mut StdRng) -> Duration {
        let doubled = BACK_OFF_BASE_S
            .checked_shl(self.failures.saturating_add(1))
            .unwrap_or(BACK_OFF_MAX_S);
        self.failures = self.failures.saturating_add(1).min(16);
        let upper = doubled.min(BACK_OFF_MAX_S);
        let pause_ms = rng.random_range(upper * 500..=upper * 1000);
        let wanted = u64::from(retry_after_s.unwrap_or(0)).min(EXPIRES_MAX_S.into());
        Duration::from_millis(pause_ms).max(Duration::from_secs(wanted))
    }

    /// The registrar has forgotten us by now.
    pub const fn lapse(&mut self) {
        self.until = None;
    }

    pub const fn until(&self) -> Option<Mono> {
        self.until
    }
}

/// Seconds that a 200 to REGISTER grants to our contact: its own `expires`, else the Expires header, else what we
/// asked for (RFC 3261 §10.2.4). Zero if the registrar lists contacts and ours is not among them.
pub(super) fn granted_s(response: &Response, contact: &Uri, asked_s: u32) -> u32 {
    let general = response.headers.expires().unwrap_or(asked_s);
    let Ok(Contacts::List(contacts)) = response.headers.contacts() else {
        return general;
    };
    let is_ours = |it: &Uri| it.user == contact.user && it.host == contact.host;
    let exact = |it: &Uri| is_ours(it) && it.port == contact.port;
    // Some carriers rewrite the port, or the whole of a single contact.
    let ours = contacts
        .iter()
        .find(|it| exact(&it.uri))
        .or_else(|| contacts.iter().find(|it| is_ours(&it.uri)))
        .or_else(|| contacts.first().filter(|_| contacts.len() == 1));
    match ours {
        Some(it) => {
            let own = it.params.value("expires").and_then(|it| it.parse().ok());
            own.unwrap_or(general)
        }
        None if contacts.is_empty() => general,
        None => 0,
    }
}
