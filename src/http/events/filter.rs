//! Which events somebody wants to hear of. Pure.

use serde::Deserialize;

use super::kind::KINDS;
use super::view::EventShown;
use crate::http::Error;
use crate::kernel::{AgentId, CallId};

/// What stands behind the `?`.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Filter {
    /// 从此序号之后开始 go on behind this sequence number (of a snapshot, or the last one heard); without it and without
    /// `Last-Event-ID`, only what comes from now on
    pub(super) after: Option<u64>,
    /// 事件类型，逗号分隔 only these types, separated by commas
    #[param(example = "agent_changed,ended")]
    kind: Option<String>,
    /// 坐席 only events that are about this agent or name him
    #[param(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// 队列 only events that name this queue
    queue: Option<String>,
    /// 通话 only events about this call
    #[param(value_type = Option<String>)]
    call: Option<CallId>,
}

/// The filter, checked.
#[derive(Default)]
pub(super) struct Wanted {
    kinds: Vec<&'static str>,
    agent: Option<AgentId>,
    queue: Option<String>,
    call: Option<String>,
}

impl Filter {
    /// Refuses types that there are not: whoever misspells one would wait for ever.
    pub(super) fn wanted(self) -> Result<Wanted, Error> {
        let words = self.kind.as_deref().unwrap_or("").split(',').map(str::trim);
        let known = words.filter(|word| !word.is_empty()).map(|word| {
            let found = KINDS.iter().find(|kind| **kind == word);
            found
                .copied()
                .ok_or_else(|| Error::Invalid(format!("没有事件类型 {word:?}：有 {}", KINDS.join(", "))))
        });
        Ok(Wanted {
            kinds: known.collect::<Result<_, _>>()?,
            agent: self.agent,
            queue: self.queue,
            call: self.call.map(|call| call.to_string()),
        })
    }
}

impl Wanted {
    /// Whether this event is one of them.
    pub(super) fn has(&self, event: &EventShown) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind()))
            && self.agent.as_ref().is_none_or(|agent| event.names(agent.as_str()))
            && self
                .queue
                .as_deref()
                .is_none_or(|queue| event.text("queue") == Some(queue))
            && self.call.as_deref().is_none_or(|call| event.call() == Some(call))
    }
}
