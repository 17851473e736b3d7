//! What can be shown of the floor. Changes nothing.

use crate::kernel::{AgentId, Now};

use super::agent::State;
use super::floor::Floor;
use super::types::{AgentView, Profile, QueueView};
use super::waiting::QueueNo;

impl Floor {
    /// An account.
    pub fn profile(&self, agent: &AgentId) -> Option<&Profile> {
        let no = self.agent_no(agent)?;
        self.agents.get(no.0).map(|agent| &agent.profile)
    }

    /// Whether there is such a queue.
    pub fn has_queue(&self, name: &str) -> bool {
        self.queue_names.contains_key(name)
    }

    /// All agents by name.
    pub fn agents(&self, now: Now) -> Vec<AgentView> {
        let (day, into_day) = self.local(now.wall);
        let all = self.agent_names.values().filter_map(|no| self.agents.get(no.0));
        all.map(|agent| {
            let mut counted = agent.clone();
            if let State::Speaking(speaking) = &agent.state
                && let Some(since) = speaking.talking
            {
                counted.count_talk(since, now, (day, into_day));
            }
            let today = counted.today.on(day);
            AgentView {
                status: agent.status(),
                reason: agent.reason(),
                since: agent.since,
                call: agent.call().0,
                until: agent.until(),
                reachable: agent.reachable,
                talked_today: today.talked,
                calls_today: today.calls,
                profile: counted.profile,
            }
        })
        .collect()
    }

    /// All queues by name.
    pub fn queues(&self, now: Now) -> Vec<QueueView> {
        let all = self.queue_names.iter();
        all.filter_map(|(name, no)| {
            let line = self.lines.get(no.0)?;
            let waiting = line.callers.iter().filter_map(|(_, slot)| {
                let waiting = self.waiting.get(slot.0)?;
                let waited = waiting.waited(now.mono);
                Some((waiting.call, waiting.number.clone(), waiting.entered_at, waited))
            });
            let serving = self
                .agents
                .iter()
                .filter(|(_, agent)| agent.is_in() && agent.serves.iter().any(|serves| serves.queue == *no));
            Some(QueueView {
                name: name.clone(),
                waiting: waiting.collect(),
                debts: self.debts.values().filter(|owed| owed.queue == Some(*no)).count(),
                agents: (serving.count(), line.free.len()),
                estimate: self.estimate_behind(*no, line.open(), now),
                estimate_error: line.experience.error(now.mono),
            })
        })
        .collect()
    }

    /// Agents of a queue who are at work and not paused.
    pub(super) fn agents_at_work(&self, queue: QueueNo) -> usize {
        let works = |state: &State| !matches!(state, State::Out | State::Paused { .. });
        let all = self.agents.iter();
        all.filter(|(_, a)| works(&a.state) && a.serves.iter().any(|serves| serves.queue == queue))
            .count()
    }
}
