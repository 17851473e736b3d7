//! `POST /api/v1/agents/{agent}/call/mask`: keep private data out of the recording.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 屏蔽或恢复。Keep silence in the recording, or record again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "on": true }))]
pub(in crate::http) struct Mask {
    /// 屏蔽 silence; `false`: record again
    on: bool,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/mask", tag = "orders", operation_id = "mask",
    summary = "录音屏蔽 · keep private data out of the recording",
    description = "While it is on, the recording keeps silence; its length stays true.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = Mask,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn mask(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Mask>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Mask { agent, on: wish.on }).await
}
