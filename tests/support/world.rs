//! A city in a box: the exchange, its media sessions, telephones and the network between them, in virtual time from a
//! seed. What happens here in an hour takes milliseconds, and the same seed gives the same hour.

mod agents;
mod judge;
mod network;
mod sound;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use yihao::call::phone::{Phone, PhoneCommand, PhoneConfig};
use yihao::call::{Command, Exchange, ExchangeConfig, LocalRtp, Shared, TrunkState};
use yihao::ivr::spoken::Piece;
use yihao::kernel::{Event, MediaId, Mono, Now, Wall};
use yihao::media::{Clip, Switch};
use yihao::sip::message::{Host, NameAddr, Uri, parse_datagram};
use yihao::sip::transaction::TransactionConfig;
use yihao::sip::trunk::{Answer, Question, SrvRecord, Target, TrunkConfig};
use yihao::sip::ua::UaConfig;
use yihao::sip::{Flow, Transport};

use self::network::{Kind, Packet};
use self::sound::ServerMedia;
use super::plans;

pub use self::agents::Agent;
pub use self::network::Weather;

pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// And for sound, where the caller's is in IPv6.
pub const SERVER_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const SIP_PORT: u16 = 5060;

/// Sees a datagram, its sender and its receiver.
type Filter = Box<dyn FnMut(&[u8], SocketAddr, SocketAddr) -> bool>;

/// A datagram that came to an address without a telephone.
#[derive(Clone, Debug)]
pub struct Letter {
    pub at: Mono,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Events that become durable together.
struct Commit {
    at: Mono,
    ticket: u64,
    /// Length of the ledger with them.
    length: usize,
}

/// The box.
pub struct World {
    pub now: Now,
    pub exchange: Exchange,
    pub phones: Vec<Phone>,
    pub agents: Vec<Agent>,
    /// Everything the ledger holds, in order.
    pub ledger: Vec<Event>,
    /// Recordings that were closed: file and A-law frames.
    pub recordings: BTreeMap<String, Vec<u8>>,
    /// Pieces the library was asked for.
    pub played: Vec<Piece>,
    pub sip_weather: Weather,
    pub rtp_weather: Weather,
    /// Time that the ledger takes to be durable.
    pub commit_takes: Duration,
    /// Sees each SIP message before it is on the wire; false loses it.
    pub sip_filter: Filter,
    /// No RTP port is free.
    pub ports_exhausted: bool,
    /// SIP messages that were sent: from, to, bytes.
    pub sip_log: Vec<(Mono, SocketAddr, SocketAddr, Vec<u8>)>,
    /// Datagrams to addresses where no telephone is: for callers that a test plays by hand.
    pub mailbox: Vec<Letter>,
    /// Telephones whose cable is out: nothing leaves them and nothing reaches them.
    pub unplugged: BTreeSet<usize>,
    /// Telephones that something happened to since they were last listened to.
    touched: BTreeSet<usize>,
    /// The next timer of each telephone.
    phone_timers: Vec<Option<Mono>>,
    /// Events that are durable; the rest of the ledger is still being written.
    durable: usize,
    media: BTreeMap<MediaId, ServerMedia>,
    /// The server's sessions themselves.
    switch: Switch,
    wire: BinaryHeap<Packet>,
    commits: VecDeque<Commit>,
    clips: HashMap<String, Arc<Clip>>,
    rng: StdRng,
    order: u64,
    counters: [u64; 2],
    next_port: u16,
    /// SRV records of the domain name system.
    pub services: HashMap<String, Vec<SrvRecord>>,
    /// Its addresses.
    pub hosts: HashMap<String, Vec<IpAddr>>,
    /// What was said about trunks.
    pub trunk_log: Vec<(Mono, TrunkState)>,
}

impl World {
    /// A fine day with the given plan files.
    pub fn new(seed: u64) -> Self {
        Self::with(seed, plans::shared())
    }

