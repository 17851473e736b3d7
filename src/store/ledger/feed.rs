//! All events in the journal's order, from any number on: what is in the database, what is in the journal only, and then what
//! comes, without gap and without double. Knows no client.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::kernel::Event;
use crate::store::journal::{Entry, Journal, JournalReader, Lagged, Live};

use super::{Ledger, LedgerError};

/// Entries read at once while catching up.
const BATCH: u32 = 500;

/// One reader's place in the stream. What it has handed out it does not keep: whoever reads again from a number makes a new
/// one, behind that number.
pub struct EventFeed {
    ledger: Ledger,
    journal: Journal,
    live: Live,
    reader: JournalReader,
    /// Everything up to here was handed out.
    after: u64,
    /// Everything up to here is durable and was not heard live.
    replay_to: u64,
    /// A commit that was heard before it was its turn: what lies before it is replayed first.
    heard: Option<Arc<[Entry]>>,
}

impl EventFeed {
    /// Everything behind `after`. A number that has not been given out yet is waited for.
    pub fn new(ledger: &Ledger, journal: &Journal, after: u64) -> Self {
        // In this order: what becomes durable in between is heard live, and may be replayed as well, but is not lost.
        let live = journal.subscribe();
        let replay_to = journal.durable_seq();
        Self {
            ledger: ledger.clone(),
            journal: journal.clone(),
            live,
            reader: journal.reader(after),
            after,
            replay_to,
            heard: None,
        }
    }

    /// Number of the last event that was handed out, or passed over because this version does not understand it.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// The next events, in order, with their numbers; waits while there are none. Dropped while it waits, nothing is lost. After
    /// an error it can be called again.
    ///
    /// # Errors
    /// The database is away, and what is to come next stands only there. [`LedgerError::CutOff`]: the journal is gone.
    pub async fn next(&mut self) -> Result<Vec<(u64, Arc<Event>)>, LedgerError> {
        loop {
            let entries = self.entries().await?;
            let events = understood(&entries);
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    /// The next entries; none when there was only something to look at anew.
    async fn entries(&mut self) -> Result<VecDeque<Entry>, LedgerError> {
        if self.after < self.replay_to {
            return self.replay().await;
        }
        if self.heard.is_none() {
            match self.live.next().await {
                None => return Err(LedgerError::CutOff),
                Some(Err(Lagged)) => {
                    self.replay_to = self.journal.durable_seq();
                    return Ok(VecDeque::new());
                }
                Some(Ok(commit)) => self.heard = Some(commit),
            }
        }
        let Some(commit) = &self.heard else {
            return Ok(VecDeque::new());
        };
        if let Some(first) = commit.first()
            && first.seq > self.after + 1
        {
            self.replay_to = first.seq - 1;
            return Ok(VecDeque::new());
        }
        let new: VecDeque<Entry> = commit.iter().filter(|entry| entry.seq > self.after).cloned().collect();
        self.heard = None;
        Ok(self.hand_out(new))
    }

    /// Entries that were durable before we listened, or that we were too slow for: from the journal, which is at hand, else
    /// from the database.
    async fn replay(&mut self) -> Result<VecDeque<Entry>, LedgerError> {
        if self.reader.position() != self.after {
            self.reader = self.journal.reader(self.after);
        }
        let kept_from = self.journal.kept_from();
        let read = match self.after + 1 >= kept_from {
            true => self.journal.read_batch(&mut self.reader, BATCH as usize).await,
            false => Ok(Vec::new()),
        };
        let at_hand = match &read {
            Ok(entries) => entries.first().map_or(kept_from, |entry| entry.seq),
            Err(_) => u64::MAX, // released while we opened it: the database has it, or says why not
        };
        if at_hand == self.after + 1
            && let Ok(entries) = read
        {
            return Ok(self.hand_out(entries.into()));
        }
        let mut kept: VecDeque<Entry> = self.ledger.entries_after(self.after, BATCH).await?.into();
        while at_hand > self.after && kept.back().is_some_and(|last| last.seq >= at_hand) {
            kept.pop_back(); // the journal's own is as good, and comes next
        }
        if kept.is_empty() {
            // Nowhere: numbers that the disk lost. What comes behind them counts.
            let entries = read?;
            let first = entries.first().map_or(self.replay_to + 1, |entry| entry.seq);
            self.after = (first - 1).max(self.after);
        }
        Ok(self.hand_out(kept))
    }

    fn hand_out(&mut self, entries: VecDeque<Entry>) -> VecDeque<Entry> {
        if let Some(last) = entries.back() {
            self.after = last.seq;
        }
        entries
    }
}

fn understood(entries: &VecDeque<Entry>) -> Vec<(u64, Arc<Event>)> {
    let parsed = entries
        .iter()
        .map(|entry| (entry.seq, serde_json::from_slice(&entry.payload)));
    parsed
        .filter_map(|(seq, event)| Some((seq, Arc::new(event.ok()?))))
        .collect()
}
