//! `POST /api/v1/calls/{call}/reveal`: whole numbers of one call, for a reason that is noted first.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::{App, Error};
use crate::kernel::{CallId, PhoneNumber};

/// 查看理由。Why the whole number is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevealReason, example = json!({ "reason": "回访核实地址" }))]
pub(in crate::http) struct Reason {
    /// 理由，记入通话 the reason, noted with the call; 1–200 characters
    reason: String,
}

/// 完整号码。Whole numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = WholeNumbers, example = json!({ "from": "13800001234", "to": "12345" }))]
pub(in crate::http) struct Numbers {
    /// 主叫 caller
    from: Option<String>,
    /// 被叫 dialled number
    to: Option<String>,
}

#[utoipa::path(
    post, path = "/calls/{call}/reveal", tag = "calls", operation_id = "reveal_numbers",
    summary = "查看完整号码（记入审计）· whole numbers, audited",
    description = "Who looks and why is durable in the call's record (`revealed`) before the answer leaves. From supervisor on for any call; for an agent, the calls that he has taken part in.",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    request_body = Reason,
    responses((status = 200, description = "完整号码", body = Numbers)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn reveal(
    caller: Caller,
    Name(id): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<Reason>,
) -> Result<Json<Numbers>, Error> {
    let reason = text::line("理由", &wish.reason, 200)?;
    let (record, _) = app.call_for(&caller, id).await?;
    let what = format!("number: {reason}");
    app.house.records.note_revealed(id, &caller.name(), &what).await?;
    let whole = |number: PhoneNumber| number.reveal().to_owned();
    Ok(Json(Numbers {
        from: record.from.map(whole),
        to: record.to.map(whole),
    }))
}
