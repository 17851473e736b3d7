//! The registrar with telephones that know their password and say anything: whatever they ask, an account has its own
//! telephones and not too many, the exchange knows the same as the registrar, and the disk knows what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use yihao::kernel::{Mono, Now, Wall};
use yihao::sip::digest::{Account, Answerer, HashedPassword};
use yihao::sip::message::{Contacts, Message, Response, parse_datagram};
use yihao::sip::registrar::{Accounts, Binding, Command, Registrar, RegistrarConfig};
use yihao::sip::{Flow, Transport};

const USERS: [&str; 3] = ["8001", "8002", "8003"];
const REALM: &str = "example.gov.cn";
const PHONES_MAX: usize = 3;
/// Lines looked at.
const LINES_MAX: usize = 64;

struct House {
    registrar: Registrar,
    now: Now,
    phones: Vec<Answerer>,
    rng: StdRng,
    counter: u32,
    /// What the exchange was told, by account.
    told: BTreeMap<String, BTreeSet<String>>,
    /// What is durable, by account; and what is on its way there.
    disk: BTreeMap<String, Vec<Binding>>,
    writing: Vec<(String, Vec<Binding>, Option<u64>)>,
    answers: Vec<Response>,
}

/// One line is one step; its first octet says which.
pub fn run(data: &[u8]) {
    let mut house = House::new();
    for line in data.split(|b| *b == b'\n').take(LINES_MAX) {
        let [step, who, rest @ ..] = line else { continue };
        match step % 8 {
            0..=3 => house.register(*step, *who, rest),
            4 => house.datagram(data, flow(*who)),
            5 => house.wait(Duration::from_secs(u64::from(*who) * 7)),
            6 => house.registrar.flow_failed(&flow(*who | 1), house.now),
            _ if who % 2 == 0 => house.disk_catches_up(),
            _ => house.restart(),
        }
        house.drain();
        house.check();
    }
}

fn config() -> RegistrarConfig {
    RegistrarConfig {
        bindings_per_account_max: PHONES_MAX,
        bindings_max: 5,
        waiting_max: 4,
        ..RegistrarConfig::default()
    }
}

fn accounts() -> Arc<Accounts> {
    let each = USERS.map(|user| (user.to_owned(), HashedPassword::of(user, REALM, "password")));
    Arc::new(Accounts {
        realm: REALM.to_owned(),
        by_user: each.into(),
    })
}

/// A few addresses and connections; odd ones are connections.
fn flow(who: u8) -> Flow {
    let (transport, connection) = match who % 2 {
        1 => (Transport::Tcp, u64::from(who % 8)),
        _ => (Transport::Udp, 0),
    };
    Flow {
        transport,
        local: SocketAddr::from(([203, 0, 113, 1], 5060)),
        remote: SocketAddr::from(([192, 0, 2, who % 8], 5060)),
        connection,
    }
}

