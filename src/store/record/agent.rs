//! Where an agent stands, folded from his events and from nothing else.

use serde::{Deserialize, Serialize};

use crate::kernel::{AgentId, AgentStatus, CallId, Event, EventKind, Wall};

/// What is known of an agent: the last `AgentChanged` is the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRecord {
    /// Who.
    pub agent: AgentId,
    /// The event that it follows from.
    pub seq: u64,
    /// What he does.
    pub status: AgentStatus,
    /// Why, for a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The queue that it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// When the wrap-up ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Wall>,
    /// Who did it, if not the agent or the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Since when he does it. A wrap-up that is extended began when it began.
    pub since: Wall,
}

impl AgentRecord {
    /// An agent of whom nothing is known.
    pub fn new(agent: AgentId) -> Self {
        Self {
            agent,
            seq: 0,
            status: AgentStatus::SignedOut,
            reason: None,
            call: None,
            queue: None,
            until: None,
            by: None,
            since: Wall::default(),
        }
    }

    /// Takes in the next event; one that was taken in already, or is somebody else's, changes nothing.
    pub fn apply(&mut self, seq: u64, event: &Event) {
        let EventKind::AgentChanged {
            status,
            reason,
            call_id,
            queue,
            until,
            by,
        } = &event.kind
        else {
            return;
        };
        if event.agent() != Some(&self.agent) || seq <= self.seq {
            return;
        }
        let goes_on = self.seq > 0 && (self.status, &self.reason, self.call) == (*status, reason, *call_id);
        if !goes_on {
            self.since = event.at;
        }
        self.seq = seq;
        self.status = *status;
        self.reason.clone_from(reason);
        self.call = *call_id;
        self.queue.clone_from(queue);
        self.until = *until;
        self.by.clone_from(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Subject;

    #[test]
    fn an_extended_wrap_up_began_when_it_began_and_a_second_reading_changes_nothing() {
        let li = AgentId::parse("8001").unwrap();
        let at = |s: i64| Wall::from_millis(1_700_000_000_000 + s * 1_000);
        let wraps = |s, until| Event {
            about: Subject::Agent(li.clone()),
            at: at(s),
            kind: EventKind::AgentChanged {
                status: AgentStatus::WrapUp,
                reason: None,
                call_id: Some(CallId::new(at(0), 1)),
                queue: Some("general".into()),
                until: Some(at(until)),
                by: None,
            },
        };
        let mut record = AgentRecord::new(li.clone());
        record.apply(7, &wraps(10, 40));
        record.apply(9, &wraps(30, 70));
        record.apply(7, &wraps(10, 40));
        assert_eq!((record.seq, record.since, record.until), (9, at(10), Some(at(70))));
    }
}
