//! An agent as the API tells it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::shown::{RoleWord, StatusWord, Times, role, seconds};
use crate::queue::AgentView;

/// 坐席及其当前状态。An agent and what he does now.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent, example = json!({
    "agent": "8001", "name": "李伟", "role": "agent", "status": "paused", "reason": "meal",
    "since": "2026-11-05T09:30:00.000+08:00", "call": null, "until": null, "reachable": true,
    "queues": { "general": 1 }, "skills": { "english": 5 }, "wrap_up_s": null, "talked_today_s": 5400, "calls_today": 31,
}))]
pub(in crate::http) struct AgentShown {
    /// 坐席账号 account
    agent: String,
    /// 姓名 name
    name: String,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    #[schema(value_type = StatusWord)]
    status: &'static str,
    /// 暂停原因 reason of a pause; `no_answer` is put there by the system
    reason: Option<String>,
    /// 当前状态起始 since when
    #[schema(format = DateTime)]
    since: String,
    /// 当前通话 the call
    call: Option<String>,
    /// 话后整理截止 when the wrap-up ends by itself
    #[schema(format = DateTime)]
    until: Option<String>,
    /// 话机是否已注册 whether a telephone is registered
    reachable: bool,
    /// 所属队列及梯次 queues with tier; the lowest is asked first
    queues: BTreeMap<String, u8>,
    /// 技能及等级 skills with level, 1–10
    skills: BTreeMap<String, u8>,
    /// 个人话后整理时长 own wrap-up, seconds, instead of the queue's
    wrap_up_s: Option<u64>,
    /// 今日通话秒数 seconds talked since local midnight
    talked_today_s: u64,
    /// 今日通话数 calls since local midnight
    calls_today: u32,
}

impl AgentShown {
    pub(in crate::http) fn of(view: &AgentView, times: &Times) -> Self {
        Self {
            agent: view.profile.id.to_string(),
            name: view.profile.name.clone(),
            role: role(view.profile.role),
            status: view.status.as_str(),
            reason: view.reason.clone(),
            since: times.tell(view.since),
            call: view.call.map(|call| call.to_string()),
            until: view.until.map(|until| times.tell(until)),
            reachable: view.reachable,
            queues: view.profile.queues.clone(),
            skills: view.profile.skills.clone(),
            wrap_up_s: view.profile.wrap_up.map(seconds),
            talked_today_s: seconds(view.talked_today),
            calls_today: view.calls_today,
        }
    }
}
