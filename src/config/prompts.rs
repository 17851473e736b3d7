//! `[prompts]`: recorded prompts and the engine that speaks what is not recorded.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// What speaks a text that has no recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpeechEngine {
    /// Nothing: such a text is a mistake that `yihao check` reports.
    #[default]
    None,
    /// A program: text on its standard input, WAV on its standard output.
    Command,
    /// An HTTP service: text in a POST, WAV in the answer.
    Http,
}

/// `[prompts]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prompts {
    /// Folder of the prompts that come with yihao.
    pub dir: PathBuf,
    /// Folder whose files replace those of the same name in `dir`.
    pub override_dir: Option<PathBuf>,
    /// Folder for spoken texts; `prompt-cache` in the data folder if not set.
    pub cache_dir: Option<PathBuf>,
    /// Largest size of that folder, megabytes.
    pub cache_mb: u32,
    /// What speaks a text that has no recording.
    pub engine: SpeechEngine,
    /// Program and arguments for `engine = "command"`; no shell is involved.
    pub command: Vec<String>,
    /// Address for `engine = "http"`.
    pub url: Option<String>,
    /// Longest time the engine may take for one text, seconds.
    pub timeout_s: u32,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            dir: "prompts".into(),
            override_dir: None,
            cache_dir: None,
            cache_mb: 200,
            engine: SpeechEngine::default(),
            command: Vec::new(),
            url: None,
            timeout_s: 20,
        }
    }
}

impl Prompts {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("cache_mb", self.cache_mb, 1..=100_000),
            bound("timeout_s", self.timeout_s, 1..=600),
        ]
    }
}
