//! Debts: citizens who are owed a call. The agent's telephone rings first, so that nobody is called whom nobody can speak to.
//!
//! Who asked to be called back keeps his place among the callers (a *ghost*). All others come after the callers, the oldest
//! first, and never more at once than agents would still be free: a heap of debts in the morning cannot take all desks.
//! Debts of a queue whose rules are not `automatic`, or whose attempts are used up, wait for a person to take or settle them.

use std::time::Duration;

use crate::kernel::{CallId, Mono, Now, OfferEnd, PhoneNumber, Wall};

use super::agent::AgentNo;
use super::floor::Floor;
use super::timer::Timer;
use super::types::{CallbackRules, Debt, OfferId, Requirement};
use super::waiting::{Alarms, Place, QueueNo, Slot, Waiting, Who};

/// Debts kept in mind at once. More stand in the ledger only, until the next start.
pub const DEBTS_MAX: usize = 100_000;
/// Debts are looked at this often at least, so that a step of the wall clock delays none by more.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// A citizen who is on the line already is not called; looked at again after this.
const ON_THE_LINE: Duration = Duration::from_secs(300);

/// What becomes of a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In its queue's list, for an agent who has nothing else to do.
    Listed,
    /// Stands among the callers, or rings for one.
    Ghost(Slot),
    /// Rings at an agent.
    Offered(OfferId),
    /// An agent calls the citizen, or speaks with him.
    Trying(AgentNo),
    /// A person has to take or settle it.
    Kept,
}

/// A debt and what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    pub(super) debt: Debt,
    pub(super) queue: Option<QueueNo>,
    pub(super) stage: Stage,
    /// Counted among the queue's call-backs in flight.
    pub(super) flying: bool,
}

impl Floor {
    /// The caller wants to be called back instead and hangs up: a debt takes his place in the queue.
    pub fn leave_for_callback(&mut self, call: CallId, debt: Debt, now: Now) {
        self.note_time(now);
        let left = self.calls.get(&call).copied().and_then(|slot| self.vacate(slot, now));
        let Some(caller) = left else {
            return self.owe(debt, now);
        };
        self.forget_listing(debt.call);
        self.add_ghost(debt, caller.queue, caller.place, caller.more, now);
    }

    /// A citizen is owed a call. A call owes once: a second debt of it is not taken.
    pub fn owe(&mut self, debt: Debt, now: Now) {
        self.note_time(now);
        if self.debts.contains_key(&debt.call) || self.debts.len() >= DEBTS_MAX {
            return;
        }
        let call = debt.call;
        let queue = self.queue_names.get(&debt.queue).copied();
        self.debts.insert(
            call,
            Owed {
                debt,
                queue,
                stage: Stage::Kept,
                flying: false,
            },
        );
        self.enlist(call, now);
    }

    /// What came of an attempt to call back (the offer of [`super::Task::CallBack`], or an agent's own call): `reached` settles it.
    pub fn callback_tried(&mut self, debt: CallId, reached: bool, now: Now) {
        self.note_time(now);
        self.debt_out(debt, now);
        if reached {
            self.debts.remove(&debt);
            return;
        }
        if let Some(owed) = self.debts.get_mut(&debt) {
            owed.debt.attempts = owed.debt.attempts.saturating_add(1);
        }
        self.enlist_later(debt, now);
    }

    /// Somebody decided, or the citizen called again and was served.
    pub fn settle(&mut self, debt: CallId, now: Now) -> Option<Debt> {
        self.note_time(now);
        self.debt_out(debt, now);
        self.debts.remove(&debt).map(|owed| owed.debt)
    }

    /// Debts to a number: all are settled when a person has spoken with it.
    pub fn debts_to(&self, number: &PhoneNumber) -> Vec<CallId> {
        let to = self.debts.iter().filter(|(_, owed)| owed.debt.number == *number);
        to.map(|(call, _)| *call).collect()
    }

    /// All debts, the oldest first.
    pub fn debts(&self) -> Vec<Debt> {
        let mut all: Vec<Debt> = self.debts.values().map(|owed| owed.debt.clone()).collect();
        all.sort_by_key(|debt| (debt.owed_at, debt.call));
        all
    }

    // ── for the files beside ──

    /// A debt takes a place among the callers, where the queue calls back by itself.
    pub(super) fn add_ghost(&mut self, debt: Debt, queue: QueueNo, place: Place, more: Vec<Requirement>, now: Now) {
        let Some(line) = self.lines.get_mut(queue.0) else {
            return self.owe(debt, now);
        };
        let rules = &line.config.callback;
        if !rules.automatic || debt.attempts >= rules.attempts_max || self.debts.len() >= DEBTS_MAX {
            return self.owe(debt, now);
        }
        let (call, number) = (debt.call, debt.number.clone());
        let class = line.classes.of(&more);
        let slot = Slot(self.waiting.insert(Waiting {
            who: Who::Ghost,
            call,
            number,
            queue,
            class,
            more,
            place,
            entered: now.mono,
            entered_at: debt.owed_at,
            before: Duration::ZERO,
            here_before: Duration::ZERO,
            offers: Vec::new(),
            declined: Vec::new(),
            alarms: Alarms::default(),
            overdue: false,
            ahead: 0,
            at_once: false,
            estimate: None,
        }));
        line.classes.0[class].members += 1;
        line.ghosts.insert((place, slot));
        self.debts.insert(
            call,
            Owed {
                debt,
                queue: Some(queue),
                stage: Stage::Ghost(slot),
                flying: false,
            },
        );
        self.open_place(slot);
        self.begin_to_wait(slot, now);
        self.seek(slot, now);
        self.arm_debts(now);
    }

