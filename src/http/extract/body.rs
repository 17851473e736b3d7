//! A JSON body. Nothing at all means `{}`; depth is bounded by serde_json, size by the router.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use crate::http::{App, Error};

/// The body, read.
pub(in crate::http) struct Body<T>(pub(in crate::http) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_json = kind.and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or(kind).trim();
            kind.eq_ignore_ascii_case("application/json")
        });
        let bytes =
            Bytes::from_request(request, app)
                .await
                .map_err(|rejection| match rejection.into_response().status() {
                    axum::http::StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
                    _ => Error::Invalid("请求内容没有收全：请重试".into()),
                })?;
        let bytes = match (bytes.is_empty(), is_json) {
            (true, _) => Bytes::from_static(b"{}"),
            // A form of another site's page can be sent without asking; JSON cannot.
            (false, false) => return Err(Error::MediaType),
            (false, true) => bytes,
        };
        let read = serde_json::from_slice(&bytes);
        read.map(Self)
            .map_err(|error| Error::Invalid(format!("请求内容不符合要求：{error}")))
    }
}
