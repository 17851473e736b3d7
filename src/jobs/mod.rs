//! What the server does by the clock and not for a call: it deletes recordings whose time is over, and takes what the command
//! line puts into the inbox. Knows no call that is going on, and no SQL.

mod clerk;
mod retention;
mod schedule;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::kernel::{Event, Wall};
use crate::store::Journal;
use crate::store::ledger::{Ledger, LedgerError};

pub use clerk::Clerk;
pub use retention::{Keep, PurgeError, Purged, Retention, Rules, Why, due};
pub use schedule::Daily;

/// Civil time, from whoever has a clock.
pub type Clock = fn() -> Wall;

/// What the jobs work with.
#[derive(Clone)]
pub struct House {
    /// For reading.
    pub ledger: Ledger,
    /// For writing: the only way to the ledger.
    pub journal: Journal,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The recordings' folder.
    pub recordings_dir: PathBuf,
    /// What time it is.
    pub clock: Clock,
}

impl House {
    /// The house of a running server.
    pub fn new(config: &Config, ledger: Ledger, journal: Journal, clock: Clock) -> Self {
        Self {
            ledger,
            journal,
            data_dir: config.data_dir.clone(),
            recordings_dir: config.recordings_dir(),
            clock,
        }
    }

    /// Whether exactly this event is on record already.
    async fn knows(&self, event: &Event) -> Result<bool, LedgerError> {
        let Some(call) = event.call() else { return Ok(false) };
        let events = self.ledger.call_events(call).await?;
        Ok(events.iter().any(|(_, known)| known == event))
    }

    fn recordings(&self) -> &Path {
        &self.recordings_dir
    }
}

/// Does all jobs until it is dropped.
pub async fn run(house: House, config: Config) {
    let retention = Retention::new(house.clone(), Rules::of(&config.recordings));
    let daily = Daily::of(&config);
    let clerk = Clerk::new(house.clone(), retention.clone());
    // The inbox first: a hold that waits there counts before anything is deleted.
    clerk.begin().await;
    tokio::join!(clerk.run(), retention.run_daily(daily, &clerk));
}
