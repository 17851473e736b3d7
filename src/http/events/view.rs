//! An event as the API tells it.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::kind;
use super::mask::{Eyes, seen};
use crate::http::shown::{EventWord, Times};
use crate::kernel::{Event, Subject, Wall};

/// 事件。One fact, about a call or about an agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Event, example = json!({
    "seq": 4711, "at": "2026-11-05T09:30:00.000+08:00", "agent": "8001", "type": "agent_changed",
    "data": { "status": "paused", "reason": "meal" },
}))]
pub(in crate::http) struct EventShown {
    /// 序号，也是事件流的 id sequence number of the journal, and the id on the stream
    seq: u64,
    /// 发生时间 when it happened
    #[schema(format = DateTime)]
    at: String,
    /// 所关通话 the call that it is about
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    call: Option<String>,
    /// 所关坐席 the agent that it is about
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = EventWord)]
    kind: &'static str,
    /// 各类型自有的字段，号码已打码 what this type has to tell, numbers masked (docs/api.md)
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl EventShown {
    /// As these eyes may see it; `None`: not at all.
    pub(in crate::http) fn of(seq: u64, event: &Event, eyes: Eyes, times: &Times) -> Option<Self> {
        let kind = seen(&event.kind, eyes)?;
        let name = kind::name(&kind);
        let mut data = match serde_json::to_value(&kind) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) | Err(_) => Map::new(), // a kind is written as an object
        };
        data.remove("type");
        data.retain(|_, value| !value.is_null());
        if let Some(until) = data.get_mut("until")
            && let Some(millis) = until.as_i64()
        {
            *until = times.tell(Wall::from_millis(millis)).into();
        }
        let (call, agent) = match &event.about {
            Subject::Call(call) => (Some(call.to_string()), None),
            Subject::Agent(agent) => (None, Some(agent.to_string())),
        };
        Some(Self {
            seq,
            at: times.tell(event.at),
            call,
            agent,
            kind: name,
            data,
        })
    }

    /// Its sequence number.
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Its type.
    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The call that it is about.
    pub(super) fn call(&self) -> Option<&str> {
        self.call.as_deref()
    }

    /// Whether it is about this agent, or names him.
    pub(super) fn names(&self, agent: &str) -> bool {
        let named = ["agent", "who", "by", "placed_by"].iter();
        self.agent.as_deref() == Some(agent) || named.filter_map(|key| self.text(key)).any(|name| name == agent)
    }

    /// A field of its own.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key).and_then(Value::as_str)
    }
}
