//! Accounts, the telephones bound to them, limits, and what the registrar wants done. Plain data.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::Wall;
use crate::sip::Flow;
use crate::sip::digest::{HashKind, HashedPassword};
use crate::sip::message::Uri;

/// Who may register and call, and the hash of the password.
#[derive(Clone, Default)]
pub struct Accounts {
    /// The realm that the hashes were made for.
    pub realm: String,
    /// By user name.
    pub by_user: HashMap<String, HashedPassword>,
}

/// One telephone of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The account.
    pub user: String,
    /// What it gave as its Contact: the request's URI for calls to it, whatever NAT made of the address.
    pub contact: Uri,
    /// The way to it: where its REGISTER came from.
    pub flow: Flow,
    /// `+sip.instance` (RFC 5626), if it has one: a telephone that comes back from another address replaces itself.
    pub instance: Option<String>,
    /// Preference, thousandths (RFC 3261 §10.2.1.2).
    pub q: u16,
    /// When it ends.
    pub expires: Wall,
    /// Call-ID and CSeq of the last REGISTER: an older one changes nothing.
    pub call_id: String,
    /// See `call_id`.
    pub cseq: u32,
    /// Its User-Agent, for people who look.
    pub user_agent: String,
}

/// What has changed for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingChange {
    /// The account.
    pub user: String,
    /// All its telephones now, the preferred ones first.
    pub bindings: Vec<Binding>,
}

/// Times and limits.
#[derive(Clone)]
pub struct RegistrarConfig {
    /// Text of the Server header.
    pub server: String,
    /// Hashes offered, best first.
    pub digests: Vec<HashKind>,
    /// Seals nonces. A new one at each start makes every telephone log in anew, which it does by itself.
    pub secret: [u8; 32],
    /// How long a nonce is good, seconds.
    pub nonce_lifetime_s: u32,
    /// Nonces whose counts are remembered.
    pub nonces_max: usize,
    /// Expiry of who asks for none, seconds.
    pub expires_default_s: u32,
    /// Shorter ones are refused with 423, seconds.
    pub expires_min_s: u32,
    /// Longer ones are cut, seconds.
    pub expires_max_s: u32,
    /// Longer ones are cut for telephones behind NAT over UDP, seconds: what it refreshes keeps its way open.
    pub expires_nat_s: u32,
    /// Longer ones are cut for telephones on a connection, seconds: it must not be closed for its silence.
    pub expires_stream_s: u32,
    /// Telephones of one account; one more takes the place of the one that was heard longest ago.
    pub bindings_per_account_max: usize,
    /// Telephones of all accounts.
    pub bindings_max: usize,
    /// Requests that one source address (IPv6: one /64) may send each second, in the long run.
    pub requests_per_source_per_s: u32,
    /// Requests that it may send at once.
    pub requests_per_source_burst: u32,
    /// Wrong passwords for one user from one source, within `failure_window`, that block the two together.
    pub failures_per_user_max: u32,
    /// Wrong passwords from one source, within `failure_window`, that block the source.
    pub failures_per_source_max: u32,
    /// The time in which wrong passwords are counted.
    pub failure_window: Duration,
    /// How long a block lasts.
    pub block: Duration,
    /// How long what is merely refreshed may stay unwritten.
    pub write_behind: Duration,
    /// Answers that may wait for the disk; beyond it newcomers get 503.
    pub waiting_max: usize,
    /// How long an answer is kept for a request that comes again (64 T1, RFC 3261 §17.2.2).
    pub answer_kept: Duration,
    /// What all kept answers may take, bytes; the oldest go first.
    pub answers_max_bytes: usize,
}

impl Default for RegistrarConfig {
    fn default() -> Self {
        Self {
            server: "yihao".into(),
            digests: vec![HashKind::Sha256, HashKind::Md5],
            secret: [0; 32],
            nonce_lifetime_s: 3_600,
            nonces_max: 100_000,
            expires_default_s: 3_600,
            expires_min_s: 60,
            expires_max_s: 3_600,
            expires_nat_s: 120,
            expires_stream_s: 600,
            bindings_per_account_max: 8,
            bindings_max: 20_000,
            requests_per_source_per_s: 200,
            requests_per_source_burst: 2_000,
            failures_per_user_max: 10,
            failures_per_source_max: 200,
            failure_window: Duration::from_secs(60),
            block: Duration::from_secs(120),
            write_behind: Duration::from_secs(2),
            waiting_max: 4_096,
            answer_kept: Duration::from_secs(32),
            answers_max_bytes: 16 << 20,
        }
    }
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send an answer.
    Transmit {
        /// The way.
        flow: Flow,
        /// The answer.
        bytes: Arc<[u8]>,
    },
    /// Tell the exchange. Said when a telephone comes, goes or is reached by another way; not at a mere refresh.
    Changed(BindingChange),
    /// Write down an account's telephones in place of all that were written before; with a ticket, tell
    /// [`super::Registrar::persisted`] when it is durable: an answer waits for it.
    Persist {
        /// The account.
        user: Arc<str>,
        /// All its telephones.
        bindings: Vec<Binding>,
        /// Who waits for it.
        ticket: Option<u64>,
    },
    /// Tell the operator: too many wrong passwords.
    Blocked {
        /// From where.
        source: IpAddr,
        /// For whom; `None`: the source as a whole.
        user: Option<String>,
        /// How long it will not be heard.
        block: Duration,
    },
}

/// How often each outcome has been, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// A telephone came.
    pub added: u64,
    /// A telephone that was there stays.
    pub refreshed: u64,
    /// A telephone went by itself.
    pub removed: u64,
    /// An account only asked what it has.
    pub fetched: u64,
    /// A telephone did not come back in time.
    pub expired: u64,
    /// A telephone's connection broke.
    pub broken: u64,
    /// Asked for the password.
    pub challenged: u64,
    /// Asked again, because the nonce was old or used.
    pub stale: u64,
    /// Wrong password, or nobody of that name.
    pub wrong: u64,
    /// Tried to bind another's address.
    pub forbidden: u64,
    /// Could not be read or granted (400, 416, 420, 423, 500).
    pub refused: u64,
    /// Not heard because of wrong passwords before.
    pub blocked: u64,
    /// Dropped: too many from one source.
    pub limited: u64,
    /// Turned away: no room, or the disk is too slow.
    pub overload: u64,
    /// Came again and got the same answer.
    pub repeated: u64,
}

impl Tally {
    /// Every outcome with its name in metrics.
    pub const fn all(&self) -> [(&'static str, u64); 15] {
        [
            ("added", self.added),
            ("refreshed", self.refreshed),
            ("removed", self.removed),
            ("fetched", self.fetched),
            ("expired", self.expired),
            ("broken", self.broken),
            ("challenged", self.challenged),
            ("stale", self.stale),
            ("wrong", self.wrong),
            ("forbidden", self.forbidden),
            ("refused", self.refused),
            ("blocked", self.blocked),
            ("limited", self.limited),
            ("overload", self.overload),
            ("repeated", self.repeated),
        ]
    }
}
