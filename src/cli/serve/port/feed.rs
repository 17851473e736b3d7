//! The journal's events as they come.

use super::Operators;
use crate::http::house::{Entry, Feed, Following};
use crate::http::{Answer, Error};
use crate::store::ledger::EventFeed;

impl Feed for Operators {
    fn last(&self) -> u64 {
        self.handle.journal().durable_seq()
    }

    fn follow(&self, after: u64) -> Box<dyn Following> {
        Box::new(Follower(EventFeed::new(
            self.handle.ledger(),
            self.handle.journal(),
            after,
        )))
    }
}

struct Follower(EventFeed);

impl Following for Follower {
    fn next(&mut self) -> Answer<'_, Vec<Entry>> {
        Box::pin(async {
            self.0
                .next()
                .await
                .map_err(|error| Error::LedgerAway(error.to_string()))
        })
    }
}
