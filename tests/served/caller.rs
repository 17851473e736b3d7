//! A caller of plain text and a UDP socket, so that what he saw does not rest on the code under test.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const T1: Duration = Duration::from_millis(500);

/// One call.
pub struct Caller {
    socket: UdpSocket,
    rtp: UdpSocket,
    server: SocketAddr,
    number: String,
    /// Its Call-ID.
    pub call_id: String,
    to_tag: String,
    server_rtp: Option<SocketAddr>,
    cseq: u32,
}

impl Caller {
    /// A caller who is going to dial `number`.
    pub fn new(server: SocketAddr, number: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let call_id = format!(
            "{}-{}@example.com",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self {
            socket: bind(),
            rtp: bind(),
            server,
            number: number.to_owned(),
            call_id,
            to_tag: String::new(),
            server_rtp: None,
            cseq: 0,
        }
    }

    /// INVITE, and ACK for whatever final answer comes; the answer. `None`: none came in time.
    pub fn dial(&mut self, patience: Duration) -> Option<String> {
        let port = self.rtp.local_addr().unwrap().port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        );
        self.cseq += 1;
        let answer = self.ask("INVITE", &sdp, patience)?;
        self.to_tag = header(&answer, "To").and_then(|to| to.find(";tag=").map(|at| to[at..].to_owned()))?;
        let rtp = answer
            .lines()
            .find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
        self.server_rtp = rtp.map(|port: u16| SocketAddr::new(self.server.ip(), port));
        // Of a 2xx the ACK is a transaction of its own (RFC 3261 section 13.2.2.4), of other answers a part of INVITE's (17.1.1.3).
        let branch = if is(&answer, 200) { "ack" } else { "invite" };
        self.send(&self.request("ACK", branch, ""));
        Some(answer)
    }

    /// BYE; the status of its answer.
    pub fn hang_up(&mut self, patience: Duration) -> Option<u16> {
        self.cseq += 1;
        self.ask("BYE", "", patience).map(|answer| status(&answer))
    }

    /// Waits for a request of the server, and answers it with 200.
    pub fn answer_request(&self, method: &str, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while let Some(message) = self.receive(deadline) {
            if message.starts_with(&format!("{method} ")) {
                let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
                let lines = kept
                    .iter()
                    .map(|name| format!("{name}: {}\r\n", header(&message, name).unwrap_or_default()));
                self.send(&format!(
                    "SIP/2.0 200 OK\r\n{}Content-Length: 0\r\n\r\n",
                    lines.collect::<String>()
                ));
                return true;
            }
        }
        false
    }

    /// Says something: one packet of 20 ms after the other until `enough` says so.
    pub fn speak(&self, enough: impl Fn() -> bool) {
        let mut packet = [0x2A; 172];
        packet[..12].copy_from_slice(&[0x80, 8, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        let begun = Instant::now();
        for n in 0_u16.. {
            if enough() {
                return;
            }
            packet[2..4].copy_from_slice(&n.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::from(n) * 160).to_be_bytes());
            let _ = self.rtp.send_to(&packet, self.server_rtp.unwrap()); // nobody may be listening any more
            let due = begun + Duration::from_millis(20) * u32::from(n + 1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }

    /// Sends a request as often as RFC 3261 section 17.1 wants; INVITE no more once a 1xx has come.
    fn ask(&self, method: &str, body: &str, patience: Duration) -> Option<String> {
        let request = self.request(method, &method.to_ascii_lowercase(), body);
        let deadline = Instant::now() + patience;
        let mut pause = T1;
        let mut again = true;
        while Instant::now() < deadline {
            if again {
                self.send(&request);
            }
            let until = deadline.min(Instant::now() + pause);
            while let Some(message) = self.receive(until) {
                let ours = header(&message, "CSeq").is_some_and(|cseq| cseq == format!("{} {method}", self.cseq));
                match status(&message) {
                    100..=199 if ours => again &= method != "INVITE",
                    200..=699 if ours => return Some(message),
                    _ => {}
                }
            }
            pause *= 2;
        }
        None
    }

    fn request(&self, method: &str, branch: &str, body: &str) -> String {
        let here = self.socket.local_addr().unwrap();
        let (server, number, tag, call_id, cseq) = (self.server, &self.number, &self.to_tag, &self.call_id, self.cseq);
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let length = body.len();
        format!(
            "{method} sip:{number}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:13800001234@{here}>;tag=c\r\nTo: <sip:{number}@{server}>{tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:13800001234@{here}>\r\n{kind}\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }

    fn send(&self, message: &str) {
        let _ = self.socket.send_to(message.as_bytes(), self.server); // nobody may be listening just now
    }

    fn receive(&self, until: Instant) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            let left = until
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())?;
            self.socket.set_read_timeout(Some(left)).unwrap();
            if let Ok(length) = self.socket.recv(&mut buffer) {
                return Some(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        }
    }
}

/// The status of an answer, 0 of a request.
pub fn status(message: &str) -> u16 {
    message
        .strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or(0)
}

/// Whether an answer has this status.
pub fn is(message: &str, wanted: u16) -> bool {
    status(message) == wanted
}

/// A header's value.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
