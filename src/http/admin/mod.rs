//! Admin actions. Each needs the bearer token; a handler that takes `Admin` cannot be reached without it.

mod drain;
mod reload;
mod token;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::{App, Error};

pub(super) use drain::drain;
pub(super) use reload::reload;
pub use token::Token;

/// Proof that the request carried the admin token.
pub(super) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let value = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (scheme, token) = value
            .and_then(|value| value.split_once(' '))
            .ok_or(Error::Unauthorized)?;
        let right = scheme.eq_ignore_ascii_case("bearer") && app.token.matches(token.trim());
        if right { Ok(Self) } else { Err(Error::Unauthorized) }
    }
}
