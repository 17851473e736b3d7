//! `PUT` and `DELETE /api/v1/recordings/{recording}/hold`: kept beyond its time, or not any more.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::extract::{Body, File, Name, text};
use crate::http::{App, Error};
use crate::kernel::Role;

/// 保全理由。Why it is kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "行政复议取证" }))]
pub(in crate::http) struct LegalHold {
    /// 理由 reason, 1–200 characters
    reason: String,
}

#[utoipa::path(
    put, path = "/recordings/{recording}/hold", tag = "recordings", operation_id = "hold_recording",
    summary = "保全录音 · keep beyond its time",
    description = "It is not deleted when its retention ends, until it is released. Who and why is noted.",
    params(("recording" = String, Path, description = "录音编号 id", example = "call~01KAKBZ2T10000000000000000-1.wav")),
    request_body = LegalHold,
    responses((status = 204, description = "已保全 kept")),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn hold(
    caller: Caller,
    Name(File(file)): Name<File>,
    State(app): State<App>,
    Body(wish): Body<LegalHold>,
) -> Result<StatusCode, Error> {
    caller.at_least(Role::Supervisor)?;
    let reason = text::line("理由", &wish.reason, 200)?;
    set(&app, &file, Some(&reason), &caller).await
}

#[utoipa::path(
    delete, path = "/recordings/{recording}/hold", tag = "recordings", operation_id = "release_recording",
    summary = "解除保全 · let it go with the others",
    params(("recording" = String, Path, description = "录音编号 id", example = "call~01KAKBZ2T10000000000000000-1.wav")),
    responses((status = 204, description = "已解除 released")),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn release(
    caller: Caller,
    Name(File(file)): Name<File>,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    caller.at_least(Role::Admin)?;
    set(&app, &file, None, &caller).await
}

async fn set(app: &App, file: &str, reason: Option<&str>, caller: &Caller) -> Result<StatusCode, Error> {
    match app.house.records.hold(file, reason, &caller.name()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::NotFound),
    }
}
