//! `GET /readyz`: 200 when calls can be taken, else 503 with every reason.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::App;

pub(in crate::http) async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let reasons = app.house.status.readiness().reasons();
    let status = if reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons })))
}
