//! `GET /api/v1/recordings`: by call, agent and time, page by page.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::RecordingShown;
use crate::http::access::Caller;
use crate::http::calls::time;
use crate::http::extract::{File, Named, Wish};
use crate::http::house::RecordingWish;
use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId, Role};

/// Recordings in a page if nobody says how many.
const PAGE: u32 = 50;
/// Recordings in a page at most.
const PAGE_MAX: u32 = 500;

/// Which recordings. All that is given must hold.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// 通话 of this call
    #[param(value_type = Option<String>)]
    call: Option<CallId>,
    /// 坐席 of calls that this agent spoke in
    #[param(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// 起始时间（含）begun at or after, RFC 3339
    #[param(format = DateTime)]
    from: Option<String>,
    /// 截止时间（不含）begun before, RFC 3339
    #[param(format = DateTime)]
    until: Option<String>,
    /// 上一页的 `next` the `next` of the page before
    after: Option<String>,
    /// 条数 how many, 1–500; 50 if it is left out
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 一页录音。A page of recordings, the latest first.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RecordingPage {
    recordings: Vec<RecordingShown>,
    /// 取下一页时作为 `after` what to give as `after` for the next page; `null`: this was the last
    next: Option<String>,
}

#[utoipa::path(
    get, path = "/recordings", tag = "recordings", operation_id = "list_recordings",
    summary = "列出录音 · recordings, the latest first",
    params(Filter),
    responses((status = 200, description = "一页录音", body = RecordingPage)),
    security(("bearer" = ["supervisor"]))
)]
pub(in crate::http) async fn list(
    caller: Caller,
    Wish(filter): Wish<Filter>,
    State(app): State<App>,
) -> Result<Json<RecordingPage>, Error> {
    caller.at_least(Role::Supervisor)?;
    let limit = filter.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Error::Invalid(format!("limit 须为 1 至 {PAGE_MAX}")));
    }
    let file = |id: String| File::read(&id).ok_or_else(|| Error::Invalid("after 不是录音编号".into()));
    // One more than asked for tells whether there is a next page.
    let wish = RecordingWish {
        call: filter.call,
        agent: filter.agent,
        from: filter.from.as_deref().map(time).transpose()?,
        until: filter.until.as_deref().map(time).transpose()?,
        after: filter.after.map(file).transpose()?.map(|File(file)| file),
        limit: limit + 1,
    };
    let mut found = app.house.records.recordings(wish).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| File::id(&last.file));
    Ok(Json(RecordingPage {
        recordings: found.iter().map(|view| RecordingShown::of(view, &app.times)).collect(),
        next,
    }))
}
