//! `POST /api/v1/agents/{agent}/call/send-on`: send the citizen on and leave.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown, PlaceWish};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 转到哪里。Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": { "queue": "general" } }))]
pub(in crate::http) struct SendOn {
    to: PlaceWish,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/send-on", tag = "orders", operation_id = "send_on",
    summary = "盲转 · send the citizen on, unasked",
    description = "To a queue (the total wait is kept), a colleague, or a number outside.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = SendOn,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn send_on(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<SendOn>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::SendOn {
        agent,
        to: wish.to.place()?,
    })
    .await
}
