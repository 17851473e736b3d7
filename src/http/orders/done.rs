//! What an order brought, as the API tells it; and the one way from a handler to the exchange.

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::{Done, Order};
use crate::http::{App, Error};

/// 已接受。What was begun. What follows (the colleague answers, the line is busy) is told by events.
#[derive(Serialize, ToSchema)]
#[schema(as = Done, example = json!({ "call": "01KAKBZ2T10000000000000000", "slot": "701" }))]
pub(in crate::http) struct DoneShown {
    /// 新建或驻留的通话 the call that was begun, or parked
    call: Option<String>,
    /// 驻留号 its slot, if it was parked
    slot: Option<String>,
}

/// Status and body of every order's answer.
pub(in crate::http) type Accepted = (StatusCode, Json<DoneShown>);

impl App {
    /// Hands the order on.
    pub(in crate::http) async fn order(&self, order: Order) -> Result<Accepted, Error> {
        let done = self.house.floor.order(order).await?.map_err(Error::Denied)?;
        let shown = match done {
            Done::Accepted => DoneShown { call: None, slot: None },
            Done::Call { call, slot } => DoneShown {
                call: Some(call.to_string()),
                slot,
            },
        };
        Ok((StatusCode::ACCEPTED, Json(shown)))
    }
}
