//! Callers: how they enter, wait, are turned away, and leave.

use std::time::Duration;

use crate::kernel::{CallId, Now, OfferEnd, PhoneNumber};

use super::agent::AgentNo;
use super::floor::Floor;
use super::offers::REST;
use super::timer::Timer;
use super::types::{Command, QueueConfig, Refused, Waiter};
use super::waiting::{Alarms, Declined, Place, QueueNo, Slot, Waiting, Who, next_widening};

/// So long may callers wait in a queue that everybody has left, before they are turned away: the next shift may be at the door.
pub const DESERTED_AFTER: Duration = Duration::from_secs(60);

impl Floor {
    /// A caller enters. Says what he has waited before, in all (for the record): what he carries, or what he had waited when
    /// a restart cut him off. Who is in a queue already leaves it, and keeps what he has waited.
    ///
    /// He is offered to a free agent at once, whatever the limits of the queue say; they are for those who would wait.
    ///
    /// # Errors
    /// [`Refused::UnknownQueue`].
    pub fn enter(&mut self, waiter: Waiter, now: Now) -> Result<Duration, Refused> {
        self.note_time(now);
        let queue = *self.queue_names.get(&waiter.queue).ok_or(Refused::UnknownQueue)?;
        let carried = if self.calls.contains_key(&waiter.call) {
            self.leave(waiter.call, now).max(waiter.carried)
        } else {
            waiter.carried
        };
        let arrival = self.next_in_sequence();
        let back = if carried.is_zero() {
            self.comes_back(&waiter.number, &waiter.queue, now)
        } else {
            None
        };
        let ghost = self.ghost_of(&waiter.number, queue);
        let Some(line) = self.lines.get_mut(queue.0) else {
            return Err(Refused::UnknownQueue);
        };
        let before = back.as_ref().map_or(carried, |back| back.waited);
        let priority = line.config.priority.saturating_add(waiter.priority);
        let stood = back.as_ref().map_or(carried, |back| back.stood);
        let mut place = Place::new(now.mono, stood, priority, line.config.ageing, arrival);
        if let Some((ghost, _)) = ghost {
            place = place.min(ghost);
        }
        let class = line.classes.of(&waiter.requires);
        let slot = Slot(self.waiting.insert(Waiting {
            who: Who::Caller,
            call: waiter.call,
            number: waiter.number,
            queue,
            class,
            more: waiter.requires,
            place,
            entered: now.mono,
            entered_at: now.wall,
            before,
            here_before: back.map_or(Duration::ZERO, |back| back.here),
            offers: Vec::new(),
            declined: Vec::new(),
            alarms: Alarms::default(),
            overdue: false,
            ahead: 0,
            at_once: false,
            estimate: None,
        }));
        self.calls.insert(waiter.call, slot);
        line.classes.0[class].members += 1;
        line.callers.insert((place, slot));

        if let Some((_, debt)) = ghost {
            self.open_place(slot);
            self.ghost_leaves(debt, now);
            if self
                .waiting
                .get(slot.0)
                .is_some_and(|waiting| !waiting.offers.is_empty())
            {
                return Ok(before); // the agent who was being rung for him has him
            }
            self.close_place(slot);
        }
        let agents = self.agents_for(slot, now);
        if !agents.is_empty() {
            if let Some(waiting) = self.waiting.get_mut(slot.0) {
                waiting.at_once = true;
            }
            self.offer_waiting(slot, &agents, now);
        } else if let Some(outcome) = self.turns_away(slot, now) {
            self.dismiss(slot, outcome, now);
        } else {
            self.open_place(slot);
            self.begin_to_wait(slot, now);
        }
        Ok(before)
    }

    /// The caller is gone, or goes elsewhere. What he waited in all.
    pub fn leave(&mut self, call: CallId, now: Now) -> Duration {
        self.note_time(now);
        let Some(slot) = self.calls.get(&call).copied() else {
            return Duration::ZERO;
        };
        self.vacate(slot, now)
            .map_or(Duration::ZERO, |waiting| waiting.waited(now.mono))
    }

