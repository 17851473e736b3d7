//! Parts of a call's record: who was in it, what came of it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::events::masked_name;
use crate::http::shown::{PartWord, Times, part};
use crate::kernel::Wall;
use crate::store::record::{Outcome, Presence};

/// 参与者。Somebody's time in the conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Presence)]
pub(in crate::http) struct PresenceShown {
    /// 坐席账号，或外线号码（打码）the agent, or the number, masked
    who: String,
    #[schema(value_type = PartWord)]
    part: &'static str,
    /// 加入 since when
    #[schema(format = DateTime)]
    from: String,
    /// 离开 until when; `null` while there
    #[schema(format = DateTime)]
    until: Option<String>,
    /// 通话时长，不含保持 time in conversation less holds, milliseconds
    talk_ms: u64,
    /// 保持时长 time on hold, milliseconds
    hold_ms: u64,
}

impl PresenceShown {
    pub(super) fn of(presence: &Presence, now: Wall, times: &Times) -> Self {
        Self {
            who: masked_name(&presence.who),
            part: part(presence.part),
            from: times.tell(presence.from),
            until: presence.until.map(|at| times.tell(at)),
            talk_ms: presence.talk_ms(now),
            hold_ms: presence.hold_ms(now),
        }
    }
}

/// 处理结果。What came of a call, as somebody noted it.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomeNoted)]
pub(in crate::http) struct OutcomeShown {
    /// 结果代码 code of the catalogue
    code: String,
    /// 备注 note
    note: String,
    /// 由谁 by whom
    by: String,
    /// 何时 when
    #[schema(format = DateTime)]
    at: String,
}

impl OutcomeShown {
    pub(super) fn of(outcome: &Outcome, times: &Times) -> Self {
        Self {
            code: outcome.code.clone(),
            note: outcome.note.clone(),
            by: outcome.by.clone(),
            at: times.tell(outcome.at),
        }
    }
}
