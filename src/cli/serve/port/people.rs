//! Accounts and tokens.

use super::Operators;
use crate::config::Secret;
use crate::http::Answer;
use crate::http::house::{Account, Bearer, NewToken, People, PeopleError, TokenView};
use crate::kernel::AgentId;
use crate::queue::Profile;

/// Until the store keeps accounts.
fn none<T>() -> Result<T, PeopleError> {
    Err(PeopleError::Away("there are no accounts yet".into()))
}

impl People for Operators {
    fn account<'a>(&'a self, _: &'a AgentId) -> Answer<'a, Option<Account>> {
        Box::pin(async { Ok(None) })
    }
    fn create(&self, _: Profile, _: Secret) -> Answer<'_, Result<(), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
    fn change(&self, _: Profile) -> Answer<'_, Result<(), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
    fn remove<'a>(&'a self, _: &'a AgentId) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
    fn set_password<'a>(&'a self, _: &'a AgentId, _: Secret) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
    fn find_token<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Bearer>> {
        Box::pin(async { Ok(None) })
    }
    fn create_token(&self, _: NewToken) -> Answer<'_, Result<(TokenView, Secret), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
    fn list_tokens(&self) -> Answer<'_, Vec<TokenView>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn revoke_token<'a>(&'a self, _: &'a str) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async { Ok(none()) })
    }
}
