//! `POST /api/v1/agents/{agent}/call/drop`: the third leaves.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    post, path = "/agents/{agent}/call/drop", tag = "orders", operation_id = "drop_third",
    summary = "退出第三方 · the third leaves",
    description = "The third, or the one who is being consulted, leaves; the agent is with the citizen again.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn drop_third(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Drop { agent }).await
}
