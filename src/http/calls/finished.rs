//! `GET /api/v1/calls`: calls on record, page by page.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record::RecordShown;
use crate::http::access::Caller;
use crate::http::extract::{Wish, text};
use crate::http::house::CallWish;
use crate::http::shown::{EndReasonWord, read_time};
use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId, EndReason, Role, Wall};

/// Calls in a page if nobody says how many.
const PAGE: u32 = 50;
/// Calls in a page at most.
const PAGE_MAX: u32 = 500;

/// Which calls. All that is given must hold.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// 起始时间（含）arrived at or after, RFC 3339
    #[param(format = DateTime, example = "2026-11-05T00:00:00+08:00")]
    from: Option<String>,
    /// 截止时间（不含）arrived before, RFC 3339
    #[param(format = DateTime)]
    until: Option<String>,
    /// 主叫或被叫号码，须完整 the caller's number or the dialled one, whole; from supervisor on
    number: Option<String>,
    /// 热线 hotline
    hotline: Option<String>,
    /// 坐席 somebody who spoke in it
    #[param(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// 结束原因 how it ended
    #[param(value_type = Option<EndReasonWord>)]
    reason: Option<EndReason>,
    /// 排序 by arrival
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// 上一页的 `next` the `next` of the page before: the list goes on behind that call, whatever has come since
    #[param(value_type = Option<String>)]
    after: Option<CallId>,
    /// 条数 how many, 1–500; 50 if it is left out
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 排序：newest 从新到旧，oldest 从旧到新。Order by arrival.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Sort {
    #[default]
    Newest,
    Oldest,
}

/// 一页通话。A page of calls.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CallPage {
    calls: Vec<RecordShown>,
    /// 取下一页时作为 `after` what to give as `after` for the next page; `null`: this was the last
    next: Option<String>,
}

impl Filter {
    fn wish(self) -> Result<CallWish, Error> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Error::Invalid(format!("limit 须为 1 至 {PAGE_MAX}")));
        }
        Ok(CallWish {
            from: self.from.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            number: self.number.map(|number| text::line("号码", &number, 64)).transpose()?,
            hotline: self.hotline.map(|name| text::line("热线", &name, 64)).transpose()?,
            agent: self.agent,
            reason: self.reason,
            oldest_first: self.sort == Sort::Oldest,
            after: self.after,
            limit,
        })
    }
}

/// A time in a query.
pub(in crate::http) fn time(text: &str) -> Result<Wall, Error> {
    read_time(text).ok_or_else(|| Error::Invalid("时间须为 RFC 3339 格式，如 2026-11-05T09:30:00+08:00".into()))
}

#[utoipa::path(
    get, path = "/calls", tag = "calls", operation_id = "list_calls",
    summary = "列出通话记录 · calls on record",
    description = "From the ledger, a moment behind; also calls under way, with `ended_at` `null`. An agent sees the calls that he spoke in.",
    params(Filter),
    responses((status = 200, description = "一页通话", body = CallPage)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn finished(
    caller: Caller,
    Wish(filter): Wish<Filter>,
    State(app): State<App>,
) -> Result<Json<CallPage>, Error> {
    let mut wish = filter.wish()?;
    if caller.role() < Role::Supervisor {
        let own = caller.bearer().agent.clone().ok_or(Error::Forbidden)?;
        let of_others = wish.agent.as_ref().is_some_and(|agent| *agent != own);
        if of_others || wish.number.is_some() {
            return Err(Error::Forbidden);
        }
        wish.agent = Some(own);
    }
    // One more than asked for tells whether there is a next page.
    let limit = usize::try_from(wish.limit).unwrap_or(usize::MAX);
    wish.limit += 1;
    let mut calls = app.house.records.calls(wish).await?;
    let more = calls.len() > limit;
    calls.truncate(limit);
    let next = calls.last().filter(|_| more).map(|last| last.call.to_string());
    Ok(Json(CallPage {
        calls: calls.iter().map(|call| RecordShown::of(call, &app.times)).collect(),
        next,
    }))
}
