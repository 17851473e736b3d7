//! `PUT` and `DELETE /api/v1/calls/{call}/hold`: a call's recordings are kept beyond their time, or not any more.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::{App, Error};
use crate::kernel::{CallId, Role};

/// 保全或解除的理由。Why they are kept, or need not be any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "行政复议取证" }))]
pub(in crate::http) struct LegalHold {
    /// 理由，记入通话 reason, noted with the call: a file number, an order; 1–200 characters
    reason: String,
}

#[utoipa::path(
    put, path = "/calls/{call}/hold", tag = "recordings", operation_id = "hold_recordings",
    summary = "保全录音 · keep beyond their time",
    description = "The call's recordings are not deleted when their retention ends, until they are released. Who and why stands in the call's record.",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    request_body = LegalHold,
    responses((status = 204, description = "已保全 kept")),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn hold(
    caller: Caller,
    Name(call): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<LegalHold>,
) -> Result<StatusCode, Error> {
    set(&app, &caller, Role::Supervisor, call, true, &wish).await
}

#[utoipa::path(
    delete, path = "/calls/{call}/hold", tag = "recordings", operation_id = "release_recordings",
    summary = "解除保全 · let them go with the others",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    request_body = LegalHold,
    responses((status = 204, description = "已解除 released")),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn release(
    caller: Caller,
    Name(call): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<LegalHold>,
) -> Result<StatusCode, Error> {
    set(&app, &caller, Role::Admin, call, false, &wish).await
}

async fn set(
    app: &App,
    caller: &Caller,
    least: Role,
    call: CallId,
    on: bool,
    wish: &LegalHold,
) -> Result<StatusCode, Error> {
    caller.at_least(least)?;
    let reason = text::line("理由", &wish.reason, 200)?;
    app.house.records.call(call).await?.ok_or(Error::NotFound)?;
    app.house.records.hold(call, on, &caller.name(), &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
