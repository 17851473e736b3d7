//! What stands behind the `?`. Unknown words are refused: a misspelt filter must not show everything.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::{App, Error};

/// The query, read.
pub(in crate::http) struct Wish<T>(pub(in crate::http) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Wish<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(wish)| Self(wish))
            .map_err(|rejection| Error::Invalid(format!("查询参数不符合要求：{}", rejection.body_text())))
    }
}
