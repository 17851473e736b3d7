//! `PUT /api/v1/agents/{agent}/password`: a new password for the agent's telephones.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::config::Secret;
use crate::http::admin::Admin;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::store::people::check_password;

/// 新密码。A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "password": "kV9-pq2!xTz7" }))]
pub(in crate::http) struct NewPassword {
    /// 话机密码 password of the telephone, 10–128 characters; kept as a hash
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

#[utoipa::path(
    put, path = "/agents/{agent}/password", tag = "accounts", operation_id = "set_password",
    summary = "重设话机密码 · a new password for the telephones",
    description = "Telephones that are registered stay so until they register again.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    request_body = NewPassword,
    responses((status = 204, description = "已重设 set")),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn password(
    _: Admin,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(new): Body<NewPassword>,
) -> Result<StatusCode, Error> {
    check_password(agent.as_str(), new.password.expose()).map_err(Error::WeakPassword)?;
    app.house.people.set_password(&agent, new.password).await??;
    Ok(StatusCode::NO_CONTENT)
}
