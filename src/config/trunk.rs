//! `[[trunk]]`: a carrier or another exchange that calls us or that we call.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;
use super::bounds::{Bound, bound};

/// Which header of an INVITE names the caller, from a trunk and towards it. Headers of other sources are never believed
/// (RFC 3325 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerIdHeader {
    /// `P-Asserted-Identity`, and `From` where it is missing.
    #[default]
    PAssertedIdentity,
    /// `Remote-Party-ID` of older exchanges, and `From` where it is missing.
    RemotePartyId,
    /// `From` only.
    From,
}

/// One `[[trunk]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trunk {
    /// Name in records, metrics and plans.
    pub name: String,
    /// Networks that its requests come from, `192.0.2.0/24`.
    pub peers: Vec<String>,
    /// Where to register, as a SIP URI; not set: no registration.
    pub registrar: Option<String>,
    /// Where requests to it are sent, as a SIP URI; not set: to the registrar.
    pub outbound_proxy: Option<String>,
    /// Look up SRV records of the registrar or proxy (RFC 3263).
    pub srv: bool,
    /// User for registration and digest.
    pub username: Option<String>,
    /// Password; better in `password_file`.
    pub password: Option<Secret>,
    /// File that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// Realm that the password belongs to; not set: any.
    pub realm: Option<String>,
    /// Registration time that we ask for, seconds.
    pub expires_s: u32,
    /// Time between OPTIONS that ask whether it is alive, seconds; 0: never.
    pub options_interval_s: u32,
    /// Calls at once by this trunk, both ways.
    pub max_calls: u32,
    /// Header that names the caller.
    pub caller_id: CallerIdHeader,
    /// Number in the From of calls that we place by this trunk; not set: `username`.
    pub present_number: Option<String>,
}

impl Default for Trunk {
    fn default() -> Self {
        Self {
            name: String::new(),
            peers: Vec::new(),
            registrar: None,
            outbound_proxy: None,
            srv: false,
            username: None,
            password: None,
            password_file: None,
            realm: None,
            expires_s: 600,
            options_interval_s: 30,
            max_calls: 500,
            caller_id: CallerIdHeader::default(),
            present_number: None,
        }
    }
}

impl Trunk {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("expires_s", self.expires_s, 60..=86_400),
            bound("options_interval_s", self.options_interval_s, 0..=3_600),
            bound("max_calls", self.max_calls, 1..=100_000),
        ]
    }
}
