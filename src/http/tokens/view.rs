//! A token as the API tells it: never its secret.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::house::TokenView;
use crate::http::shown::{RoleWord, Times, role};

/// 访问令牌（不含密文）。A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token, example = json!({
    "token": "7f3a", "name": "李伟的工作台", "role": "agent", "agent": "8001",
    "made_at": "2026-11-05T09:30:00.000+08:00", "made_by": "token:admin-token",
    "expires": null, "revoked": null,
}))]
pub(in crate::http) struct TokenShown {
    /// 编号 id
    token: String,
    /// 名称 name for people
    name: String,
    #[schema(value_type = RoleWord)]
    role: &'static str,
    /// 绑定的坐席 the only agent it acts for
    agent: Option<String>,
    /// 建立时间 when it was made
    #[schema(format = DateTime)]
    made_at: String,
    /// 建立人 by whom
    made_by: String,
    /// 到期时间 when it ends by itself
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// 吊销时间 when it was ended
    #[schema(format = DateTime)]
    revoked: Option<String>,
}

impl TokenShown {
    pub(super) fn of(view: &TokenView, times: &Times) -> Self {
        Self {
            token: view.bearer.id.clone(),
            name: view.bearer.name.clone(),
            role: role(view.bearer.role),
            agent: view.bearer.agent.as_ref().map(ToString::to_string),
            made_at: times.tell(view.made_at),
            made_by: view.made_by.clone(),
            expires: view.expires.map(|at| times.tell(at)),
            revoked: view.revoked.map(|at| times.tell(at)),
        }
    }
}
