//! One user agent and a peer written by hand: for what two well-behaved ones would never say to each other.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::pair::name;
use crate::kernel::{LegId, Now};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::parse_datagram;
use crate::sip::transaction::{ServerKey, TransactionConfig};
use crate::sip::ua::{Command, LegEnd, UaConfig, UaEvent, UserAgent};

pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.50\r\ns=-\r\nc=IN IP4 192.0.2.50\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";

pub struct Solo {
    pub ua: UserAgent,
    pub now: Now,
    pub flow: Flow,
    pub events: Vec<UaEvent>,
    /// What it has sent, and where to.
    pub sent: Vec<(Flow, String)>,
    branch: u32,
}

impl Solo {
    pub fn new(config: UaConfig) -> Self {
        Self {
            ua: UserAgent::new(config, TransactionConfig::default(), StdRng::seed_from_u64(7)),
            now: Now::default(),
            flow: Flow {
                transport: Transport::Udp,
                local: "192.0.2.1:5060".parse().unwrap(),
                remote: "192.0.2.50:5060".parse().unwrap(),
                connection: 0,
            },
            events: Vec::new(),
            sent: Vec::new(),
            branch: 0,
        }
    }

    pub fn act<T>(&mut self, act: impl FnOnce(&mut UserAgent, Now) -> T) -> T {
        let result = act(&mut self.ua, self.now);
        while let Some(command) = self.ua.next_command() {
            match command {
                Command::Transmit { flow, bytes } => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.sent.push((flow, text));
                }
                Command::Event(UaEvent::Incoming {
                    leg,
                    refusal: Some(refusal),
                    ..
                }) => {
                    self.ua.reject(leg, refusal.status, &refusal.headers, self.now);
                }
                Command::Event(event) => self.events.push(event),
            }
        }
        result
    }

    /// The peer's message arrives.
    pub fn hear(&mut self, text: &str) {
        let (flow, message) = (self.flow, parse_datagram(text.as_bytes()));
        self.act(|ua, now| ua.receive(message, flow, now));
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now.later(time);
        while let Some(at) = self.ua.poll_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            self.act(|ua, now| ua.handle_timeout(now));
        }
        self.now = end;
    }

    /// A request of the peer as a stranger (no To tag), with a branch of its own.
    pub fn request(&mut self, method: &str, cseq: u32, extra: &str, body: &str) -> String {
        self.request_to("<sip:12345@192.0.2.1>", method, cseq, extra, body)
    }

    /// A request of the peer with this To.
    pub fn request_to(&mut self, to: &str, method: &str, cseq: u32, extra: &str, body: &str) -> String {
        self.branch += 1;
        let branch = self.branch;
        let kind = if body.is_empty() || extra.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:12345@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.50:5060;branch=z9hG4bK-{branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:peer@192.0.2.50>;tag=peer\r\nTo: {to}\r\n\
             Call-ID: by-hand\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:peer@192.0.2.50:5060>\r\n{kind}{extra}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The status of the last response sent.
    pub fn status(&self) -> u16 {
        let responses = self.sent.iter().rev().map(|(_, text)| text);
        let mut statuses = responses.filter_map(|text| text.strip_prefix("SIP/2.0 ")?.get(..3));
        statuses.next().map_or(0, |status| status.parse().unwrap())
    }

    /// The last thing sent.
    pub fn last(&self) -> String {
        self.sent.last().map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// The last thing sent that begins so.
    pub fn last_that(&self, begins: &str) -> String {
        let mut texts = self.sent.iter().rev().map(|(_, text)| text);
        let found = texts.find(|text| text.starts_with(begins));
        found.unwrap_or_else(|| panic!("nothing begins with {begins}")).clone()
    }

    pub fn count_that(&self, begins: &str) -> usize {
        self.sent.iter().filter(|(_, text)| text.starts_with(begins)).count()
    }

    pub fn names(&self) -> Vec<String> {
        self.events.iter().map(name).collect()
    }

    pub fn end(&self) -> Option<LegEnd> {
        self.events.iter().find_map(|event| match event {
            UaEvent::Ended { end, .. } => Some(end.clone()),
            _ => None,
        })
    }

    pub fn leg(&self) -> LegId {
        let leg = self.events.iter().find_map(|event| match event {
            UaEvent::Incoming { leg, .. } => Some(*leg),
            _ => None,
        });
        leg.expect("a call has come in")
    }
}

impl Solo {
    /// The REFER that came last.
    pub fn refer_key(&self) -> ServerKey {
        let key = self.events.iter().rev().find_map(|event| match event {
            UaEvent::Refer { key, .. } => Some(*key),
            _ => None,
        });
        key.expect("a REFER has come in")
    }
}

/// The value of a header in a text.
pub fn header(text: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    let value = text.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

/// The peer's answer to a request of ours, with its tag and further headers.
pub fn answer(request: &str, status: &str, tag: &str, extra: &str, body: &str) -> String {
    let copied = |name| header(request, name);
    let mut to = copied("To");
    if !to.contains(";tag=") && !tag.is_empty() {
        to.push_str(&format!(";tag={tag}"));
    }
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{kind}{extra}\
         Content-Length: {}\r\n\r\n{body}",
        copied("Via"),
        copied("From"),
        copied("Call-ID"),
        copied("CSeq"),
        body.len()
    )
}
