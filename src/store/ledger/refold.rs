//! Makes the records of an older version anew, from the events: a ledger of last year answers today's questions. Done before
//! anything new is taken over, in pieces that survive a kill; calls do not wait for it, the journal does.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use crate::kernel::{CallId, Event};
use crate::store::record::{CallRecord, FOLD_VERSION};

use super::rows::{self, Rows};
use super::{LedgerError, Sendable};

/// Calls that are done in one transaction.
const PIECE_CALLS: i64 = 200;

const SELECT_PIECE: &str = "
SELECT first_seq, record FROM calls WHERE call_id > ?1 ORDER BY call_id LIMIT ?2";

const SELECT_EVENTS: &str = "
SELECT body FROM events WHERE call_id >= ?1 AND call_id <= ?2 ORDER BY call_id, seq";

// Rows of a person or a recording that today's rules do not know.
const DELETE_PARTS: &str = "DELETE FROM call_parts WHERE call_id >= ?1 AND call_id <= ?2";
const DELETE_RECORDINGS: &str = "DELETE FROM call_recordings WHERE call_id >= ?1 AND call_id <= ?2";

/// Folds all records by today's rules, if they are not.
pub(super) fn bring_up_to_date(writer: &mut SqliteConnection) -> Sendable<'_, Result<(), LedgerError>> {
    Box::pin(async move {
        let row = sqlx::query("SELECT version, behind FROM fold")
            .fetch_one(&mut *writer)
            .await?;
        let (version, mut behind): (u32, String) = (row.try_get(0)?, row.try_get(1)?);
        if version >= FOLD_VERSION {
            return Ok(());
        }
        let mut done = 0;
        while let Some((last, count)) = one_piece(writer, &behind).await? {
            behind = last;
            done += count;
        }
        sqlx::query("UPDATE fold SET version = ?1, behind = ''")
            .bind(FOLD_VERSION)
            .execute(&mut *writer)
            .await?;
        if done > 0 {
            tracing::info!(
                calls = done,
                "the records of an older version were made anew from their events"
            );
        }
        Ok(())
    })
}

/// The next calls: the id of the last, and how many there were. `None`: all is done.
fn one_piece<'a>(
    writer: &'a mut SqliteConnection,
    behind: &'a str,
) -> Sendable<'a, Result<Option<(String, usize)>, LedgerError>> {
    Box::pin(async move {
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let found = sqlx::query(SELECT_PIECE)
            .bind(behind)
            .bind(PIECE_CALLS)
            .fetch_all(&mut *transaction)
            .await?;
        let mut piece = Rows::new();
        for row in &found {
            let row = rows::call_row(row)?;
            piece.insert(row.record.call, row);
        }
        let (Some(first), Some(last)) = (piece.keys().next(), piece.keys().next_back()) else {
            return Ok(None);
        };
        let (first, last) = (first.to_string(), last.to_string());
        let events = sqlx::query(SELECT_EVENTS)
            .bind(&first)
            .bind(&last)
            .fetch_all(&mut *transaction)
            .await?;
        let mut records: BTreeMap<CallId, CallRecord> = BTreeMap::new();
        for event in &events {
            // What this version does not understand changed no record before either.
            let Ok(event) = serde_json::from_str::<Event>(event.try_get(0)?) else {
                continue;
            };
            if let Some(call) = event.call() {
                records
                    .entry(call)
                    .or_insert_with(|| CallRecord::new(call))
                    .apply(&event);
            }
        }
        for (call, record) in records {
            if let Some(row) = piece.get_mut(&call) {
                row.record = record;
                row.derive();
            }
        }
        for statement in [DELETE_PARTS, DELETE_RECORDINGS] {
            sqlx::query(statement)
                .bind(&first)
                .bind(&last)
                .execute(&mut *transaction)
                .await?;
        }
        rows::write(&mut transaction, &piece).await?;
        sqlx::query("UPDATE fold SET behind = ?1")
            .bind(&last)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some((last, piece.len())))
    })
}
