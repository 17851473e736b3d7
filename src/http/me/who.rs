//! `GET /api/v1/me`: whom the token speaks for.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::shown::{RoleWord, role};

/// 令牌的身份。Whom the token speaks for.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "token": "7f3a", "name": "李伟的工作台", "role": "agent", "agent": "8001" }))]
pub(in crate::http) struct Me {
    /// 令牌编号 id of the token
    token: String,
    /// 令牌名称 its name
    name: String,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// 绑定的坐席 the only agent it acts for
    agent: Option<String>,
}

#[utoipa::path(
    get, path = "/me", tag = "about", operation_id = "who_am_i",
    summary = "令牌的身份 · whom the token speaks for",
    responses((status = 200, description = "令牌的身份", body = Me)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn who(caller: Caller) -> Json<Me> {
    let bearer = caller.bearer();
    Json(Me {
        token: bearer.id.clone(),
        name: bearer.name.clone(),
        role: role(bearer.role),
        agent: bearer.agent.as_ref().map(ToString::to_string),
    })
}
