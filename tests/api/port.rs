//! A client of plain text and a socket, so that what it saw does not rest on the code under test; and the port it talks to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use yihao::config;
use yihao::http::{App, House, Server, Token, metrics};

use super::contract;
use super::town::Town;

/// The administrator's token, as it lies in its file.
pub const ADMIN: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(10);

/// A running port and its town.
pub struct Port {
    pub town: Arc<Town>,
    pub address: SocketAddr,
    stop: Option<watch::Sender<bool>>,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Port {
    pub fn open() -> Self {
        Self::with(Duration::from_secs(30), 64)
    }

    pub fn with(request_timeout: Duration, max_connections: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, ADMIN).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let town = Town::new();
        let house = House {
            status: town.clone(),
            control: town.clone(),
            floor: town.clone(),
            people: town.clone(),
            records: town.clone(),
            feed: town.clone(),
        };
        let token = Token::load_or_create(&file).unwrap();
        let app = App::new(house, metrics::recorder().unwrap().handle(), token);
        let listen = config::Http {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            max_connections,
            ..config::Http::default()
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (stop, stopped) = watch::channel(false);
        let server = runtime.block_on(Server::bind(&listen)).unwrap();
        let server = server.with_request_timeout(request_timeout);
        let address = server.addresses()[0];
        runtime.spawn(server.run(app, stopped));
        Self {
            town,
            address,
            stop: Some(stop),
            _runtime: runtime,
            _folder: folder,
        }
    }

    /// Closes the port as the end of the server does.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Whatever octets, and what comes back until the connection ends.
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer); // a reset after the answer is an end too
        Answer::read(&answer)
    }

    /// A request with any headers; what comes back is held against the description of the API.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: yihao\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        let answer = self.raw(request.as_bytes());
        contract::check(method, path, &answer);
        answer
    }

    pub fn get(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &[("Authorization", &format!("Bearer {token}"))], "")
    }

    /// With a JSON body; an empty one sends none.
    pub fn with_body(&self, method: &str, token: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.send(method, path, &headers, body)
    }

    pub fn post(&self, token: &str, path: &str, body: &str) -> Answer {
        self.with_body("POST", token, path, body)
    }

    /// An event stream.
    pub fn listen(&self, token: &str, path: &str, headers: &str) -> Stream {
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: yihao\r\nAuthorization: Bearer {token}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        Stream {
            status: status(&head),
            lines,
        }
    }
}

impl Answer {
    fn read(octets: &[u8]) -> Self {
        let end = octets
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or(octets.len());
        let head = String::from_utf8_lossy(&octets[..end]).into_owned();
        let body = octets.get(end + 4..).unwrap_or_default();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        Self {
            status: status(&head),
            body: if chunked { unchunked(body) } else { body.to_vec() },
            head,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The stable word of an error.
    pub fn error(&self) -> (u16, String) {
        (
            self.status,
            self.json()["error"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

fn status(head: &str) -> u16 {
    head.get(9..12).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn unchunked(mut octets: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = octets.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&octets[..end]).unwrap(), 16).unwrap();
        let chunk = &octets[end + 2..];
        if size == 0 || chunk.len() < size + 2 {
            break;
        }
        whole.extend_from_slice(&chunk[..size]);
        octets = &chunk[size + 2..];
    }
    whole
}

/// An event stream that is listened to.
pub struct Stream {
    pub status: u16,
    lines: BufReader<TcpStream>,
}

/// One message of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    pub id: String,
    pub event: String,
    pub data: Value,
    pub comment: String,
}

impl Stream {
    /// The next message, of whatever kind; `None` at the end.
    pub fn next(&mut self) -> Option<Message> {
        let mut message = Message::default();
        let mut begun = false;
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches(['\r', '\n']);
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name {
                "" if line.is_empty() && begun => return Some(message),
                "id" => message.id = value.into(),
                "event" => message.event = value.into(),
                "data" => message.data = serde_json::from_str(value).unwrap(),
                "" => message.comment = value.into(),
                _ => continue, // sizes of chunks, `retry`
            }
            begun = true;
        }
    }

    /// The next event, comments and beats left out.
    pub fn event(&mut self) -> Message {
        loop {
            let message = self.next().expect("the stream has ended");
            if !message.event.is_empty() {
                return message;
            }
        }
    }
}
