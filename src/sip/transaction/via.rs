//! The top Via: what we note in it when a request comes, where its answer goes, what we write in our own. Sends nothing.

use std::net::{IpAddr, SocketAddr};

use crate::sip::message::{Host, Request, Via};
use crate::sip::{Flow, Transport};

/// Where answers go when the Via names no port (RFC 3261 §18.2.2).
const DEFAULT_PORT: u16 = 5060;

/// Notes in the top Via where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
/// The Vias below it go back as they came.
pub(in crate::sip) fn stamp(request: &mut Request, mut via: Via, flow: &Flow) {
    let source = flow.remote.ip().to_canonical();
    let asked = via.rport().is_some();
    if asked {
        let port = flow.remote.port().to_string();
        via.params.set("rport", Some(&port));
    }
    if asked || via.host.ip() != Some(source) {
        via.params.set("received", Some(&source.to_string()));
    } else {
        // Only a receiver may write this; a sender that does wants its answers somewhere else.
        via.params.remove("received");
    }
    request.headers.replace_top_via(&via);
}

/// The way of an answer: the connection that the request came by, or its source address and the
/// port that its sender listens on (RFC 3261 §18.2.2, RFC 3581 §4).
///
/// `maddr` is ignored: it would let anybody point our answers at a third party.
pub(in crate::sip) fn answer_flow(via: &Via, flow: &Flow) -> Flow {
    let mut answer = *flow;
    match flow.transport {
        Transport::Tcp => {}
        Transport::Udp => {
            if via.rport().is_none() {
                answer.remote.set_port(via.port.unwrap_or(DEFAULT_PORT));
            }
        }
    }
    answer
}

/// Our own Via for a request that goes by `flow`; it asks for `rport`.
pub(super) fn ours(flow: &Flow, branch: &str) -> Via {
    let port = Some(flow.local.port());
    Via::new(flow.transport.as_str(), host_of(flow.local), port, branch)
}

fn host_of(address: SocketAddr) -> Host {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => Host::V4(ip),
        IpAddr::V6(ip) => Host::V6(ip),
    }
}
