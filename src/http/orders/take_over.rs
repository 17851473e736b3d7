//! `POST /api/v1/agents/{agent}/call/take-over`: the supervisor takes the call over.

use axum::extract::State;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::{App, Error};
use crate::kernel::{AgentId, Role};

#[utoipa::path(
    post, path = "/agents/{agent}/call/take-over", tag = "orders", operation_id = "take_over",
    summary = "接管 · take the call over",
    description = "The supervisor, already in the call, takes it over; the agent leaves.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8100")),
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn take_over(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
) -> Result<Accepted, Error> {
    caller.at_least(Role::Supervisor)?;
    caller.acts_as(&agent)?;
    app.order(Order::TakeOver { supervisor: agent }).await
}
