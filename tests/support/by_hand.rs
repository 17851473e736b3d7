//! A caller played by hand: SIP as text, for what no telephone of ours would ever send.

use std::net::SocketAddr;

use yihao::kernel::Mono;
use yihao::sip::message::{Message, Method, Request, Response, parse_datagram};

use super::world::World;

/// One dialog of a caller whose every octet the test writes.
pub struct ByHand {
    pub address: SocketAddr,
    pub call_id: String,
    /// Our tag of the server's side, once an answer brought it.
    pub to_tag: Option<String>,
}

impl ByHand {
    /// A caller at 198.51.100.`host`.
    pub fn new(host: u8, call_id: &str) -> Self {
        Self {
            address: SocketAddr::from(([198, 51, 100, host], 5060)),
            call_id: call_id.to_owned(),
            to_tag: None,
        }
    }

    /// An offer of A-law and keys.
    pub fn offer(&self) -> String {
        let ip = self.address.ip();
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8 101\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
    }

    /// A request of this dialog; `more` is further headers, each with its CRLF.
    pub fn request(&self, method: &str, to: &str, cseq: u32, branch: &str, more: &str, body: &str) -> String {
        let Self {
            address,
            call_id,
            to_tag,
        } = self;
        let ip = address.ip();
        let tag = to_tag.as_ref().map(|t| format!(";tag={t}")).unwrap_or_default();
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:{to}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:13800001234@{ip}>;tag=hand\r\nTo: <sip:{to}@192.0.2.1>{tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:13800001234@{address}>\r\n{more}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// INVITE with the usual offer.
    pub fn invite(&self, to: &str) -> String {
        self.request("INVITE", to, 1, &format!("{}i", self.call_id), "", &self.offer())
    }

    /// Sends what was written.
    pub fn send(&self, city: &mut World, text: &str) {
        city.send_raw(self.address, text.as_bytes());
    }

    /// ACK for the 200.
    pub fn ack(&self, city: &mut World, to: &str) {
        let text = self.request("ACK", to, 1, &format!("{}a", self.call_id), "", "");
        self.send(city, &text);
    }

    /// The answers that came so far to requests of one method, with their times.
    pub fn answers(&self, city: &World, method: &Method) -> Vec<(Mono, Response)> {
        let letters = city.mailbox.iter().filter(|l| l.to == self.address);
        letters
            .filter_map(|l| match parse_datagram(&l.bytes) {
                Ok(Message::Response(r)) => Some((l.at, r)),
                Ok(Message::Request(_)) | Err(_) => None,
            })
            .filter(|(_, r)| r.headers.call_id().is_ok_and(|id| id == self.call_id))
            .filter(|(_, r)| r.headers.cseq().is_ok_and(|c| c.method == *method))
            .collect()
    }

    /// Their statuses.
    pub fn statuses(&self, city: &World, method: &Method) -> Vec<u16> {
        self.answers(city, method).iter().map(|(_, r)| r.status).collect()
    }

    /// The requests that came from the server.
    pub fn requests(&self, city: &World) -> Vec<Request> {
        let letters = city.mailbox.iter().filter(|l| l.to == self.address);
        letters
            .filter_map(|l| match parse_datagram(&l.bytes) {
                Ok(Message::Request(r)) => Some(r),
                Ok(Message::Response(_)) | Err(_) => None,
            })
            .collect()
    }

    /// Takes the server's tag from its answer, for requests within the dialog.
    pub fn learn_tag(&mut self, city: &World) {
        let tag = |r: &Response| r.headers.to().ok()?.tag().map(str::to_owned);
        self.to_tag = self
            .answers(city, &Method::Invite)
            .iter()
            .find_map(|(_, r)| tag(r).filter(|_| r.status >= 180));
    }
}
