//! What is on record: calls, debts, recordings.

use std::sync::Arc;

use super::Operators;
use crate::engine::clock;
use crate::http::house::{CallWish, DebtView, DebtWish, RecordingView, RecordingWish, Records, Sound, WholeCall};
use crate::http::{Answer, Error};
use crate::kernel::{CallId, Event, EventKind};
use crate::store::CallRecord;
use crate::store::ledger::{CallFilter, DebtFilter, Found, LedgerError, Order, OwedCall, Standing};

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

    fn recordings(&self, _: RecordingWish) -> Answer<'_, Vec<RecordingView>> {
        Box::pin(async { Err(Error::LedgerAway("not asked for yet".into())) })
    }

    fn recording<'a>(&'a self, _: &'a str) -> Answer<'a, Option<RecordingView>> {
        Box::pin(async { Err(Error::LedgerAway("not asked for yet".into())) })
    }

    fn sound<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Arc<dyn Sound>>> {
        Box::pin(async { Err(Error::LedgerAway("not asked for yet".into())) })
    }

    fn hold<'a>(&'a self, _: CallId, _: bool, _: &'a str, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { Err(Error::LedgerAway("not asked for yet".into())) })
    }

    fn note_revealed<'a>(&'a self, call: CallId, by: &'a str, what: &'a str) -> Answer<'a, ()> {
        let (by, what) = (by.to_owned(), what.to_owned());
        Box::pin(self.note(call, EventKind::Revealed { by, what }))
    }
}
