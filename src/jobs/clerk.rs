//! Takes the slips of the inbox: notes what is to be noted, purges when it is told to. Takes no other kinds of events from there
//! than looks at recordings and legal holds: nobody makes calls up by putting a file into a folder.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::kernel::{Event, EventKind};
use crate::store::inbox::{Answer, Inbox, Order, Slip};

use super::{House, Retention, Why};

/// Pause between two looks into the inbox.
const LOOK: Duration = Duration::from_secs(1);
/// Pause between two looks whether the ledger has an event.
const LEDGER_LOOK: Duration = Duration::from_millis(50);
/// Longest wait for the ledger. Then the slip stays for the next look.
const LEDGER_WAIT: Duration = Duration::from_secs(30);

/// Takes the slips.
pub struct Clerk {
    house: House,
    inbox: Inbox,
    retention: Retention,
    /// One at a time empties the inbox.
    turn: Mutex<()>,
}

impl Clerk {
    /// A clerk for the inbox of this house.
    pub fn new(house: House, retention: Retention) -> Self {
        Self {
            inbox: Inbox::new(&house.data_dir),
            house,
            retention,
            turn: Mutex::default(),
        }
    }

    /// Waits until the ledger has what the last run wrote: a slip that was noted just before a kill must not be noted twice.
    pub(super) async fn begin(&self) {
        if let Err(error) = self.inbox.prepare() {
            tracing::error!(%error, "the inbox cannot be made; the command line cannot reach the server");
        }
        while !self.ledger_is_up_to_date().await {
            tracing::warn!("the inbox waits for the ledger");
        }
    }

    /// Waits until the ledger has what the journal has now; false if that takes too long. Only then it can be said whether
    /// something is on record.
    async fn ledger_is_up_to_date(&self) -> bool {
        let written = self.house.journal.durable_seq();
        let drained = async {
            while !self.house.ledger.drained_seq().await.is_ok_and(|seq| seq >= written) {
                sleep(LEDGER_LOOK).await;
            }
        };
        tokio::time::timeout(LEDGER_WAIT, drained).await.is_ok() && !self.house.journal.health().degraded.get()
    }

    /// Looks again and again, for ever.
    pub(super) async fn run(&self) {
        loop {
            self.empty().await;
            sleep(LOOK).await;
        }
    }

    /// Takes all slips that wait.
    pub async fn empty(&self) {
        let _turn = self.turn.lock().await;
        let slips = match self.inbox.waiting((self.house.clock)()) {
            Ok(slips) => slips,
            Err(error) => {
                tracing::warn!(%error, "the inbox cannot be read");
                return;
            }
        };
        for slip in slips {
            match self.inbox.take(&slip) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a slip of the inbox cannot be taken");
                    continue;
                }
            }
            let Some(answer) = self.carry_out(&slip).await else {
                continue;
            };
            if let Err(error) = self.inbox.answer(&slip, &answer) {
                tracing::error!(%error, "a slip of the inbox cannot be answered");
            }
        }
    }

    /// Does what a slip says. `None`: not now; it stays.
    async fn carry_out(&self, slip: &Slip) -> Option<Answer> {
        match &slip.order {
            Ok(Order::Note { event }) => self.note(event).await,
            Ok(Order::Purge { by }) => {
                tracing::info!(by, "a purge was asked for");
                Some(match self.retention.run(Why::Asked).await {
                    Ok(purged) => {
                        let (deleted, left_over, failed) = (purged.deleted, purged.left_over, purged.failed);
                        answer(
                            failed == 0,
                            format!(
                                "{deleted} deleted, {left_over} left over from before, {failed} could not be deleted"
                            ),
                        )
                    }
                    Err(error) => answer(false, error.to_string()),
                })
            }
            Err(problem) => {
                tracing::error!(problem, "a slip of the inbox is not readable");
                Some(answer(false, format!("this is no slip: {problem}")))
            }
        }
    }

    async fn note(&self, event: &Event) -> Option<Answer> {
        if !matches!(event.kind, EventKind::Revealed { .. } | EventKind::RetentionHeld { .. }) {
            return Some(answer(false, "the inbox takes no such event".into()));
        }
        if !self.ledger_is_up_to_date().await {
            return None;
        }
        let known_call = match event.call() {
            Some(call) => !self.house.ledger.call_events(call).await.ok()?.is_empty(),
            None => false,
        };
        if !known_call {
            return Some(answer(false, "there is no such call".into()));
        }
        if !self.house.knows(event).await.ok()? {
            self.house.journal.append(vec![event.clone()], None);
            let on_record = async {
                while !self.house.knows(event).await.unwrap_or(false) {
                    sleep(LEDGER_LOOK).await;
                }
            };
            tokio::time::timeout(LEDGER_WAIT, on_record).await.ok()?;
        }
        Some(answer(true, "on record".into()))
    }
}

fn answer(done: bool, text: String) -> Answer {
    Answer { done, text }
}
