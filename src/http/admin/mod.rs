//! Admin actions. Each needs a bearer token of the role; a handler that takes `Admin` cannot be reached without it.

mod drain;
mod reload;
mod token;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::access::Caller;
use super::{App, Error};
use crate::kernel::Role;

pub(super) use drain::drain;
pub(super) use reload::reload;
pub use token::Token;

/// Proof that the request carried an administrator's token: the one in the file, or one that was made with it.
pub(super) struct Admin(pub(super) Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.at_least(Role::Admin)?;
        Ok(Self(caller))
    }
}
