//! Stories of the transaction layer in virtual time: what is on the wire when, and what its user hears.

mod bounds;
mod invite_client;
mod invite_server;
mod matching;
mod plain_client;
mod plain_server;
mod property;
mod races;

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{ClientKey, Command, Failure, Layer, ServerKey, TransactionConfig};
use crate::kernel::Mono;
use crate::sip::message::{HeaderName, Host, Message, Method, Request, Response, Uri};
use crate::sip::{Flow, Transport};

/// A layer with its clock, and a diary of what it did.
struct Bench {
    layer: Layer,
    now: Mono,
    flow: Flow,
    /// (Milliseconds, start line) of everything sent.
    sent: Vec<(u64, String)>,
    /// The last message sent, whole.
    last: String,
    /// Where it went.
    last_flow: Option<Flow>,
    /// Everything the user was told, but for what was sent.
    told: Vec<Command>,
}

fn flow(transport: Transport) -> Flow {
    Flow {
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.9:5070".parse().unwrap(),
        connection: u64::from(transport == Transport::Tcp),
    }
}

impl Bench {
    fn udp() -> Self {
        Self::with(TransactionConfig::default(), Transport::Udp)
    }

    fn tcp() -> Self {
        Self::with(TransactionConfig::default(), Transport::Tcp)
    }

    fn with(config: TransactionConfig, transport: Transport) -> Self {
        Self {
            layer: Layer::new(config, StdRng::seed_from_u64(1)),
            now: Mono::ZERO,
            flow: flow(transport),
            sent: Vec::new(),
            last: String::new(),
            last_flow: None,
            told: Vec::new(),
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.now.since(Mono::ZERO).as_millis()).unwrap()
    }

    /// Writes down what the layer wants.
    fn drain(&mut self) {
        while let Some(command) = self.layer.next_command() {
            if let Command::Transmit { flow, bytes } = &command {
                self.last = String::from_utf8_lossy(bytes).into_owned();
                self.last_flow = Some(*flow);
                let line = self.last.lines().next().unwrap().to_owned();
                self.sent.push((self.ms(), line));
            } else {
                self.told.push(command);
            }
        }
    }

    /// Lets time pass until `ms` after the start, timers firing on their way.
    fn until(&mut self, ms: u64) {
        let end = Mono::ZERO + Duration::from_millis(ms);
        while let Some(at) = self.layer.poll_timeout().filter(|it| *it <= end) {
            self.now = self.now.max(at);
            self.layer.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn receive(&mut self, message: Message) {
        self.layer.receive(message, self.flow, self.now);
        self.drain();
    }

    fn receive_request(&mut self, request: &Request) {
        self.receive(Message::Request(request.clone()));
    }

    /// A request comes in that must reach the user; returns its key.
    fn accept(&mut self, request: &Request) -> ServerKey {
        self.receive_request(request);
        match self.told.pop() {
            Some(Command::Request { key, .. }) => key,
            other => panic!("not a new request: {other:?}"),
        }
    }

    fn respond(&mut self, key: ServerKey, request: &Request, status: u16) {
        self.layer.respond(key, request.reply(status), self.now);
        self.drain();
    }

    fn ask(&mut self, request: Request) -> ClientKey {
        let key = self.layer.request(request, self.flow, self.now);
        self.drain();
        key
    }

    fn cancel(&mut self, key: ClientKey) {
        self.layer.cancel(key, self.now);
        self.drain();
    }

    /// The peer answers the request whose whole text is given.
    fn answer(&mut self, asked: &str, status: u16, to_tag: &str) {
        self.receive(Message::Response(answer_to(asked, status, to_tag)));
    }

    /// Times at which a message beginning so was sent, milliseconds.
    fn times(&self, start: &str) -> Vec<u64> {
        let hits = self.sent.iter().filter(|(_, it)| it.starts_with(start));
        hits.map(|(ms, _)| *ms).collect()
    }

    /// Statuses of the answers that the user was given.
    fn answers(&self) -> Vec<u16> {
        let status = |it: &Command| match it {
            Command::Response { response, .. } => Some(response.status),
            _ => None,
        };
        self.told.iter().filter_map(status).collect()
    }

    fn failures(&self) -> Vec<Failure> {
        let error = |it: &Command| match it {
            Command::ClientFailed { error, .. } | Command::ServerFailed { error, .. } => Some(*error),
            _ => None,
        };
        self.told.iter().filter_map(error).collect()
    }

    fn assert_empty(&self) {
        assert_eq!(self.layer.len(), 0, "transactions left");
        assert_eq!(self.layer.poll_timeout(), None, "timers left");
        assert!(self.layer.names.is_empty(), "names left");
        assert!(self.layer.merges.is_empty(), "merges left");
        assert!(self.layer.by_flow.is_empty(), "flows left");
        assert_eq!(self.layer.shared.pressure.len(), 0, "sources left");
    }
}

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

/// A request without Via, as a user hands it down.
fn outgoing(method: &Method) -> Request {
    let mut request = Request::new(method.clone(), uri("sip:12345@example.gov.cn"));
    let headers = &mut request.headers;
    headers.push(HeaderName::From, "<sip:13800001234@example.com>;tag=a1");
    headers.push(HeaderName::To, "<sip:12345@example.gov.cn>");
    headers.push(HeaderName::CallId, "story@example.com");
    headers.push(HeaderName::CSeq, format!("7 {method}"));
    request
}

/// A request as it comes in from `sip:13800001234@example.com`.
fn incoming(method: &Method, branch: &str) -> Request {
    let mut request = outgoing(method);
    let via = format!("SIP/2.0/UDP 192.0.2.9:5070;branch={branch}");
    request.headers.push_front(HeaderName::Via, via);
    request
}

fn header(text: &str, name: &str) -> Option<String> {
    let prefix = format!("{name}: ");
    let mut lines = text.lines();
    lines.find_map(|it| Some(it.strip_prefix(&prefix)?.to_owned()))
}

/// An answer to a request given by its text on the wire.
fn answer_to(asked: &str, status: u16, to_tag: &str) -> Response {
    let mut response = Response::new(status);
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let mut value = header(asked, name).unwrap();
        if name == "To" && !to_tag.is_empty() {
            value = format!("{value};tag={to_tag}");
        }
        response.headers.push(name, value);
    }
    response
}

fn branch_of(text: &str) -> String {
    let via = header(text, "Via").unwrap();
    let (_, branch) = via.split_once("branch=").unwrap();
    branch.split(';').next().unwrap().to_owned()
}

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}