    pub fn with(seed: u64, shared: Shared) -> Self {
        let now = Now {
            mono: Mono::from_nanos(1_000_000_000),
            wall: Wall::from_millis(1_795_399_200_000),
        };
        let config = ExchangeConfig {
            shard: 0,
            shards: 1,
            media_workers: 1,
            ua: UaConfig::default(),
            transactions: TransactionConfig::default(),
            seed,
        };
        let mut world = Self {
            now,
            exchange: Exchange::new(config, shared),
            phones: Vec::new(),
            agents: Vec::new(),
            ledger: Vec::new(),
            recordings: BTreeMap::new(),
            played: Vec::new(),
            sip_weather: Weather::fine(),
            rtp_weather: Weather::fine(),
            commit_takes: Duration::from_millis(1),
            sip_filter: Box::new(|_, _, _| true),
            ports_exhausted: false,
            sip_log: Vec::new(),
            mailbox: Vec::new(),
            unplugged: BTreeSet::new(),
            touched: BTreeSet::new(),
            phone_timers: Vec::new(),
            durable: 0,
            services: HashMap::new(),
            hosts: HashMap::new(),
            trunk_log: Vec::new(),
            media: BTreeMap::new(),
            switch: Switch::default(),
            wire: BinaryHeap::new(),
            commits: VecDeque::new(),
            clips: plans::clips(),
            rng: StdRng::seed_from_u64(seed),
            order: 0,
            counters: [0; 2],
            next_port: 20_000,
        };
        world.add_trunks(plans::trunks());
        world
    }

    /// Further trunks.
    pub fn add_trunks(&mut self, trunks: Vec<TrunkConfig>) {
        self.exchange.add_trunks(trunks, self.now);
        self.drain();
    }

    /// From now on the emergency numbers' trunk has this address, or none.
    pub fn emergency_is_at(&mut self, address: Option<SocketAddr>) {
        let targets: Vec<Target> = address
            .into_iter()
            .map(|address| Target {
                transport: Transport::Udp,
                address,
            })
            .collect();
        self.exchange.trunk_changed(TrunkState {
            name: plans::NEIGHBOUR.into(),
            up: !targets.is_empty(),
            targets,
        });
    }

    /// How a trunk was last said to be.
    pub fn trunk_is_up(&self, name: &str) -> bool {
        let last = self.trunk_log.iter().rev().find(|(_, state)| state.name == name);
        last.is_some_and(|(_, state)| state.up)
    }

    pub fn server_sip() -> SocketAddr {
        SocketAddr::new(IpAddr::V4(SERVER), SIP_PORT)
    }

