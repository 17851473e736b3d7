//! `POST /api/v1/agents/{agent}/call/pick-up`: take a parked call, or the one that rings at a colleague's.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 接哪一个。Which call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "from": "701" }))]
pub(in crate::http) struct PickUp {
    /// 驻留号或同事账号 the slot, or the colleague's account
    from: String,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/pick-up", tag = "orders", operation_id = "pick_up",
    summary = "代接 · take a parked call, or a colleague's",
    description = "The agent's telephone rings.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = PickUp,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn pick_up(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<PickUp>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::PickUp {
        agent,
        from: text::line("驻留号或同事账号", &wish.from, 32)?,
    })
    .await
}
