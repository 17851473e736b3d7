//! `[log]` and `[drain]`: what an operator reads and how a stop goes.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// Form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Only what someone must act on.
    Error,
    /// And what looks wrong.
    Warn,
    /// And what a day's work looks like.
    #[default]
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The name as in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// How much.
    pub level: LogLevel,
}

/// `[drain]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Drain {
    /// How long running calls may go on after SIGTERM, seconds; then they are ended.
    pub timeout_s: u32,
    /// What `Retry-After` tells callers meanwhile, seconds.
    pub retry_after_s: u32,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            timeout_s: 300,
            retry_after_s: 5,
        }
    }
}

impl Drain {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("timeout_s", self.timeout_s, 0..=86_400),
            bound("retry_after_s", self.retry_after_s, 1..=3_600),
        ]
    }
}
