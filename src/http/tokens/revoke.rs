//! `DELETE /api/v1/tokens/{token}`: ends a token at once.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::admin::Admin;
use crate::http::extract::{Name, TokenId};
use crate::http::{App, Error};

#[utoipa::path(
    delete, path = "/tokens/{token}", tag = "tokens", operation_id = "revoke_token",
    summary = "吊销访问令牌 · end a token at once",
    params(("token" = String, Path, description = "令牌编号 id", example = "7f3a")),
    responses((status = 204, description = "已吊销 ended")),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn revoke(
    _: Admin,
    Name(TokenId(id)): Name<TokenId>,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    app.house.people.revoke_token(&id).await??;
    app.gate.changed();
    Ok(StatusCode::NO_CONTENT)
}
