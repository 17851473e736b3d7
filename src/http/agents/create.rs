//! `POST /api/v1/agents`: a new account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::account::AccountWish;
use super::change::AccountShown;
use crate::config::Secret;
use crate::http::admin::Admin;
use crate::http::extract::Body;
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::store::people::check_password;

/// 新坐席。A new account and the password of its telephone.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "agent": "8009", "password": "kV9-pq2!xTz7", "name": "王芳", "role": "agent", "queues": { "general": 1 },
}))]
pub(in crate::http) struct NewAgent {
    /// 坐席账号 account: 1–32 letters, digits, `.`, `_`, `-`
    agent: String,
    /// 话机密码 password of the telephone, 10–128 characters; kept as a hash
    #[schema(value_type = String, format = Password)]
    password: Secret,
    #[serde(flatten)]
    account: AccountWish,
}

#[utoipa::path(
    post, path = "/agents", tag = "accounts", operation_id = "create_agent",
    summary = "新建坐席账号 · a new account",
    description = "The agent can register a telephone and sign in at once.",
    request_body = NewAgent,
    responses((status = 201, description = "已建立 made", body = AccountShown)),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn create(
    _: Admin,
    State(app): State<App>,
    Body(new): Body<NewAgent>,
) -> Result<(StatusCode, Json<AccountShown>), Error> {
    let agent = AgentId::parse(&new.agent)
        .ok_or_else(|| Error::Invalid("坐席账号须为 1 至 32 个字母、数字、点、下划线或连字符".into()))?;
    check_password(agent.as_str(), new.password.expose()).map_err(Error::WeakPassword)?;
    let profile = new.account.profile(agent)?;
    let shown = AccountShown::of(&profile);
    app.house.people.create(profile, new.password).await??;
    Ok((StatusCode::CREATED, Json(shown)))
}
