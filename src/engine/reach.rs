//! Finding the way to a peer: SRV and addresses (RFC 3263), a connection where the transport has them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::call::ReachTarget;
use crate::net::dns::{Dns, DnsError};
use crate::sip::{Flow, Transport};

use super::sip_ports::SipPorts;

/// Port of SIP where nothing else is said (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    #[error(transparent)]
    Dns(#[from] DnsError),
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("no socket of ours speaks {0} to {1}")]
    NoSocket(&'static str, SocketAddr),
    #[error("no connection to {0}: {1}")]
    Connect(SocketAddr, io::Error),
}

/// Knows the resolver and our sockets.
pub(super) struct Reacher {
    pub dns: Dns,
    pub sip: Arc<SipPorts>,
}

impl Reacher {
    /// The first address that can be used, tried in the order of SRV.
    pub(super) async fn reach(&self, target: &ReachTarget) -> Result<Flow, Unreachable> {
        let mut last = Unreachable::NoAddress(target.host.clone());
        for address in self.addresses(target).await? {
            match self.flow_to(address, target.transport).await {
                Ok(flow) => return Ok(flow),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn addresses(&self, target: &ReachTarget) -> Result<Vec<SocketAddr>, Unreachable> {
        let bare = target.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, target.port.unwrap_or(SIP_PORT))]);
        }
        let mut hosts = Vec::new();
        if target.port.is_none() {
            let name = format!("_sip._{}.{}", target.transport.as_str().to_ascii_lowercase(), target.host);
            let mut records = self.dns.srv(&name).await.unwrap_or_default();
            records.sort_by_key(|r| (r.priority, u16::MAX - r.weight));
            hosts.extend(records.into_iter().map(|r| (r.target, r.port)));
        }
        if hosts.is_empty() {
            hosts.push((target.host.clone(), target.port.unwrap_or(SIP_PORT)));
        }
        let mut found = Vec::new();
        for (host, port) in hosts {
            found.extend(self.dns.addresses(&host).await?.into_iter().map(|ip| SocketAddr::new(ip, port)));
        }
        Ok(found)
    }

    async fn flow_to(&self, remote: SocketAddr, transport: Transport) -> Result<Flow, Unreachable> {
        match transport {
            Transport::Udp => self.sip.udp_flow(remote).ok_or(Unreachable::NoSocket("UDP", remote)),
            Transport::Tcp => self.sip.connect(remote).await.map_err(|e| Unreachable::Connect(remote, e)),
        }
    }
}
