//! A call's record as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use super::parts::{OutcomeShown, PresenceShown};
use crate::http::extract::File;
use crate::http::shown::{EndReasonWord, EndedByWord, Times};
use crate::kernel::{PhoneNumber, Wall};
use crate::store::CallRecord;

/// 通话记录。What is known of a call: folded from its events, the first of each kind.
#[derive(Serialize, ToSchema)]
#[schema(as = CallRecord, example = json!({
    "call": "01KAKBZ2T10000000000000000", "from": "138****1234", "to": "12345", "hotline": "政务服务热线", "trunk": "carrier",
    "arrived_at": "2026-11-05T09:30:00.000+08:00", "ringing_at": "2026-11-05T09:30:00.020+08:00",
    "answered_by_machine_at": "2026-11-05T09:30:00.100+08:00", "person_requested_at": "2026-11-05T09:30:04.000+08:00",
    "answered_by_person_at": "2026-11-05T09:30:09.000+08:00", "agent": "8001", "ended_at": "2026-11-05T09:33:00.000+08:00",
    "ended_by": "caller", "end_reason": "hangup", "sip_status": null, "ringing_to_person_ms": 8980,
    "requested_to_person_ms": 5000, "in_menus_ms": 3900, "duration_ms": 180000, "last_step": "main.queue",
    "placed_by": null, "queue": "general", "waited_ms": 5000,
    "people": [{
        "who": "8001", "part": "agent", "from": "2026-11-05T09:30:09.000+08:00", "until": "2026-11-05T09:33:00.000+08:00",
        "talk_ms": 171000, "hold_ms": 0,
    }],
    "outcome": { "code": "answered", "note": "", "by": "8001", "at": "2026-11-05T09:33:20.000+08:00" }, "stars": 5,
    "call_back_owed": null, "recordings": ["call~01KAKBZ2T10000000000000000-1.wav"],
}))]
pub(in crate::http) struct RecordShown {
    /// 编号 id
    call: String,
    /// 来电号码（打码）caller, masked
    from: Option<String>,
    /// 被叫号码 dialled number
    to: Option<String>,
    /// 热线 hotline of that number
    hotline: Option<String>,
    /// 中继 trunk that it came by
    trunk: Option<String>,
    /// 到达 the INVITE arrived
    #[schema(format = DateTime)]
    arrived_at: Option<String>,
    /// 振铃 first 180 or 183 sent
    #[schema(format = DateTime)]
    ringing_at: Option<String>,
    /// 系统应答（不算人工接通）answered by the machine: never counted as a person's answer
    #[schema(format = DateTime)]
    answered_by_machine_at: Option<String>,
    /// 请求人工 entered the queue
    #[schema(format = DateTime)]
    person_requested_at: Option<String>,
    /// 人工接通 a person answered
    #[schema(format = DateTime)]
    answered_by_person_at: Option<String>,
    /// 接听者 who answered: the agent, or the place that was called
    agent: Option<String>,
    /// 结束 the end
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    #[schema(value_type = Option<EndedByWord>)]
    ended_by: Option<&'static str>,
    #[schema(value_type = Option<EndReasonWord>)]
    end_reason: Option<&'static str>,
    /// 拒绝时的 SIP 状态 SIP status that refused the call
    sip_status: Option<u16>,
    /// 振铃至人工 wait from ringing to a person, milliseconds
    ringing_to_person_ms: Option<u64>,
    /// 请求至人工 wait from asking for a person, milliseconds
    requested_to_person_ms: Option<u64>,
    /// 菜单内 time in menus, milliseconds
    in_menus_ms: Option<u64>,
    /// 总时长 from arrival to end, milliseconds
    duration_ms: Option<u64>,
    /// 最后的流程位置 last step of the plan
    last_step: Option<String>,
    /// 拨出此通话的坐席 the agent who placed it; of a citizen's call `null`
    placed_by: Option<String>,
    /// 最后进入的队列 the last queue that it came to
    queue: Option<String>,
    /// 在队列中等待的总时长 time waited in queues in all, milliseconds
    waited_ms: Option<u64>,
    /// 参与者，按加入顺序 who was in the conversation, in order of coming
    people: Vec<PresenceShown>,
    /// 处理结果，最后一次登记的 what came of it, as it was noted last
    outcome: Option<OutcomeShown>,
    /// 好差评 what the citizen thought of it, 5 very satisfied … 1 very dissatisfied
    #[schema(minimum = 1, maximum = 5)]
    stars: Option<u8>,
    /// 欠回拨的原因 why a call back is owed for it; `null`: none is
    call_back_owed: Option<String>,
    /// 录音编号 ids of its recordings
    recordings: Vec<String>,
}

impl RecordShown {
    pub(super) fn of(record: &CallRecord, times: &Times) -> Self {
        let at = |wall: Option<Wall>| wall.map(|wall| times.tell(wall));
        Self {
            call: record.call.to_string(),
            from: record.from.as_ref().map(PhoneNumber::masked),
            to: record.to.as_ref().map(PhoneNumber::masked),
            hotline: record.hotline.clone(),
            trunk: record.trunk.clone(),
            arrived_at: at(record.invite_at),
            ringing_at: at(record.ringing_at),
            answered_by_machine_at: at(record.answered_by_machine_at),
            person_requested_at: at(record.person_requested_at),
            answered_by_person_at: at(record.answered_by_person_at),
            agent: record.agent.as_deref().map(crate::http::events::masked_name),
            ended_at: at(record.ended_at),
            ended_by: record.ended_by.map(|by| by.as_str()),
            end_reason: record.end_reason.map(|reason| reason.as_str()),
            sip_status: record.status,
            ringing_to_person_ms: record.ringing_to_person_ms(),
            requested_to_person_ms: record.requested_to_person_ms(),
            in_menus_ms: record.in_menus_ms(),
            duration_ms: record.duration_ms(),
            last_step: record.last_step.clone(),
            placed_by: record.placed_by.as_ref().map(ToString::to_string),
            queue: record.queues.last().map(|visit| visit.queue.clone()),
            waited_ms: record.queues.last().map(|visit| visit.waited_ms(record.last_event_at)),
            people: record
                .people
                .iter()
                .map(|who| PresenceShown::of(who, record.last_event_at, times))
                .collect(),
            outcome: record.outcome().map(|outcome| OutcomeShown::of(outcome, times)),
            stars: record.rating.as_ref().and_then(|rating| rating.stars),
            call_back_owed: record.open_debt().map(|debt| debt.because.clone()),
            recordings: record.recordings.iter().map(|r| File::id(&r.file)).collect(),
        }
    }
}
