//! `PUT /api/v1/agents/{agent}`: the account as it is from now on.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::account::AccountWish;
use crate::http::admin::Admin;
use crate::http::extract::{Body, Name};
use crate::http::shown::{RoleWord, role, seconds};
use crate::http::{App, Error};
use crate::kernel::AgentId;
use crate::queue::Profile;

/// 坐席资料。An account as it is kept.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AccountShown {
    /// 坐席账号 account
    agent: String,
    /// 姓名 name
    name: String,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// 所属队列及梯次 queues with tier
    queues: BTreeMap<String, u8>,
    /// 技能及等级 skills with level
    skills: BTreeMap<String, u8>,
    /// 个人话后整理时长 own wrap-up, seconds
    wrap_up_s: Option<u64>,
}

impl AccountShown {
    pub(super) fn of(profile: &Profile) -> Self {
        Self {
            agent: profile.id.to_string(),
            name: profile.name.clone(),
            role: role(profile.role),
            queues: profile.queues.clone(),
            skills: profile.skills.clone(),
            wrap_up_s: profile.wrap_up.map(seconds),
        }
    }
}

#[utoipa::path(
    put, path = "/agents/{agent}", tag = "accounts", operation_id = "change_agent",
    summary = "修改坐席资料 · change an account",
    description = "The whole account is replaced; what is left out is taken away. The password stays. A call in progress is not disturbed.",
    params(("agent" = String, Path, description = "坐席账号 account", example = "8001")),
    request_body = AccountWish,
    responses((status = 200, description = "已修改 changed", body = AccountShown)),
    security(("bearer" = ["admin"]))
)]
pub(in crate::http) async fn change(
    _: Admin,
    Name(agent): Name<AgentId>,
    State(app): State<App>,
    Body(wish): Body<AccountWish>,
) -> Result<Json<AccountShown>, Error> {
    let profile = wish.profile(agent)?;
    let shown = AccountShown::of(&profile);
    app.house.people.change(profile).await??;
    app.gate.changed();
    Ok(Json(shown))
}
