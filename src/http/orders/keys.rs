//! `POST /api/v1/agents/{agent}/call/keys`: press keys, for a unit's menu.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::{App, Error};
use crate::kernel::AgentId;

/// 按键。Which keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "keys": "12#" }))]
pub(in crate::http) struct Keys {
    /// 1–32 of `0`–`9`, `*`, `#`, `A`–`D`
    #[schema(pattern = "^[0-9*#A-Da-d]{1,32}$")]
    keys: String,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/keys", tag = "orders", operation_id = "keys",
    summary = "发送按键 · press keys",
    description = "Keys go to the citizen's side as RFC 4733 events.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = Keys,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn keys(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Keys>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Keys {
        agent,
        keys: text::keys(&wish.keys)?,
    })
    .await
}
