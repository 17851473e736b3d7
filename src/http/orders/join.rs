//! `POST /api/v1/agents/{agent}/call/join`: the one who was consulted joins.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    post, path = "/agents/{agent}/call/join", tag = "orders", operation_id = "join",
    summary = "三方通话 · all three speak",
    description = "The one who was consulted joins (GB/T 33358 §3.7).",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn join(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Join { agent }).await
}
