//! `POST /api/v1/agents/{agent}/extend-wrap-up`: more time to write up.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::act;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Action;

/// 延长多少。How much longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "seconds": 60 }))]
pub(in crate::http) struct ExtendWrapUp {
    /// 秒数 seconds, 1–3600
    #[schema(minimum = 1, maximum = 3600)]
    seconds: u32,
}

fn more(seconds: u32) -> Result<Duration, Error> {
    match seconds {
        1..=3_600 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Error::Invalid("延长时间须为 1 至 3600 秒".into())),
    }
}

#[utoipa::path(
    post, path = "/agents/{agent}/extend-wrap-up", tag = "agents", operation_id = "extend_wrap_up",
    summary = "延长话后整理 · more time to write up",
    description = "Up to the queue's longest wrap-up. Allowed to the agent, and to supervisors, whose name is noted.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    request_body = ExtendWrapUp,
    responses((status = 202, description = "已执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn extend_wrap_up(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<ExtendWrapUp>,
) -> Result<Accepted, Error> {
    act(
        &app,
        &caller,
        agent,
        Action::ExtendWrapUp {
            by: more(wish.seconds)?,
        },
    )
    .await
}
