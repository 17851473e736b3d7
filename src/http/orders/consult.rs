//! `POST /api/v1/agents/{agent}/call/consult`: ask somebody first.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown, PlaceWish};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 咨询谁。Whom to ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": { "queue": "general" } }))]
pub(in crate::http) struct Consult {
    to: PlaceWish,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/consult", tag = "orders", operation_id = "consult",
    summary = "咨询 · ask somebody first",
    description = "The citizen hears music meanwhile. Then `hand-over`, `join` or `drop`.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = Consult,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn consult(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Consult>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Consult {
        agent,
        to: wish.to.place()?,
    })
    .await
}
