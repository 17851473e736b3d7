//! What is on record: calls, debts, recordings.

use std::sync::Arc;

use super::Operators;
use crate::engine::clock;
use crate::http::house::{CallWish, DebtView, DebtWish, RecordingView, RecordingWish, Records, Sound, WholeCall};
use crate::http::{Answer, Error};
use crate::kernel::{CallId, Event, EventKind};
use crate::store::CallRecord;
use crate::store::ledger::{
    CallFilter, DebtFilter, Found, LedgerError, Order, OwedCall, RecordingFilter, RecordingRow, Standing,
};

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn away(error: LedgerError) -> Error {
    Error::LedgerAway(error.to_string())
}

fn debt(owed: OwedCall) -> DebtView {
    let debt = owed.debt;
    DebtView {
        call: owed.call,
        number: debt.to,
        queue: owed.queue,
        because: debt.because,
        owed_at: debt.owed_at,
        attempts: debt.attempts,
        not_before: None,
        settled: debt.settled.map(|end| (end.at, end.how, end.by, end.note)),
    }
}

fn recording(row: RecordingRow) -> RecordingView {
    let listed = row.listed;
    RecordingView {
        file: listed.file,
        call: listed.call,
        agent: row.agent,
        purpose: listed.purpose,
        started_at: listed.started_at,
        duration_ms: listed.duration_ms,
        sha256: listed.sha256,
        cut_short: row.cut_short,
        held: listed.held,
        purged_at: listed.purged_at,
    }
}

impl Operators {
    /// Notes an event of a call; when this returns, it is durable.
    async fn note(&self, call: CallId, kind: EventKind) -> Result<(), Error> {
        let journal = self.handle.journal();
        journal.append(vec![Event::of_call(call, clock::wall(), kind)], None);
        match journal.flush().await {
            true => Ok(()),
            false => Err(Error::LedgerAway("the journal did not take a note".into())),
        }
    }
}

impl Records for Operators {
    fn calls(&self, wish: CallWish) -> Answer<'_, Vec<CallRecord>> {
        Box::pin(async move {
            let order = match wish.oldest_first {
                true => Order::OldestFirst,
                false => Order::NewestFirst,
            };
            let filter = CallFilter {
                from: wish.from,
                until: wish.until,
                number: wish.number,
                hotline: wish.hotline,
                reason: wish.reason,
                agent: wish.agent,
                after: wish.after,
                ..CallFilter::default()
            };
            let found = self.handle.ledger().list_calls(&filter, order, wish.limit).await;
            found.map_err(away)
        })
    }

    fn call(&self, call: CallId) -> Answer<'_, Option<WholeCall>> {
        Box::pin(async move {
            let ledger = self.handle.ledger();
            match ledger.find_call(&call.to_string()).await.map_err(away)? {
                Found::One(record) => Ok(Some((*record, ledger.call_events(call).await.map_err(away)?))),
                Found::None | Found::Many(_) => Ok(None),
            }
        })
    }

    fn debts(&self, wish: DebtWish) -> Answer<'_, Vec<DebtView>> {
        Box::pin(async move {
            let filter = DebtFilter {
                standing: if wish.settled {
                    Standing::Settled
                } else {
                    Standing::Open
                },
                after: wish.after,
                ..DebtFilter::default()
            };
            let found = self.handle.ledger().debts(&filter, wish.limit).await.map_err(away)?;
            Ok(found.into_iter().map(debt).collect())
        })
    }

    fn recordings(&self, wish: RecordingWish) -> Answer<'_, Vec<RecordingView>> {
        Box::pin(async move {
            let filter = RecordingFilter {
                call: wish.call,
                agent: wish.agent,
                from: wish.from,
                until: wish.until,
                after: wish.after,
                file: None,
            };
            let found = self.handle.ledger().recording_list(&filter, wish.limit).await;
            Ok(found.map_err(away)?.into_iter().map(recording).collect())
        })
    }

    fn recording<'a>(&'a self, file: &'a str) -> Answer<'a, Option<RecordingView>> {
        Box::pin(async move {
            let filter = RecordingFilter {
                file: Some(file.to_owned()),
                ..RecordingFilter::default()
            };
            let found = self.handle.ledger().recording_list(&filter, 1).await;
            Ok(found.map_err(away)?.pop().map(recording))
        })
    }

    fn sound<'a>(&'a self, file: &'a str) -> Answer<'a, Option<Arc<dyn Sound>>> {
        Box::pin(self.open_sound(file))
    }

    fn hold<'a>(&'a self, call: CallId, on: bool, by: &'a str, note: &'a str) -> Answer<'a, ()> {
        let (by, note) = (by.to_owned(), note.to_owned());
        Box::pin(self.note(call, EventKind::RetentionHeld { on, by, note }))
    }

    fn note_revealed<'a>(&'a self, call: CallId, by: &'a str, what: &'a str) -> Answer<'a, ()> {
        let (by, what) = (by.to_owned(), what.to_owned());
        Box::pin(self.note(call, EventKind::Revealed { by, what }))
    }
}
