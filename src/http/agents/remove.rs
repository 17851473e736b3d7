//! `DELETE /api/v1/agents/{agent}`: no account any more.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::admin::Admin;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    delete, path = "/agents/{agent}", tag = "accounts", operation_id = "remove_agent",
    summary = "删除坐席账号 · remove an account",
    description = "The agent is signed out, after the call that he is in; his telephones and tokens are refused from now on. His records stay.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8009")),
    responses((status = 204, description = "已删除 removed")),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn remove(
    _: Admin,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    app.house.people.remove(&agent).await??;
    app.gate.changed();
    Ok(StatusCode::NO_CONTENT)
}
