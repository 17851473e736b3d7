//! `GET /api/v1/agents`: all agents and what they do.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::AgentShown;
use crate::http::access::Caller;
use crate::http::{App, Error};

/// 全部坐席。All agents by account.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Agents {
    agents: Vec<AgentShown>,
}

#[utoipa::path(
    get, path = "/agents", tag = "agents", operation_id = "list_agents",
    summary = "列出全部坐席 · all agents and what they do",
    responses((status = 200, description = "全部坐席", body = Agents)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn list(_: Caller, State(app): State<App>) -> Result<Json<Agents>, Error> {
    let picture = app.house.floor.picture().await?;
    let agents = picture.agents.iter().map(|agent| AgentShown::of(agent, &app.times));
    Ok(Json(Agents {
        agents: agents.collect(),
    }))
}
