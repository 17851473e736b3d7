//! `POST /admin/reload`: plans, calendar and prompts are read again.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Admin;
use crate::http::{App, Error, NotReloaded};

pub(in crate::http) async fn reload(_: Admin, State(app): State<App>) -> Result<Json<Value>, Error> {
    match app.house.control.reload().await {
        Ok(loaded) => {
            tracing::info!(numbers = loaded.numbers, flows = loaded.flows, "reloaded on request");
            Ok(Json(json!({ "numbers": loaded.numbers, "flows": loaded.flows })))
        }
        Err(NotReloaded(problems)) => Err(Error::NotReloaded(problems)),
    }
}
