//! The configuration: typed, complete without any file, and strict about mistakes. Knows TOML and ranges, never what a key sets in motion.
//!
//! `config/yihao.toml` documents every key; a test holds it and these structs together.

mod bounds;
mod callbacks;
mod calls;
mod codes;
mod dialplan;
mod http;
mod keys;
mod media;
mod operations;
mod problem;
mod prompts;
mod queue;
mod recordings;
mod registrar;
mod rules;
mod secret;
mod sip;
mod store;
mod trunk;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use callbacks::Callbacks;
pub use calls::Calls;
pub use codes::Codes;
pub use dialplan::Dialplan;
pub use http::Http;
pub use media::{Io, Media};
pub use operations::{Drain, Log, LogFormat, LogLevel};
pub use problem::Problem;
pub use prompts::{Prompts, SpeechEngine};
pub use queue::{Floor, QUEUES_MAX, Queue, Requires, Strategy};
pub use recordings::{Encrypt, Recordings};
pub use registrar::{Digest, Registrar};
pub use secret::Secret;
pub use sip::Sip;
pub use store::Store;
pub use trunk::{CallerIdHeader, Trunk};

/// Environment variable that names the configuration file when the command line does not.
pub const ENVIRONMENT: &str = "YIHAO_CONFIG";
/// Read when neither the command line nor [`ENVIRONMENT`] names a file and it exists, in this order.
pub const USUAL_PLACES: [&str; 2] = ["config/yihao.toml", "/etc/yihao/yihao.toml"];

/// Everything that can be set. Relative paths are taken from the working directory of the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Name of the service as people read it on the status page.
    pub site_name: String,
    /// Folder for everything that is kept: journal, ledger, recordings, traces, tokens.
    pub data_dir: PathBuf,
    /// IANA name of the zone in which opening hours and reports are told.
    pub time_zone: String,
    /// Language that a caller hears until a plan or a key changes it.
    pub language: Language,
    /// `[sip]`
    pub sip: Sip,
    /// `[registrar]`
    pub registrar: Registrar,
    /// `[codes]`
    pub codes: Codes,
    /// `[calls]`
    pub calls: Calls,
    /// `[media]`
    pub media: Media,
    /// `[dialplan]`
    pub dialplan: Dialplan,
    /// `[prompts]`
    pub prompts: Prompts,
    /// `[store]`
    pub store: Store,
    /// `[recordings]`
    pub recordings: Recordings,
    /// `[callbacks]`
    pub callbacks: Callbacks,
    /// `[http]`
    pub http: Http,
    /// `[log]`
    pub log: Log,
    /// `[drain]`
    pub drain: Drain,
    /// `[floor]`
    pub floor: Floor,
    /// `[[queue]]`, one for each. None: nobody can be reached.
    pub queue: Vec<Queue>,
    /// `[[trunk]]`, one for each carrier or peer exchange.
    pub trunk: Vec<Trunk>,
}

/// Languages that prompts are recorded in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Mandarin, written in simplified characters.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// The tag used in file names and plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            site_name: "演示市政务服务热线".into(),
            data_dir: "data".into(),
            time_zone: "Asia/Shanghai".into(),
            language: Language::default(),
            sip: Sip::default(),
            registrar: Registrar::default(),
            codes: Codes::default(),
            calls: Calls::default(),
            media: Media::default(),
            dialplan: Dialplan::default(),
            prompts: Prompts::default(),
            store: Store::default(),
            recordings: Recordings::default(),
            callbacks: Callbacks::default(),
            http: Http::default(),
            log: Log::default(),
            drain: Drain::default(),
            floor: Floor::default(),
            queue: Vec::new(),
            trunk: Vec::new(),
        }
    }
}

impl Config {
    /// Reads and checks one file. All problems that can be told apart are reported together.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| vec![Problem::of_file(&file, format!("cannot be read: {error}"))])?;
        let mut config = Self::parse(&file, &text)?;
        config.read_passwords(&file)?;
        Ok(config)
    }

    /// The file to read: the one named on the command line, else by [`ENVIRONMENT`] (handed in as `variable`), else
    /// the first of [`USUAL_PLACES`] that exists. `None`: the built-in defaults.
    pub fn locate(named: Option<&Path>, variable: Option<OsString>) -> Option<PathBuf> {
        let variable = variable.filter(|value| !value.is_empty());
        named
            .map(Path::to_path_buf)
            .or_else(|| variable.map(PathBuf::from))
            .or_else(|| {
                let mut usual = USUAL_PLACES.iter().map(PathBuf::from);
                usual.find(|place| place.is_file())
            })
    }

    /// Checks `text`; `file` is only named in problems. Reads no other file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let lines = keys::Lines::read(file, text)?;
        let unknown = lines.unknown();
        let config: Self = match toml::from_str(text) {
            Ok(config) => config,
            Err(error) => {
                let mut problems = unknown;
                problems.push(lines.wrong_type(&error));
                return Err(problems);
            }
        };
        let mut problems = unknown;
        problems.extend(
            config
                .broken_rules()
                .into_iter()
                .map(|(key, message)| lines.problem(&key, message)),
        );
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// The configuration in force as TOML, with every secret hidden. Keys that are not set are left out.
    pub fn to_text(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# the configuration cannot be shown: {error}\n"))
    }

    /// Where the admin token lies.
    pub fn admin_token_file(&self) -> PathBuf {
        self.http
            .admin_token_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("admin-token"))
    }

    /// Where spoken prompts are cached.
    pub fn prompt_cache_dir(&self) -> PathBuf {
        self.prompts
            .cache_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("prompt-cache"))
    }

    /// Where the journal's segments lie.
    pub fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// The ledger's database, derived from the journal.
    pub fn ledger_file(&self) -> PathBuf {
        self.data_dir.join("ledger.sqlite3")
    }

    /// Agents, their telephones, tokens.
    pub fn people_file(&self) -> PathBuf {
        self.data_dir.join("people.sqlite3")
    }

    /// Where recordings lie.
    pub fn recordings_dir(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }

    /// Where SIP traces lie.
    pub fn trace_dir(&self) -> PathBuf {
        self.data_dir.join("trace")
    }

    /// Puts the content of each `password_file` in place of the password.
    fn read_passwords(&mut self, file: &str) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        for trunk in &mut self.trunk {
            let Some(path) = &trunk.password_file else { continue };
            match std::fs::read_to_string(path) {
                Ok(text) => trunk.password = Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Err(error) => {
                    let message = format!("trunk {:?}: password_file {}: {error}", trunk.name, path.display());
                    problems.push(Problem::of_file(file, message));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

#[cfg(test)]
mod tests;
