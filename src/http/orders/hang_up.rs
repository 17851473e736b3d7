//! `POST /api/v1/agents/{agent}/call/hang-up`: end the agent's part.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::AgentId;

#[utoipa::path(
    post, path = "/agents/{agent}/call/hang-up", tag = "orders", operation_id = "hang_up",
    summary = "挂断 · end the agent's part",
    description = "With the agent alone, the citizen goes on to the rating; where a third was asked to join, he stays with the citizen.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn hang_up(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::HangUp { agent }).await
}
