//! `GET /api/v1/snapshot`: what a page shows first. Then it follows `/api/v1/events?after=SEQ`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::agents::AgentShown;
use crate::http::call_backs::DebtShown;
use crate::http::calls::LiveShown;
use crate::http::house::DebtView;
use crate::http::queues::QueueWhole;
use crate::http::{App, Error};

/// 快照。Everything of one moment.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Snapshot {
    /// 快照所含的最后事件 every event up to this one is in the snapshot; follow `/api/v1/events?after=` it. Some later ones may be
    /// in it too: an event tells a state whole, so to apply one twice does no harm
    seq: u64,
    /// 快照时间 when it was taken
    #[schema(format = DateTime)]
    at: String,
    /// 全部坐席 all agents
    agents: Vec<AgentShown>,
    /// 全部队列及等待者 all queues with their callers
    queues: Vec<QueueWhole>,
    /// 进行中的通话 calls under way
    calls: Vec<LiveShown>,
    /// 待回拨 open debts
    call_backs: Vec<DebtShown>,
}

#[utoipa::path(
    get, path = "/snapshot", tag = "events", operation_id = "take_snapshot",
    summary = "快照 · everything of one moment",
    responses((status = 200, description = "快照", body = Snapshot)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn take(_: Caller, State(app): State<App>) -> Result<Json<Snapshot>, Error> {
    let picture = app.house.floor.picture().await?;
    let debts = picture.debts.iter().map(DebtView::open);
    Ok(Json(Snapshot {
        seq: picture.seq,
        at: app.times.tell(picture.at),
        agents: picture
            .agents
            .iter()
            .map(|view| AgentShown::of(view, &app.times))
            .collect(),
        queues: picture
            .queues
            .iter()
            .map(|view| QueueWhole::of(view, &app.times))
            .collect(),
        calls: picture
            .calls
            .iter()
            .map(|call| LiveShown::of(call, &picture, &app.times))
            .collect(),
        call_backs: debts.map(|debt| DebtShown::of(&debt, &app.times)).collect(),
    }))
}