impl House {
    fn new() -> Self {
        let now = Now {
            mono: Mono::ZERO,
            wall: Wall::from_millis(1_700_000_000_000),
        };
        let phone = |user: &str| {
            Answerer::new(Account {
                username: user.to_owned(),
                password: "password".to_owned(),
                realm: None,
            })
        };
        Self {
            registrar: Registrar::new(config(), accounts(), Vec::new(), now),
            now,
            phones: USERS.map(phone).into(),
            rng: StdRng::seed_from_u64(1),
            counter: 0,
            told: BTreeMap::new(),
            disk: BTreeMap::new(),
            writing: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// A REGISTER with these octets among its headers, and the answer to its challenge.
    fn register(&mut self, step: u8, who: u8, rest: &[u8]) {
        let (index, flow) = (usize::from(step / 8) % USERS.len(), flow(who));
        for _ in 0..2 {
            self.counter += 1;
            let (n, user) = (self.counter, USERS[index]);
            let mut text = format!(
                "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n};rport\r\n\
                 From: <sip:{user}@{REALM}>;tag=f\r\nTo: <sip:{user}@{REALM}>\r\nCall-ID: {}\r\n\
                 CSeq: {n} REGISTER\r\n",
                who % 4
            )
            .into_bytes();
            text.extend_from_slice(match step % 8 {
                0 => b"Contact: ".as_slice(),
                1 => b"Contact: <sip:a@192.0.2.1>;",
                _ => b"Contact: <sip:b@10.0.0.1>, ",
            });
            text.extend(rest.iter().map(|b| if *b == b'|' { b'\n' } else { *b }));
            text.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
            let Ok(Message::Request(mut request)) = parse_datagram(&text) else {
                return self.datagram(&text, flow);
            };
            self.phones[index].authorize(&mut request, &mut self.rng);
            self.answers.clear();
            self.datagram(&request.to_bytes(), flow);
            let Some(answer) = self.answers.last().filter(|it| it.status == 401) else {
                return;
            };
            if self.phones[index].challenged(answer).is_err() {
                return;
            }
        }
    }

    fn datagram(&mut self, bytes: &[u8], flow: Flow) {
        match flow.transport {
            Transport::Udp => self.registrar.datagram(bytes, flow, self.now),
            Transport::Tcp => self.registrar.message(parse_datagram(bytes), flow, self.now),
        }
        self.drain();
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now.later(time);
        let mut turns = 0;
        while let Some(at) = self.registrar.poll_timeout().filter(|at| *at <= end.mono) {
            turns += 1;
            assert!(turns < 10_000, "a timer that never rests");
            self.now = self.now.later(at.since(self.now.mono));
            self.registrar.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn disk_catches_up(&mut self) {
        for (user, bindings, ticket) in std::mem::take(&mut self.writing) {
            self.disk.insert(user, bindings);
            if let Some(ticket) = ticket {
                self.registrar.persisted(ticket, self.now);
                self.drain();
            }
        }
    }

    /// kill -9: what was on its way to the disk is lost.
    fn restart(&mut self) {
        self.writing.clear();
        let written: Vec<Binding> = self.disk.values().flatten().cloned().collect();
        self.registrar = Registrar::new(config(), accounts(), written.clone(), self.now);
        self.told.clear();
        self.drain();
        let is_written = |it: &Binding| written.iter().any(|w| w.contact == it.contact && w.user == it.user);
        assert!(self.registrar.bindings().iter().all(is_written));
    }

    fn drain(&mut self) {
        while let Some(command) = self.registrar.next_command() {
            match command {
                Command::Transmit { bytes, .. } => match parse_datagram(&bytes) {
                    Ok(Message::Response(response)) => self.answered(response),
                    other => panic!("not an answer: {other:?}"),
                },
                Command::Changed(change) => {
                    assert!(change.bindings.is_sorted_by(|a, b| a.q >= b.q));
                    let contacts = change.bindings.iter().map(|it| it.contact.to_string());
                    self.told.insert(change.user, contacts.collect());
                }
                Command::Persist { user, bindings, ticket } => {
                    self.writing.push((user.to_string(), bindings, ticket));
                }
                Command::Blocked { .. } => panic!("everybody knows his password"),
            }
        }
    }

    /// What an answer says of telephones without connections is on the disk when it leaves.
    fn answered(&mut self, response: Response) {
        if response.status == 200 {
            let user = response.headers.to().unwrap().uri.user.unwrap_or_default();
            let now = self.registrar.bindings();
            let written = self.disk.get(&user).map_or(&[][..], Vec::as_slice);
            let Ok(Contacts::List(told)) = response.headers.contacts() else {
                panic!("an unreadable list: {response:?}");
            };
            for contact in told.into_iter().map(|it| it.uri) {
                let is_told = |it: &&Binding| it.user == user && it.contact == contact;
                let lasts = now
                    .iter()
                    .find(is_told)
                    .is_some_and(|it| it.flow.transport == Transport::Udp);
                let is_written = written.iter().any(|it| is_told(&it));
                assert!(is_written || !lasts, "{user} was told of {contact} too early");
            }
        }
        self.answers.push(response);
    }

    fn check(&self) {
        let all = self.registrar.bindings();
        assert_eq!(all.len(), self.registrar.len());
        assert!(all.len() <= config().bindings_max);
        for user in USERS {
            let own: Vec<&Binding> = all.iter().filter(|it| it.user == user).collect();
            assert!(own.len() <= PHONES_MAX, "{user} has too many");
            let contacts: BTreeSet<String> = own.iter().map(|it| it.contact.to_string()).collect();
            assert_eq!(contacts.len(), own.len(), "one telephone twice");
            assert_eq!(
                Some(&contacts).filter(|it| !it.is_empty()),
                self.told.get(user).filter(|it| !it.is_empty())
            );
        }
        let longest = self.now.wall + Duration::from_secs(u64::from(config().expires_max_s));
        assert!(all.iter().all(|it| it.expires > self.now.wall && it.expires <= longest));
        assert!(all.iter().all(|it| it.contact.headers.is_none()));
    }
}
