//! A caller's place in a queue: entering it, what he may be told there, leaving it. Who is given to whom is the floor's affair.

use std::time::Duration;

use crate::ivr::walk::{HookId, Input as WalkInput};
use crate::kernel::{EventKind, Mono, Now, PhoneNumber};
use crate::queue::{Announcement, Waiter};

use super::desk::Desk;
use super::live::Call;

/// A place in a queue, and afterwards the conversation that it led to.
#[derive(Debug)]
pub(super) struct Place {
    /// The plan's question, to be answered when all is over; without a plan nobody asked.
    pub hook: Option<HookId>,
    pub queue: String,
    since: Mono,
    /// Waited before, in all.
    carried: Duration,
    /// Somebody has spoken with him: the floor no longer knows him as a waiting caller.
    pub served: bool,
}

impl Place {
    /// What he has waited, in all.
    pub fn waited(&self, now: Now) -> Duration {
        self.carried + now.mono.since(self.since)
    }
}

impl Call {
    /// The plan wants a person, or an agent has sent him on.
    pub(super) fn enter_queue(&mut self, hook: Option<HookId>, queue: &str, now: Now, desk: &mut Desk) {
        let waiter = Waiter {
            call: self.id,
            queue: queue.to_owned(),
            number: self.from.clone(),
            requires: Vec::new(),
            priority: 0,
            carried: self.waited,
        };
        let entered = desk.floor.enter(waiter, now);
        let carried = *entered.as_ref().unwrap_or(&self.waited);
        let requested = EventKind::PersonRequested {
            queue: queue.to_owned(),
            carried_ms: u64::try_from(carried.as_millis()).unwrap_or(u64::MAX),
        };
        desk.note(self.id, requested, now);
        self.last_queue = Some(queue.to_owned());
        self.place = Some(Place {
            hook,
            queue: queue.to_owned(),
            since: now.mono,
            carried,
            served: false,
        });
        if entered.is_err() {
            self.queue_done("unavailable", now, desk); // no such queue in this house
        } else if self.waited.is_zero() && !carried.is_zero() {
            self.walk_on(WalkInput::PlaceKept, now, desk);
        }
    }

    /// The floor is done with him.
    pub(super) fn queue_done(&mut self, outcome: &str, now: Now, desk: &mut Desk) {
        let Some(hook) = self.place.as_ref().map(|place| place.hook) else {
            return;
        };
        self.end_conversation_recording(desk);
        if let Some(kind) = self.give_up_place(outcome, now, desk) {
            desk.note(self.id, kind, now);
        }
        match hook {
            Some(hook) => self.hook_done(hook, outcome, now, desk),
            None => self.nobody_for_him(now, desk),
        }
    }

    /// The plan wants it no longer.
    pub(super) fn call_off(&mut self, hook: HookId, because: &str, now: Now, desk: &mut Desk) {
        if self.place.as_ref().is_some_and(|place| place.hook == Some(hook)) {
            let left = self.give_up_place(because, now, desk);
            left.into_iter().for_each(|kind| desk.note(self.id, kind, now));
        }
    }

    /// Leaves the queue, if he stands in one; what there is to be noted.
    pub(super) fn give_up_place(&mut self, outcome: &str, now: Now, desk: &mut Desk) -> Option<EventKind> {
        let place = self.place.take_if(|place| !place.served)?;
        desk.floor.leave(self.id, now);
        self.stop_ringing(now, desk);
        self.waited = place.waited(now);
        Some(EventKind::QueueLeft {
            queue: place.queue,
            outcome: outcome.to_owned(),
        })
    }

    /// Tells him how he stands.
    pub(super) fn announce(&mut self, words: Announcement, now: Now, desk: &mut Desk) {
        if let Some(hook) = self.place.as_ref().filter(|p| !p.served).and_then(|p| p.hook) {
            let input = WalkInput::Standing {
                id: hook,
                ahead: words.ahead,
                minutes: words.minutes,
            };
            self.walk_on(input, now, desk);
        }
    }

    /// Who is shown to an agent as calling: the citizen, whoever he is.
    pub(super) fn shown_to_agents(&self) -> PhoneNumber {
        self.citizen_number().clone()
    }

    /// What an agent reads as the caller's name: the hotline, and the queue.
    pub(super) fn hotline_name(&self) -> Option<String> {
        let parts: Vec<&str> = [self.hotline.as_deref(), self.last_queue.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}
