//! `POST /api/v1/agents/{agent}/sign-in`: come to work.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::act;
use crate::http::access::Caller;
use crate::http::extract::{Body, Name};
use crate::http::orders::{Accepted, DoneShown};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Action;

/// 签入方式。How to come to work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ready": true }))]
pub(in crate::http) struct SignIn {
    /// 签入后立即置闲 free at once; otherwise paused until `ready`
    #[serde(default)]
    ready: bool,
}

#[utoipa::path(
    post, path = "/agents/{agent}/sign-in", tag = "agents", operation_id = "sign_in",
    summary = "坐席签入 · sign in",
    description = "Paused until `ready`, unless the body says `ready: true`. Allowed to the agent, and to supervisors, whose name is noted.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    request_body = SignIn,
    responses((status = 202, description = "已执行 done, or under way", body = DoneShown)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn sign_in(
    caller: Caller,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<SignIn>,
) -> Result<Accepted, Error> {
    act(&app, &caller, agent, Action::SignIn { ready: wish.ready }).await
}
