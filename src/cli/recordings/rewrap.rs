//! `yihao recordings rewrap`: after a change of the master key. Touches the heads of the files and no sound; the server may run.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::{folder, vault};
use crate::cli::{Done, complain, say};
use crate::config::Config;
use crate::store::disk::RealDisk;
use crate::store::recordings::{self, Rewrap};

pub(super) fn run(config: &Config) -> Done {
    let vault = vault(config)?;
    let Some(key) = vault.current_key() else {
        return Err("recordings.key_file is not set: there is no key".into());
    };
    let mut files = Vec::new();
    recordings::files(&RealDisk, &folder(config), &mut |file| files.push(file.file))?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed = 0_u64;
    for file in &files {
        let what = match recordings::rewrap(&RealDisk, &folder(config), file, &vault) {
            Ok(Rewrap::Done) => "under the new key",
            Ok(Rewrap::Current) => "were under it",
            Ok(Rewrap::Plain) => "not encrypted",
            Ok(Rewrap::Unfinished) => "still being written (come again when they are finished)",
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue, // purged meanwhile
            Err(error) => {
                failed += 1;
                complain(&format!("{file}: {error}"));
                continue;
            }
        };
        *counts.entry(what).or_default() += 1;
    }
    say(format_args!("key {key}: {} recordings", files.len()));
    for (what, count) in counts {
        say(format_args!(", {count} {what}"));
    }
    say(format_args!(", {failed} failed\n"));
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}
