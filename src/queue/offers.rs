//! Offers: one task, one agent, until it is answered, refused, or taken back. An agent has one at most; a task has one, or
//! one for each telephone where all ring.

use std::time::Duration;

use crate::kernel::{AgentStatus, CallId, Mono, Now, OfferEnd};

use super::agent::{AgentNo, NO_ANSWER, Speaking, State};
use super::callback::Stage;
use super::floor::Floor;
use super::timer::Timer;
use super::types::{Command, OfferId, Refused, Task};
use super::waiting::{QueueNo, Slot, Who};

/// So much longer than its ring timeout does an offer live if nobody says what became of it.
pub const RING_GUARD: Duration = Duration::from_secs(5);
/// So long is a caller not offered again to an agent who did not take him.
pub const REST: Duration = Duration::from_secs(5);

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// One who waits, on the line or not.
    Waiting(Slot),
    /// A debt for which nobody waits.
    Debt,
}

/// One offer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) agent: AgentNo,
    pub(super) target: Target,
    pub(super) call: CallId,
    pub(super) queue: QueueNo,
    pub(super) guard: Mono,
}

impl Floor {
    /// The agent has answered: the call is his. `Err`: the offer is over, hang up on him.
    ///
    /// # Errors
    /// [`Refused::TooLate`].
    pub fn offer_answered(&mut self, offer: OfferId, now: Now) -> Result<(), Refused> {
        self.note_time(now);
        let Some(offer) = self.close(offer) else {
            return Err(Refused::TooLate);
        };
        let turn = self.next_in_sequence();
        let day = self.day;
        let is_debt = match offer.target {
            Target::Waiting(slot) => self.waiting.get(slot.0).is_some_and(|w| w.who == Who::Ghost),
            Target::Debt => true,
        };
        if let Some(agent) = self.agents.get_mut(offer.agent.0) {
            agent.misses = 0;
            agent.turn = turn;
            agent.today = agent.today.on(day);
            agent.today.calls += 1;
        }
        let speaking = Speaking {
            call: offer.call,
            queue: Some(offer.queue),
            debt: is_debt.then_some(offer.call),
            held: false,
            talking: Some(now.mono),
            began: now.mono,
            interrupted: None,
        };
        self.change(offer.agent, State::Speaking(speaking), None, now);
        if is_debt && let Some(owed) = self.debts.get_mut(&offer.call) {
            owed.stage = Stage::Trying(offer.agent);
        }
        if let Target::Waiting(slot) = offer.target {
            self.served(slot, now);
        }
        Ok(())
    }

    /// The offer came to nothing: the caller keeps his place.
    pub fn offer_ended(&mut self, offer: OfferId, outcome: OfferEnd, now: Now) {
        self.note_time(now);
        let Some(closed) = self.close(offer) else { return };
        self.note_offer_end(&closed, outcome);
        let missed = outcome != OfferEnd::Withdrawn;
        if let (Target::Waiting(slot), true) = (closed.target, missed) {
            self.decline(slot, closed.agent, now);
        }
        self.offer_returns(&closed, now);
        if missed {
            self.missed(&closed, now);
        } else {
            self.rest(closed.agent, false, now);
        }
    }

    /// Rings these agents for one who waits.
    pub(super) fn offer_waiting(&mut self, slot: Slot, agents: &[AgentNo], now: Now) {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        let (call, queue, who) = (waiting.call, waiting.queue, waiting.who);
        let waited = waiting.waited(now.mono);
        let task = match who {
            Who::Caller => Task::Call(call),
            Who::Ghost => match self.debts.get(&call) {
                Some(owed) => Task::CallBack(owed.debt.clone()),
                None => return,
            },
        };
        self.close_place(slot);
        for agent in agents {
            let offer = self.open(*agent, Target::Waiting(slot), (call, queue), now);
            if let Some(waiting) = self.waiting.get_mut(slot.0) {
                waiting.offers.push(offer);
            }
            self.say_offer(offer, *agent, task.clone(), queue, waited);
        }
    }

    /// Rings an agent for a debt.
    pub(super) fn offer_debt(&mut self, call: CallId, queue: QueueNo, agent: AgentNo, waited: Duration, now: Now) {
        let Some(owed) = self.debts.get(&call) else { return };
        let task = Task::CallBack(owed.debt.clone());
        let offer = self.open(agent, Target::Debt, (call, queue), now);
        if let Some(owed) = self.debts.get_mut(&call) {
            owed.stage = Stage::Offered(offer);
        }
        self.say_offer(offer, agent, task, queue, waited);
    }