    pub fn phone_address(index: usize) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10 + index as u8)), SIP_PORT)
    }

    /// The server's way to an address.
    pub fn flow_to(&self, remote: SocketAddr) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: Self::server_sip(),
            remote,
            connection: 0,
        }
    }

    /// A telephone's usual configuration; change it before [`World::add_phone`].
    pub fn phone_config(&self) -> PhoneConfig {
        let index = self.phones.len();
        let address = Self::phone_address(index);
        let number = format!("1380000{:04}", 1000 + index);
        let uri = Uri::sip(Some(&number), Host::from(address.ip()), None);
        let flow = Flow {
            transport: Transport::Udp,
            local: address,
            remote: Self::server_sip(),
            connection: 0,
        };
        let rtp = LocalRtp {
            address: address.ip(),
            rtp_port: 30_000,
            rtcp_port: 30_001,
        };
        PhoneConfig::new(NameAddr::new(uri), flow, rtp, 7_000 + index as u64)
    }

    /// Puts a telephone on the network.
    pub fn add_phone(&mut self, config: PhoneConfig, script: Vec<yihao::call::phone::Action>) -> usize {
        self.phones.push(Phone::new(config, script, self.now));
        self.phone_timers.push(None);
        self.phones.len() - 1
    }

    /// A citizen with the usual telephone dials.
    pub fn citizen_dials(&mut self, number: &str, script: Vec<yihao::call::phone::Action>) -> usize {
        let config = self.phone_config();
        let phone = self.add_phone(config, script);
        self.dial(phone, number);
        phone
    }

    pub fn dial(&mut self, phone: usize, number: &str) {
        let to = Uri::sip(Some(number), Host::from(IpAddr::V4(SERVER)), None);
        self.phones[phone].dial(&to, self.now);
        self.touch_all();
        self.drain();
    }

    /// Sends a raw SIP datagram to the server.
    pub fn send_raw(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.post(Kind::Sip, from, Self::server_sip(), bytes);
    }

    /// Sends a raw RTP packet into the wire.
    pub fn send_rtp(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        self.post(Kind::Rtp, from, to, bytes);
    }

    /// New settings for calls from now on.
    pub fn reload(&mut self, change: impl FnOnce(&mut Shared)) {
        let mut shared = self.exchange.shared().clone();
        change(&mut shared);
        self.exchange.reload(shared);
    }

    /// Ends every call: the time to drain is over.
    pub fn end_all(&mut self) {
        self.exchange.end_all(self.now);
        self.drain();
    }

    /// Lets what was just said be done.
    pub fn settle_down(&mut self) {
        self.touch_all();
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        self.touch_all();
        let end = self.now.mono + time;
        while let Some(next) = self.next_time()
            && next <= end
        {
            self.step(next);
        }
        self.advance_to(end);
    }

    /// Lets time pass until nothing is left to happen, an hour at most.
    pub fn run_to_the_end(&mut self) {
        self.run_until(|_| false, Duration::from_secs(3_600));
    }

    /// Lets time pass until `done`; false when `patience` ran out or nothing is left to happen.
    pub fn run_until(&mut self, mut done: impl FnMut(&Self) -> bool, patience: Duration) -> bool {
        self.touch_all();
        let end = self.now.mono + patience;
        loop {
            if done(self) {
                return true;
            }
            match self.next_time() {
                Some(next) if next <= end => self.step(next),
                Some(_) | None => return false,
            }
        }
    }

    /// The test may have done something to any telephone.
    fn touch_all(&mut self) {
        self.phone_timers.resize(self.phones.len(), None);
        self.touched = (0..self.phones.len()).collect();
        self.drain();
    }

    fn advance_to(&mut self, at: Mono) {
        if at > self.now.mono {
            self.now = self.now.later(at.since(self.now.mono));
        }
    }

    fn next_time(&self) -> Option<Mono> {
        let ticks = self.media.values().map(|m| m.next_tick).min();
        let phones = self.phone_timers.iter().flatten().min().copied();
        let wire = self.wire.peek().map(|p| p.at);
        let commits = self.commits.front().map(|c| c.at);
        [self.exchange.poll_timeout(), ticks, phones, wire, commits]
            .into_iter()
            .flatten()
            .min()
    }

    fn step(&mut self, at: Mono) {
        self.advance_to(at);
        let now = self.now;
        while self.commits.front().is_some_and(|c| c.at <= now.mono) {
            if let Some(commit) = self.commits.pop_front() {
                self.durable = commit.length;
                self.exchange.committed(commit.ticket, now);
                self.drain();
            }
        }
        while self.wire.peek().is_some_and(|p| p.at <= now.mono) {
            if let Some(packet) = self.wire.pop() {
                self.deliver(packet);
                self.drain();
            }
        }
        if self.exchange.poll_timeout().is_some_and(|t| t <= now.mono) {
            self.exchange.handle_timeout(now);
            self.drain();
        }
        for i in 0..self.phones.len() {
            if self.phone_timers[i].is_some_and(|t| t <= now.mono) {
                self.phones[i].handle_timeout(now);
                self.touched.insert(i);
            }
        }
        self.tick_media();
        self.drain();
    }

    fn deliver(&mut self, packet: Packet) {
        let Packet {
            from, to, kind, bytes, ..
        } = packet;
        if to.ip() == IpAddr::V4(SERVER) {
            match kind {
                Kind::Sip => {
                    let flow = Flow {
                        transport: Transport::Udp,
                        local: to,
                        remote: from,
                        connection: 0,
                    };
                    self.exchange.receive(parse_datagram(&bytes), flow, self.now);
                }
                Kind::Rtp | Kind::Rtcp => self.server_sound(kind, from, to, &bytes),
            }
            return;
        }
        let Some(phone) = (0..self.phones.len()).find(|i| Self::phone_address(*i).ip() == to.ip()) else {
            self.mailbox.push(Letter {
                at: self.now.mono,
                to,
                bytes,
            });
            return;
        };
        if self.unplugged.contains(&phone) {
            return;
        }
        self.touched.insert(phone);
        let phone = &mut self.phones[phone];
        match kind {
            Kind::Sip => {
                let flow = Flow {
                    transport: Transport::Udp,
                    local: to,
                    remote: from,
                    connection: 0,
                };
                phone.receive(&bytes, flow, self.now);
            }
            Kind::Rtp => phone.receive_rtp(&bytes, to.port(), from, self.now),
            Kind::Rtcp => phone.receive_rtcp(&bytes, to.port(), from, self.now),
        }
    }

    /// Everything that somebody wants to say or do now.
    fn drain(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(command) = self.exchange.next_command() {
                quiet = false;
                self.carry_out(command);
            }
            while let Some(i) = self.touched.pop_first() {
                self.phone_timers[i] = None;
                if self.unplugged.contains(&i) {
                    continue;
                }
                self.phone_timers[i] = self.phones[i].poll_timeout();
                let address = Self::phone_address(i);
                while let Some(command) = self.phones[i].next_command() {
                    quiet = false;
                    let port = |port| SocketAddr::new(address.ip(), port);
                    match command {
                        PhoneCommand::Sip(flow, bytes) => self.post(Kind::Sip, address, flow.remote, &bytes),
                        PhoneCommand::Rtp { from, to, packet } => self.post(Kind::Rtp, port(from), to, &packet),
                        PhoneCommand::Rtcp { from, to, packet } => self.post(Kind::Rtcp, port(from), to, &packet),
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.now;
        match command {
            Command::Transmit { flow, bytes } => self.post(Kind::Sip, flow.local, flow.remote, &bytes),
            Command::Append { events, ticket } => {
                self.ledger.extend(events);
                if let Some(ticket) = ticket {
                    let at = now.mono + self.commit_takes;
                    self.commits.push_back(Commit {
                        at,
                        ticket,
                        length: self.ledger.len(),
                    });
                }
            }
            Command::OpenMedia {
                id,
                local,
                remote,
                signalling,
            } => {
                let other_family = remote.is_some_and(|ip| ip.is_ipv4() != local.is_ipv4());
                let ip = if other_family { SERVER_V6.into() } else { SERVER.into() };
                let local = (!self.ports_exhausted).then(|| self.open_media(id, ip, signalling));
                self.exchange.media_opened(id, local, now);
            }
            Command::Play {
                id,
                play,
                pieces,
                repeat,
                ..
            } => self.play(id, play, &pieces, repeat),
            command @ (Command::Negotiate { .. }
            | Command::Media { .. }
            | Command::Bridge { .. }
            | Command::Unbridge { .. }
            | Command::Mix { .. }
            | Command::RecordCall { .. }
            | Command::MaskRecording { .. }
            | Command::StartRecording { .. }
            | Command::FinishRecording { .. }
            | Command::CloseMedia { .. }) => self.carry_out_sound(command),
            Command::CalendarMissing { .. } => {}
            Command::Resolve { query, question } => {
                let answer = match &question {
                    Question::Srv(name) => Answer::Srv(self.services.get(name).cloned().unwrap_or_default()),
                    Question::Addresses(name) => Answer::Addresses(self.hosts.get(name).cloned().unwrap_or_default()),
                };
                self.exchange.resolved(query, answer, now);
            }
            Command::Reach { query, target } => {
                let flow = self.flow_to(target.address);
                self.exchange.reached(query, Some(flow), now);
            }
            Command::TrunkState(state) => {
                self.trunk_log.push((now.mono, state));
            }
            Command::TrunkEvent { .. } => {}
            Command::TrunkFailed { name, .. } => panic!("the trunk {name} lives in this exchange"),
        }
    }
}
