//! `POST /api/v1/agents/{agent}/call/hold`: hold with music, or come back.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 保持或恢复。Hold, or come back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "on": true }))]
pub(in crate::http) struct Hold {
    /// 保持 on hold; `false`: come back
    on: bool,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/hold", tag = "orders", operation_id = "hold",
    summary = "保持与恢复 · hold with music, or come back",
    description = "The citizen hears music while it is on; the recording goes on.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = Hold,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn hold(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Hold>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Hold { agent, on: wish.on }).await
}
