//! `GET /api/v1/registrations`: which telephones are registered, and where.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::access::Caller;
use crate::http::{App, Error};
use crate::kernel::Role;

/// 全部注册。All registered telephones, by account.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Registrations {
    registrations: Vec<RegistrationShown>,
}

/// 一部已注册的话机。A registered telephone.
#[derive(Serialize, ToSchema)]
#[schema(as = Registration, example = json!({
    "user": "8001", "contact": "sip:8001@192.0.2.7:5060", "from": "udp 192.0.2.7:5060", "user_agent": "softphone",
    "expires": "2026-11-05T09:40:00.000+08:00",
}))]
pub(in crate::http) struct RegistrationShown {
    /// 账号 account
    user: String,
    /// 话机自报的地址 its Contact
    contact: String,
    /// 注册请求的来源 where its REGISTER came from
    from: String,
    /// 话机型号 its User-Agent, as it says itself
    user_agent: String,
    /// 到期 when the registration ends
    #[schema(format = DateTime)]
    expires: String,
}

#[utoipa::path(
    get, path = "/registrations", tag = "registrations", operation_id = "list_registrations",
    summary = "列出已注册的话机 · registered telephones",
    responses((status = 200, description = "全部注册", body = Registrations)),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<Registrations>, Error> {
    caller.at_least(Role::Supervisor)?;
    let picture = app.house.floor.picture().await?;
    let shown = picture.registrations.iter().map(|phone| RegistrationShown {
        user: phone.user.clone(),
        contact: phone.contact.clone(),
        from: phone.from.clone(),
        user_agent: phone.user_agent.clone(),
        expires: app.times.tell(phone.expires),
    });
    Ok(Json(Registrations {
        registrations: shown.collect(),
    }))
}
