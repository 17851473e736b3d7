//! `GET /api/calls?recent=50`: the calls under way and the latest ended ones.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::http::{App, Error, LiveCall, RecentCall};
use crate::kernel::Wall;

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
    let Query(wish) = wish.map_err(|_| Error::Invalid("only ?recent=NUMBER is understood".into()))?;
    let limit = wish.recent.unwrap_or(RECENT_DEFAULT);
    if limit > RECENT_MAX {
        return Err(Error::Invalid(format!("recent must be 0 to {RECENT_MAX}")));
    }
    let zone = TimeZone::get(&app.status.site().time_zone).unwrap_or(TimeZone::UTC);
    let recent = app.status.recent(limit).await?;
    Ok(Json(Calls {
        live: app
            .status
            .live()
            .into_iter()
            .map(|call| Live::of(call, &zone))
            .collect(),
        recent: recent.into_iter().map(|call| Recent::of(call, &zone)).collect(),
    }))
}

impl Live {
    fn of(call: LiveCall, zone: &TimeZone) -> Self {
        Self {
            id: call.id.to_string(),
            from: call.from.masked(),
            to: call.to.masked(),
            hotline: call.hotline,
            since: rfc3339(call.since, zone),
            step: call.step,
        }
    }
}

impl Recent {
    fn of(call: RecentCall, zone: &TimeZone) -> Self {
        Self {
            id: call.id.to_string(),
            from: call.from.masked(),
            to: call.to.masked(),
            hotline: call.hotline,
            at: rfc3339(call.at, zone),
            duration_ms: call.duration_ms,
            ended_by: call.ended_by.as_str(),
            reason: call.reason.as_str(),
        }
    }
}

/// `2026-11-05T09:30:00.000+08:00`
fn rfc3339(at: Wall, zone: &TimeZone) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
        .to_string()
}
