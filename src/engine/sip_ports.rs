//! The SIP sockets of the server: who receives goes to the right shard, who sends finds the right socket.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics::{Counter, counter};
use tokio::sync::mpsc;

use crate::call::shard_of;
use crate::net::tcp::TcpTransport;
use crate::net::udp::UdpTransport;
use crate::sip::message::{Malformed, Message, Method, parse_datagram};
use crate::sip::{Flow, Transport};
use crate::store::trace::{TraceHandle, Way};

use super::clock;
use super::registrar::{self, Inbox};
use super::shard::Input;

/// Peers whose way back is remembered for sockets bound to all addresses.
const ROUTES_MAX: usize = 10_000;

/// All SIP sockets.
pub(super) struct SipPorts {
    udp: OnceLock<Vec<UdpTransport>>,
    tcp: OnceLock<TcpTransport>,
    shards: OnceLock<Vec<mpsc::Sender<Input>>>,
    routes: RwLock<HashMap<IpAddr, IpAddr>>,
    /// REGISTERs go there, and to no shard.
    registrar: Arc<Inbox>,
    trace: TraceHandle,
    received: [Counter; 2],
    sent: [Counter; 2],
    malformed: [Counter; 2],
    dropped: Counter,
}

impl SipPorts {
    pub(super) fn new(trace: TraceHandle, registrar: Arc<Inbox>) -> Self {
        let by_transport = |name: &'static str, direction: Option<&'static str>| {
            ["udp", "tcp"].map(|transport| match direction {
                Some(direction) => counter!(name, "direction" => direction, "transport" => transport),
                None => counter!(name, "transport" => transport),
            })
        };
        Self {
            udp: OnceLock::new(),
            tcp: OnceLock::new(),
            shards: OnceLock::new(),
            routes: RwLock::default(),
            registrar,
            trace,
            received: by_transport("yihao_sip_messages_total", Some("in")),
            sent: by_transport("yihao_sip_messages_total", Some("out")),
            malformed: by_transport("yihao_sip_malformed_total", None),
            dropped: counter!("yihao_sip_dropped_total", "cause" => "queue_full"),
        }
    }

    /// Tells where the shards are; before that everything received is dropped.
    pub(super) fn attach_shards(&self, shards: Vec<mpsc::Sender<Input>>) {
        let _ = self.shards.set(shards); // set once, at the start
    }

    pub(super) fn attach_udp(&self, sockets: Vec<UdpTransport>) {
        let _ = self.udp.set(sockets);
    }

    pub(super) fn attach_tcp(&self, tcp: TcpTransport) {
        let _ = self.tcp.set(tcp);
    }

