//! A registrar with telephones played by hand, in virtual time. The disk takes what it is given when it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::super::*;
use crate::kernel::{Mono, Now, Wall};
use crate::sip::digest::{Account, Answerer, HashedPassword};
use crate::sip::message::{HeaderName, Message, Request, Response, parse_datagram};
use crate::sip::{Flow, Transport};

pub const REALM: &str = "example.gov.cn";
pub const PASSWORD: &str = "kV9-pq2!xTz7";

/// A registrar and what came out of it.
pub struct Bench {
    pub registrar: Registrar,
    pub now: Now,
    /// Answers and where they went.
    pub sent: Vec<(Flow, Response)>,
    pub changes: Vec<BindingChange>,
    /// What was to be written, with tickets that the disk has not given back.
    pub persisted: Vec<(String, Vec<Binding>, Option<u64>)>,
    pub blocked: Vec<(String, Option<String>)>,
    /// Whether the disk takes at once what it is given.
    pub quick_disk: bool,
}

pub fn config() -> RegistrarConfig {
    RegistrarConfig {
        secret: [7; 32],
        ..RegistrarConfig::default()
    }
}

pub fn accounts(users: &[&str]) -> Accounts {
    let each = users
        .iter()
        .map(|user| ((*user).to_owned(), HashedPassword::of(user, REALM, PASSWORD)));
    Accounts {
        realm: REALM.into(),
        by_user: each.collect(),
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(config(), Vec::new())
    }

    /// With accounts 8001 to 8003.
    pub fn with(config: RegistrarConfig, bindings: Vec<Binding>) -> Self {
        let now = Now {
            mono: Mono::from_nanos(1_000_000_000_000),
            wall: Wall::from_millis(1_700_000_000_000),
        };
        Self::at(config, bindings, now)
    }

    pub fn at(config: RegistrarConfig, bindings: Vec<Binding>, now: Now) -> Self {
        let accounts = accounts(&["8001", "8002", "8003"]).into();
        let mut bench = Self {
            registrar: Registrar::new(config, accounts, bindings, now),
            now,
            sent: Vec::new(),
            changes: Vec::new(),
            persisted: Vec::new(),
            blocked: Vec::new(),
            quick_disk: true,
        };
        bench.drain();
        bench
    }

    pub fn datagram(&mut self, bytes: &[u8], flow: Flow) {
        self.registrar.datagram(bytes, flow, self.now);
        self.drain();
    }

    /// Sends a request by its flow and returns the answer to it, if it came at once.
    pub fn ask(&mut self, request: &Request, flow: Flow) -> Option<Response> {
        let before = self.sent.len();
        match flow.transport {
            Transport::Udp => self.registrar.datagram(&request.to_bytes(), flow, self.now),
            Transport::Tcp => {
                let message = parse_datagram(&request.to_bytes());
                self.registrar.message(message, flow, self.now);
            }
        }
        self.drain();
        self.sent.get(before).map(|(_, response)| response.clone())
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = self.now.later(time);
        while let Some(at) = self.registrar.poll_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            self.registrar.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
        self.drain();
    }

    /// The disk has everything that it was given.
    pub fn disk_catches_up(&mut self) {
        let tickets: Vec<u64> = self.persisted.iter_mut().filter_map(|it| it.2.take()).collect();
        for ticket in tickets {
            self.registrar.persisted(ticket, self.now);
        }
        self.drain();
    }

    /// The telephones that were written last, by account.
    pub fn on_disk(&self) -> Vec<Binding> {
        let mut last = std::collections::BTreeMap::new();
        for (user, bindings, ticket) in &self.persisted {
            if ticket.is_none() {
                last.insert(user, bindings);
            }
        }
        last.into_values().flatten().cloned().collect()
    }

    pub fn contacts(&self, user: &str) -> Vec<String> {
        let all = self.registrar.bindings().into_iter().filter(|it| it.user == user);
        all.map(|it| it.contact.to_string()).collect()
    }

    fn drain(&mut self) {
        while let Some(command) = self.registrar.next_command() {
            match command {
                Command::Transmit { flow, bytes } => match parse_datagram(&bytes) {
                    Ok(Message::Response(response)) => self.sent.push((flow, response)),
                    other => panic!("not an answer: {other:?}"),
                },
                Command::Changed(change) => self.changes.push(change),
                Command::Persist { user, bindings, ticket } => {
                    let ticket = match ticket {
                        Some(ticket) if self.quick_disk => {
                            self.registrar.persisted(ticket, self.now);
                            None
                        }
                        other => other,
                    };
                    self.persisted.push((user.to_string(), bindings, ticket));
                }
                Command::Blocked { source, user, .. } => self.blocked.push((source.to_string(), user)),
            }
        }
    }
}

