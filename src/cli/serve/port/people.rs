//! Accounts and tokens: one file of the store's, which the command line may change as well.

use super::Operators;
use crate::config::Secret;
use crate::engine::clock;
use crate::http::house::{Bearer, NewToken, People, PeopleError, TokenView};
use crate::http::{Answer, Error};
use crate::kernel::AgentId;
use crate::queue::Profile;
use crate::store::people::{self, AgentWish, Credentials, Token};

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn refused(error: people::PeopleError) -> PeopleError {
    match error {
        people::PeopleError::Exists(_) => PeopleError::Exists,
        people::PeopleError::Unknown(_) => PeopleError::Unknown,
        people::PeopleError::Full(_) => PeopleError::Full,
        people::PeopleError::Database(_)
        | people::PeopleError::Migration(_)
        | people::PeopleError::File(_)
        | people::PeopleError::Damaged { .. } => PeopleError::Away(error.to_string()),
    }
}

fn away(error: people::PeopleError) -> Error {
    refused(error).into()
}

fn bearer(token: &Token) -> Bearer {
    Bearer {
        id: token.id.clone(),
        name: token.name.clone(),
        role: token.role,
        agent: token.agent.clone(),
    }
}

fn view(token: &Token) -> TokenView {
    TokenView {
        bearer: bearer(token),
        made_at: token.made,
        made_by: token.made_by.clone(),
        expires: token.expires,
        revoked: token.revoked,
    }
}

impl Operators {
    /// What came of a change of agents; if it was made, the registrar and the floor know it when this returns.
    async fn told(&self, done: Result<(), people::PeopleError>) -> Result<Result<(), PeopleError>, Error> {
        if let Err(error) = done {
            return Ok(Err(refused(error)));
        }
        if let Err(error) = self.handle.people_changed().await {
            // It is made; they look again by themselves.
            tracing::warn!(%error, "a change of agents is told a moment later");
        }
        self.forget_picture().await;
        Ok(Ok(()))
    }

    fn credentials(&self, agent: &AgentId, password: &Secret) -> Credentials {
        Credentials::of(agent, &self.handle.config().registrar.realm, password.expose())
    }
}

impl People for Operators {
    fn create(&self, profile: Profile, password: Secret) -> Answer<'_, Result<(), PeopleError>> {
        Box::pin(async move {
            let credentials = self.credentials(&profile.id, &password);
            let wish = AgentWish { profile, credentials };
            self.told(self.handle.people().create_agents(vec![wish], clock::wall()).await)
                .await
        })
    }

    fn change(&self, profile: Profile) -> Answer<'_, Result<(), PeopleError>> {
        Box::pin(async move {
            self.told(self.handle.people().change_agent(profile, clock::wall()).await)
                .await
        })
    }

    fn remove<'a>(&'a self, agent: &'a AgentId) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async move {
            self.told(self.handle.people().remove_agent(agent, clock::wall()).await)
                .await
        })
    }

    fn set_password<'a>(&'a self, agent: &'a AgentId, password: Secret) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async move {
            let credentials = self.credentials(agent, &password);
            let set = self.handle.people().set_password(agent, credentials, clock::wall());
            self.told(set.await).await
        })
    }

    fn find_token<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Bearer>> {
        Box::pin(async move {
            let found = self.handle.people().find_token(token, clock::wall()).await;
            Ok(found.map_err(away)?.as_ref().map(bearer))
        })
    }

    fn create_token(&self, new: NewToken) -> Answer<'_, Result<(TokenView, Secret), PeopleError>> {
        Box::pin(async move {
            let wish = people::NewToken {
                name: new.name,
                role: new.role,
                agent: new.agent,
                made_by: new.by,
                expires: new.expires,
            };
            let made = self.handle.people().create_token(wish, clock::wall()).await;
            Ok(made
                .map(|(token, secret)| (view(&token), Secret::new(secret)))
                .map_err(refused))
        })
    }

    fn list_tokens(&self) -> Answer<'_, Vec<TokenView>> {
        Box::pin(async {
            let tokens = self.handle.people().list_tokens().await.map_err(away)?;
            Ok(tokens.iter().map(view).collect())
        })
    }

    fn revoke_token<'a>(&'a self, id: &'a str) -> Answer<'a, Result<(), PeopleError>> {
        Box::pin(async move {
            let revoked = self.handle.people().revoke_token(id, clock::wall()).await;
            Ok(revoked.map_err(refused))
        })
    }
}
