//! `GET /api/v1/agents/{agent}`: one agent.

use axum::Json;
use axum::extract::State;

use super::view::AgentShown;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    get, path = "/agents/{agent}", tag = "agents", operation_id = "get_agent",
    summary = "查看一个坐席 · one agent",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    responses((status = 200, description = "该坐席", body = AgentShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn one(
    _: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Json<AgentShown>, Error> {
    let picture = app.house.floor.picture().await?;
    let found = picture.agents.iter().find(|view| view.profile.id == agent);
    let found = found.ok_or(Error::NotFound)?;
    Ok(Json(AgentShown::of(found, &app.times)))
}
