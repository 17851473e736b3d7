//! `POST /api/v1/agents/{agent}/call/dial`: call somebody.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Accepted, DoneShown, PlaceWish};
use crate::call::Order;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId};

/// 拨给谁。Whom to call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": { "number": "13800001234" } }))]
pub(in crate::http) struct Dial {
    to: PlaceWish,
    /// 所偿还的待回拨 the debt that is paid by it: the id of the call that owes it
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    debt: Option<CallId>,
}

#[utoipa::path(
    post, path = "/agents/{agent}/call/dial", tag = "orders", operation_id = "dial",
    summary = "拨出电话 · call somebody",
    description = "The agent's telephone rings first; when it is answered, the place is called and shown the hotline's number. With `debt`, a reached citizen settles that call-back.",
    params(("agent" = String, Path, description = "坐席账号 who acts", example = "8001")),
    request_body = Dial,
    responses((status = 202, description = "已执行或正在执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn dial(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<Dial>,
) -> Result<Accepted, Error> {
    caller.acts_as(&agent)?;
    app.order(Order::Dial {
        agent,
        to: wish.to.place()?,
        debt: wish.debt,
    })
    .await
}
