//! `GET /api/v1/call-backs`: open or settled debts, page by page.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::DebtShown;
use crate::http::access::Caller;
use crate::http::extract::Wish;
use crate::http::house::DebtWish;
use crate::http::{App, Error};
use crate::kernel::CallId;

/// Debts in a page if nobody says how many.
const PAGE: u32 = 50;
/// Debts in a page at most.
const PAGE_MAX: u32 = 500;

/// Which debts.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// 状态 open ones or settled ones, the oldest first
    #[serde(default)]
    #[param(inline)]
    state: DebtState,
    /// 上一页的 `next` the `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<CallId>,
    /// 条数 how many, 1–500; 50 if it is left out
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 状态：open 待回拨，settled 已了结。
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum DebtState {
    #[default]
    Open,
    Settled,
}

/// 一页待回拨。A page of debts.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct DebtPage {
    call_backs: Vec<DebtShown>,
    /// 取下一页时作为 `after` what to give as `after` for the next page; `null`: this was the last
    next: Option<String>,
}

#[utoipa::path(
    get, path = "/call-backs", tag = "call-backs", operation_id = "list_call_backs",
    summary = "列出待回拨 · citizens who are owed a call",
    params(Filter),
    responses((status = 200, description = "一页待回拨", body = DebtPage)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn list(
    _: Caller,
    Wish(filter): Wish<Filter>,
    State(app): State<App>,
) -> Result<Json<DebtPage>, Error> {
    let limit = filter.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Error::Invalid(format!("limit 须为 1 至 {PAGE_MAX}")));
    }
    // One more than asked for tells whether there is a next page.
    let wish = DebtWish {
        settled: filter.state == DebtState::Settled,
        after: filter.after,
        limit: limit + 1,
    };
    let mut debts = app.house.records.debts(wish).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = debts.len() > limit;
    debts.truncate(limit);
    let next = debts.last().filter(|_| more).map(|last| last.call.to_string());
    Ok(Json(DebtPage {
        call_backs: debts.iter().map(|debt| DebtShown::of(debt, &app.times)).collect(),
        next,
    }))
}
