//! Two user agents, a network that loses, doubles, delays and reorders, and applications with simple habits.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::kernel::{Direction, Law, LegId, Now};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Host, NameAddr, Uri, parse_datagram};
use crate::sip::sdp::{self, LocalAudio, Sdp};
use crate::sip::transaction::TransactionConfig;
use crate::sip::ua::{Command, LegEnd, OutgoingCall, UaConfig, UaEvent, UserAgent};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The caller in most stories.
    Alice,
    /// The called one.
    Bob,
}
pub use Who::{Alice, Bob};

impl Who {
    pub fn other(self) -> Self {
        match self {
            Alice => Bob,
            Bob => Alice,
        }
    }

    fn index(self) -> usize {
        self as usize
    }

    fn address(self) -> SocketAddr {
        match self {
            Alice => "192.0.2.1:5060".parse().unwrap(),
            Bob => "192.0.2.2:5060".parse().unwrap(),
        }
    }

    /// The path to the other one.
    pub fn flow(self) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.address(),
            remote: self.other().address(),
            connection: 0,
        }
    }
}

/// What the network does to a datagram.
#[derive(Clone, Copy)]
pub struct Weather {
    pub loss: f64,
    pub doubling: f64,
    pub delay_ms: (u64, u64),
}

pub const FAIR: Weather = Weather {
    loss: 0.0,
    doubling: 0.0,
    delay_ms: (10, 10),
};

struct Datagram {
    to: Who,
    bytes: Arc<[u8]>,
}

/// One side with its application.
pub struct End {
    pub ua: UserAgent,
    pub events: Vec<UaEvent>,
    /// Says 200 to BYE and 487 to a cancelled INVITE at once.
    pub confirms: bool,
    /// Answers offers and requests for one with this.
    pub answers: Option<Sdp>,
}

type Loss = (Who, String, usize);