    /// Why one who would have to wait may not, if so.
    fn turns_away(&mut self, slot: Slot, now: Now) -> Option<&'static str> {
        let waiting = self.waiting.get(slot.0)?;
        let line = self.lines.get(waiting.queue.0)?;
        let QueueConfig {
            length_max,
            estimate_max,
            needs_agents,
            ..
        } = line.config;
        if line.callers.len() > length_max {
            return Some("full");
        }
        if needs_agents && !self.somebody_could(waiting.queue, &line.classes.0[waiting.class].requires) {
            return Some("no_agents");
        }
        let ahead = line.ahead(waiting.place);
        let estimate = self.estimate_behind(waiting.queue, ahead, now);
        let too_long = matches!((estimate, estimate_max), (Some(estimate), Some(max)) if estimate > max);
        let waiting = self.waiting.get_mut(slot.0)?;
        waiting.ahead = ahead;
        waiting.estimate = estimate;
        too_long.then_some("long_wait")
    }

    /// Sets the alarms of one who has to wait.
    pub(super) fn begin_to_wait(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.waiting.get_mut(slot.0) else {
            return;
        };
        let Some(line) = self.lines.get(waiting.queue.0) else {
            return;
        };
        if waiting.who == Who::Caller {
            if let (Some(max), None) = (line.config.wait_max, waiting.alarms.wait_max) {
                // What he carries from other queues is not held against him here.
                let at = waiting.entered + max.saturating_sub(waiting.here_before);
                waiting.alarms.wait_max = Some(at);
                self.timers.set(Timer::WaitMax(slot), at);
            }
            if let (Some(every), None) = (line.config.announce_every, waiting.alarms.announce) {
                let at = now.mono + every;
                waiting.alarms.announce = Some(at);
                self.timers.set(Timer::Announce(slot), at);
            }
        }
        if waiting.alarms.widen.is_none() {
            let requires = &line.classes.0[waiting.class].requires;
            if let Some(after) = next_widening(requires, waiting.waited_here(now.mono)) {
                let at = now.mono + after;
                waiting.alarms.widen = Some(at);
                self.timers.set(Timer::Widen(slot), at);
            }
        }
    }

    /// Nobody is being rung for him: agents who become free will see him.
    pub(super) fn open_place(&mut self, slot: Slot) {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(waiting.queue.0) {
            line.classes.0[waiting.class].open.insert(waiting.place, slot);
        }
    }

    pub(super) fn close_place(&mut self, slot: Slot) {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(waiting.queue.0) {
            let open = &mut line.classes.0[waiting.class].open;
            // Who comes in a ghost's stead has taken the place already.
            if open.get(&waiting.place) == Some(&slot) {
                open.remove(&waiting.place);
            }
        }
    }

    /// Looks for an agent for one who waits and for whom nobody is being rung. An agent who is found may become able to
    /// serve several at the same moment: the first of them has him.
    pub(super) fn seek(&mut self, slot: Slot, now: Now) {
        while self
            .waiting
            .get(slot.0)
            .is_some_and(|waiting| waiting.offers.is_empty())
        {
            let agents = self.agents_for(slot, now);
            let Some(agent) = agents.first() else { return };
            match self.first_for(*agent, now).filter(|first| *first != slot) {
                Some(first) => {
                    let agents = self.agents_for(first, now);
                    self.offer_waiting(first, &agents, now);
                }
                None => self.offer_waiting(slot, &agents, now),
            }
        }
    }

    /// An offer for him came to nothing. Unless another still rings, he stands where he stood.
    pub(super) fn seek_again(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        if !waiting.offers.is_empty() {
            return;
        }
        self.open_place(slot);
        self.seek(slot, now);
        let Some(waiting) = self.waiting.get(slot.0) else {
            return;
        };
        if !waiting.offers.is_empty() {
            return;
        }
        if waiting.overdue {
            self.dismiss(slot, "timeout", now);
        } else {
            self.begin_to_wait(slot, now);
        }
    }

    /// The agent did not take him: for a while he is not asked again.
    pub(super) fn decline(&mut self, slot: Slot, agent: AgentNo, now: Now) {
        let Some(waiting) = self.waiting.get_mut(slot.0) else {
            return;
        };
        let until = now.mono + REST;
        match waiting.declined.iter_mut().find(|declined| declined.agent == agent) {
            Some(declined) => {
                declined.until = until;
                declined.times += 1;
            }
            None => waiting.declined.push(Declined { agent, until, times: 1 }),
        }
        self.arm_rest(slot, now);
    }

    /// Agents who did not take him may be asked again.
    pub(super) fn rest_over(&mut self, slot: Slot, now: Now) {
        if let Some(waiting) = self.waiting.get_mut(slot.0) {
            waiting.alarms.rest = None;
        }
        self.arm_rest(slot, now);
        self.seek(slot, now);
    }

    /// Sets the alarm for the first rest that is over.
    fn arm_rest(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.waiting.get_mut(slot.0) else {
            return;
        };
        let rests = waiting.declined.iter().map(|declined| declined.until);
        let next = rests.filter(|until| *until > now.mono).min();
        if waiting.alarms.rest == next {
            return;
        }
        if let Some(at) = std::mem::replace(&mut waiting.alarms.rest, next) {
            self.timers.stop(Timer::Rest(slot), at);
        }
        if let Some(at) = next {
            self.timers.set(Timer::Rest(slot), at);
        }
    }

    /// Less is asked of the agents from now on.
    pub(super) fn widen(&mut self, slot: Slot, now: Now) {
        if let Some(waiting) = self.waiting.get_mut(slot.0) {
            waiting.alarms.widen = None;
        }
        self.begin_to_wait(slot, now);
        self.seek(slot, now);
    }

    /// He has waited as long as the queue allows. Who rings for him may still answer.
    pub(super) fn wait_max(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.waiting.get_mut(slot.0) else {
            return;
        };
        waiting.alarms.wait_max = None;
        waiting.overdue = true;
        if waiting.offers.is_empty() {
            self.dismiss(slot, "timeout", now);
        }
    }

    /// The queue is done with a caller.
    pub(super) fn dismiss(&mut self, slot: Slot, outcome: &str, now: Now) {
        if let Some(waiting) = self.vacate(slot, now) {
            self.commands.push_back(Command::Done {
                call: waiting.call,
                outcome: outcome.to_owned(),
            });
        }
    }

    /// An agent has answered: he waits no more.
    pub(super) fn served(&mut self, slot: Slot, now: Now) {
        let Some(waiting) = self.vacate(slot, now) else { return };
        if waiting.who == Who::Caller
            && let Some(line) = self.lines.get_mut(waiting.queue.0)
        {
            let waited = now.mono.since(waiting.entered);
            line.experience
                .answered(waited, waiting.ahead, waiting.at_once, waiting.estimate, now.mono);
        }
    }

    /// Takes one who waits out of everything. Whoever is being rung for him is free again, where he stood before.
    pub(super) fn vacate(&mut self, slot: Slot, now: Now) -> Option<Waiting> {
        let offers = self.waiting.get(slot.0)?.offers.clone();
        let mut agents = Vec::with_capacity(offers.len());
        for offer in offers {
            agents.extend(self.withdraw(offer, OfferEnd::Withdrawn).map(|offer| offer.agent));
        }
        self.close_place(slot);
        let waiting = self.waiting.remove(slot.0)?;
        let Alarms {
            wait_max,
            widen,
            rest,
            announce,
        } = waiting.alarms;
        let alarms = [
            (Timer::WaitMax(slot), wait_max),
            (Timer::Widen(slot), widen),
            (Timer::Rest(slot), rest),
            (Timer::Announce(slot), announce),
        ];
        for (timer, at) in alarms {
            if let Some(at) = at {
                self.timers.stop(timer, at);
            }
        }
        if let Some(line) = self.lines.get_mut(waiting.queue.0) {
            let class = &mut line.classes.0[waiting.class];
            class.members = class.members.saturating_sub(1);
            match waiting.who {
                Who::Caller => line.callers.remove(&(waiting.place, slot)),
                Who::Ghost => line.ghosts.remove(&(waiting.place, slot)),
            };
        }
        if waiting.who == Who::Caller {
            self.calls.remove(&waiting.call);
        }
        for agent in agents {
            self.rest(agent, false, now);
        }
        Some(waiting)
    }

    /// Somebody has gone home: callers whom nobody can serve any more are looked for in a while.
    pub(super) fn watch_deserted(&mut self, now: Now) {
        if self.deserted_alarm.is_none() && !self.calls.is_empty() {
            let at = now.mono + DESERTED_AFTER;
            self.deserted_alarm = Some(at);
            self.timers.set(Timer::Deserted, at);
        }
    }

    /// Turns callers away whom nobody can serve any more.
    pub(super) fn deserted(&mut self, now: Now) {
        self.deserted_alarm = None;
        let slots: Vec<Slot> = self.calls.values().copied().collect();
        for slot in slots {
            let Some(waiting) = self.waiting.get(slot.0) else {
                continue;
            };
            let Some(line) = self.lines.get(waiting.queue.0) else {
                continue;
            };
            let requires = &line.classes.0[waiting.class].requires;
            if line.config.needs_agents && waiting.offers.is_empty() && !self.somebody_could(waiting.queue, requires) {
                self.dismiss(slot, "no_agents", now);
            }
        }
    }

    /// Whether it says who calls: `anonymous` is nobody's number.
    pub(super) fn tells_who(number: &PhoneNumber) -> bool {
        number.reveal().bytes().any(|b| b.is_ascii_digit())
    }

    /// How long one would wait behind so many.
    pub(super) fn estimate_behind(&self, queue: QueueNo, ahead: usize, now: Now) -> Option<Duration> {
        let line = self.lines.get(queue.0)?;
        if ahead == 0 && !line.free.is_empty() {
            return Some(Duration::ZERO);
        }
        line.experience.estimate(ahead, self.agents_at_work(queue), now.mono)
    }
}