    /// The place that a citizen has who asked to be called back, and now calls himself.
    pub(super) fn ghost_of(&self, number: &PhoneNumber, queue: QueueNo) -> Option<(Place, CallId)> {
        let line = self.lines.get(queue.0)?;
        if line.ghosts.is_empty() || !Self::tells_who(number) {
            return None;
        }
        let mut ghosts = line.ghosts.iter();
        ghosts.find_map(|(place, slot)| {
            let ghost = self.waiting.get(slot.0)?;
            (ghost.number == *number).then_some((*place, ghost.call))
        })
    }

    /// He has his place himself now, and is not called while he waits; the debt stands until he was spoken with.
    pub(super) fn ghost_leaves(&mut self, debt: CallId, now: Now) {
        self.debt_out(debt, now);
        self.enlist_later(debt, now);
    }

    /// The agent did not answer for a debt: it is listed as before, and no attempt is counted.
    pub(super) fn debt_back(&mut self, debt: CallId, now: Now) {
        self.landed(debt);
        if let Some(owed) = self.debts.get_mut(&debt) {
            owed.stage = Stage::Kept;
        }
        self.enlist(debt, now);
    }

    /// The agent who was to call the citizen is gone, and nobody said that he tried: once more, later.
    pub(super) fn debt_untried(&mut self, debt: CallId, agent: AgentNo, now: Now) {
        let trying = self
            .debts
            .get(&debt)
            .is_some_and(|owed| owed.stage == Stage::Trying(agent));
        if trying {
            self.debt_out(debt, now);
            self.enlist_later(debt, now);
        }
    }

    /// Takes a debt out of everything; it is kept.
    pub(super) fn debt_out(&mut self, debt: CallId, now: Now) {
        self.landed(debt);
        self.forget_listing(debt);
        let Some(owed) = self.debts.get_mut(&debt) else { return };
        let stage = std::mem::replace(&mut owed.stage, Stage::Kept);
        match stage {
            Stage::Listed | Stage::Kept | Stage::Trying(_) => {}
            Stage::Ghost(slot) => {
                self.vacate(slot, now);
            }
            Stage::Offered(offer) => {
                if let Some(offer) = self.withdraw(offer, OfferEnd::Withdrawn) {
                    self.rest(offer.agent, false, now);
                }
            }
        }
    }

    /// No call-back of this debt is in flight any more.
    fn landed(&mut self, debt: CallId) {
        let Some(owed) = self.debts.get_mut(&debt) else { return };
        if std::mem::take(&mut owed.flying)
            && let Some(line) = owed.queue.and_then(|queue| self.lines.get_mut(queue.0))
        {
            line.in_flight = line.in_flight.saturating_sub(1);
        }
    }

    fn forget_listing(&mut self, debt: CallId) {
        let Some(owed) = self.debts.get(&debt) else { return };
        if let Some(line) = owed.queue.and_then(|queue| self.lines.get_mut(queue.0)) {
            line.ready.remove(&(owed.debt.owed_at, debt));
            if let Some(at) = owed.debt.not_before {
                line.later.remove(&(at, debt));
            }
        }
    }

    /// Lists a debt for its queue's agents, if the queue calls back by itself, and pays it if it can be paid now.
    pub(super) fn enlist(&mut self, debt: CallId, now: Now) {
        let Some(owed) = self.debts.get_mut(&debt) else { return };
        let Some(queue) = owed.queue else { return };
        let Some(line) = self.lines.get_mut(queue.0) else {
            return;
        };
        let rules = &line.config.callback;
        if !rules.automatic || owed.debt.attempts >= rules.attempts_max {
            owed.stage = Stage::Kept;
            return;
        }
        owed.stage = Stage::Listed;
        match owed.debt.not_before.filter(|at| *at > now.wall) {
            Some(at) => line.later.insert((at, debt)),
            None => line.ready.insert((owed.debt.owed_at, debt)),
        };
        self.pay(queue, now);
        self.arm_debts(now);
    }

    /// Lists it for the next attempt.
    fn enlist_later(&mut self, debt: CallId, now: Now) {
        let Some(owed) = self.debts.get_mut(&debt) else { return };
        if let Some(line) = owed.queue.and_then(|queue| self.lines.get(queue.0)) {
            owed.debt.not_before = Some(now.wall + line.config.callback.retry_after);
        }
        self.enlist(debt, now);
    }

