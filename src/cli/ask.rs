//! Asks the running server something through its operators' port. Speaks just enough HTTP for that.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::{Config, Secret};

/// Environment variable that holds a token; otherwise the admin token's file is read.
pub(super) const TOKEN: &str = "YIHAO_TOKEN";
/// Longest that the server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer.
const ANSWER_MAX_BYTES: u64 = 1 << 20;

/// What the server said: its status and the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON, mostly.
    pub body: String,
}

/// Posts JSON to a path of the running server.
pub(super) fn post(config: &Config, path: &str, body: &serde_json::Value) -> Result<Answer, String> {
    let address = config.http.listen.first().copied();
    let address = address.ok_or("http.listen 为空 is empty: the running server has no port to ask")?;
    exchange(reachable(address), path, &token(config)?, &body.to_string())
        .map_err(|error| format!("服务器没有回答 the server at {address} does not answer: {error}"))
}

fn token(config: &Config) -> Result<Secret, String> {
    if let Some(token) = std::env::var(TOKEN).ok().filter(|token| !token.is_empty()) {
        return Ok(Secret::new(token));
    }
    let file = config.admin_token_file();
    let text = std::fs::read_to_string(&file).map_err(|error| {
        format!(
            "没有令牌 no token: ${TOKEN} is not set, and {}: {error}",
            file.display()
        )
    })?;
    Ok(Secret::new(text.trim().to_owned()))
}

/// A port that listens everywhere is asked here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    match address.ip().is_unspecified() {
        true => SocketAddr::new(here, address.port()),
        false => address,
    }
}

fn exchange(address: SocketAddr, path: &str, token: &Secret, body: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        token.expose(),
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX_BYTES).read_to_string(&mut answer)?;
    parse(&answer).ok_or_else(|| std::io::Error::other("this is no HTTP"))
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        body: body.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn the_server_is_asked_with_the_token_and_its_answer_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 1_024];
            let mut got = 0;
            while !request[..got].ends_with(b"}") {
                got += stream.read(&mut request[got..]).unwrap();
            }
            let answer = "HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\ntrue";
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request[..got].to_vec()).unwrap()
        });
        let token = Secret::new("s3cret".to_owned());
        let answer = exchange(address, "/api/v1/x", &token, r#"{"note":"办结"}"#).unwrap();
        assert_eq!(
            answer,
            Answer {
                status: 202,
                body: "true".into()
            }
        );
        let request = server.join().unwrap();
        assert!(request.starts_with("POST /api/v1/x HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nAuthorization: Bearer s3cret\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"note\":\"办结\"}"), "{request}");
    }

    #[test]
    fn what_is_no_http_is_an_error() {
        assert_eq!(parse("SSH-2.0-x\r\n\r\n"), None);
        assert_eq!(
            parse("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n").map(|a| a.status),
            Some(404)
        );
    }

    #[test]
    fn a_port_that_listens_everywhere_is_asked_here() {
        let read = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(read("0.0.0.0:8480"), "127.0.0.1:8480");
        assert_eq!(read("[::]:8480"), "[::1]:8480");
        assert_eq!(read("192.0.2.7:8480"), "192.0.2.7:8480");
    }
}
