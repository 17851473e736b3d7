//! The journal's events as they come.

use super::Operators;
use crate::http::house::{Entry, Feed, Following};
use crate::http::{Answer, Error};

impl Feed for Operators {
    fn last(&self) -> u64 {
        0
    }

    fn follow(&self, _: u64) -> Box<dyn Following> {
        Box::new(Nothing)
    }
}

/// Until the store can be followed.
struct Nothing;

impl Following for Nothing {
    fn next(&mut self) -> Answer<'_, Vec<Entry>> {
        Box::pin(async { Err(Error::LedgerAway("events cannot be followed yet".into())) })
    }
}
