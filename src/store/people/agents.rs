//! Agents: who they are, which queues they serve, and what is kept of their passwords.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use super::{People, PeopleError, damaged};
use crate::kernel::{AgentId, Role, Wall};
use crate::queue::Profile;
use crate::sip::digest::HashedPassword;
use crate::sip::registrar::Accounts;

/// Agents of one house at most.
pub const AGENTS_MAX: usize = 10_000;

/// One agent as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Name, role, queues, skills.
    pub profile: Profile,
    /// Whether he may register and sign in.
    pub enabled: bool,
    /// The realm that the password's hashes were made for.
    pub realm: String,
    /// The password is one that only a test may have.
    pub test_password: bool,
    /// Since when.
    pub created: Wall,
    /// The last change.
    pub changed: Wall,
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The realm.
    pub realm: String,
    /// The hashes.
    pub hashed: HashedPassword,
    /// It is one that only a test may have.
    pub for_test: bool,
}

impl Credentials {
    /// Hashes a password.
    pub fn of(agent: &AgentId, realm: &str, password: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            hashed: HashedPassword::of(agent.as_str(), realm, password),
            for_test: super::check_password(agent.as_str(), password).is_err(),
        }
    }
}

/// A new agent.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentWish {
    /// Name, role, queues, skills.
    pub profile: Profile,
    /// His password.
    pub credentials: Credentials,
}

const INSERT: &str = "
INSERT INTO agents (id, name, role, queues, skills, wrap_up_s, enabled, realm, ha1_md5, ha1_sha256, test_password,
    created_ms, changed_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, ?10, ?11, ?11)";

const CHANGE: &str = "
UPDATE agents SET name = ?2, role = ?3, queues = ?4, skills = ?5, wrap_up_s = ?6, changed_ms = ?7 WHERE id = ?1";

const PASSWORD: &str = "
UPDATE agents SET realm = ?2, ha1_md5 = ?3, ha1_sha256 = ?4, test_password = ?5, changed_ms = ?6 WHERE id = ?1";

impl People {
    /// All agents by name.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn agents(&self) -> Result<Vec<Agent>, PeopleError> {
        let rows = sqlx::query("SELECT * FROM agents ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(agent).collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn agent(&self, id: &AgentId) -> Result<Option<Agent>, PeopleError> {
        let row = sqlx::query("SELECT * FROM agents WHERE id = ?1").bind(id.as_str().to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(agent).transpose()
    }

    /// Who may register, for a realm; and how many may not, because their password was set for another one.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn accounts(&self, realm: &str) -> Result<(Accounts, usize), PeopleError> {
        let rows = sqlx::query("SELECT id, realm, ha1_md5, ha1_sha256 FROM agents WHERE enabled = 1");
        let mut accounts = Accounts {
            realm: realm.to_owned(),
            ..Accounts::default()
        };
        let mut others = 0;
        for row in rows.fetch_all(&self.readers).await? {
            if row.try_get::<&str, _>("realm")? != realm {
                others += 1;
                continue;
            }
            let hashed = HashedPassword {
                md5: row.try_get("ha1_md5")?,
                sha256: row.try_get("ha1_sha256")?,
            };
            accounts.by_user.insert(row.try_get("id")?, hashed);
        }
        Ok((accounts, others))
    }

