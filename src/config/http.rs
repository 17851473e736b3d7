//! `[http]`: the operators' port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[http]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Http {
    /// Addresses to listen on; none: no HTTP at all.
    pub listen: Vec<SocketAddr>,
    /// File of the admin token; `admin-token` in the data folder if not set. Made at the first start.
    pub admin_token_file: Option<PathBuf>,
    /// Connections at once.
    pub max_connections: u32,
    /// Time after which a connection that brings no complete request is closed, seconds.
    pub request_timeout_s: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8480))],
            admin_token_file: None,
            max_connections: 256,
            request_timeout_s: 30,
        }
    }
}

impl Http {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("max_connections", self.max_connections, 1..=10_000),
            bound("request_timeout_s", self.request_timeout_s, 1..=600),
        ]
    }
}
