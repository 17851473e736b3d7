//! `POST /api/v1/agents/{agent}/pause`: take no calls.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::act;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text::code};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Action;

/// 暂停原因。Why no calls are taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "meal" }))]
pub(in crate::http) struct Pause {
    /// 原因代码 reason code: `meal`, `training`, `meeting` …; 1–32 of a–z, 0–9, `_`
    reason: String,
}

#[utoipa::path(
    post, path = "/agents/{agent}/pause", tag = "agents", operation_id = "pause",
    summary = "坐席暂停 · take no calls",
    description = "During a call it is done after it and its wrap-up. Allowed to the agent, and to supervisors, whose name is noted.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    request_body = Pause,
    responses((status = 202, description = "已执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn pause(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Pause>,
) -> Result<Accepted, Error> {
    act(
        &app,
        &caller,
        agent,
        Action::Pause {
            reason: code("原因", &wish.reason)?,
        },
    )
    .await
}
