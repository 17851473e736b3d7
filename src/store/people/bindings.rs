//! Telephones over a restart. Whole accounts are written at a time, so that whatever is lost, no half is kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row};

use super::{People, PeopleError, damaged};
use crate::kernel::Wall;
use crate::sip::message::Uri;
use crate::sip::registrar::Binding;
use crate::sip::{Flow, Transport};

const FORGET: &str = "DELETE FROM bindings WHERE agent IN (SELECT value FROM json_each(?1))";

const INSERT: &str = "
INSERT OR REPLACE INTO bindings
    (agent, contact, transport, local, remote, instance, q, expires_ms, call_id, cseq, user_agent)
SELECT value->>'$.agent', value->>'$.contact', value->>'$.transport', value->>'$.local', value->>'$.remote',
    value->>'$.instance', value->>'$.q', value->>'$.expires_ms', value->>'$.call_id', value->>'$.cseq',
    value->>'$.user_agent'
FROM json_each(?1)";

impl People {
    /// Writes the telephones of some accounts in place of all that these had. On the disk when it returns.
    ///
    /// # Errors
    /// Whatever SQLite says; nothing is written then.
    pub async fn save_bindings(&self, accounts: &BTreeMap<String, Vec<Binding>>) -> Result<(), PeopleError> {
        let users: Vec<&String> = accounts.keys().collect();
        let rows: Vec<Value> = accounts.values().flatten().map(row).collect();
        let (users, rows) = (json!(users).to_string(), json!(rows).to_string());
        let mut writer = self.writer.acquire().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(FORGET).bind(users).execute(&mut *transaction).await?;
        sqlx::query(INSERT).bind(rows).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// All telephones, also those whose time is over. One that cannot be read is left out: its telephone comes again.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn bindings(&self) -> Result<Vec<Binding>, PeopleError> {
        let rows = sqlx::query("SELECT * FROM bindings ORDER BY agent, contact")
            .fetch_all(&self.readers)
            .await?;
        let mut all = Vec::with_capacity(rows.len());
        for read in rows.iter().map(binding) {
            match read {
                Ok(binding) => all.push(binding),
                Err(error) => tracing::error!(%error, "a telephone was not read"),
            }
        }
        Ok(all)
    }
}

fn row(binding: &Binding) -> Value {
    json!({
        "agent": binding.user,
        "contact": binding.contact.to_string(),
        "transport": binding.flow.transport.as_str(),
        "local": binding.flow.local.to_string(),
        "remote": binding.flow.remote.to_string(),
        "instance": binding.instance,
        "q": binding.q,
        "expires_ms": binding.expires.as_millis(),
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "user_agent": binding.user_agent,
    })
}

fn binding(row: &SqliteRow) -> Result<Binding, PeopleError> {
    let text = |column: &'static str| row.try_get::<&str, _>(column);
    let address = |column| {
        let text = text(column)?;
        text.parse().map_err(|_| damaged(column, text))
    };
    let contact = text("contact")?;
    let transport = text("transport")?;
    let transport = [Transport::Udp, Transport::Tcp]
        .into_iter()
        .find(|it| it.as_str() == transport)
        .ok_or_else(|| damaged("transport", transport))?;
    Ok(Binding {
        user: row.try_get("agent")?,
        contact: Uri::parse(contact).map_err(|_| damaged("contact", contact))?,
        flow: Flow {
            transport,
            local: address("local")?,
            remote: address("remote")?,
            connection: 0,
        },
        instance: row.try_get("instance")?,
        q: u16::try_from(row.try_get::<i64, _>("q")?).unwrap_or(1_000),
        expires: Wall::from_millis(row.try_get("expires_ms")?),
        call_id: row.try_get("call_id")?,
        cseq: u32::try_from(row.try_get::<i64, _>("cseq")?).unwrap_or(0),
        user_agent: row.try_get("user_agent")?,
    })
}
