//! `GET /api/v1/tokens`: all tokens, without their secrets.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::TokenShown;
use crate::http::admin::Admin;
use crate::http::{App, Error};

/// 全部令牌。All tokens by name.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Tokens {
    tokens: Vec<TokenShown>,
}

#[utoipa::path(
    get, path = "/tokens", tag = "tokens", operation_id = "list_tokens",
    summary = "列出访问令牌 · all tokens, without their secrets",
    responses((status = 200, description = "全部令牌", body = Tokens)),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn list(_: Admin, State(app): State<App>) -> Result<Json<Tokens>, Error> {
    let tokens = app.house.people.list_tokens().await?;
    Ok(Json(Tokens {
        tokens: tokens.iter().map(|token| TokenShown::of(token, &app.times)).collect(),
    }))
}