    fn open(&mut self, agent: AgentNo, target: Target, (call, queue): (CallId, QueueNo), now: Now) -> OfferId {
        let id = self.next_offer();
        let ring = self
            .lines
            .get(queue.0)
            .map_or(Duration::ZERO, |line| line.config.ring_timeout);
        let guard = now.mono + ring + RING_GUARD;
        let offer = Offer {
            agent,
            target,
            call,
            queue,
            guard,
        };
        self.offers.insert(id, offer);
        self.timers.set(Timer::RingGuard(id), guard);
        let state = State::Ringing { offer: id, call, queue };
        self.change(agent, state, None, now);
        id
    }

    fn say_offer(&mut self, offer: OfferId, agent: AgentNo, task: Task, queue: QueueNo, waited: Duration) {
        let (Some(agent), Some(line)) = (self.agents.get(agent.0), self.lines.get(queue.0)) else {
            return;
        };
        self.commands.push_back(Command::Offer {
            offer,
            agent: agent.profile.id.clone(),
            task,
            ring_timeout: line.config.ring_timeout,
            waited,
        });
    }

    /// The offer lives no more. The agent's state is the caller's business.
    pub(super) fn close(&mut self, id: OfferId) -> Option<Offer> {
        let offer = self.offers.remove(&id)?;
        self.timers.stop(Timer::RingGuard(id), offer.guard);
        if let Target::Waiting(slot) = offer.target
            && let Some(waiting) = self.waiting.get_mut(slot.0)
        {
            waiting.offers.retain(|other| *other != id);
        }
        Some(offer)
    }

    /// Takes an offer back, of which the exchange still thinks that it rings. The agent's state is the caller's business.
    pub(super) fn withdraw(&mut self, id: OfferId, outcome: OfferEnd) -> Option<Offer> {
        let offer = self.close(id)?;
        self.commands.push_back(Command::Withdraw { offer: id });
        self.note_offer_end(&offer, outcome);
        Some(offer)
    }

    /// What was offered goes back to where it was, and is offered to somebody else if it can be.
    pub(super) fn offer_returns(&mut self, offer: &Offer, now: Now) {
        match offer.target {
            Target::Waiting(slot) => self.seek_again(slot, now),
            Target::Debt => self.debt_back(offer.call, now),
        }
    }

    /// Takes back the offer that rings at an agent who does something else now.
    pub(super) fn take_back(&mut self, id: OfferId, outcome: OfferEnd, now: Now) {
        let Some(offer) = self.withdraw(id, outcome) else {
            return;
        };
        match offer.target {
            Target::Waiting(slot) => {
                if outcome != OfferEnd::Withdrawn {
                    self.decline(slot, offer.agent, now);
                }
                self.seek_again(slot, now);
            }
            Target::Debt => self.debt_back(offer.call, now),
        }
    }

    fn note_offer_end(&mut self, offer: &Offer, outcome: OfferEnd) {
        let live = match offer.target {
            Target::Waiting(slot) => self.waiting.get(slot.0).is_some_and(|w| w.who == Who::Caller),
            Target::Debt => false,
        };
        if let (true, Some(agent)) = (live, self.agents.get(offer.agent.0)) {
            self.commands.push_back(Command::OfferEnded {
                call: offer.call,
                agent: agent.profile.id.clone(),
                outcome,
            });
        }
    }

    /// Nobody said what became of an offer.
    pub(super) fn ring_guard(&mut self, id: OfferId, now: Now) {
        if self.offers.contains_key(&id) {
            self.commands.push_back(Command::Withdraw { offer: id });
            self.offer_ended(id, OfferEnd::NoAnswer, now);
        }
    }

    /// The agent has left an offer unanswered: too many in a row, and he is paused (RONA).
    fn missed(&mut self, offer: &Offer, now: Now) {
        let turn = self.next_in_sequence();
        let limit = self
            .lines
            .get(offer.queue.0)
            .map_or(u32::MAX, |line| line.config.rona_after.max(1));
        let Some(agent) = self.agents.get_mut(offer.agent.0) else {
            return;
        };
        agent.turn = turn;
        agent.misses = agent.misses.saturating_add(1);
        let stays = agent.status() == AgentStatus::Ringing && !agent.gone;
        if stays && agent.misses >= limit {
            agent.misses = 0;
            let reason = NO_ANSWER.to_owned();
            self.change(offer.agent, State::Paused { reason }, None, now);
        } else {
            self.rest(offer.agent, true, now);
        }
    }
}
