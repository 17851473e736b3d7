//! `POST /api/v1/agents/{agent}/call/park`: park the citizen with music.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    post, path = "/agents/{agent}/call/park", tag = "orders", operation_id = "park",
    summary = "驻留 · park the citizen with music",
    description = "The answer names the slot, from which anybody may pick the call up.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn park(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Park { agent }).await
}
