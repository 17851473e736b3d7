//! Tokens of the HTTP port: who they speak for, until when. The secret is told once and kept as a hash.

use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::agents::{role, role_name};
use super::{People, PeopleError, damaged};
use crate::kernel::{AgentId, Role, Wall};

/// Tokens at most, ended ones included.
pub const TOKENS_MAX: usize = 10_000;
/// Random octets in a secret.
const SECRET_BYTES: usize = 32;
/// What a secret begins with, so that one that was left lying about is recognised.
const PREFIX: &str = "yihao-";

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id: not secret.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The only agent it may act for, if it is bound to one.
    pub agent: Option<AgentId>,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made: Wall,
    /// When it ends by itself.
    pub expires: Option<Wall>,
    /// When it was ended.
    pub revoked: Option<Wall>,
}

impl Token {
    /// Whether it opens anything.
    pub fn is_good(&self, now: Wall) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|at| now < at)
    }
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The only agent it may act for.
    pub agent: Option<AgentId>,
    /// Who makes it.
    pub made_by: String,
    /// When it ends by itself.
    pub expires: Option<Wall>,
}

const INSERT: &str = "
INSERT INTO tokens (id, hash, name, role, agent, made_by, made_ms, expires_ms)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
WHERE (SELECT count(*) FROM tokens) < ?9 AND (?5 IS NULL OR EXISTS (SELECT 1 FROM agents WHERE id = ?5))";

const FIND: &str = "
SELECT * FROM tokens
WHERE hash = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?2)
    AND (agent IS NULL OR EXISTS (SELECT 1 FROM agents WHERE agents.id = tokens.agent AND enabled = 1))";

impl People {
    /// Makes a token; the second is its secret, told this once.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] agent, [`PeopleError::Full`], or whatever SQLite says.
    pub async fn create_token(&self, new: NewToken, now: Wall) -> Result<(Token, String), PeopleError> {
        let id = random_hex(6)?;
        let secret = format!("{PREFIX}{}", random_hex(SECRET_BYTES)?);
        let token = Token {
            id,
            name: new.name,
            role: new.role,
            agent: new.agent,
            made_by: new.made_by,
            made: now,
            expires: new.expires,
            revoked: None,
        };
        let agent = token.agent.as_ref().map(ToString::to_string);
        let done = sqlx::query(INSERT)
            .bind(token.id.clone())
            .bind(hash(&secret))
            .bind(token.name.clone())
            .bind(role_name(token.role))
            .bind(agent.clone())
            .bind(token.made_by.clone())
            .bind(now.as_millis())
            .bind(token.expires.map(Wall::as_millis))
            .bind(i64::try_from(TOKENS_MAX).unwrap_or(i64::MAX))
            .execute(&self.writer)
            .await?;
        match (done.rows_affected(), agent) {
            (1.., _) => Ok((token, secret)),
            (0, Some(agent)) if self.is_unknown(&agent).await? => Err(PeopleError::Unknown(agent)),
            (0, _) => Err(PeopleError::Full(TOKENS_MAX)),
        }
    }

    /// The token with this secret, if it opens anything now. It is looked up by a hash: the time tells nothing of it.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn find_token(&self, secret: &str, now: Wall) -> Result<Option<Token>, PeopleError> {
        let row = sqlx::query(FIND).bind(hash(secret)).bind(now.as_millis());
        row.fetch_optional(&self.readers).await?.as_ref().map(token).transpose()
    }

    /// All tokens by name, ended ones too.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, PeopleError> {
        let rows = sqlx::query("SELECT * FROM tokens ORDER BY name, made_ms, id");
        rows.fetch_all(&self.readers).await?.iter().map(token).collect()
    }

    /// Ends a token.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] if there is none of this id, or it has been ended before; or whatever SQLite says.
    pub async fn revoke_token(&self, id: &str, now: Wall) -> Result<(), PeopleError> {
        let done = sqlx::query("UPDATE tokens SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL")
            .bind(id.to_owned())
            .bind(now.as_millis())
            .execute(&self.writer)
            .await?;
        match done.rows_affected() {
            0 => Err(PeopleError::Unknown(id.to_owned())),
            _one => Ok(()),
        }
    }

    async fn is_unknown(&self, agent: &str) -> Result<bool, PeopleError> {
        let row = sqlx::query("SELECT 1 FROM agents WHERE id = ?1").bind(agent.to_owned());
        Ok(row.fetch_optional(&self.readers).await?.is_none())
    }
}

fn token(row: &SqliteRow) -> Result<Token, PeopleError> {
    let id: String = row.try_get("id")?;
    let agent: Option<String> = row.try_get("agent")?;
    let agent =
        agent.map(|text| AgentId::parse(&text).ok_or_else(|| damaged(format!("the agent of token {id}"), &text)));
    let at = |column: &str| {
        row.try_get::<Option<i64>, _>(column)
            .map(|ms| ms.map(Wall::from_millis))
    };
    Ok(Token {
        role: role(&id, row.try_get("role")?)?,
        name: row.try_get("name")?,
        agent: agent.transpose()?,
        made_by: row.try_get("made_by")?,
        made: Wall::from_millis(row.try_get("made_ms")?),
        expires: at("expires_ms")?,
        revoked: at("revoked_ms")?,
        id,
    })
}

/// A secret has 256 random bits: one round of a plain hash leaves nothing to guess.
fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn random_hex(bytes: usize) -> Result<String, PeopleError> {
    let mut random = vec![0; bytes];
    OsRng.try_fill_bytes(&mut random).map_err(std::io::Error::other)?;
    Ok(hex(&random))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
