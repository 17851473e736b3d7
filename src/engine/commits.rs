//! What the journal has made durable, told to the shards that wait for it.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::store::{CommitSink, Ticket};

use super::shard::Input;

/// Pause before a full shard is tried again: it is busy, and what it waits for must not be lost.
const FULL_PAUSE: Duration = Duration::from_millis(1);

/// The way from the journal to the shards.
#[derive(Default)]
pub(super) struct Commits {
    shards: OnceLock<Vec<mpsc::Sender<Input>>>,
}

impl Commits {
    /// Tells where the shards are; before that nobody can be waiting.
    pub(super) fn attach(&self, shards: Vec<mpsc::Sender<Input>>) {
        let _ = self.shards.set(shards); // set once, at the start
    }
}

impl CommitSink for Commits {
    fn committed(&self, tickets: &[Ticket], _durable: bool) {
        for (number, shard) in self.shards.get().map_or(&[][..], Vec::as_slice).iter().enumerate() {
            let mine = tickets.iter().filter(|t| usize::from(t.shard) == number);
            let numbers: Vec<u64> = mine.map(|t| t.number).collect();
            if !numbers.is_empty() {
                deliver(shard, Input::Committed(numbers));
            }
        }
    }
}

fn deliver(shard: &mpsc::Sender<Input>, mut input: Input) {
    while let Err(TrySendError::Full(back)) = shard.try_send(input) {
        input = back;
        thread::sleep(FULL_PAUSE);
    }
}
