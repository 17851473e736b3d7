//! Durable entries handed to whoever listens, as they become durable. Keeps a bounded number of commits for slow listeners;
//! who falls behind is told so, and reads what he missed where it is kept.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};

use super::reader::Entry;

/// The listener was too slow: entries between the last that it got and the next that it would get are not here any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged;

/// The writer's side.
#[derive(Clone, Debug)]
pub(super) struct Publisher {
    commits: Sender<Arc<[Entry]>>,
}

impl Publisher {
    /// Keeps so many commits for the slowest listener.
    pub(super) fn new(commits_kept: usize) -> Self {
        Self {
            commits: Sender::new(commits_kept.max(1)),
        }
    }

    pub(super) fn subscribe(&self) -> Live {
        Live {
            commits: self.commits.subscribe(),
        }
    }

    /// Hands out one commit: its payloads one behind the other. Copies nothing while nobody listens.
    pub(super) fn publish<'a>(&self, first_seq: u64, payloads: &[u8], lengths: impl Iterator<Item = &'a usize>) {
        if self.commits.receiver_count() == 0 {
            return;
        }
        let mut rest = payloads;
        let entries = (first_seq..).zip(lengths).map(|(seq, length)| {
            let (payload, behind) = rest.split_at(*length);
            rest = behind;
            Entry {
                seq,
                payload: payload.to_vec(),
            }
        });
        let _ = self.commits.send(entries.collect()); // the last listener may just have gone
    }
}

/// A listener's side.
#[derive(Debug)]
pub struct Live {
    commits: Receiver<Arc<[Entry]>>,
}

impl Live {
    /// The next commit, in order; waits for it. `None`: the journal is gone. Dropped while it waits, nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Arc<[Entry]>, Lagged>> {
        match self.commits.recv().await {
            Ok(entries) => Some(Ok(entries)),
            Err(RecvError::Lagged(_)) => Some(Err(Lagged)),
            Err(RecvError::Closed) => None,
        }
    }
}
