//! `POST /api/v1/tokens`: a new token. Its secret is told this once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::TokenShown;
use crate::http::admin::Admin;
use crate::http::calls::time;
use crate::http::extract::{Body, text};
use crate::http::house::NewToken;
use crate::http::shown::RoleWord;
use crate::http::{App, Error};
use crate::kernel::{AgentId, Role};

/// 新令牌。A token that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken, example = json!({ "name": "李伟的工作台", "role": "agent", "agent": "8001" }))]
pub(in crate::http) struct TokenWish {
    /// 名称 name for people, 1–64 characters
    name: String,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// 绑定的坐席 the only agent it acts for. Without one, an `agent` token may only look (a wallboard), and a `supervisor`
    /// or `admin` token may act for anybody (a program of the house)
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// 到期时间 when it ends by itself, RFC 3339; never, if it is left out
    #[serde(default)]
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// 已建立的令牌。The token that was made.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TokenMade {
    #[serde(flatten)]
    token: TokenShown,
    /// 令牌密文，仅此一次显示 the secret; it is kept as a hash and never told again
    secret: String,
}

#[utoipa::path(
    post, path = "/tokens", tag = "tokens", operation_id = "create_token",
    summary = "建立访问令牌 · a new token",
    description = "The secret is told this once. A token that is bound to an agent acts for him alone.",
    request_body = TokenWish,
    responses((status = 201, description = "已建立 made", body = TokenMade)),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn create(
    Admin(caller): Admin,
    State(app): State<App>,
    Body(wish): Body<TokenWish>,
) -> Result<(StatusCode, Json<TokenMade>), Error> {
    let new = NewToken {
        name: text::line("令牌名称", &wish.name, 64)?,
        role: wish.role,
        agent: wish.agent,
        by: caller.name(),
        expires: wish.expires.as_deref().map(time).transpose()?,
    };
    let (view, secret) = app.house.people.create_token(new).await??;
    let made = TokenMade {
        token: TokenShown::of(&view, &app.times),
        secret: secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}