    /// A datagram arrived.
    pub(super) fn datagram(&self, bytes: &[u8], flow: Flow) {
        // Line ends and zeros keep a way through a router open, and say nothing.
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return;
        }
        // Read by the registrar's thread: a storm of telephones is not to be read here, where calls are.
        if bytes.trim_ascii_start().starts_with(b"REGISTER ") {
            self.received[index(flow.transport)].increment(1);
            return self.registrar.datagram(bytes, self.concretely(flow));
        }
        self.received(Some(bytes), parse_datagram(bytes), flow);
    }

    /// A message arrived: to the trace and to the shard that its Call-ID falls to; a REGISTER to the registrar. Those are
    /// not traced: telephones that register each minute would push the calls out.
    pub(super) fn received(&self, bytes: Option<&[u8]>, message: Result<Message, Malformed>, flow: Flow) {
        let flow = self.concretely(flow);
        let i = index(flow.transport);
        self.received[i].increment(1);
        if matches!(&message, Ok(Message::Request(request)) if request.method == Method::Register) {
            let message = Box::new(message);
            return self.registrar.put(registrar::Input::Message(message, flow));
        }
        let shards = self.shards.get().map_or(&[][..], Vec::as_slice);
        let number = match &message {
            Ok(message) => {
                let call_id = message.headers().call_id().unwrap_or_default();
                match bytes {
                    Some(bytes) => self.trace.message(clock::wall(), Way::In, &flow, bytes),
                    None => self.trace.message(clock::wall(), Way::In, &flow, &message.to_bytes()),
                }
                shard_of(call_id, shards.len())
            }
            Err(_) => {
                self.malformed[i].increment(1);
                0
            }
        };
        let Some(shard) = shards.get(number) else { return };
        if shard.try_send(Input::Sip(Box::new(message), flow)).is_err() {
            self.dropped.increment(1);
        }
    }

    /// A connection broke: every shard may have calls on it, the registrar telephones.
    pub(super) fn failed(&self, flow: Flow) {
        self.registrar.put(registrar::Input::FlowFailed(flow));
        for shard in self.shards.get().map_or(&[][..], Vec::as_slice) {
            if shard.try_send(Input::FlowFailed(flow)).is_err() {
                self.dropped.increment(1);
            }
        }
    }

    /// The way into a shard, for what concerns it alone.
    pub(super) fn shard(&self, number: usize) -> Option<mpsc::Sender<Input>> {
        self.shards.get()?.get(number).cloned()
    }

    /// How many shards there are.
    pub(super) fn shards(&self) -> usize {
        self.shards.get().map_or(0, Vec::len)
    }

    /// Sends without waiting; what does not fit is lost as on any network and sent again by its transaction.
    pub(super) fn send(&self, flow: &Flow, bytes: &Arc<[u8]>) {
        self.trace.message(clock::wall(), Way::Out, flow, bytes);
        self.answer(flow, bytes);
    }

    /// The same without a trace.
    pub(super) fn answer(&self, flow: &Flow, bytes: &Arc<[u8]>) {
        self.sent[index(flow.transport)].increment(1);
        match flow.transport {
            Transport::Udp => {
                if let Some(socket) = self.socket_for(flow.local) {
                    socket.send(flow.remote, bytes);
                }
            }
            Transport::Tcp => {
                let sent = self.tcp.get().map(|tcp| tcp.send(flow, bytes.clone()));
                if let Some(Err(error)) = sent {
                    tracing::debug!(%flow, %error, "a SIP message could not be handed over");
                }
            }
        }
    }

    /// The flow by which a peer is reached over UDP.
    pub(super) fn udp_flow(&self, remote: SocketAddr) -> Option<Flow> {
        let sockets = self.udp.get()?;
        let socket = sockets
            .iter()
            .find(|s| s.local().is_ipv4() == remote.is_ipv4() && usable(s.local(), remote))?;
        Some(Flow {
            transport: Transport::Udp,
            local: self.concrete(socket.local(), remote),
            remote,
            connection: 0,
        })
    }

    /// Opens a connection to a peer.
    pub(super) async fn connect(&self, remote: SocketAddr) -> io::Result<Flow> {
        let tcp = self.tcp.get().ok_or_else(|| io::Error::other("no TCP"))?;
        let local = local_towards(remote).ok_or_else(|| io::Error::other("no route"))?;
        tcp.connect(local, remote).await
    }

    fn socket_for(&self, local: SocketAddr) -> Option<&UdpTransport> {
        let sockets = self.udp.get()?;
        sockets.iter().find(|s| s.local() == local).or_else(|| {
            let same = |s: &&UdpTransport| s.local().port() == local.port() && s.local().is_ipv4() == local.is_ipv4();
            sockets.iter().find(|s| same(s) && s.local().ip().is_unspecified())
        })
    }

    fn concretely(&self, flow: Flow) -> Flow {
        Flow {
            local: self.concrete(flow.local, flow.remote),
            ..flow
        }
    }

    /// A socket bound to all addresses has one of them towards each peer: the one that the peer is to be told.
    fn concrete(&self, local: SocketAddr, remote: SocketAddr) -> SocketAddr {
        if !local.ip().is_unspecified() {
            return local;
        }
        let known = self
            .routes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&remote.ip())
            .copied();
        let ip = known.or_else(|| {
            let found = local_towards(remote)?;
            let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
            if routes.len() >= ROUTES_MAX {
                routes.clear();
            }
            routes.insert(remote.ip(), found);
            Some(found)
        });
        SocketAddr::new(ip.unwrap_or(local.ip()), local.port())
    }
}

/// Our address towards a peer, as the routing table has it. Nothing is sent.
pub(super) fn local_towards(remote: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if remote.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let probe = UdpSocket::bind(any).ok()?;
    probe.connect(remote).ok()?;
    probe.local_addr().ok().map(|a| a.ip())
}

/// A socket on the loopback reaches the loopback alone.
fn usable(local: SocketAddr, remote: SocketAddr) -> bool {
    local.ip().is_unspecified() || local.ip().is_loopback() == remote.ip().is_loopback()
}

const fn index(transport: Transport) -> usize {
    match transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
    }
}
