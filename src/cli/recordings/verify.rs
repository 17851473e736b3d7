//! `yihao recordings verify`: is every recording that the ledger knows there and whole, and does the ledger know all that is there?

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;

use super::{folder, vault};
use crate::cli::{Done, say};
use crate::config::Config;
use crate::kernel::{Wall, calendar};
use crate::store::disk::RealDisk;
use crate::store::ledger::{Ledger, Listed, RECORDINGS_MAX};
use crate::store::recordings::{self, Condition, Vault};

/// Which to compare.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Only those that began on this day or later, e.g. 2026-11-23; then files that the ledger does not know are not looked for
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Only those that began on this day or earlier
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
}

/// What was found, counted and told.
#[derive(Default)]
struct Findings {
    whole: u64,
    open: u64,
    bad: BTreeMap<&'static str, u64>,
}

impl Findings {
    fn tell(&mut self, what: &'static str, file: &str, more: &str) {
        *self.bad.entry(what).or_default() += 1;
        say(format_args!("{what:<10} {file}  {more}\n"));
    }
}

pub(super) async fn run(config: &Config, ledger: &Ledger, wanted: &Arguments) -> Done {
    let vault = vault(config)?;
    let time = span(config, wanted)?;
    let mut findings = Findings::default();
    let mut behind = None;
    loop {
        let page = ledger.recordings_from(time, behind.as_ref(), RECORDINGS_MAX).await?;
        let Some(last) = page.last() else { break };
        behind = Some(last.place());
        for listed in &page {
            compare(config, &vault, listed, &mut findings);
        }
    }
    if wanted.from.is_none() && wanted.until.is_none() {
        unknown(config, ledger, &mut findings).await?;
    }
    say(format_args!("{} whole", findings.whole));
    if findings.open > 0 {
        say(format_args!(", {} not finished yet", findings.open));
    }
    for (what, count) in &findings.bad {
        say(format_args!(", {count} {what}"));
    }
    say(format_args!("\n"));
    match findings.bad.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

fn compare(config: &Config, vault: &Vault, listed: &Listed, findings: &mut Findings) {
    let (file, call) = (&listed.file, format!("call {}", listed.call));
    let expected = listed.sha256.as_deref().unwrap_or_default();
    let found = match recordings::check(&RealDisk, &folder(config), file, expected, vault) {
        Ok(found) => found,
        Err(error) => return findings.tell("unreadable", file, &format!("{call}: {error}")),
    };
    if listed.purged_at.is_some() {
        return match found {
            Condition::Missing => {}
            Condition::Unfinished | Condition::Damaged(_) | Condition::Locked(_) | Condition::Good if listed.held => {}
            Condition::Unfinished | Condition::Damaged(_) | Condition::Locked(_) | Condition::Good => {
                findings.tell(
                    "left over",
                    file,
                    &format!("{call}: given up, the next purge deletes it"),
                );
            }
        };
    }
    match (found, listed.is_kept()) {
        (Condition::Good, _) => findings.whole += 1,
        // Its end is not on record: it is being made, or the server's next start completes it.
        (_, false) if listed.sha256.is_none() => findings.open += 1,
        // On record as without a file: the disk failed at the time.
        (Condition::Missing, false) => {}
        (Condition::Missing, true) => findings.tell("missing", file, &call),
        (Condition::Unfinished, _) => {
            findings.tell("unfinished", file, &format!("{call}: the next start completes it"))
        }
        (Condition::Damaged(_), false) => {
            findings.tell("late", file, &format!("{call}: on record as lost, but here it is"))
        }
        (Condition::Damaged(how), true) => findings.tell("damaged", file, &format!("{call}: {how}")),
        (Condition::Locked(why), _) => findings.tell("locked", file, &format!("{call}: {why}")),
    }
}

/// Files that the ledger does not know.
async fn unknown(config: &Config, ledger: &Ledger, findings: &mut Findings) -> Result<(), Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    let listing = recordings::files(&RealDisk, &folder(config), &mut |file| files.push(file));
    match listing {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        listed => listed?,
    }
    for on_disk in files {
        if ledger.recording(&on_disk.file).await?.is_none() {
            let more = if on_disk.complete {
                ""
            } else {
                "not complete; perhaps a call that has just begun"
            };
            findings.tell("unknown", &on_disk.on_disk, more);
        }
    }
    Ok(())
}

/// From the beginning of the first day to the end of the last, in the city's time.
fn span(config: &Config, wanted: &Arguments) -> Result<(Wall, Wall), Box<dyn std::error::Error>> {
    let zone = calendar::zone(&config.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let begin = |date: Date| {
        let midnight = date.to_zoned(zone.clone())?;
        Ok::<_, jiff::Error>(Wall::from_millis(midnight.timestamp().as_millisecond()))
    };
    let from = wanted.from.map(begin).transpose()?;
    let until = wanted.until.map(|date| date.tomorrow().and_then(begin)).transpose()?;
    Ok((
        from.unwrap_or(Wall::from_millis(i64::MIN)),
        until.unwrap_or(Wall::from_millis(i64::MAX)),
    ))
}
