//! `GET /api/v1/calls/live` and `/api/v1/calls/live/{call}`: calls under way, with who serves them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::extract::Name;
use crate::http::house::Picture;
use crate::http::shown::{StatusWord, Times};
use crate::http::{App, Error, LiveCall};
use crate::kernel::CallId;

/// 全部通话。All calls under way, the oldest first.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LiveCalls {
    calls: Vec<LiveShown>,
}

/// 进行中的通话。A call under way.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveCall, example = json!({
    "call": "01KAKBZ2T10000000000000000", "from": "138****1234", "to": "12345", "hotline": "政务服务热线",
    "since": "2026-11-05T09:30:00.000+08:00", "step": "main.queue", "queue": null,
    "agents": [{ "agent": "8001", "status": "talking" }],
}))]
pub(in crate::http) struct LiveShown {
    /// 编号 id
    call: String,
    /// 来电号码（打码）caller, masked
    from: String,
    /// 被叫号码 dialled number
    to: String,
    /// 热线 hotline of that number
    hotline: Option<String>,
    /// 到达时间 when it arrived
    #[schema(format = DateTime)]
    since: String,
    /// 流程位置 where it is in the plan, `flow.step`
    step: Option<String>,
    /// 正在等待的队列 the queue that it waits in
    queue: Option<String>,
    /// 与此通话有关的坐席 agents who are in it, are offered it, or write it up
    agents: Vec<BusyAgent>,
}

/// 与通话有关的坐席。An agent and what he does with the call.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BusyAgent {
    /// 坐席账号 account
    agent: String,
    #[schema(value_type = StatusWord)]
    status: &'static str,
}

impl LiveShown {
    pub(in crate::http) fn of(call: &LiveCall, picture: &Picture, times: &Times) -> Self {
        let waits_in = |queue: &&crate::queue::QueueView| queue.waiting.iter().any(|(id, ..)| *id == call.id);
        let busy = picture.agents.iter().filter(|agent| agent.call == Some(call.id));
        Self {
            call: call.id.to_string(),
            from: call.from.masked(),
            to: call.to.masked(),
            hotline: call.hotline.clone(),
            since: times.tell(call.since),
            step: call.step.clone(),
            queue: picture.queues.iter().find(waits_in).map(|queue| queue.name.clone()),
            agents: busy
                .map(|agent| BusyAgent {
                    agent: agent.profile.id.to_string(),
                    status: agent.status.as_str(),
                })
                .collect(),
        }
    }
}

#[utoipa::path(
    get, path = "/calls/live", tag = "calls", operation_id = "list_live_calls",
    summary = "列出进行中的通话 · calls under way",
    responses((status = 200, description = "进行中的通话", body = LiveCalls)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn all(_: Caller, State(app): State<App>) -> Result<Json<LiveCalls>, Error> {
    let picture = app.house.floor.picture().await?;
    let calls = picture.calls.iter();
    Ok(Json(LiveCalls {
        calls: calls.map(|call| LiveShown::of(call, &picture, &app.times)).collect(),
    }))
}

#[utoipa::path(
    get, path = "/calls/live/{call}", tag = "calls", operation_id = "get_live_call",
    summary = "查看一个进行中的通话 · one call under way",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    responses((status = 200, description = "该通话", body = LiveShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn one(
    _: Caller,
    Name(id): Name<CallId>,
    State(app): State<App>,
) -> Result<Json<LiveShown>, Error> {
    let picture = app.house.floor.picture().await?;
    let found = picture.calls.iter().find(|call| call.id == id);
    Ok(Json(LiveShown::of(found.ok_or(Error::NotFound)?, &picture, &app.times)))
}
