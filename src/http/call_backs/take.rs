//! `POST /api/v1/call-backs/{call}/take`: an agent calls the citizen back.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::{Order, Place};
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId};

/// 由谁回拨。Who calls back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "agent": "8001" }))]
pub(in crate::http) struct Take {
    /// 坐席账号 account; whom the token is bound to, if it is left out
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<AgentId>,
}

#[utoipa::path(
    post, path = "/call-backs/{call}/take", tag = "call-backs", operation_id = "take_call_back",
    summary = "领取并回拨 · call the citizen back",
    description = "The agent's telephone rings first, then the citizen is called and shown the hotline's number. When he is reached, the debt is settled.",
    params(("call" = String, Path, description = "欠下回拨的通话 the call that owes it", example = "01KAKBZ2T10000000000000000")),
    request_body = Take,
    responses((status = 202, description = "正在呼叫 under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn take(
    caller: Caller,
    Name(call): Name<CallId>,
    State(app): State<App>,
    Body(wish): Body<Take>,
) -> Result<Accepted, Error> {
    let agent = wish.agent.or_else(|| caller.bearer().agent.clone());
    let agent = agent.ok_or_else(|| Error::Invalid("请写明由哪个坐席回拨：agent".into()))?;
    caller.acts_as(&agent)?;
    let picture = app.house.floor.picture().await?;
    let debt = picture.debts.iter().find(|debt| debt.call == call);
    let debt = debt.ok_or(Error::NotFound)?;
    app.order(Order::Dial {
        agent,
        to: Place::Number(debt.number.clone()),
        debt: Some(call),
    })
    .await
}
