//! A queue as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::shown::{Times, seconds};
use crate::queue::QueueView;

/// 队列概况。A queue at a glance.
#[derive(Serialize, ToSchema)]
#[schema(as = Queue, example = json!({
    "queue": "general", "waiting": 3, "longest_wait_s": 41, "debts": 2, "agents_signed_in": 12, "agents_free": 0, "estimate_s": 60,
    "estimate_error_s": 12,
}))]
pub(in crate::http) struct QueueShown {
    /// 名称 name
    queue: String,
    /// 等待人数 callers who wait
    waiting: usize,
    /// 最长等待秒数 the longest wait among them, seconds
    longest_wait_s: u64,
    /// 待回拨数 call-backs that wait for their turn
    debts: usize,
    /// 已签入坐席 agents signed in who serve it
    agents_signed_in: usize,
    /// 空闲坐席 how many of them are free
    agents_free: usize,
    /// 预计等待秒数 estimated wait of a newcomer; `null` when data is thin
    estimate_s: Option<u64>,
    /// 预计误差 by how much estimates were wrong in the last half hour, seconds, on average; `null` when none could be judged
    estimate_error_s: Option<u64>,
}

/// 队列及等待者。A queue and who waits in it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct QueueWhole {
    #[serde(flatten)]
    queue: QueueShown,
    /// 等待者，按将被接听的顺序 callers in the order in which they would be served now
    callers: Vec<CallerShown>,
}

/// 等待者。Somebody who waits.
#[derive(Serialize, ToSchema)]
#[schema(as = WaitingCaller, example = json!({
    "place": 1, "call": "01KAKBZ2T10000000000000000", "number": "138****1234", "entered": "2026-11-05T09:30:00.000+08:00", "waited_s": 41,
}))]
pub(in crate::http) struct CallerShown {
    /// 位次 place, from 1
    place: usize,
    /// 通话 the call
    call: String,
    /// 来电号码（打码）number, masked
    number: String,
    /// 进入队列时间 when the queue was entered
    #[schema(format = DateTime)]
    entered: String,
    /// 累计等待秒数 total wait, other queues included, seconds
    waited_s: u64,
}

impl QueueShown {
    pub(in crate::http) fn of(view: &QueueView) -> Self {
        let waits = view.waiting.iter().map(|(_, _, _, waited)| *waited);
        Self {
            queue: view.name.clone(),
            waiting: view.waiting.len(),
            longest_wait_s: waits.max().map_or(0, seconds),
            debts: view.debts,
            agents_signed_in: view.agents.0,
            agents_free: view.agents.1,
            estimate_s: view.estimate.map(seconds),
            estimate_error_s: view.estimate_error.map(seconds),
        }
    }
}

impl QueueWhole {
    pub(in crate::http) fn of(view: &QueueView, times: &Times) -> Self {
        let callers = view.waiting.iter().zip(1..);
        Self {
            queue: QueueShown::of(view),
            callers: callers
                .map(|((call, number, entered, waited), place)| CallerShown {
                    place,
                    call: call.to_string(),
                    number: number.masked(),
                    entered: times.tell(*entered),
                    waited_s: seconds(*waited),
                })
                .collect(),
        }
    }
}