pub struct Pair {
    pub now: Now,
    pub ends: [End; 2],
    pub weather: Weather,
    /// First lines of everything sent, losses included.
    pub sent: Vec<(Who, String)>,
    wire: BTreeMap<(crate::kernel::Mono, u64), Datagram>,
    count: u64,
    losses: Vec<Loss>,
    cut: bool,
    rng: StdRng,
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, UaConfig::default(), UaConfig::default())
    }

    pub fn with(seed: u64, alice: UaConfig, bob: UaConfig) -> Self {
        let end = |config, seed| End {
            ua: UserAgent::new(config, TransactionConfig::default(), StdRng::seed_from_u64(seed)),
            events: Vec::new(),
            confirms: true,
            answers: Some(sdp_from(30_000, Direction::SendRecv)),
        };
        Self {
            now: Now::default(),
            ends: [end(alice, seed * 2 + 1), end(bob, seed * 2 + 2)],
            weather: FAIR,
            sent: Vec::new(),
            wire: BTreeMap::new(),
            count: 0,
            losses: Vec::new(),
            cut: false,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// The next `times` messages of `who` whose first line and CSeq contain `what` are lost.
    pub fn lose(&mut self, who: Who, what: &str, times: usize) {
        self.losses.push((who, what.to_owned(), times));
    }

    /// Nothing gets through any more.
    pub fn cut(&mut self) {
        self.cut = true;
    }

    pub fn ua(&mut self, who: Who) -> &mut UserAgent {
        &mut self.ends[who.index()].ua
    }

    /// One side does something now.
    pub fn act<T>(&mut self, who: Who, act: impl FnOnce(&mut UserAgent, Now) -> T) -> T {
        let now = self.now;
        let result = act(&mut self.ends[who.index()].ua, now);
        self.flush(who);
        result
    }

    /// Sends what one side wants sent, and lets its application react.
    fn flush(&mut self, who: Who) {
        while let Some(command) = self.ends[who.index()].ua.next_command() {
            match command {
                Command::Transmit { flow, bytes } => self.transmit(who, &flow, &bytes),
                Command::Event(event) => {
                    self.react(who, &event);
                    self.ends[who.index()].events.push(event);
                }
            }
        }
    }

    fn react(&mut self, who: Who, event: &UaEvent) {
        let now = self.now;
        let end = &mut self.ends[who.index()];
        match event {
            UaEvent::Cancelled { leg } | UaEvent::ByeReceived { leg, .. } if end.confirms => {
                end.ua.confirm_bye(*leg, now);
            }
            UaEvent::Offer { leg, .. } | UaEvent::OfferWanted { leg } => {
                if let Some(sdp) = &end.answers {
                    end.ua.answer(*leg, Ok(sdp), now);
                }
            }
            _ => {}
        }
    }

    fn transmit(&mut self, who: Who, flow: &Flow, bytes: &Arc<[u8]>) {
        assert_eq!(*flow, who.flow(), "a message went astray");
        let title = title(bytes);
        self.sent.push((who, title.clone()));
        if self.cut || self.is_lost(who, &title) {
            return;
        }
        let copies = 1 + u64::from(self.rng.random_bool(self.weather.doubling));
        for _ in 0..copies {
            let (least, most) = self.weather.delay_ms;
            let delay = Duration::from_millis(self.rng.random_range(least..=most));
            self.count += 1;
            let datagram = Datagram {
                to: who.other(),
                bytes: Arc::clone(bytes),
            };
            self.wire.insert((self.now.mono + delay, self.count), datagram);
        }
    }

    fn is_lost(&mut self, who: Who, title: &str) -> bool {
        let planned = self
            .losses
            .iter_mut()
            .find(|(whose, what, times)| *whose == who && *times > 0 && title.contains(what.as_str()));
        if let Some((_, _, times)) = planned {
            *times -= 1;
            return true;
        }
        self.rng.random_bool(self.weather.loss)
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now.later(time);
        for _ in 0..100_000 {
            let wire = self.wire.first_key_value().map(|((at, _), _)| *at);
            let timers = [self.ends[0].ua.poll_timeout(), self.ends[1].ua.poll_timeout()];
            let next = wire.into_iter().chain(timers.into_iter().flatten()).min();
            let Some(next) = next.filter(|at| *at <= end.mono) else {
                self.now = end;
                return;
            };
            self.now = self.now.later(next.since(self.now.mono));
            match self.wire.first_entry().filter(|entry| entry.key().0 <= next) {
                Some(entry) => {
                    let Datagram { to, bytes } = entry.remove();
                    let message = parse_datagram(&bytes);
                    self.act(to, |ua, now| ua.receive(message, to.flow(), now));
                }
                None => {
                    for who in [Alice, Bob] {
                        self.act(who, |ua, now| ua.handle_timeout(now));
                    }
                }
            }
        }
        panic!("the two never come to rest");
    }

    pub fn run_ms(&mut self, millis: u64) {
        self.run(Duration::from_millis(millis));
    }

    /// Names of the events of one side.
    pub fn names(&self, who: Who) -> Vec<String> {
        let events = self.ends[who.index()].events.iter();
        events.map(name).collect()
    }

    pub fn saw(&self, who: Who, what: &str) -> usize {
        self.names(who).iter().filter(|name| *name == what).count()
    }

    /// How the legs of one side ended, in order.
    pub fn ends_of(&self, who: Who) -> Vec<LegEnd> {
        let events = self.ends[who.index()].events.iter();
        let ends = events.filter_map(|event| match event {
            UaEvent::Ended { end, .. } => Some(end.clone()),
            _ => None,
        });
        ends.collect()
    }

    pub fn times_sent(&self, who: Who, what: &str) -> usize {
        let sent = self.sent.iter();
        sent.filter(|(whose, title)| *whose == who && title.contains(what))
            .count()
    }

    /// The last leg that came in.
    pub fn incoming(&self, who: Who) -> LegId {
        let mut events = self.ends[who.index()].events.iter().rev();
        let leg = events.find_map(|event| match event {
            UaEvent::Incoming { leg, .. } => Some(*leg),
            _ => None,
        });
        leg.expect("a call has come in")
    }

    pub fn last_answer(&self, who: Who) -> Sdp {
        let mut events = self.ends[who.index()].events.iter().rev();
        let answer = events.find_map(|event| match event {
            UaEvent::Answer { sdp, .. } | UaEvent::Answered { sdp: Some(sdp), .. } => Some(sdp.clone()),
            _ => None,
        });
        answer.expect("an answer has come")
    }

    /// After a while nothing is left on either side, and every leg has told its end once.
    pub fn comes_to_rest(&mut self) {
        self.weather = FAIR;
        self.run(Duration::from_secs(200));
        for who in [Alice, Bob] {
            let legs = &self.ends[who.index()];
            assert_eq!(legs.ua.legs(), 0, "{who:?} keeps legs: {:?}", self.names(who));
            assert_eq!(legs.ua.transactions(), 0, "{who:?} keeps transactions");
            let core = &legs.ua.core;
            assert!(core.tags.is_empty() && core.invites.is_empty() && core.clients.is_empty());
            assert!(legs.ua.timers.is_empty() && core.referrals.is_empty());
            assert!(core.followed.is_empty());
            assert_ended_once(&legs.events);
        }
    }
}

/// Every leg tells its end exactly once, and nothing after it.
fn assert_ended_once(events: &[UaEvent]) {
    let mut ended = VecDeque::new();
    for event in events {
        let leg = leg_of(event);
        let late_news = matches!(event, UaEvent::ReferNotified { .. });
        assert!(
            late_news || !ended.contains(&leg),
            "something happened to {leg:?} after its end: {event:?}"
        );
        if matches!(event, UaEvent::Ended { .. }) {
            ended.push_back(leg);
        }
    }
    for event in events {
        assert!(ended.contains(&leg_of(event)), "{event:?} has no end");
    }
}

fn leg_of(event: &UaEvent) -> LegId {
    match event {
        UaEvent::Incoming { leg, .. }
        | UaEvent::Offer { leg, .. }
        | UaEvent::OfferWanted { leg }
        | UaEvent::Answer { leg, .. }
        | UaEvent::OfferRefused { leg, .. }
        | UaEvent::Provisional { leg, .. }
        | UaEvent::Answered { leg, .. }
        | UaEvent::Confirmed { leg }
        | UaEvent::Cancelled { leg }
        | UaEvent::ByeReceived { leg, .. }
        | UaEvent::Ended { leg, .. }
        | UaEvent::Digit { leg, .. }
        | UaEvent::Refer { leg, .. }
        | UaEvent::ReferAnswered { leg, .. }
        | UaEvent::ReferNotified { leg, .. } => *leg,
        UaEvent::OutOfDialog { .. } | UaEvent::Response { .. } | UaEvent::RequestFailed { .. } => LegId(0),
    }
}

/// The variant's name.
pub fn name(event: &UaEvent) -> String {
    let text = format!("{event:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

/// First line and method: `SIP/2.0 200 OK | 1 INVITE`.
fn title(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap_or_default();
    let cseq = text.lines().find_map(|line| line.strip_prefix("CSeq: "));
    format!("{first} | {}", cseq.unwrap_or_default())
}

/// A session description of one A-law stream.
pub fn sdp_from(rtp_port: u16, direction: Direction) -> Sdp {
    sdp::offer(&LocalAudio {
        address: "192.0.2.9".parse().unwrap(),
        rtp_port,
        rtcp_port: rtp_port + 1,
        session_id: 1,
        session_version: u64::from(rtp_port),
        laws: vec![Law::A],
        dtmf: true,
        ptime_ms: 20,
        direction,
    })
}

pub fn audio_port(sdp: &Sdp) -> u16 {
    sdp.media.first().map_or(0, |media| media.port)
}

fn address_of(user: &str, who: Who) -> Uri {
    let host = match who {
        Alice => "192.0.2.1".parse().unwrap(),
        Bob => "192.0.2.2".parse().unwrap(),
    };
    Uri::sip(Some(user), Host::V4(host), None)
}

/// A call from one to the other.
pub fn call_from(who: Who) -> OutgoingCall {
    OutgoingCall {
        flow: who.flow(),
        request_uri: address_of("12345", who.other()),
        from: NameAddr::new(address_of("13800001234", who)),
        to: NameAddr::new(address_of("12345", who.other())),
        route: Vec::new(),
        offer: Some(sdp_from(20_000, Direction::SendRecv)),
        credentials: None,
        headers: Vec::new(),
        ring_timeout: Duration::from_secs(60),
        silence_timeout: None,
        call_id: None,
    }
}

/// Alice calls Bob and Bob answers.
pub fn talking(seed: u64) -> (Pair, LegId, LegId) {
    talk(Pair::new(seed))
}

pub fn talk(mut pair: Pair) -> (Pair, LegId, LegId) {
    let alice = pair.act(Alice, |ua, now| ua.invite(call_from(Alice), now));
    pair.run_ms(100);
    let bob = pair.incoming(Bob);
    pair.act(Bob, |ua, now| ua.provisional(bob, 180, None, now));
    pair.run_ms(1000);
    let answer = sdp_from(40_000, Direction::SendRecv);
    pair.act(Bob, |ua, now| ua.accept(bob, &answer, now));
    pair.run_ms(100);
    (pair, alice, bob)
}
