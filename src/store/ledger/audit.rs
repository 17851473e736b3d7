//! Who looked at what is private, from inside the server and beside it.

use sqlx::{Connection, Row};

use crate::kernel::{CallId, Wall};

use super::{Ledger, LedgerError, open_writer};

/// One look at what is private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// When.
    pub at: Wall,
    /// Whose call.
    pub call: CallId,
    /// Who looked.
    pub by: String,
    /// At what.
    pub what: String,
}

impl Ledger {
    /// Notes that someone is about to see what is private. For programs beside the server, which have no journal; the server
    /// appends a `Revealed` event. If it fails, the caller must not show anything.
    pub async fn note_reveal(&self, reveal: &Reveal) -> Result<(), LedgerError> {
        let mut writer = open_writer(self.path.clone()).await?;
        sqlx::query("INSERT INTO reveals (at_ms, call_id, by_whom, what) VALUES (?1, ?2, ?3, ?4)")
            .bind(reveal.at.as_millis())
            .bind(reveal.call.to_string())
            .bind(&reveal.by)
            .bind(&reveal.what)
            .execute(&mut writer)
            .await?;
        writer.close().await?;
        Ok(())
    }

    /// Who looked at what, from inside and beside the server, since a moment, in order.
    pub async fn reveals(&self, since: Wall) -> Result<Vec<Reveal>, LedgerError> {
        let rows = sqlx::query(
            "SELECT at_ms, call_id, by_whom, what FROM reveals WHERE at_ms >= ?1
             UNION ALL
             SELECT at_ms, call_id, body->>'$.by', body->>'$.what' FROM events WHERE type = 'revealed' AND at_ms >= ?1
             ORDER BY 1",
        )
        .bind(since.as_millis())
        .fetch_all(&self.readers)
        .await?;
        let mut reveals = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(call) = CallId::parse(row.try_get(1)?) {
                let at = Wall::from_millis(row.try_get(0)?);
                reveals.push(Reveal {
                    at,
                    call,
                    by: row.try_get(2)?,
                    what: row.try_get(3)?,
                });
            }
        }
        Ok(reveals)
    }
}
