//! `POST /admin/drain`: no new calls, and a stop when the running ones have ended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use crate::http::App;

pub(in crate::http) async fn drain(_: Admin, State(app): State<App>) -> (StatusCode, Json<Value>) {
    tracing::info!("draining on request");
    app.house.control.drain();
    (
        StatusCode::ACCEPTED,
        Json(json!({ "draining": true, "live_calls": app.house.status.live().len() })),
    )
}
