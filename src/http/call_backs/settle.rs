//! `POST /api/v1/call-backs/{call}/settle`: a debt needs no call any more, because somebody decided.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::{CallId, Role};

/// 了结说明。Why no call is needed any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "来电人已在大厅办结" }))]
pub(in crate::http) struct Settle {
    /// 说明，记入通话 why, noted with the call; 1–500 characters
    note: String,
}

#[utoipa::path(
    post, path = "/call-backs/{call}/settle", tag = "call-backs", operation_id = "settle_call_back",
    summary = "人工了结待回拨 · settle without a call",
    description = "The decision, its reason and who decided stand in the call's record.",
    params(("call" = String, Path, description = "欠下回拨的通话 the call that owes it", example = "01KAKBZ2T10000000000000000")),
    request_body = Settle,
    responses((status = 202, description = "已了结 settled", body = DoneShown)),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn settle(
    caller: Caller,
    Name(debt): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<Settle>,
) -> Result<Accepted, Error> {
    caller.at_least(Role::Supervisor)?;
    app.order(Order::SettleDebt {
        debt,
        note: text::line("了结说明", &wish.note, 500)?,
        by: caller.name(),
    })
    .await
}
