//! Finding the way to a peer: names to addresses, and a socket or connection towards an address. Chooses nothing: the order
//! of RFC 3263 is `sip::trunk`'s.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::net::dns::Dns;
use crate::sip::trunk::{Answer, Question, SrvRecord, Target};
use crate::sip::{Flow, Transport};

use super::sip_ports::SipPorts;

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("no socket of ours speaks UDP to {0}")]
    NoSocket(SocketAddr),
    #[error("no connection to {0}: {1}")]
    Connect(SocketAddr, io::Error),
}

/// Knows the resolver and our sockets.
pub(super) struct Reacher {
    pub dns: Dns,
    pub sip: Arc<SipPorts>,
}

impl Reacher {
    /// Asks the domain name system. No answer is an empty one; the log says why.
    pub(super) async fn resolve(&self, question: &Question) -> Answer {
        let answer = match question {
            Question::Srv(name) => self.dns.srv(name).await.map(|records| {
                let each = records.into_iter().map(|r| SrvRecord {
                    priority: r.priority,
                    weight: r.weight,
                    port: r.port,
                    // The root is written without its dot there; here it means that there is no such service.
                    target: if r.target.is_empty() { ".".to_owned() } else { r.target },
                });
                Answer::Srv(each.collect())
            }),
            Question::Addresses(name) => self.dns.addresses(name).await.map(Answer::Addresses),
        };
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, "a trunk's name cannot be looked up");
            match question {
                Question::Srv(_) => Answer::Srv(Vec::new()),
                Question::Addresses(_) => Answer::Addresses(Vec::new()),
            }
        })
    }

    /// Our socket towards an address; the open connection to it, or a new one.
    pub(super) async fn reach(&self, target: Target) -> Result<Flow, Unreachable> {
        let remote = target.address;
        match target.transport {
            Transport::Udp => self.sip.udp_flow(remote).ok_or(Unreachable::NoSocket(remote)),
            Transport::Tcp => self
                .sip
                .connect(remote)
                .await
                .map_err(|e| Unreachable::Connect(remote, e)),
        }
    }
}
