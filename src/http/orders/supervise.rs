//! `POST /api/v1/agents/{agent}/call/supervise`: listen to, whisper into, barge into a call.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::{AgentId, Part, Role};

/// 监听谁、以何种方式。Whose call, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "agent": "8001", "part": "listening" }))]
pub(in crate::http) struct Supervise {
    /// 被监听的坐席 whose call
    #[schema(value_type = String)]
    agent: AgentId,
    part: PartWish,
}

/// 方式 As what: `listening` 监听 (only hears), `whispering` 密语 (only the agent hears), `barging` 强插 (all hear).
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum PartWish {
    Listening,
    Whispering,
    Barging,
}

impl PartWish {
    const fn part(self) -> Part {
        match self {
            Self::Listening => Part::Listening,
            Self::Whispering => Part::Whispering,
            Self::Barging => Part::Barging,
        }
    }
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/supervise", tag = "orders", operation_id = "supervise",
    summary = "监听、密语、强插 · listen, whisper, barge",
    description = "The supervisor's telephone rings; if he is in that call already, his part changes. Each use stands in the call's record. A token that is bound to nobody names the supervisor in the path.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8100")),
    request_body = Supervise,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn supervise(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Supervise>,
) -> Result<Accepted, Error> {
    caller.at_least(Role::Supervisor)?;
    caller.acts_as(&agent)?;
    app.order(Order::Supervise {
        supervisor: agent,
        agent: wish.agent,
        part: wish.part.part(),
    })
    .await
}
