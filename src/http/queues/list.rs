//! `GET /api/v1/queues`: all queues at a glance.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::QueueShown;
use crate::http::access::Caller;
use crate::http::{App, Error};

/// 全部队列。All queues by name.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Queues {
    queues: Vec<QueueShown>,
}

#[utoipa::path(
    get, path = "/queues", tag = "queues", operation_id = "list_queues",
    summary = "列出全部队列 · all queues at a glance",
    responses((status = 200, description = "全部队列", body = Queues)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn list(_: Caller, State(app): State<App>) -> Result<Json<Queues>, Error> {
    let picture = app.house.floor.picture().await?;
    Ok(Json(Queues {
        queues: picture.queues.iter().map(QueueShown::of).collect(),
    }))
}
