//! The real server on free ports of the loopback, with a folder that goes when it goes. For what only sockets can show.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};
use yihao::config::Config;
use yihao::engine::Server;

/// Longest wait for anything that should happen at once; the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A server in its house.
pub struct House {
    pub server: Server,
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    _dir: TempDir,
}

impl House {
    /// Opens the house.
    pub async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config {
            data_dir: dir.path().to_owned(),
            ..Config::default()
        };
        config.dialplan.dir = root.join("dialplans");
        config.dialplan.calendar_dir = root.join("config/calendar");
        config.prompts.dir = root.join("prompts");
        config.sip.listen_udp = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        config.sip.listen_tcp = config.sip.listen_udp.clone();
        change(&mut config);
        let server = Server::start(&config).await.unwrap();
        let address = |wanted: &str| server.addresses().iter().find(|(name, _)| *name == wanted).unwrap().1;
        let (udp, tcp) = (address("udp"), address("tcp"));
        Self {
            server,
            udp,
            tcp,
            _dir: dir,
        }
    }

    /// Closes it; true if nothing was left to say.
    pub async fn close(self) -> bool {
        self.server.stop(PATIENCE).await
    }

    /// Whether it still answers a stranger's OPTIONS.
    pub async fn assert_is_well(&self, after: &str) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let us = socket.local_addr().unwrap();
        let options = format!(
            "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bKwell{}\r\nFrom: <sip:t@example.com>;tag=1\r\n\
             To: <sip:127.0.0.1>\r\nCall-ID: well-{us}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            us.port()
        );
        socket.send_to(options.as_bytes(), self.udp).await.unwrap();
        let answers = answers(&socket, Instant::now() + PATIENCE, 1).await;
        assert!(
            answers.iter().any(|r| r.status == 200),
            "the server does not answer after {after}"
        );
    }
}

/// A final answer, read as far as anybody must: it repeats what was wrong with the request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// The final answers in some octets: a datagram, or all that came over a connection.
fn answers_in(bytes: &[u8]) -> Vec<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let each = text.split("SIP/2.0 ").skip(1).filter_map(|text| {
        let status = text.get(..3)?.parse().ok()?;
        Some(Answer {
            status,
            text: text.to_owned(),
        })
    });
    // A Via begins alike, but with no number behind it.
    each.filter(|answer| answer.status >= 200).collect()
}

/// Final answers that reach a UDP socket until `until`, or until there are `enough`.
pub async fn answers(socket: &UdpSocket, until: Instant, enough: usize) -> Vec<Answer> {
    let mut found = Vec::new();
    let mut buffer = vec![0; 65_536];
    while found.len() < enough
        && let Ok(Ok((length, _))) = timeout_at(until, socket.recv_from(&mut buffer)).await
    {
        found.extend(answers_in(&buffer[..length]));
    }
    found
}

/// What came over a connection.
#[derive(Debug, Default)]
pub struct Heard {
    /// Final answers in order.
    pub answers: Vec<Answer>,
    /// The server closed the connection.
    pub closed: bool,
}

/// Listens to a connection for a time, or until it is closed, or until `enough` answers have come and none follows at once.
pub async fn listen(stream: &mut TcpStream, time: Duration, enough: usize) -> Heard {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65_536]);
    let until = Instant::now() + time;
    loop {
        let answers = answers_in(&bytes);
        let limit = if answers.len() >= enough {
            Instant::now() + Duration::from_millis(100)
        } else {
            until
        };
        match timeout_at(limit.min(until), stream.read(&mut buffer)).await {
            Err(_) => return Heard { answers, closed: false },
            Ok(Err(_) | Ok(0)) => return Heard { answers, closed: true },
            Ok(Ok(length)) => bytes.extend_from_slice(&buffer[..length]),
        }
    }
}

/// Connects to the server's TCP port.
pub async fn connect(house: &House) -> TcpStream {
    timeout(PATIENCE, TcpStream::connect(house.tcp)).await.unwrap().unwrap()
}
