//! What is on record: calls, debts, recordings.

use std::sync::Arc;

use super::Operators;
use crate::http::house::{CallWish, DebtView, DebtWish, RecordingView, RecordingWish, Records, Sound, WholeCall};
use crate::http::{Answer, Error};
use crate::kernel::CallId;
use crate::store::CallRecord;

/// Until the store can be asked for it.
fn away<T>() -> Result<T, Error> {
    Err(Error::LedgerAway("not asked for yet".into()))
}

impl Records for Operators {
    fn calls(&self, _: CallWish) -> Answer<'_, Vec<CallRecord>> {
        Box::pin(async { away() })
    }
    fn call(&self, _: CallId) -> Answer<'_, Option<WholeCall>> {
        Box::pin(async { away() })
    }
    fn debts(&self, _: DebtWish) -> Answer<'_, Vec<DebtView>> {
        Box::pin(async { away() })
    }
    fn recordings(&self, _: RecordingWish) -> Answer<'_, Vec<RecordingView>> {
        Box::pin(async { away() })
    }
    fn recording<'a>(&'a self, _: &'a str) -> Answer<'a, Option<RecordingView>> {
        Box::pin(async { away() })
    }
    fn sound<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Arc<dyn Sound>>> {
        Box::pin(async { away() })
    }
    fn hold<'a>(&'a self, _: &'a str, _: Option<&'a str>, _: &'a str) -> Answer<'a, bool> {
        Box::pin(async { away() })
    }
    fn note_revealed<'a>(&'a self, _: CallId, _: &'a str, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { away() })
    }
}
