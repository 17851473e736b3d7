//! `POST /api/v1/agents/{agent}/sign-out`: go home.

use axum::extract::State;

use super::act::act;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Action;

#[utoipa::path(
    post, path = "/agents/{agent}/sign-out", tag = "agents", operation_id = "sign_out",
    summary = "坐席签出 · sign out",
    description = "During a call it is done after it. Allowed to the agent, and to supervisors, whose name is noted.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    responses((status = 202, description = "已执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn sign_out(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    act(&app, &caller, agent, Action::SignOut).await
}
