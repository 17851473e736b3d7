//! Agents: who they are and what they are doing. A person at a desk with one or several telephones; knows no queue.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An agent's account: the user part of the telephone's address (`8001`, `li.wei`). Clones share the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentId(Arc<str>);

impl AgentId {
    /// Longest name, in characters.
    pub const MAX_CHARS: usize = 32;

    /// Letters, digits, `.`, `_` and `-`: what needs no escaping in a SIP URI, an HTTP path or a file name.
    pub fn parse(text: &str) -> Option<Self> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let fits = (1..=Self::MAX_CHARS).contains(&text.len()) && text.bytes().all(good);
        // A name of dots alone would be a folder.
        (fits && !text.bytes().all(|b| b == b'.')).then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for AgentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AgentId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no name of an agent"))
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// What an agent is doing. One at a time; each change is an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Not at work.
    #[default]
    SignedOut,
    /// Free: may be offered a call.
    Available,
    /// At work, but takes no calls; the reason is noted.
    Paused,
    /// A call is being offered.
    Ringing,
    /// Speaks with somebody (a citizen, a colleague, or calls one).
    Talking,
    /// Has put the citizen on hold.
    Holding,
    /// Writes up the last call.
    WrapUp,
}

impl AgentStatus {
    /// Every status, for metric labels and tables.
    pub const ALL: [Self; 7] = [
        Self::SignedOut,
        Self::Available,
        Self::Paused,
        Self::Ringing,
        Self::Talking,
        Self::Holding,
        Self::WrapUp,
    ];

    /// The stable name used in records, metrics and APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Available => "available",
            Self::Paused => "paused",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Holding => "holding",
            Self::WrapUp => "wrap_up",
        }
    }
}

/// What somebody may do besides answering calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers calls.
    #[default]
    Agent,
    /// Also listens, whispers, joins, takes over; sees all agents and calls; settles debts.
    Supervisor,
    /// Also changes accounts and tokens.
    Admin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_wherever_it_is_written() {
        assert!(AgentId::parse("8001").is_some() && AgentId::parse("li.wei-2").is_some());
        for bad in ["", "..", "a b", "a/b", "a\r\nb", "李伟", &"x".repeat(33)] {
            assert_eq!(AgentId::parse(bad), None, "{bad:?}");
        }
    }
}
