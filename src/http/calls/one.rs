//! `GET /api/v1/calls/{call}`: one call's record with everything that happened.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::record::RecordShown;
use crate::http::access::Caller;
use crate::http::events::{EventShown, Eyes};
use crate::http::extract::Name;
use crate::http::house::WholeCall;
use crate::http::{App, Error};
use crate::kernel::{AgentId, CallId, EventKind, Role};

/// 通话记录与全部事件。A call's record and its events, in order.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CallWhole {
    record: RecordShown,
    events: Vec<EventShown>,
}

impl App {
    /// A call with its events, if this one may see it: from supervisor on each, an agent those that he has taken part in.
    /// Whether a call exists that he may not see is not told.
    pub(super) async fn call_for(&self, caller: &Caller, call: CallId) -> Result<WholeCall, Error> {
        let found = self.house.records.call(call).await?;
        let supervises = caller.role() >= Role::Supervisor;
        match (found, &caller.bearer().agent) {
            (Some(whole), _) if supervises => Ok(whole),
            (Some(whole), Some(agent)) if took_part(&whole, agent) => Ok(whole),
            (None, _) if supervises => Err(Error::NotFound),
            (Some(_) | None, _) => Err(Error::Forbidden),
        }
    }
}

/// Whether an agent has spoken in a call.
fn took_part((_, events): &WholeCall, agent: &AgentId) -> bool {
    let name = agent.as_str();
    events.iter().any(|(_, event)| {
        matches!(&event.kind,
            EventKind::AnsweredByPerson { agent: who } | EventKind::Joined { who, .. } if who == name)
            || matches!(&event.kind, EventKind::PickedUp { by } if by == agent)
            || matches!(&event.kind, EventKind::Invite { placed_by: Some(by), .. } if by == agent)
    })
}

#[utoipa::path(
    get, path = "/calls/{call}", tag = "calls", operation_id = "get_call",
    summary = "查看通话记录与事件 · one call with its events",
    description = "Also of a call under way. An agent sees the calls that he has taken part in.",
    params(("call" = String, Path, description = "通话编号 id", example = "01KAKBZ2T10000000000000000")),
    responses((status = 200, description = "该通话", body = CallWhole)),
    security(("bearer" = ["agent"]))
)]
pub(in crate::http) async fn one(
    caller: Caller,
    Name(id): Name<CallId>,
    State(app): State<App>,
) -> Result<Json<CallWhole>, Error> {
    let (record, events) = app.call_for(&caller, id).await?;
    let shown = events
        .iter()
        .filter_map(|(seq, event)| EventShown::of(*seq, event, Eyes::Near, &app.times));
    Ok(Json(CallWhole {
        record: RecordShown::of(&record, &app.times),
        events: shown.collect(),
    }))
}
