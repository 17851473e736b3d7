//! A recording as the API tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::events::masked_name;
use crate::http::extract::File;
use crate::http::house::RecordingView;
use crate::http::shown::Times;

/// 录音。A recording.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording, example = json!({
    "recording": "call~01KAKBZ2T10000000000000000-1.wav", "call": "01KAKBZ2T10000000000000000", "agent": "8001",
    "purpose": "call", "started_at": "2026-11-05T09:30:09.000+08:00", "duration_ms": 171000,
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "cut_short": null, "held": false,
    "purged_at": null,
}))]
pub(in crate::http) struct RecordingShown {
    /// 编号 id
    recording: String,
    /// 通话 the call
    call: String,
    /// 接听坐席 the agent who answered
    agent: Option<String>,
    /// 用途 `call` 通话, `message` 留言
    purpose: String,
    /// 起始时间 when it began
    #[schema(format = DateTime)]
    started_at: String,
    /// 时长 length, milliseconds; `null` while it is being written
    duration_ms: Option<u64>,
    /// 校验和 SHA-256, hex
    sha256: Option<String>,
    /// 提前结束的原因 why it is shorter than it was to be
    cut_short: Option<String>,
    /// 是否保全 kept beyond its time, because its call is on legal hold
    held: bool,
    /// 到期删除时间 when its file was deleted, because its time was over
    #[schema(format = DateTime)]
    purged_at: Option<String>,
}

impl RecordingShown {
    pub(super) fn of(view: &RecordingView, times: &Times) -> Self {
        Self {
            recording: File::id(&view.file),
            call: view.call.to_string(),
            agent: view.agent.as_deref().map(masked_name),
            purpose: view.purpose.clone(),
            started_at: times.tell(view.started_at),
            duration_ms: view.duration_ms,
            sha256: view.sha256.clone(),
            cut_short: view.cut_short.clone(),
            held: view.held,
            purged_at: view.purged_at.map(|at| times.tell(at)),
        }
    }
}