    /// New agents, all of them or none.
    ///
    /// # Errors
    /// [`PeopleError::Exists`], [`PeopleError::Full`], or whatever SQLite says.
    pub async fn create_agents(&self, wishes: Vec<AgentWish>, now: Wall) -> Result<(), PeopleError> {
        let mut writer = self.writer.acquire().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let count: i64 = sqlx::query("SELECT count(*) FROM agents")
            .fetch_one(&mut *transaction)
            .await?
            .try_get(0)?;
        if usize::try_from(count)
            .unwrap_or(usize::MAX)
            .saturating_add(wishes.len())
            > AGENTS_MAX
        {
            return Err(PeopleError::Full(AGENTS_MAX));
        }
        for wish in wishes {
            insert(&mut transaction, wish, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The agent as he is from now on; his password stays.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`], or whatever SQLite says.
    pub async fn change_agent(&self, profile: Profile, now: Wall) -> Result<(), PeopleError> {
        let id = profile.id.clone();
        let done = sqlx::query(CHANGE)
            .bind(id.as_str().to_owned())
            .bind(profile.name)
            .bind(role_name(profile.role))
            .bind(json(&profile.queues))
            .bind(json(&profile.skills))
            .bind(profile.wrap_up.map(seconds))
            .bind(now.as_millis())
            .execute(&self.writer)
            .await?;
        one(done.rows_affected(), &id)
    }

    /// Whether he may register and sign in.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`], or whatever SQLite says.
    pub async fn enable_agent(&self, id: &AgentId, enabled: bool, now: Wall) -> Result<(), PeopleError> {
        let done = sqlx::query("UPDATE agents SET enabled = ?2, changed_ms = ?3 WHERE id = ?1")
            .bind(id.as_str().to_owned())
            .bind(enabled)
            .bind(now.as_millis())
            .execute(&self.writer)
            .await?;
        one(done.rows_affected(), id)
    }

    /// A new password.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`], or whatever SQLite says.
    pub async fn set_password(&self, id: &AgentId, credentials: Credentials, now: Wall) -> Result<(), PeopleError> {
        let done = sqlx::query(PASSWORD)
            .bind(id.as_str().to_owned())
            .bind(credentials.realm)
            .bind(credentials.hashed.md5)
            .bind(credentials.hashed.sha256)
            .bind(credentials.for_test)
            .bind(now.as_millis())
            .execute(&self.writer)
            .await?;
        one(done.rows_affected(), id)
    }

    /// No agent any more: his telephones and his tokens go with him.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`], or whatever SQLite says.
    pub async fn remove_agent(&self, id: &AgentId, now: Wall) -> Result<(), PeopleError> {
        let mut writer = self.writer.acquire().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let gone = sqlx::query("DELETE FROM agents WHERE id = ?1")
            .bind(id.as_str().to_owned())
            .execute(&mut *transaction)
            .await?;
        one(gone.rows_affected(), id)?;
        sqlx::query("DELETE FROM bindings WHERE agent = ?1")
            .bind(id.as_str().to_owned())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE tokens SET revoked_ms = ?2 WHERE agent = ?1 AND revoked_ms IS NULL")
            .bind(id.as_str().to_owned())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn insert(connection: &mut SqliteConnection, wish: AgentWish, now: Wall) -> Result<(), PeopleError> {
    let AgentWish { profile, credentials } = wish;
    let id = profile.id.to_string();
    let done = sqlx::query(INSERT)
        .bind(id.clone())
        .bind(profile.name)
        .bind(role_name(profile.role))
        .bind(json(&profile.queues))
        .bind(json(&profile.skills))
        .bind(profile.wrap_up.map(seconds))
        .bind(credentials.realm)
        .bind(credentials.hashed.md5)
        .bind(credentials.hashed.sha256)
        .bind(credentials.for_test)
        .bind(now.as_millis())
        .execute(connection)
        .await;
    match done {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(PeopleError::Exists(id)),
        Err(error) => Err(error.into()),
    }
}

fn one(rows: u64, id: &AgentId) -> Result<(), PeopleError> {
    match rows {
        0 => Err(PeopleError::Unknown(id.to_string())),
        _one => Ok(()),
    }
}

fn agent(row: &SqliteRow) -> Result<Agent, PeopleError> {
    let text: &str = row.try_get("id")?;
    let id = AgentId::parse(text).ok_or_else(|| damaged("the name of an agent", text))?;
    let wrap_up: Option<i64> = row.try_get("wrap_up_s")?;
    let profile = Profile {
        name: row.try_get("name")?,
        role: role(&id, row.try_get("role")?)?,
        queues: levels(&id, "queues", row)?,
        skills: levels(&id, "skills", row)?,
        wrap_up: wrap_up.map(|it| Duration::from_secs(u64::try_from(it).unwrap_or(0))),
        id,
    };
    Ok(Agent {
        profile,
        enabled: row.try_get("enabled")?,
        realm: row.try_get("realm")?,
        test_password: row.try_get("test_password")?,
        created: Wall::from_millis(row.try_get("created_ms")?),
        changed: Wall::from_millis(row.try_get("changed_ms")?),
    })
}

fn levels(id: &AgentId, column: &str, row: &SqliteRow) -> Result<BTreeMap<String, u8>, PeopleError> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|_| damaged(format!("{column} of {id}"), text))
}

pub(super) fn role(of: &impl ToString, name: &str) -> Result<Role, PeopleError> {
    from_name(name).ok_or_else(|| damaged(format!("the role of {}", of.to_string()), name))
}

/// The name of a role, as it stands in records and APIs.
pub(super) fn role_name(role: Role) -> String {
    let name = serde_json::to_value(role).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn from_name<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

fn json(map: &impl Serialize) -> String {
    serde_json::to_string(map).unwrap_or_else(|_| "{}".to_owned())
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
