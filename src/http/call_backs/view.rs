//! A call-back debt as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::house::DebtView;
use crate::http::shown::Times;

/// 待回拨。A citizen who is, or was, owed a call.
#[derive(Serialize, ToSchema)]
#[schema(as = CallBack, example = json!({
    "call": "01KAKBZ2T10000000000000000", "number": "138****1234", "queue": "general", "because": "abandoned",
    "owed_at": "2026-11-05T09:30:00.000+08:00", "attempts": 1, "not_before": "2026-11-05T09:45:00.000+08:00", "settled": null,
}))]
pub(in crate::http) struct DebtShown {
    /// 欠下回拨的通话 the call that owes it
    call: String,
    /// 号码（打码）number, masked
    number: String,
    /// 来自的队列 the queue that it came from
    queue: Option<String>,
    /// 原因 why: `message_left`, `abandoned`, `rejected`, `overflow`, `interrupted`, `requested`
    because: String,
    /// 起始时间 since when
    #[schema(format = DateTime)]
    owed_at: String,
    /// 已尝试次数 attempts so far
    attempts: u32,
    /// 不早于 not before
    #[schema(format = DateTime)]
    not_before: Option<String>,
    /// 了结情况 how it was settled; `null`: still owed
    settled: Option<SettledShown>,
}

/// 了结情况。How a debt was settled.
#[derive(Serialize, ToSchema)]
#[schema(as = Settled, example = json!({
    "at": "2026-11-05T10:00:00.000+08:00", "how": "decided", "by": "8100", "note": "来电人已在大厅办结",
}))]
pub(in crate::http) struct SettledShown {
    /// 时间 when
    #[schema(format = DateTime)]
    at: String,
    /// 方式 `reached` (we called), `called_again` (the citizen did), `decided`
    how: String,
    /// 由谁 by whom
    by: String,
    /// 说明 why, for a decision
    note: String,
}

impl DebtShown {
    pub(in crate::http) fn of(debt: &DebtView, times: &Times) -> Self {
        Self {
            call: debt.call.to_string(),
            number: debt.number.masked(),
            queue: debt.queue.clone(),
            because: debt.because.clone(),
            owed_at: times.tell(debt.owed_at),
            attempts: debt.attempts,
            not_before: debt.not_before.map(|at| times.tell(at)),
            settled: debt.settled.as_ref().map(|(at, how, by, note)| SettledShown {
                at: times.tell(*at),
                how: how.clone(),
                by: by.clone(),
                note: note.clone(),
            }),
        }
    }
}
