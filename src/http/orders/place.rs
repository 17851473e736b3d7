//! Where a call can be sent, as the API asks for it.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Place;
use crate::http::Error;
use crate::http::extract::text;
use crate::kernel::AgentId;

/// 去向。Where to: exactly one of `queue`, `agent`, `number`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Place)]
pub(in crate::http) enum PlaceWish {
    /// 队列 a queue
    Queue(String),
    /// 坐席 a colleague
    #[schema(value_type = String)]
    Agent(AgentId),
    /// 外线号码 a number outside, by the routes of the configuration: digits, `*`, `#`, a `+` before them
    Number(String),
}

impl PlaceWish {
    /// The place that is meant.
    pub(super) fn place(self) -> Result<Place, Error> {
        Ok(match self {
            Self::Queue(name) => Place::Queue(text::line("队列", &name, 64)?),
            Self::Agent(agent) => Place::Agent(agent),
            Self::Number(number) => Place::Number(text::number(&number)?),
        })
    }
}
