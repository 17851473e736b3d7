//! `POST /api/v1/calls/{call}/outcome`: what came of a call.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name, text};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::{CallId, Role};

/// 处理结果。What came of a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "answered", "note": "已按知识库答复办理材料" }))]
pub(in crate::http) struct Outcome {
    /// 结果代码 code of the catalogue: `answered`, `case`, `callback`, `emergency`, `invalid`, `no_policy` …
    code: String,
    /// 备注 note, up to 1000 characters
    #[serde(default)]
    note: String,
}

#[utoipa::path(
    post, path = "/calls/{call}/outcome", tag = "calls", operation_id = "note_outcome",
    summary = "登记处理结果 · what came of a call",
    description = "Also after the call's end, while the agent writes it up. The last word counts.",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    request_body = Outcome,
    responses((status = 202, description = "已登记 noted", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn outcome(
    caller: Caller,
    Name(call): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<Outcome>,
) -> Result<Accepted, Error> {
    let order = Order::Outcome {
        call,
        code: text::code("结果代码", &wish.code)?,
        note: text::note("备注", &wish.note, 1_000)?,
        by: caller.name(),
    };
    may_note(&caller, call, &app).await?;
    app.order(order).await
}

/// The agent who is in the call or writes it up, before the ledger need know of it; later, who has taken part in it.
async fn may_note(caller: &Caller, call: CallId, app: &App) -> Result<(), Error> {
    if caller.role() >= Role::Supervisor {
        return Ok(());
    }
    let picture = app.house.floor.picture().await?;
    let mine = |agent: &crate::queue::AgentView| agent.call == Some(call) && caller.is(&agent.profile.id);
    if picture.agents.iter().any(mine) {
        return Ok(());
    }
    app.call_for(caller, call).await.map(|_| ())
}
