//! Recordings whose time is over are deleted: on record first, then on the disk. What is on legal hold stays, and what the ledger
//! does not know is not touched.
//!
//! **In this order**: `RecordingPurged` is appended to the journal; the ledger is asked until it says so; only then the file goes.
//! A kill in between leaves a file that the ledger has given up: the next run finds it on the disk and removes it.
//!
//! **A brake**: the daily run stops with an alarm if a large part of all recordings would go at once. That is what a clock that
//! jumped by years looks like, or a slip of the pen in the configuration; people who mean it say so (`yihao recordings purge`).

use std::time::Duration;

use tokio::time::sleep;

use crate::config;
use crate::kernel::{Event, EventKind, Wall};
use crate::store::disk::RealDisk;
use crate::store::ledger::{Ledger, LedgerError, Listed};
use crate::store::recordings;

use super::{Clerk, Daily, House};

/// Recordings that are given up in one go.
const PIECE: u32 = 200;
/// Longest wait for the ledger.
const LEDGER_WAIT: Duration = Duration::from_secs(60);
/// Pause between two looks at the ledger.
const LOOK: Duration = Duration::from_millis(100);
/// Longest sleep of the daily run: the clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(30);
/// The brake: the daily run deletes at most a tenth of a purpose's recordings …
const SHARE: u64 = 10;
/// … and never stops for fewer than these.
const FEW: u64 = 1_000;
const DAY_MS: i64 = 86_400_000;

/// How long recordings of one purpose are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// `message` or `call`.
    pub purpose: &'static str,
    /// Days; at least one.
    pub days: u32,
}

/// How long recordings are kept. What is not named is kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(pub Vec<Keep>);

impl Rules {
    /// As the configuration says.
    pub fn of(config: &config::Recordings) -> Self {
        let all = [("message", config.keep_message_days), ("call", config.keep_call_days)];
        let limited = all.into_iter().filter(|(_, days)| *days > 0);
        Self(limited.map(|(purpose, days)| Keep { purpose, days }).collect())
    }
}

impl Keep {
    /// What began before this is past its time.
    pub fn cutoff(&self, now: Wall) -> Wall {
        Wall::from_millis(now.as_millis() - i64::from(self.days) * DAY_MS)
    }
}

