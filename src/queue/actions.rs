//! What agents do: come, go, pause, begin and end calls, write up.

use std::time::Duration;

use crate::kernel::{AgentId, CallId, Now, OfferEnd};

use super::agent::{After, AgentNo, NOT_READY, Speaking, State, WrapUp};
use super::callback::Stage;
use super::floor::Floor;
use super::timer::Timer;
use super::types::{Action, Refused};
use super::waiting::QueueNo;

impl Floor {
    /// What an agent wants. `by` is who asks for him, if somebody does.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn act(&mut self, agent: &AgentId, action: Action, by: Option<&str>, now: Now) -> Result<(), Refused> {
        self.note_time(now);
        let no = self.agent_no(agent).ok_or(Refused::UnknownAgent)?;
        let known = self.agents.get(no.0).ok_or(Refused::UnknownAgent)?;
        if known.gone {
            return Err(Refused::UnknownAgent);
        }
        let by = by.map(str::to_owned);
        if !known.is_in() && !matches!(action, Action::SignIn { .. }) {
            return Err(Refused::NotSignedIn);
        }
        match action {
            Action::SignIn { ready } => self.sign_in(no, ready, by, now),
            Action::SignOut => self.stop_work(no, After::SignOut { by }, now),
            Action::Pause { reason } => self.stop_work(no, After::Pause { reason, by }, now),
            Action::Ready => self.ready(no, by, now),
            Action::ExtendWrapUp { by: more } => return self.extend_wrap_up(no, more, by, now),
        }
        Ok(())
    }

    fn sign_in(&mut self, no: AgentNo, ready: bool, by: Option<String>, now: Now) {
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        if agent.is_in() {
            if ready {
                self.ready(no, by, now);
            }
            return;
        }
        agent.misses = 0;
        let pause = || NOT_READY.to_owned();
        match agent.state {
            State::Out if ready => self.become_free(no, by, now),
            State::Out => self.change(no, State::Paused { reason: pause() }, by, now),
            // He was going home, or calls somebody without being at work: what he is after this call changes.
            State::Free | State::Paused { .. } | State::Ringing { .. } | State::Speaking(_) | State::WrapUp(_) => {
                agent.after = if ready {
                    After::Nothing
                } else {
                    After::Pause { reason: pause(), by }
                };
            }
        }
    }

    fn ready(&mut self, no: AgentNo, by: Option<String>, now: Now) {
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        match &agent.state {
            State::Out | State::Free => {}
            State::Ringing { .. } | State::Speaking(_) => agent.after = After::Nothing,
            State::Paused { .. } => {
                agent.misses = 0;
                self.become_free(no, by, now);
            }
            State::WrapUp(wrap_up) => {
                let until = wrap_up.until;
                agent.after = After::Nothing;
                self.timers.stop(Timer::WrapUp(no), until);
                self.written_up(no, now);
                self.become_free(no, by, now);
            }
        }
    }

    /// Free by somebody's word.
    fn become_free(&mut self, no: AgentNo, by: Option<String>, now: Now) {
        let order = self.next_in_sequence();
        if let Some(agent) = self.agents.get_mut(no.0) {
            agent.idle = order;
            agent.after = After::Nothing;
        }
        self.change(no, State::Free, by, now);
        self.serve(no, now);
    }

    /// Pause or go home: at once, or after the call.
    pub(super) fn stop_work(&mut self, no: AgentNo, wish: After, now: Now) {
        let Some(agent) = self.agents.get_mut(no.0) else { return };
        match &agent.state {
            State::Out => {}
            State::Speaking(_) => agent.after = wish,
            State::Ringing { offer, .. } => {
                let offer = *offer;
                agent.after = wish;
                // It rang, and he went: that is a refusal.
                self.take_back(offer, OfferEnd::Rejected, now);
                self.rest(no, false, now);
            }
            State::WrapUp(wrap_up) => {
                let until = wrap_up.until;
                agent.after = wish;
                self.timers.stop(Timer::WrapUp(no), until);
                self.written_up(no, now);
                self.rest(no, true, now);
            }
            State::Free | State::Paused { .. } => {
                agent.after = wish;
                self.rest(no, false, now);
            }
        }
    }

    fn extend_wrap_up(&mut self, no: AgentNo, more: Duration, by: Option<String>, now: Now) -> Result<(), Refused> {
        let agent = self.agents.get_mut(no.0).ok_or(Refused::UnknownAgent)?;
        let State::WrapUp(wrap_up) = &mut agent.state else {
            return Err(Refused::NotNow);
        };
        let until = (wrap_up.until + more).min(wrap_up.limit);
        if until <= wrap_up.until {
            return Err(Refused::NoMoreTime);
        }
        self.timers.stop(Timer::WrapUp(no), wrap_up.until);
        self.timers.set(Timer::WrapUp(no), until);
        wrap_up.until_wall = now.wall + until.since(now.mono);
        wrap_up.until = until;
        self.tell(no, by);
        Ok(())
    }

    /// Whether a telephone of the agent's is registered: without one he is offered nothing.
    pub fn reachable(&mut self, agent: &AgentId, reachable: bool, now: Now) {
        self.note_time(now);
        let Some(no) = self.agent_no(agent) else { return };
        if let Some(agent) = self.agents.get_mut(no.0) {
            agent.reachable = reachable;
        }
        self.list(no);
        self.serve(no, now);
    }

    /// The agent begins a call that the floor did not offer (calls somebody, is consulted, picks up). Takes back an offer
    /// that rings there. `debt`: the call is placed to pay it; nobody else is offered it meanwhile, and it is written up.
    ///
    /// After the answered offer of a [`super::Task::CallBack`], the call that is placed to the citizen is named by this, too.
    ///
    /// # Errors
    /// [`Refused::NotNow`] if he speaks already, or if another pays the debt.
    pub fn engage(&mut self, agent: &AgentId, call: CallId, debt: Option<CallId>, now: Now) -> Result<(), Refused> {
        self.note_time(now);
        let no = self.agent_no(agent).ok_or(Refused::UnknownAgent)?;
        let known = self.agents.get_mut(no.0).ok_or(Refused::UnknownAgent)?;
        if let State::Speaking(speaking) = &mut known.state {
            // He has answered for a call-back: this is the call to the citizen.
            if speaking.debt == Some(speaking.call) && speaking.debt == debt {
                speaking.call = call;
                self.tell(no, None);
                return Ok(());
            }
            return Err(Refused::NotNow);
        }
        let owed = debt.and_then(|debt| self.debts.get(&debt));
        if owed.is_some_and(|owed| matches!(owed.stage, Stage::Trying(_))) {
            return Err(Refused::NotNow);
        }
        let (debt, queue) = (owed.map(|owed| owed.debt.call), owed.and_then(|owed| owed.queue));
        let (mut interrupted, mut rang) = (None, None);
        match &known.state {
            State::Free | State::Speaking(_) => {}
            State::Out => known.after = After::SignOut { by: None },
            State::Paused { reason } => {
                known.after = After::Pause {
                    reason: reason.clone(),
                    by: None,
                }
            }
            State::Ringing { offer, .. } => rang = Some(*offer),
            State::WrapUp(wrap_up) => {
                self.timers.stop(Timer::WrapUp(no), wrap_up.until);
                interrupted = Some(wrap_up.clone());
            }
        }
        let rang = rang.and_then(|offer| self.withdraw(offer, OfferEnd::Withdrawn));
        let speaking = Speaking {
            call,
            queue,
            debt,
            held: false,
            talking: Some(now.mono),
            began: now.mono,
            interrupted,
        };
        self.change(no, State::Speaking(speaking), None, now);
        // What rang here is for somebody else now, unless it was the debt that he pays.
        if let Some(offer) = rang.filter(|offer| Some(offer.call) != debt) {
            self.offer_returns(&offer, now);
        }
        if let Some(debt) = debt {
            self.debt_out(debt, now);
            if let Some(owed) = self.debts.get_mut(&debt) {
                owed.stage = Stage::Trying(no);
            }
        }
        Ok(())
    }

    /// The agent has put the citizen on hold, or comes back.
    pub fn hold(&mut self, agent: &AgentId, on: bool, now: Now) {
        self.note_time(now);
        let Some(no) = self.agent_no(agent) else { return };
        let local = self.local(now.wall);
        let Some(known) = self.agents.get_mut(no.0) else { return };
        let State::Speaking(speaking) = &mut known.state else {
            return;
        };
        if speaking.held == on {
            return;
        }
        speaking.held = on;
        let talked = std::mem::replace(&mut speaking.talking, (!on).then_some(now.mono));
        if let Some(since) = talked {
            known.count_talk(since, now, local);
        }
        known.since = now.wall;
        self.tell(no, None);
    }

    /// One agent hands his citizen over to another, who was consulted: the other writes the call up, too.
    pub fn hand_over(&mut self, from: &AgentId, to: &AgentId, now: Now) {
        self.note_time(now);
        let speaking = |no: AgentNo| match &self.agents.get(no.0)?.state {
            State::Speaking(speaking) => Some(speaking.queue),
            State::Out | State::Free | State::Paused { .. } | State::Ringing { .. } | State::WrapUp(_) => None,
        };
        let queue = self.agent_no(from).and_then(speaking).flatten();
        let (Some(queue), Some(no)) = (queue, self.agent_no(to)) else {
            return;
        };
        self.credit(no, queue);
    }

    /// An agent takes over a citizen who had come by this queue, and whom a colleague sent on to him: he writes the call up.
    pub fn takes_over(&mut self, agent: &AgentId, queue: &str, now: Now) {
        self.note_time(now);
        let (Some(no), Some(queue)) = (self.agent_no(agent), self.queue_names.get(queue).copied()) else {
            return;
        };
        self.credit(no, queue);
    }

    fn credit(&mut self, no: AgentNo, queue: QueueNo) {
        let day = self.day;
        if let Some(agent) = self.agents.get_mut(no.0)
            && let State::Speaking(speaking) = &mut agent.state
            && speaking.queue.is_none()
        {
            speaking.queue = Some(queue);
            agent.today = agent.today.on(day);
            agent.today.calls += 1;
            self.tell(no, None);
        }
    }

    /// The agent's part in the call is over: he writes it up, if it came by a queue or was placed for a debt.
    pub fn part_over(&mut self, agent: &AgentId, call: CallId, now: Now) {
        self.note_time(now);
        let Some(no) = self.agent_no(agent) else { return };
        let local = self.local(now.wall);
        let Some(known) = self.agents.get_mut(no.0) else { return };
        let State::Speaking(speaking) = known.state.clone() else {
            return;
        };
        if speaking.call != call && speaking.debt != Some(call) {
            return; // about a call that he is not in: an old one
        }
        if let Some(since) = speaking.talking {
            known.count_talk(since, now, local);
        }
        if let Some(debt) = speaking.debt {
            self.debt_untried(debt, no, now);
        }
        if !self.begins_wrap_up(no, speaking, now) {
            self.rest(no, true, now);
        }
    }

    fn begins_wrap_up(&mut self, no: AgentNo, speaking: Speaking, now: Now) -> bool {
        let Some(agent) = self.agents.get(no.0) else {
            return false;
        };
        let line = speaking.queue.and_then(|queue| self.lines.get_mut(queue.0));
        if matches!(agent.after, After::SignOut { .. }) {
            if let Some(line) = line {
                line.experience.handled(now.mono.since(speaking.began), now.mono);
            }
            return false;
        }
        let mut next = speaking.interrupted.filter(|wrap_up| wrap_up.until > now.mono);
        if let Some(line) = line {
            let time = line.wrap_up(agent);
            if time.is_zero() {
                line.experience.handled(now.mono.since(speaking.began), now.mono);
            } else {
                next = Some(WrapUp {
                    call: speaking.call,
                    queue: speaking.queue,
                    until: now.mono + time,
                    until_wall: now.wall + time,
                    limit: line.wrap_up_limit(now.mono),
                    began: Some(speaking.began),
                });
            }
        }
        let Some(wrap_up) = next else { return false };
        self.timers.set(Timer::WrapUp(no), wrap_up.until);
        self.change(no, State::WrapUp(wrap_up), None, now);
        true
    }

    /// The time to write up is over.
    pub(super) fn wrap_up_over(&mut self, no: AgentNo, now: Now) {
        self.written_up(no, now);
        self.rest(no, true, now);
    }

    /// Notes how long a call kept its agent.
    fn written_up(&mut self, no: AgentNo, now: Now) {
        let Some(State::WrapUp(wrap_up)) = self.agents.get(no.0).map(|agent| &agent.state) else {
            return;
        };
        let line = wrap_up.queue.and_then(|queue| self.lines.get_mut(queue.0));
        if let (Some(began), Some(line)) = (wrap_up.began, line) {
            line.experience.handled(now.mono.since(began), now.mono);
        }
    }
}
