//! `[registrar]`: telephones of agents, how they log in, and what is too much.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[registrar]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registrar {
    /// Realm of the passwords. Their hashes are made for it: with another realm all passwords must be set again.
    pub realm: String,
    /// Hashes offered to telephones, best first.
    pub digests: Vec<Digest>,
    /// How long a nonce is good, seconds.
    pub nonce_lifetime_s: u32,
    /// Expiry of who asks for none, seconds.
    pub expires_default_s: u32,
    /// Shortest expiry, seconds; shorter ones get 423.
    pub expires_min_s: u32,
    /// Longest expiry, seconds.
    pub expires_max_s: u32,
    /// Longest expiry behind NAT over UDP, seconds.
    pub expires_nat_s: u32,
    /// Longest expiry over TCP, seconds.
    pub expires_tcp_s: u32,
    /// Telephones of one account.
    pub max_phones_per_account: u32,
    /// Telephones of all accounts.
    pub max_phones: u32,
    /// Requests from one source address, a second, in the long run.
    pub max_requests_per_source_per_s: u32,
    /// Requests from one source address at once.
    pub max_burst_per_source: u32,
    /// Wrong passwords for one account from one source before the two are blocked.
    pub max_failures_per_account: u32,
    /// Wrong passwords from one source before it is blocked.
    pub max_failures_per_source: u32,
    /// The time in which wrong passwords are counted, seconds.
    pub failure_window_s: u32,
    /// How long a block lasts, seconds.
    pub block_s: u32,
}

/// A hash for passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// RFC 8760.
    #[serde(rename = "sha-256")]
    Sha256,
    /// What every telephone knows.
    Md5,
}

impl Default for Registrar {
    fn default() -> Self {
        Self {
            realm: "yihao".into(),
            digests: vec![Digest::Sha256, Digest::Md5],
            nonce_lifetime_s: 3_600,
            expires_default_s: 3_600,
            expires_min_s: 60,
            expires_max_s: 3_600,
            expires_nat_s: 120,
            expires_tcp_s: 600,
            max_phones_per_account: 8,
            max_phones: 20_000,
            max_requests_per_source_per_s: 200,
            max_burst_per_source: 2_000,
            max_failures_per_account: 10,
            max_failures_per_source: 200,
            failure_window_s: 60,
            block_s: 120,
        }
    }
}

impl Registrar {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("nonce_lifetime_s", self.nonce_lifetime_s, 30..=86_400),
            bound("expires_default_s", self.expires_default_s, 30..=86_400),
            bound("expires_min_s", self.expires_min_s, 10..=3_600),
            bound("expires_max_s", self.expires_max_s, 60..=86_400),
            bound("expires_nat_s", self.expires_nat_s, 30..=86_400),
            bound("expires_tcp_s", self.expires_tcp_s, 60..=86_400),
            bound("max_phones_per_account", self.max_phones_per_account, 1..=100),
            bound("max_phones", self.max_phones, 1..=1_000_000),
            bound(
                "max_requests_per_source_per_s",
                self.max_requests_per_source_per_s,
                1..=1_000_000,
            ),
            bound("max_burst_per_source", self.max_burst_per_source, 1..=1_000_000),
            bound("max_failures_per_account", self.max_failures_per_account, 1..=1_000_000),
            bound("max_failures_per_source", self.max_failures_per_source, 1..=1_000_000),
            bound("failure_window_s", self.failure_window_s, 1..=86_400),
            bound("block_s", self.block_s, 1..=86_400),
        ]
    }

    /// What must hold between the keys: key, whether it does, what is wrong.
    pub(super) fn rules(&self) -> Vec<(&'static str, bool, String)> {
        let short = |name: &str| format!("registrar.{name} must not be below registrar.expires_min_s");
        let least = self.expires_min_s;
        let once = self.digests.first() != self.digests.get(1) && (1..=2).contains(&self.digests.len());
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ':');
        vec![
            (
                "realm",
                !self.realm.is_empty() && self.realm.chars().all(plain),
                "registrar.realm must be of ASCII letters, digits and signs, without quotes, backslashes, colons and spaces"
                    .into(),
            ),
            (
                "digests",
                once,
                "registrar.digests must be \"sha-256\", \"md5\" or both, each once".into(),
            ),
            (
                "expires_default_s",
                self.expires_default_s >= least,
                short("expires_default_s"),
            ),
            ("expires_max_s", self.expires_max_s >= least, short("expires_max_s")),
            ("expires_nat_s", self.expires_nat_s >= least, short("expires_nat_s")),
            ("expires_tcp_s", self.expires_tcp_s >= least, short("expires_tcp_s")),
        ]
    }
}
