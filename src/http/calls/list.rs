//! `GET /api/calls?recent=50`: the calls under way and the latest ended ones.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use crate::http::shown::Times;
use crate::http::{App, Error, LiveCall, RecentCall};

/// Ended calls told when none are asked for.
const RECENT_DEFAULT: usize = 50;
/// Ended calls told at most.
const RECENT_MAX: usize = 500;

/// What the address may ask for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wish {
    recent: Option<usize>,
}

/// The answer.
#[derive(Serialize)]
pub(in crate::http) struct Calls {
    live: Vec<Live>,
    recent: Vec<Recent>,
}

/// Masked by construction: `PhoneNumber` itself would be written whole.
#[derive(Serialize)]
struct Live {
    id: String,
    from: String,
    to: String,
    hotline: Option<String>,
    since: String,
    step: Option<String>,
}

#[derive(Serialize)]
struct Recent {
    id: String,
    from: String,
    to: String,
    hotline: Option<String>,
    at: String,
    duration_ms: u64,
    ended_by: &'static str,
    reason: &'static str,
}

pub(in crate::http) async fn list(
    State(app): State<App>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Json<Calls>, Error> {
    let Query(wish) = wish.map_err(|_| Error::Invalid("查询参数只有 recent=条数".into()))?;
    let limit = wish.recent.unwrap_or(RECENT_DEFAULT);
    if limit > RECENT_MAX {
        return Err(Error::Invalid(format!("recent 须为 0 至 {RECENT_MAX}")));
    }
    let recent = app.house.status.recent(limit).await?;
    Ok(Json(Calls {
        live: app
            .house
            .status
            .live()
            .into_iter()
            .map(|call| Live::of(call, &app.times))
            .collect(),
        recent: recent.into_iter().map(|call| Recent::of(call, &app.times)).collect(),
    }))
}

impl Live {
    fn of(call: LiveCall, times: &Times) -> Self {
        Self {
            id: call.id.to_string(),
            from: call.from.masked(),
            to: call.to.masked(),
            hotline: call.hotline,
            since: times.tell(call.since),
            step: call.step,
        }
    }
}

impl Recent {
    fn of(call: RecentCall, times: &Times) -> Self {
        Self {
            id: call.id.to_string(),
            from: call.from.masked(),
            to: call.to.masked(),
            hotline: call.hotline,
            at: times.tell(call.at),
            duration_ms: call.duration_ms,
            ended_by: call.ended_by.as_str(),
            reason: call.reason.as_str(),
        }
    }
}
