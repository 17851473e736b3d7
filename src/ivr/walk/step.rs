//! Going from step to step: the ones that decide and go on at once, and the doors to those that take time.

use std::sync::Arc;
use std::time::Duration;

use super::question::Asked;
use super::timer::Timer;
use super::{Command, State, Walk};
use crate::ivr::dialplan::{Case, Kind, StepRef, Target, Value};
use crate::kernel::{EndReason, EventKind, Now, limits};

/// Within this time a walk may take [`limits::DIALPLAN_STEPS_WITHOUT_WAIT_MAX`] steps. More is a loop: of the plan itself, or
/// of a plan and a hook that sends the caller back at once.
const BURST: Duration = Duration::from_secs(1);

impl Walk {
    /// Goes to `target` and on, until something takes time.
    pub(super) fn go(&mut self, target: Target, now: Now) {
        self.timers.clear(Timer::Keys);
        let mut target = target;
        loop {
            let at = match target {
                Target::Step(at) => at,
                Target::HangUp => return self.end(EndReason::PlanFinished),
                Target::Return => match self.returns.pop() {
                    Some(back) => {
                        target = back;
                        continue;
                    }
                    None => return self.end(EndReason::PlanFinished),
                },
            };
            if !self.may_step(now) {
                return self.end(EndReason::InternalError);
            }
            match self.enter(at, now) {
                Some(next) => target = next,
                None => return,
            }
        }
    }

    fn may_step(&mut self, now: Now) -> bool {
        if now.mono.since(self.burst.0) >= BURST {
            self.burst = (now.mono, 0);
        }
        self.burst.1 = self.burst.1.saturating_add(1);
        self.burst.1 <= limits::DIALPLAN_STEPS_WITHOUT_WAIT_MAX
    }

    /// Comes to a step; where next, if it takes no time.
    fn enter(&mut self, at: StepRef, now: Now) -> Option<Target> {
        let plan = Arc::clone(&self.plan);
        let Some(step) = plan.step(at) else {
            self.end(EndReason::InternalError);
            return None;
        };
        self.at = Some(at);
        self.event(EventKind::Step {
            step: plan.step_name(at),
        });
        match &step.kind {
            Kind::Goto(target) => Some(*target),
            Kind::Call { target, next } => self.call(*target, *next),
            Kind::Hours { hours, open, closed } => Some(if self.is_open(hours, now) { *open } else { *closed }),
            Kind::Language { language, next } => {
                self.context.language = *language;
                self.push(Command::Language(*language));
                Some(*next)
            }
            Kind::Set { values, next } => {
                for (name, value) in values {
                    let value = self.value(value);
                    self.set(name, &value);
                }
                Some(*next)
            }
            Kind::Branch {
                value,
                cases,
                otherwise,
            } => Some(self.branch(value, cases).unwrap_or(*otherwise)),
            Kind::Say { lines, barge_in, next } => {
                let cut_short = *barge_in && !self.typed.is_empty();
                if cut_short || !self.say(lines, now) {
                    return Some(*next);
                }
                self.state = State::Hearing {
                    barge_in: *barge_in,
                    next: *next,
                };
                None
            }
            Kind::Wait { seconds, music, next } => {
                self.say_on(music);
                self.timers
                    .set(Timer::Pause, now.mono + Duration::from_secs(u64::from(*seconds)));
                self.state = State::Waiting { next: *next };
                None
            }
            Kind::Menu(menu) => self.open_menu(menu, Asked::default(), now),
            Kind::Gather(gather) => self.open_gather(gather, Asked::default(), now),
            Kind::Record(record) => self.open_record(record, now),
            Kind::Transfer {
                to,
                say,
                ring_timeout_s,
                ..
            } => self.open_transfer(to, say, *ring_timeout_s, now),
            Kind::Queue(queue) => self.open_queue(queue, at, now),
            Kind::Hook { hook, with, .. } => self.open_hook(hook, with),
            Kind::HangUp { say } => {
                self.leave_queue("menu");
                self.state = State::Leaving;
                if self.say(say, now) { None } else { Some(Target::HangUp) }
            }
        }
    }

    fn call(&mut self, target: Target, next: Target) -> Option<Target> {
        if self.returns.len() >= limits::DIALPLAN_DEPTH_MAX {
            self.end(EndReason::InternalError);
            return None;
        }
        self.returns.push(next);
        Some(target)
    }

    /// The first case that the value fits; exact ones stand first.
    fn branch(&self, value: &Value, cases: &[(Case, Target)]) -> Option<Target> {
        let value = self.value(value);
        let found = cases.iter().find(|(case, _)| case.fits(&value));
        found.map(|(_, target)| *target)
    }

    /// Whether these hours are open now. Hours that the plan does not have count as closed; `load` lets none through.
    pub(super) fn is_open(&mut self, hours: &str, now: Now) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(hours) = plan.hours.get(hours) else {
            return false;
        };
        let openness = hours.at(&self.context.calendar, now.wall);
        if let Some(year) = openness.provisional_year {
            self.push(Command::CalendarMissing { year });
        }
        openness.open
    }
}
