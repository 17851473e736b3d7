//! A telephone with a real socket that registers, answers challenges, and forgets nothing. Knows no call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use yihao::sip::digest::{Account, Answerer};
use yihao::sip::message::{HeaderName, Message, Request, Response, parse_datagram};

use crate::support::house::PATIENCE;

enum Line {
    Udp(UdpSocket, SocketAddr),
    Tcp(TcpStream),
}

/// The telephone.
pub struct Phone {
    line: Line,
    us: SocketAddr,
    user: String,
    /// Its Contact; `None` asks only.
    pub contact: Option<String>,
    pub expires: u32,
    cseq: u32,
    answerer: Answerer,
    rng: StdRng,
}

impl Phone {
    /// On a port of its own.
    pub async fn over_udp(server: SocketAddr, user: &str, password: &str) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let us = socket.local_addr().unwrap();
        Self::new(Line::Udp(socket, server), us, user, password)
    }

    /// On a connection.
    pub async fn over_tcp(server: SocketAddr, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        let us = stream.local_addr().unwrap();
        Self::new(Line::Tcp(stream), us, user, password)
    }

    fn new(line: Line, us: SocketAddr, user: &str, password: &str) -> Self {
        Self {
            line,
            us,
            user: user.into(),
            contact: Some(format!("<sip:{user}@{us}>")),
            expires: 600,
            cseq: 0,
            answerer: Answerer::new(Account {
                username: user.into(),
                password: password.into(),
                realm: None,
            }),
            rng: StdRng::seed_from_u64(1),
        }
    }

    /// Registers, or asks; the last answer.
    pub async fn register(&mut self) -> Response {
        loop {
            let request = self.request();
            self.send(&request).await;
            let response = self.answer().await.expect("no answer");
            if response.status != 401 || self.answerer.challenged(&response).is_err() {
                return response;
            }
        }
    }

    /// A new REGISTER.
    pub fn request(&mut self) -> Request {
        self.cseq += 1;
        let (us, user, n) = (self.us, &self.user, self.cseq);
        let transport = match self.line {
            Line::Udp(..) => "UDP",
            Line::Tcp(_) => "TCP",
        };
        let contact = self
            .contact
            .as_ref()
            .map(|it| format!("Contact: {it}\r\n"))
            .unwrap_or_default();
        let text = format!(
            "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} {us};branch=z9hG4bKp{n}-{};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag=p{n}\r\nTo: <sip:{user}@127.0.0.1>\r\n\
             Call-ID: phone-{us}\r\nCSeq: {n} REGISTER\r\n{contact}Expires: {}\r\nUser-Agent: test phone\r\n\
             Content-Length: 0\r\n\r\n",
            us.port(),
            self.expires
        );
        let Ok(Message::Request(mut request)) = parse_datagram(text.as_bytes()) else {
            panic!("a bad request of the test's own");
        };
        self.answerer.authorize(&mut request, &mut self.rng);
        request
    }

    /// Sends octets.
    pub async fn send(&mut self, request: &Request) {
        let bytes = request.to_bytes();
        match &mut self.line {
            Line::Udp(socket, server) => drop(socket.send_to(&bytes, *server).await.unwrap()),
            Line::Tcp(stream) => stream.write_all(&bytes).await.unwrap(),
        }
    }

    /// The next answer; `None` if none comes.
    pub async fn answer(&mut self) -> Option<Response> {
        self.answer_within(PATIENCE).await
    }

    /// The next answer; `None` if none comes in this time.
    pub async fn answer_within(&mut self, patience: Duration) -> Option<Response> {
        let mut buffer = vec![0; 65_536];
        let heard = timeout(patience, async {
            match &mut self.line {
                Line::Udp(socket, _) => socket.recv(&mut buffer).await.unwrap(),
                Line::Tcp(stream) => stream.read(&mut buffer).await.unwrap(),
            }
        });
        let length = heard.await.ok()?;
        match parse_datagram(&buffer[..length]) {
            Ok(Message::Response(response)) => Some(response),
            other => panic!("not an answer: {other:?}"),
        }
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.us
    }
}

/// The Contacts of an answer without their parameters.
pub fn contacts(response: &Response) -> Vec<String> {
    let all = response.headers.all(&HeaderName::Contact);
    let uris = all.map(|it| {
        let text = String::from_utf8_lossy(it).into_owned();
        text.split(';').next().unwrap_or_default().to_owned()
    });
    uris.collect()
}