/// Who asks for a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The clock: with the brake.
    Daily,
    /// A person.
    Asked,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Recordings that were given up and deleted.
    pub deleted: u64,
    /// Files that an earlier run had given up and not deleted any more.
    pub left_over: u64,
    /// Files that could not be deleted; the next run tries again.
    pub failed: u64,
    /// The brake: purposes that were left alone, and how many recordings of each would have gone.
    pub braked: Vec<(&'static str, u64)>,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It does not take what was appended to the journal.
    #[error("the ledger does not take the journal's events now")]
    Behind,
    /// The disk.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

/// The retention of recordings.
#[derive(Clone)]
pub struct Retention {
    house: House,
    pub(super) rules: Rules,
}

impl Retention {
    /// Retention by these rules.
    pub fn new(house: House, rules: Rules) -> Self {
        Self { house, rules }
    }

    /// Runs each day at its time, for ever.
    pub(super) async fn run_daily(&self, daily: Daily, clerk: &Clerk) {
        while let Some(at) = daily.next((self.house.clock)()) {
            loop {
                let left = at.as_millis() - (self.house.clock)().as_millis();
                match u64::try_from(left) {
                    Ok(left) if left > 0 => sleep(Duration::from_millis(left).min(NAP)).await,
                    Ok(_) | Err(_) => break,
                }
            }
            clerk.empty().await; // holds that wait count first
            let _ = self.run(Why::Daily).await; // it has been told
        }
    }

    /// Deletes what is past its time.
    pub async fn run(&self, why: Why) -> Result<Purged, PurgeError> {
        let result = self.run_quietly(why).await;
        match &result {
            Ok(purged) => {
                metrics::counter!("yihao_recordings_purged_total").increment(purged.deleted);
                if purged.deleted + purged.left_over + purged.failed > 0 {
                    tracing::info!(?purged, "recordings past their time");
                }
                for (purpose, count) in &purged.braked {
                    tracing::error!(
                        purpose,
                        count,
                        "ALARM: too many recordings would be deleted at once; nothing was. Is the clock right? \
                         `yihao recordings purge --dry-run` shows them, without --dry-run it deletes them"
                    );
                }
            }
            Err(error) => tracing::error!(%error, "ALARM: recordings past their time were not all deleted"),
        }
        let well = result.as_ref().is_ok_and(|p| p.braked.is_empty() && p.failed == 0);
        metrics::gauge!("yihao_retention_stopped").set(f64::from(u8::from(!well)));
        result
    }

    async fn run_quietly(&self, why: Why) -> Result<Purged, PurgeError> {
        let now = (self.house.clock)();
        let mut purged = Purged::default();
        for keep in &self.rules.0 {
            let before = keep.cutoff(now);
            if why == Why::Daily {
                let (kept, due) = self.house.ledger.recordings_counted(keep.purpose, before).await?;
                if due > FEW && due > kept / SHARE {
                    purged.braked.push((keep.purpose, due));
                    continue;
                }
            }
            self.purge(keep, before, &mut purged).await?;
        }
        if let Some(newest) = self.rules.0.iter().map(|keep| keep.cutoff(now)).max() {
            self.sweep(newest, &mut purged).await?;
        }
        Ok(purged)
    }

    async fn purge(&self, keep: &Keep, before: Wall, purged: &mut Purged) -> Result<(), PurgeError> {
        let ledger = &self.house.ledger;
        let mut behind = None;
        loop {
            let page = ledger
                .recordings_kept(keep.purpose, before, behind.as_ref(), PIECE)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            behind = Some(last.place());
            let due: Vec<&Listed> = page.iter().filter(|listed| !listed.held).collect();
            let Some(last) = due.last() else { continue };
            let now = (self.house.clock)();
            let given_up = |listed: &&Listed| {
                let (file, why) = (listed.file.clone(), format!("kept {} days", keep.days));
                Event::of_call(listed.call, now, EventKind::RecordingPurged { file, why })
            };
            self.house.journal.append(due.iter().map(given_up).collect(), None);
            self.until_given_up(&last.file).await?;
            for listed in due {
                match self.delete(&listed.file).await? {
                    Some(Ok(_)) => purged.deleted += 1,
                    Some(Err(error)) => {
                        purged.failed += 1;
                        tracing::error!(file = listed.file, %error, "a recording cannot be deleted");
                    }
                    None => {} // held in the last moment, or its event was given up: it stays
                }
            }
        }
    }

    /// Waits until the ledger says that this recording is given up.
    async fn until_given_up(&self, file: &str) -> Result<(), PurgeError> {
        let given_up = async {
            while self
                .house
                .ledger
                .recording(file)
                .await?
                .is_some_and(|r| r.purged_at.is_none())
            {
                sleep(LOOK).await;
            }
            Ok(())
        };
        match tokio::time::timeout(LEDGER_WAIT, given_up).await {
            Ok(result) => result,
            Err(_) => Err(PurgeError::Behind),
        }
    }

    /// Deletes a file that the ledger has given up. `None`: it has not, or the call is on hold.
    async fn delete(&self, file: &str) -> Result<Option<std::io::Result<bool>>, PurgeError> {
        let listed = self.house.ledger.recording(file).await?;
        if !listed.is_some_and(|listed| listed.purged_at.is_some() && !listed.held) {
            return Ok(None);
        }
        let (dir, file) = (self.house.recordings().to_owned(), file.to_owned());
        let removed = tokio::task::spawn_blocking(move || recordings::remove(&RealDisk, &dir, &file)).await;
        Ok(Some(removed.unwrap_or_else(|error| Err(std::io::Error::other(error)))))
    }

    /// Removes what an earlier run gave up and could not delete any more, or a backup brought back. Looks only where the files
    /// of days before `newest` are.
    async fn sweep(&self, newest: Wall, purged: &mut Purged) -> Result<(), PurgeError> {
        let dir = self.house.recordings().to_owned();
        let listing = tokio::task::spawn_blocking(move || {
            let mut files = Vec::new();
            recordings::files(&RealDisk, &dir, &mut |file| {
                if file.complete && !recordings::is_later_than(&file.file, newest) {
                    files.push(file.file);
                }
            })?;
            Ok::<_, std::io::Error>(files)
        });
        for file in listing.await.map_err(std::io::Error::other)?? {
            match self.delete(&file).await? {
                Some(Ok(true)) => purged.left_over += 1,
                Some(Err(error)) => {
                    purged.failed += 1;
                    tracing::error!(file, %error, "a recording cannot be deleted");
                }
                Some(Ok(false)) | None => {}
            }
        }
        Ok(())
    }
}

/// Tells each recording that is past its time, in order, those on legal hold too.
pub async fn due(
    ledger: &Ledger,
    rules: &Rules,
    now: Wall,
    tell: &mut dyn FnMut(&Keep, &Listed),
) -> Result<(), LedgerError> {
    for keep in &rules.0 {
        let before = keep.cutoff(now);
        let mut behind = None;
        loop {
            let page = ledger
                .recordings_kept(keep.purpose, before, behind.as_ref(), PIECE)
                .await?;
            let Some(last) = page.last() else { break };
            behind = Some(last.place());
            page.iter().for_each(|listed| tell(keep, listed));
        }
    }
    Ok(())
}
