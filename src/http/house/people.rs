//! Accounts and tokens as the port sees them. Secrets go through here once, on their way to a hash.

use crate::config::Secret;
use crate::http::{Answer, Error};
use crate::kernel::{AgentId, Role, Wall};
use crate::queue::Profile;

/// Whom a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token's id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The only agent it may act for, if it is bound to one.
    pub agent: Option<AgentId>,
}

/// A token as a list shows it: never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Whom it speaks for.
    pub bearer: Bearer,
    /// When it was made.
    pub made_at: Wall,
    /// By whom.
    pub made_by: String,
    /// When it ends by itself.
    pub expires: Option<Wall>,
    /// When it was ended.
    pub revoked: Option<Wall>,
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
    pub by: String,
    /// When it ends by itself.
    pub expires: Option<Wall>,
}

/// Why the accounts could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// There is one of this name.
    #[error("there is one of this name")]
    Exists,
    /// There is none.
    #[error("there is none of this name")]
    Unknown,
    /// No more of them.
    #[error("no more of them")]
    Full,
    /// The database does not answer.
    #[error("{0}")]
    Away(String),
}

impl From<PeopleError> for Error {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Exists => Self::Exists,
            PeopleError::Unknown => Self::NotFound,
            PeopleError::Full => Self::Full,
            PeopleError::Away(cause) => Self::LedgerAway(cause),
        }
    }
}

/// The way to accounts and tokens. What is answered with `Ok` is durable, and the floor and the registrar know it.
pub trait People: Send + Sync {
    /// A new account, with the password of its telephone.
    fn create(&self, profile: Profile, password: Secret) -> Answer<'_, Result<(), PeopleError>>;
    /// The account as it is from now on.
    fn change(&self, profile: Profile) -> Answer<'_, Result<(), PeopleError>>;
    /// No account any more; its tokens are gone with it.
    fn remove<'a>(&'a self, agent: &'a AgentId) -> Answer<'a, Result<(), PeopleError>>;
    /// A new password for its telephones.
    fn set_password<'a>(&'a self, agent: &'a AgentId, password: Secret) -> Answer<'a, Result<(), PeopleError>>;

    /// Whom a token speaks for. It is looked up by a hash, so the time tells nothing of it.
    fn find_token<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Bearer>>;
    /// Makes one; the secret is told this once.
    fn create_token(&self, new: NewToken) -> Answer<'_, Result<(TokenView, Secret), PeopleError>>;
    /// All of them by name, ended ones too.
    fn list_tokens(&self) -> Answer<'_, Vec<TokenView>>;
    /// Ends one.
    fn revoke_token<'a>(&'a self, id: &'a str) -> Answer<'a, Result<(), PeopleError>>;
}
