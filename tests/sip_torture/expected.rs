//! The messages with what may be seen of them. Reads `tests/data/torture/index.tsv`; sends nothing.

use std::fmt;
use std::fs;
use std::path::Path;

use yihao::sip::message::{HeaderName, Message, parse_datagram};

/// One message.
pub struct Case {
    pub file: String,
    pub bytes: Vec<u8>,
    udp_expect: String,
}

/// What the sender saw.
pub struct Seen {
    pub statuses: Vec<u16>,
    pub closed: bool,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<String> = self.statuses.iter().map(ToString::to_string).collect();
        let closed = if self.closed { ", closed" } else { "" };
        match statuses.is_empty() {
            true => write!(f, "silence{closed}"),
            false => write!(f, "{}{closed}", statuses.join(" ")),
        }
    }
}

/// What becomes of a message on a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// As over UDP; the connection stays.
    AsUdp,
    /// Two messages in a row: both are answered.
    Two,
    /// Its end cannot be known: an answer or none, and the connection is closed (RFC 3261 §18.3).
    Closed,
}

/// All messages in the order of the index.
pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/torture");
    let index = fs::read_to_string(root.join("index.tsv")).unwrap();
    let rows = index
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| line.split('\t').collect::<Vec<_>>());
    rows.map(|row| Case {
        file: row[1].to_owned(),
        bytes: fs::read(root.join(row[1])).unwrap(),
        udp_expect: row[6].to_owned(),
    })
    .collect()
}

impl Case {
    /// What tells its transaction from others (RFC 3261 §17.2.3): method and topmost Via; the file's name where there is none.
    pub fn transaction(&self) -> String {
        match parse_datagram(&self.bytes) {
            Ok(Message::Request(request)) => {
                let via = request.headers.get(&HeaderName::Via).map(String::from_utf8_lossy);
                format!("{} {}", request.method, via.unwrap_or_default())
            }
            Ok(Message::Response(_)) | Err(_) => self.file.clone(),
        }
    }

    /// Port of the topmost Via.
    pub fn via_port(&self) -> u16 {
        match self.file.rsplit('/').next().unwrap_or_default() {
            "mpart01.dat" => 5070,
            "quotbal.dat" => 5050,
            "ipv4-mapped-ipv6.dat" => 19_823,
            "mult-ip-in-header.dat" => 6050,
            _ => 5060,
        }
    }

    /// Whether silence is a verdict.
    pub fn may_be_dropped(&self) -> bool {
        self.udp_expect.split(',').any(|word| word == "drop" || word == "any")
    }

    fn on_a_stream(&self) -> Stream {
        match self.file.rsplit('/').next().unwrap_or_default() {
            "dblreq.dat" => Stream::Two,
            // Longer than it is, negative, two lengths, no end of the header, no SIP at all.
            "clerr.dat" | "ncl.dat" | "mcl01.dat" | "baddn.dat" | "test.dat" => Stream::Closed,
            // No Content-Length: a stream needs one (RFC 3261 §20.14).
            "inv2543.dat" => Stream::Closed,
            _ => Stream::AsUdp,
        }
    }

    /// The words of the verdict.
    pub fn expects(&self, transport: &str) -> String {
        match (transport, self.on_a_stream()) {
            ("UDP", _) | (_, Stream::AsUdp) => self.udp_expect.clone(),
            (_, Stream::Two) => format!("{} and one more", self.udp_expect),
            (_, Stream::Closed) => "400 or silence, closed".to_owned(),
        }
    }

    /// Answers that are waited for on a stream.
    pub fn answers_over_tcp(&self) -> usize {
        match self.on_a_stream() {
            Stream::AsUdp if self.udp_expect == "drop" => 0,
            Stream::AsUdp => 1,
            Stream::Two => 2,
            Stream::Closed => usize::MAX,
        }
    }

    /// Whether this is what `udp_expect` allows.
    pub fn accepts_udp(&self, seen: &Seen) -> bool {
        self.udp_expect
            .split(',')
            .any(|word| fits(word, seen.statuses.first().copied()))
    }

    /// Whether this is what a stream allows.
    pub fn accepts_tcp(&self, seen: &Seen) -> bool {
        match self.on_a_stream() {
            Stream::AsUdp => self.accepts_udp(seen) && !seen.closed,
            Stream::Two => self.accepts_udp(seen) && seen.statuses.len() == 2,
            Stream::Closed => seen.closed && seen.statuses.iter().all(|status| *status == 400),
        }
    }
}

/// One word of a verdict: `400`, `2xx`, `!400`, `drop`, `any`; `… as proxy` is for elements that we are not.
fn fits(word: &str, status: Option<u16>) -> bool {
    let word = word.trim();
    if word.ends_with("as proxy") {
        return false;
    }
    let word = word.trim_end_matches("as UAS").trim();
    match (word, status) {
        ("any", _) | ("drop", None) => true,
        (_, None) | ("drop", Some(_)) => false,
        ("2xx", Some(status)) => (200..300).contains(&status),
        (word, Some(status)) => match word.strip_prefix('!') {
            Some(not) => status.to_string() != not,
            None => status.to_string() == word,
        },
    }
}
