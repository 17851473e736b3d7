//! `GET /api/v1/queues/{queue}`: one queue and who waits in it, in order.

use axum::Json;
use axum::extract::State;

use super::view::QueueWhole;
use crate::http::access::Caller;
use crate::http::extract::{Name, Queue};
use crate::http::{App, Error};

#[utoipa::path(
    get, path = "/queues/{queue}", tag = "queues", operation_id = "get_queue",
    summary = "查看一个队列及等待者 · one queue, its callers in order",
    params(("queue" = String, Path, description = "队列名称 name", example = "general")),
    responses((status = 200, description = "该队列", body = QueueWhole)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn one(
    _: Caller,
    Name(Queue(name)): Name<Queue>,
    State(app): State<App>,
) -> Result<Json<QueueWhole>, Error> {
    let picture = app.house.floor.picture().await?;
    let found = picture.queues.iter().find(|view| view.name == name);
    Ok(Json(QueueWhole::of(found.ok_or(Error::NotFound)?, &app.times)))
}
