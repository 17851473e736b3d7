//! The API of a running server, asked over HTTP with a token from a file. Knows no command.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::config::Secret;

/// Longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer, octets.
const ANSWER_MAX_BYTES: u64 = 16 << 20;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Nobody knows where the server is.
    #[error("不知道服务器在哪里：请用 --server 指明，如 --server http://127.0.0.1:8480")]
    NoServer,
    /// The address is none that we speak.
    #[error("{0} 不是可用的地址：只支持 http://，请在本机或内网使用")]
    NotHttp(String),
    /// The token cannot be read.
    #[error("读不到令牌文件 {path}：{cause}；请用 --token-file 指明", path = path.display())]
    Token {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The server does not answer.
    #[error("连不上服务器 {server}：{cause}")]
    Away {
        /// Where it was looked for.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// The server refuses. Its own words say what to do.
    #[error("{message}（{code}）")]
    Refused {
        /// What is wrong and what to do.
        message: String,
        /// The stable word.
        code: String,
    },
    /// What came back is not what we know.
    #[error("服务器的回答无法理解：{0}")]
    Odd(String),
}

/// One server and the right to ask it.
pub(super) struct Client {
    agent: ureq::Agent,
    server: String,
    token: Secret,
}

impl Client {
    pub(super) fn new(server: &str, token_file: &Path) -> Result<Self, Trouble> {
        let server = server.trim_end_matches('/');
        if !server.starts_with("http://") {
            return Err(Trouble::NotHttp(server.to_owned()));
        }
        let token = std::fs::read_to_string(token_file).map_err(|cause| Trouble::Token {
            path: token_file.to_owned(),
            cause,
        })?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .build();
        Ok(Self {
            agent: agent.into(),
            server: server.to_owned(),
            token: Secret::new(token.trim()),
        })
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Trouble> {
        let request = self.agent.get(self.url(path)).header("Authorization", self.bearer());
        self.read(request.call())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let request = self.agent.post(self.url(path)).header("Authorization", self.bearer());
        let request = request.content_type("application/json");
        self.read(request.send(body.to_string()))
    }

    /// Hands every event to `tell` until the stream ends.
    pub(super) fn follow(&self, path: &str, tell: impl Fn(&Value)) -> Result<(), Trouble> {
        let request = self.agent.get(self.url(path)).header("Authorization", self.bearer());
        let response = request.call().map_err(|error| self.away(&error))?;
        if response.status() != 200 {
            return self.read(Ok(response)).map(|_| ());
        }
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.map_err(|cause| Trouble::Away {
                server: self.server.clone(),
                cause: cause.to_string(),
            })?;
            if let Some(data) = line.strip_prefix("data: ") {
                tell(&serde_json::from_str(data).map_err(|error| Trouble::Odd(error.to_string()))?);
            }
        }
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.server)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }

    fn away(&self, error: &ureq::Error) -> Trouble {
        Trouble::Away {
            server: self.server.clone(),
            cause: error.to_string(),
        }
    }

    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, Trouble> {
        let mut response = answer.map_err(|error| self.away(&error))?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec();
        let body = body.map_err(|error| self.away(&error))?;
        let read = serde_json::from_slice::<Value>(&body);
        if status.is_success() {
            return match body.is_empty() {
                true => Ok(Value::Null),
                false => read.map_err(|error| Trouble::Odd(error.to_string())),
            };
        }
        let told = read.unwrap_or_default();
        match (told["message"].as_str(), told["error"].as_str()) {
            (Some(message), Some(code)) => Err(Trouble::Refused {
                message: message.to_owned(),
                code: code.to_owned(),
            }),
            _ => Err(Trouble::Odd(status.to_string())),
        }
    }
}

/// A word as it stands in an address (RFC 3986 §2.3).
pub(super) fn escaped(word: &str) -> String {
    let mut out = String::new();
    for byte in word.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
