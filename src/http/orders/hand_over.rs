//! `POST /api/v1/agents/{agent}/call/hand-over`: the one who was consulted takes the citizen over.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    post, path = "/agents/{agent}/call/hand-over", tag = "orders", operation_id = "hand_over",
    summary = "咨询后转移 · the one consulted takes over",
    description = "The agent leaves.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn hand_over(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::HandOver { agent }).await
}
