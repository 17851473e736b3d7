//! Recordings that were begun in the last moment before a kill: the file was made, its `RecordingStarted` never became durable.
//! Without any sound in it such a file is nothing; with sound it is kept, and the check of the recordings names it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use super::disk::RealDisk;
use super::ledger::Ledger;
use super::recordings::{self, Finished};

/// Pause between two looks at how far the ledger is.
const LOOK: Duration = Duration::from_secs(1);

/// Removes those of the files repaired at the start that have no sound and that nobody knows of. Waits until the ledger has all
/// that the last run wrote; whoever the ledger knows stays, with no sound in it.
pub(super) async fn remove(ledger: Ledger, dir: PathBuf, repaired: Vec<Finished>, last_seq: u64) {
    let empty: Vec<String> = repaired
        .into_iter()
        .filter(|f| f.duration_ms == 0)
        .map(|f| f.file)
        .collect();
    if empty.is_empty() {
        return;
    }
    while !ledger.drained_seq().await.is_ok_and(|seq| seq >= last_seq) {
        sleep(LOOK).await;
    }
    for file in empty {
        match ledger.recording(&file).await {
            Ok(Some(_)) => {}
            Ok(None) => match recordings::remove(&RealDisk, &dir, &file) {
                Ok(_) => tracing::info!(file, "an empty recording of no call was removed"),
                Err(error) => tracing::warn!(file, %error, "an empty recording of no call cannot be removed"),
            },
            Err(error) => tracing::warn!(file, %error, "an empty recording cannot be looked up"),
        }
    }
}
