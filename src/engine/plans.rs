//! Dialplans and calendars from their folders, with everything wrong in them named.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, SpeechEngine};
use crate::ivr::{Dialplan, Language, TransferPolicy, dialplan};
use crate::kernel::calendar::Calendar;
use crate::speech::{Engine, Speaker};

use super::library::{BadPrompt, Library};

/// What a call needs to be walked.
#[derive(Clone)]
pub struct Plans {
    /// Flows and numbers.
    pub dialplan: Arc<Dialplan>,
    /// Working days.
    pub calendar: Arc<Calendar>,
}

/// The prompts of a configuration.
pub fn library(config: &Config) -> (Library, Vec<BadPrompt>) {
    let prompts = &config.prompts;
    let engine = match prompts.engine {
        SpeechEngine::None => None,
        SpeechEngine::Command => Some(Engine::Command(prompts.command.clone())),
        SpeechEngine::Http => prompts.url.clone().map(Engine::Http),
    };
    let timeout = Duration::from_secs(u64::from(prompts.timeout_s));
    let speaker = Speaker::new(
        engine,
        config.prompt_cache_dir(),
        u64::from(prompts.cache_mb) << 20,
        timeout,
    );
    let folders: Vec<PathBuf> = [Some(prompts.dir.clone()), prompts.override_dir.clone()]
        .into_iter()
        .flatten()
        .collect();
    Library::load(folders, speaker)
}

/// Reads and checks everything.
///
/// # Errors
/// Every problem found, one line each, with file and line where there is one.
pub fn load(config: &Config, library: &Library) -> Result<Plans, Vec<String>> {
    let mut problems = Vec::new();
    let calendar = calendar(&config.dialplan.calendar_dir, &mut problems);
    let plan = match read_folder(&config.dialplan.dir, "toml") {
        Ok(files) => check(config, library, &files, &mut problems),
        Err(error) => {
            problems.push(format!("{}: {error}", config.dialplan.dir.display()));
            None
        }
    };
    match plan {
        Some(plan) if problems.is_empty() => Ok(Plans {
            dialplan: Arc::new(plan),
            calendar: Arc::new(calendar),
        }),
        Some(_) | None => Err(problems),
    }
}

fn check(
    config: &Config,
    library: &Library,
    files: &[(String, String)],
    problems: &mut Vec<String>,
) -> Option<Dialplan> {
    let policy = match TransferPolicy::new(&config.dialplan.transfer_allow) {
        Ok(policy) => policy,
        Err(error) => {
            problems.push(format!("dialplan.transfer_allow: {error}"));
            return None;
        }
    };
    match dialplan::load(files, &|prompt| in_some_language(library, prompt), &policy) {
        Ok(plan) => Some(plan),
        Err(found) => {
            let folder = config.dialplan.dir.display();
            problems.extend(found.iter().map(|problem| format!("{folder}/{problem}")));
            None
        }
    }
}

/// A prompt may be there in one language only: a plan names the id, the call's language chooses the file.
fn in_some_language(library: &Library, prompt: &str) -> bool {
    library.has(prompt)
        || Language::ALL
            .iter()
            .any(|l| library.has(&format!("{}/{prompt}", l.code())))
}

fn calendar(folder: &Path, problems: &mut Vec<String>) -> Calendar {
    let mut all = Calendar::default();
    let files = read_folder(folder, "json").unwrap_or_else(|error| {
        problems.push(format!("{}: {error}", folder.display()));
        Vec::new()
    });
    for (name, text) in files {
        match Calendar::from_json(&text) {
            Ok(year) => all.merge(year),
            Err(error) => problems.push(format!("{}/{name}: {error}", folder.display())),
        }
    }
    all
}

/// The files of a folder with this ending, by name.
fn read_folder(folder: &Path, ending: &str) -> io::Result<Vec<(String, String)>> {
    let mut paths: BTreeSet<PathBuf> = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        paths.insert(entry?.path());
    }
    let mut files = Vec::new();
    for path in paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == ending)) {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        files.push((name, fs::read_to_string(&path)?));
    }
    Ok(files)
}