    /// Gives debts of a queue to agents who have nothing else to do: as long as fewer are in flight than agents are free.
    pub(super) fn pay(&mut self, queue: QueueNo, now: Now) {
        loop {
            let Some(line) = self.lines.get_mut(queue.0) else {
                return;
            };
            while let Some((_, debt)) = line.later.first().copied().filter(|(at, _)| *at <= now.wall) {
                line.later.pop_first();
                if let Some(owed) = self.debts.get(&debt) {
                    line.ready.insert((owed.debt.owed_at, debt));
                }
            }
            let Some(line) = self.lines.get(queue.0) else { return };
            if line.in_flight >= line.free.len() || !self.in_hours(&line.config.callback, now.wall) {
                return;
            }
            let Some((owed_at, debt)) = line.ready.first().copied() else {
                return;
            };
            let Some(owed) = self.debts.get(&debt) else { return };
            if self.is_on_the_line(&owed.debt.number) {
                self.forget_listing(debt);
                if let (Some(owed), Some(line)) = (self.debts.get_mut(&debt), self.lines.get_mut(queue.0)) {
                    let at = now.wall + ON_THE_LINE;
                    owed.debt.not_before = Some(at);
                    line.later.insert((at, debt));
                }
                self.arm_debts(now);
                continue;
            }
            let waited = Duration::from_millis(
                u64::try_from(now.wall.as_millis().saturating_sub(owed_at.as_millis())).unwrap_or(0),
            );
            let Some(agent) = self.agent_for_debt(queue, waited) else {
                return;
            };
            self.forget_listing(debt);
            if let (Some(owed), Some(line)) = (self.debts.get_mut(&debt), self.lines.get_mut(queue.0)) {
                owed.flying = true;
                line.in_flight += 1;
            }
            self.offer_debt(debt, queue, agent, waited, now);
        }
    }

    fn is_on_the_line(&self, number: &PhoneNumber) -> bool {
        let mut slots = self.calls.values();
        slots.any(|slot| self.waiting.get(slot.0).is_some_and(|w| w.number == *number))
    }

    /// Whether citizens are called at this time of day.
    pub(super) fn in_hours(&self, rules: &CallbackRules, wall: Wall) -> bool {
        let (_, into) = self.local(wall);
        let (from, to) = rules.window_minutes;
        (u64::from(from)..u64::from(to)).contains(&(into.as_secs() / 60))
    }

    /// When citizens may be called next: now, or when the hours begin.
    fn next_hours(&self, rules: &CallbackRules, wall: Wall) -> Wall {
        if self.in_hours(rules, wall) {
            return wall;
        }
        let (_, into) = self.local(wall);
        let from = Duration::from_secs(u64::from(rules.window_minutes.0) * 60);
        let day = Duration::from_secs(86_400);
        wall + if into < from { from - into } else { day + from - into }
    }

    /// Sets the alarm for the next debt that is due.
    pub(super) fn arm_debts(&mut self, now: Now) {
        let mut next: Option<Wall> = None;
        for (_, line) in self.lines.iter() {
            let rules = &line.config.callback;
            let due = |at: Wall| self.next_hours(rules, at.max(now.wall));
            let later = line.later.first().map(|(at, _)| due(*at));
            let some = !line.ready.is_empty() || !line.ghosts.is_empty();
            let closed = some && !self.in_hours(rules, now.wall);
            let opening = closed.then(|| due(now.wall));
            next = [next, later, opening].into_iter().flatten().min();
        }
        let Some(next) = next else { return };
        let millis = next.as_millis().saturating_sub(now.wall.as_millis());
        let after = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
        let at = now.mono + after.clamp(Duration::from_millis(1), LOOK_EVERY);
        if self.debts_alarm.is_some_and(|set| set <= at) {
            return;
        }
        if let Some(old) = self.debts_alarm.replace(at) {
            self.timers.stop(Timer::Debts, old);
        }
        self.timers.set(Timer::Debts, at);
    }

    /// Debts are due, or hours may have begun.
    pub(super) fn debts_due(&mut self, now: Now) {
        if let Some(at) = self.debts_alarm.take() {
            self.timers.stop(Timer::Debts, at);
        }
        let queues: Vec<u32> = self.lines.iter().map(|(no, _)| no).collect();
        for queue in queues {
            let Some(line) = self.lines.get(queue) else { continue };
            let ghosts: Vec<Slot> = line.ghosts.iter().map(|(_, slot)| *slot).collect();
            for ghost in ghosts {
                self.seek(ghost, now);
            }
            self.pay(QueueNo(queue), now);
        }
        self.arm_debts(now);
    }

    /// How long ago it was, by the wall clock.
    pub(super) fn ago(now: Now, then: Wall) -> Duration {
        let millis = now.wall.as_millis().saturating_sub(then.as_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

/// When an alarm of the wall clock rings on the monotonic one.
pub(super) fn mono_of(at: Wall, now: Now) -> Mono {
    let millis = at.as_millis().saturating_sub(now.wall.as_millis());
    now.mono + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