/// A telephone.
pub struct Phone {
    pub user: String,
    pub address: SocketAddr,
    pub transport: Transport,
    pub connection: u64,
    pub contact: String,
    pub expires: Option<u32>,
    pub call_id: String,
    pub cseq: u32,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Whom From and To name, if not the user.
    pub names: Option<(String, String)>,
    /// Parameters of its Via.
    pub via: &'static str,
    answerer: Answerer,
    rng: StdRng,
    branches: u32,
}

impl Phone {
    /// A telephone of this user at 192.0.2.x:5060.
    pub fn new(user: &str, host: u8) -> Self {
        Self::with_password(user, host, PASSWORD)
    }

    pub fn with_password(user: &str, host: u8, password: &str) -> Self {
        let address = SocketAddr::from(([192, 0, 2, host], 5060));
        Self {
            user: user.into(),
            address,
            transport: Transport::Udp,
            connection: 0,
            contact: format!("<sip:{user}@{address}>"),
            expires: Some(3_600),
            call_id: format!("{user}-{host}"),
            cseq: 0,
            headers: Vec::new(),
            names: None,
            via: ";rport",
            answerer: Answerer::new(Account {
                username: user.into(),
                password: password.into(),
                realm: None,
            }),
            rng: StdRng::seed_from_u64(u64::from(host)),
            branches: 0,
        }
    }

    pub fn flow(&self) -> Flow {
        Flow {
            transport: self.transport,
            local: SocketAddr::from(([203, 0, 113, 1], 5060)),
            remote: self.address,
            connection: self.connection,
        }
    }

    /// A new REGISTER with what it has learnt about the password.
    pub fn request(&mut self) -> Request {
        self.cseq += 1;
        self.branches += 1;
        let (from, to) = self.names.clone().unwrap_or((self.user.clone(), self.user.clone()));
        let mut text = format!(
            "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/{} 10.0.0.5:5060;branch=z9hG4bK{}-{}{}\r\nMax-Forwards: 70\r\n\
             From: <sip:{from}@{REALM}>;tag=f\r\nTo: <sip:{to}@{REALM}>\r\nCall-ID: {}\r\nCSeq: {} REGISTER\r\n\
             User-Agent: phone\r\n",
            self.transport.as_str(),
            self.call_id,
            self.branches,
            self.via,
            self.call_id,
            self.cseq
        );
        if !self.contact.is_empty() {
            text += &format!("Contact: {}\r\n", self.contact);
        }
        if let Some(expires) = self.expires {
            text += &format!("Expires: {expires}\r\n");
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "Content-Length: 0\r\n\r\n";
        let Ok(Message::Request(mut request)) = parse_datagram(text.as_bytes()) else {
            panic!("a bad request of the test's own: {text}");
        };
        self.answerer.authorize(&mut request, &mut self.rng);
        request
    }

    /// Asks, and answers challenges as long as a telephone would; the last answer.
    pub fn register(&mut self, bench: &mut Bench) -> Response {
        loop {
            let request = self.request();
            let response = bench.ask(&request, self.flow()).expect("no answer");
            if response.status != 401 || self.answerer.challenged(&response).is_err() {
                return response;
            }
        }
    }

    /// Lets it answer a challenge.
    pub fn challenged(&mut self, response: &Response) {
        self.answerer.challenged(response).unwrap();
    }

    pub fn on_connection(mut self, connection: u64) -> Self {
        self.transport = Transport::Tcp;
        self.connection = connection;
        self
    }
}

/// The Contacts of an answer, as they stand there.
pub fn told(response: &Response) -> Vec<String> {
    let all = response.headers.all(&HeaderName::Contact);
    all.map(|it| String::from_utf8_lossy(it).into_owned()).collect()
}

pub fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

impl Bench {
    pub fn contacts_of(&self, user: &str) -> Vec<Binding> {
        let all = self.registrar.bindings().into_iter();
        all.filter(|it| it.user == user).collect()
    }
}
