//! Call backs that are owed, and those that were: the list that agents and supervisors work off.

use std::time::Duration;

use sqlx::sqlite::Sqlite;
use sqlx::{QueryBuilder, Row};

use crate::kernel::{CallId, Wall};
use crate::queue::{self, FloorConfig};
use crate::store::record::{CallRecord, Debt};

use super::query::LIST_MAX;
use super::rows::call_record;
use super::{Ledger, LedgerError, unsigned};

/// Which debts, by whether they are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has been reached and nobody has decided.
    #[default]
    Open,
    /// Settled, however.
    Settled,
    /// All.
    Any,
}

/// Which debts. All that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct DebtFilter {
    /// Open or settled.
    pub standing: Standing,
    /// Owed at or after.
    pub from: Option<Wall>,
    /// Owed before.
    pub until: Option<Wall>,
    /// The queue that it came from.
    pub queue: Option<String>,
    /// The latest first, instead of the oldest.
    pub newest_first: bool,
    /// Behind this one, in the list's order.
    pub after: Option<CallId>,
}

/// A debt with the call that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedCall {
    /// The call.
    pub call: CallId,
    /// The hotline that was called.
    pub hotline: Option<String>,
    /// The queue that it came from, if it came to one.
    pub queue: Option<String>,
    /// The debt.
    pub debt: Debt,
}

impl OwedCall {
    /// Until when the citizen was to be called, by a promise of so long.
    pub fn due_at(&self, promise: Duration) -> Wall {
        self.debt.owed_at + promise
    }
}

/// How many debts there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebtCounts {
    /// Open ones.
    pub open: u64,
    /// Open ones that were owed before the moment that was asked for.
    pub overdue: u64,
}

impl Ledger {
    /// Debts by when they came to be, the oldest first unless asked otherwise, at most `limit` (and `LIST_MAX`).
    pub async fn debts(&self, filter: &DebtFilter, limit: u32) -> Result<Vec<OwedCall>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT record FROM calls WHERE owed_at_ms IS NOT NULL");
        match filter.standing {
            Standing::Open => query.push(" AND settled_at_ms IS NULL"),
            Standing::Settled => query.push(" AND settled_at_ms IS NOT NULL"),
            Standing::Any => &mut query,
        };
        if let Some(from) = filter.from {
            query.push(" AND owed_at_ms >= ").push_bind(from.as_millis());
        }
        if let Some(until) = filter.until {
            query.push(" AND owed_at_ms < ").push_bind(until.as_millis());
        }
        if let Some(queue) = &filter.queue {
            query.push(" AND queue = ").push_bind(queue.clone());
        }
        if let Some(after) = filter.after {
            query
                .push(" AND (owed_at_ms, call_id) ")
                .push(if filter.newest_first { "<" } else { ">" })
                .push(" (SELECT owed_at_ms, call_id FROM calls WHERE call_id = ")
                .push_bind(after.to_string())
                .push(")");
        }
        query.push(match filter.newest_first {
            true => " ORDER BY owed_at_ms DESC, call_id DESC LIMIT ",
            false => " ORDER BY owed_at_ms, call_id LIMIT ",
        });
        query.push_bind(i64::from(limit.min(LIST_MAX)));
        let rows = query.build().fetch_all(&self.readers).await?;
        let records = rows.iter().map(call_record).collect::<Result<Vec<_>, _>>()?;
        Ok(records.into_iter().filter_map(owed_call).collect())
    }

    /// How many debts are open, and how many of them since before `due`.
    pub async fn debt_counts(&self, due: Wall) -> Result<DebtCounts, LedgerError> {
        let row = sqlx::query(
            "SELECT count(*), coalesce(sum(owed_at_ms < ?1), 0) FROM calls
             WHERE owed_at_ms IS NOT NULL AND settled_at_ms IS NULL",
        )
        .bind(due.as_millis())
        .fetch_one(&self.readers)
        .await?;
        Ok(DebtCounts {
            open: unsigned(row.try_get(0)?),
            overdue: unsigned(row.try_get(1)?),
        })
    }

    /// The open debts as the floor wants them. Those to hidden numbers are left out: nobody can be called there; they stay on
    /// the list until somebody decides.
    pub(super) async fn floor_debts(&self, floor: &FloorConfig) -> Result<Vec<queue::Debt>, LedgerError> {
        let open = self.debts(&DebtFilter::default(), LIST_MAX).await?;
        if open.len() as u64 >= u64::from(LIST_MAX) {
            tracing::error!("more call backs are owed than the floor can hold: the latest wait on the list");
        }
        let callable = |owed: &OwedCall| owed.debt.to.reveal().bytes().any(|b| b.is_ascii_digit());
        Ok(open
            .into_iter()
            .filter(callable)
            .map(|owed| for_floor(owed, floor))
            .collect())
    }
}

fn owed_call(record: CallRecord) -> Option<OwedCall> {
    let debt = record.debt()?.clone();
    Some(OwedCall {
        call: record.call,
        queue: record.queues.last().map(|visit| visit.queue.clone()),
        hotline: record.hotline,
        debt,
    })
}

/// A debt of a queue that is gone, or of none, goes to the first that calls back by itself, else to the first.
fn for_floor(owed: OwedCall, floor: &FloorConfig) -> queue::Debt {
    let OwedCall { call, queue, debt, .. } = owed;
    let known = queue.as_ref().and_then(|name| floor.queues.get(name));
    let fallback = || {
        let calls_back = floor.queues.values().find(|queue| queue.callback.automatic);
        calls_back.or_else(|| floor.queues.values().next())
    };
    let served_by = known.or_else(fallback);
    let last_try = debt.tries.last().map(|attempt| attempt.at);
    let pause = served_by.map_or(Duration::ZERO, |queue| queue.callback.retry_after);
    queue::Debt {
        call,
        number: debt.to,
        queue: served_by.map(|queue| queue.name.clone()).or(queue).unwrap_or_default(),
        because: debt.because,
        owed_at: debt.owed_at,
        attempts: debt.attempts,
        not_before: last_try.map(|at| at + pause),
    }
}
