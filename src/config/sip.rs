//! `[sip]`: where we listen, how long SIP waits, how much of it we take on.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[sip]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sip {
    /// UDP addresses to listen on, IPv4 and IPv6.
    pub listen_udp: Vec<SocketAddr>,
    /// TCP addresses to listen on, IPv4 and IPv6.
    pub listen_tcp: Vec<SocketAddr>,
    /// IPv4 address that peers are told (Contact, Via, SDP) when it differs from the local one.
    pub advertised_v4: Option<Ipv4Addr>,
    /// IPv6 address that peers are told when it differs from the local one.
    pub advertised_v6: Option<Ipv6Addr>,
    /// Text of `User-Agent` and `Server`.
    pub user_agent: String,
    /// Round-trip estimate T1, milliseconds (RFC 3261 §17.1.1.1).
    pub t1_ms: u64,
    /// Longest retransmission interval T2, milliseconds (RFC 3261 §17.1.2.1).
    pub t2_ms: u64,
    /// Longest life of a message in the network T4, milliseconds (RFC 3261 §17.1.2.2).
    pub t4_ms: u64,
    /// Session interval that we propose, seconds (RFC 4028).
    pub session_expires_s: u32,
    /// Shortest session interval that we accept, seconds (RFC 4028 §5: at least 90).
    pub min_se_s: u32,
    /// Calls at once; above it a new one gets 503 with Retry-After.
    pub max_calls: u32,
    /// Calls at once from one source address that is no trunk.
    pub max_calls_per_source: u32,
    /// Whether addresses that belong to no trunk may call.
    pub strangers_may_call: bool,
    /// Transactions at once over all shards.
    pub max_transactions: u32,
    /// Signalling shards; 0 takes one for every four processors, at least one.
    pub shards: u16,
    /// TCP connections at once.
    pub tcp_max_connections: u32,
    /// TCP connections at once from one source address.
    pub tcp_max_connections_per_source: u32,
    /// Time in which a message that has begun must be complete, seconds.
    pub tcp_header_timeout_s: u32,
    /// Time after which a silent connection without a call is closed, seconds.
    pub tcp_idle_timeout_s: u32,
}

impl Default for Sip {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        Self {
            listen_udp: vec![loopback],
            listen_tcp: vec![loopback],
            advertised_v4: None,
            advertised_v6: None,
            user_agent: "yihao".into(),
            t1_ms: 500,
            t2_ms: 4_000,
            t4_ms: 5_000,
            session_expires_s: 1_800,
            min_se_s: 90,
            max_calls: 2_000,
            max_calls_per_source: 200,
            strangers_may_call: true,
            max_transactions: 20_000,
            shards: 0,
            tcp_max_connections: 2_000,
            tcp_max_connections_per_source: 50,
            tcp_header_timeout_s: 10,
            tcp_idle_timeout_s: 900,
        }
    }
}

impl Sip {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("t1_ms", self.t1_ms, 50..=5_000),
            bound("t2_ms", self.t2_ms, 500..=32_000),
            bound("t4_ms", self.t4_ms, 500..=32_000),
            bound("session_expires_s", self.session_expires_s, 90..=86_400),
            bound("min_se_s", self.min_se_s, 90..=86_400),
            bound("max_calls", self.max_calls, 1..=100_000),
            bound("max_calls_per_source", self.max_calls_per_source, 1..=100_000),
            bound("max_transactions", self.max_transactions, 100..=1_000_000),
            bound("shards", self.shards, 0..=64),
            bound("tcp_max_connections", self.tcp_max_connections, 1..=100_000),
            bound(
                "tcp_max_connections_per_source",
                self.tcp_max_connections_per_source,
                1..=100_000,
            ),
            bound("tcp_header_timeout_s", self.tcp_header_timeout_s, 1..=300),
            bound("tcp_idle_timeout_s", self.tcp_idle_timeout_s, 30..=86_400),
        ]
    }
}
