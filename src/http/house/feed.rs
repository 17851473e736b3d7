//! The journal's events as they come, without gap and without double. Knows no client.

use std::sync::Arc;

use crate::http::Answer;
use crate::kernel::Event;

/// An event and its sequence number.
pub type Entry = (u64, Arc<Event>);

/// Where events come from.
pub trait Feed: Send + Sync {
    /// Sequence number of the last durable event.
    fn last(&self) -> u64;
    /// Everything behind `after`: first what lies in the ledger, then what comes.
    fn follow(&self, after: u64) -> Box<dyn Following>;
}

/// One reader of the feed.
pub trait Following: Send {
    /// The next events, in order; waits while there are none. Nothing is taken from the source while nobody asks, so a slow
    /// reader costs no memory. Dropped while it waits, it has lost nothing.
    fn next(&mut self) -> Answer<'_, Vec<Entry>>;
}
