//! The day itself: one event after another, from midnight until the last has gone home.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::kernel::{AgentStatus, CallId, Mono, Now, PhoneNumber, Wall};

use super::super::types::Action;
use super::book::{Book, Busy, Place};
use super::people::arrivals;
use super::{Caller, Heard, House, Report, Town};

/// The day begins so long after the start of the monotonic clock.
const BEFORE: Duration = Duration::from_secs(3_600);
/// How long the telephone of a citizen rings who is called back.
const CALL_BACK_RINGS: Duration = Duration::from_secs(15);
/// An agent who was paused because he did not answer comes back after this.
const COMES_BACK: Duration = Duration::from_secs(120);
/// After the day, everybody has so long to finish.
const AFTER: Duration = Duration::from_secs(6 * 3_600);

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Dials(usize),
    GivesUp(usize),
    PicksUp { agent: usize, ring: u64 },
    Refuses { agent: usize, ring: u64 },
    RingsOut { agent: usize, ring: u64 },
    CalledBack { agent: usize, no: usize, reached: bool },
    Ends { agent: usize, no: usize },
    WrittenUp { agent: usize, no: usize },
    ComesBack { agent: usize },
    Begins { agent: usize },
    Breaks { agent: usize },
    GoesHome { agent: usize },
}

struct Day<'a, H> {
    town: &'a Town,
    house: H,
    book: Book,
    callers: Vec<Caller>,
    /// What rings at each agent: the call, and whether it is a call back.
    rings: Vec<(u64, usize, bool)>,
    /// Whose call each agent has or writes up.
    last: Vec<usize>,
    /// Agents who are at work by their hours.
    on_duty: Vec<bool>,
    next: BinaryHeap<Reverse<(Mono, u64, What)>>,
    count: u64,
    rng: SmallRng,
    now: Now,
}

/// One day of a town with a house, from a seed. `house` is built with the same moment.
pub fn run<H: House>(town: &Town, seed: u64, house: impl FnOnce(Now) -> H) -> Report {
    let mut rng = SmallRng::seed_from_u64(seed);
    let now = Now {
        mono: Mono::ZERO + BEFORE,
        wall: town.midnight,
    };
    let callers = callers(town, now, &mut rng);
    let agents = town.agents.len();
    let mut day = Day {
        town,
        house: house(now),
        book: Book::new(&callers, agents, town.queues.len()),
        callers,
        rings: vec![(0, usize::MAX, false); agents],
        last: vec![usize::MAX; agents],
        on_duty: vec![false; agents],
        next: BinaryHeap::new(),
        count: 0,
        rng,
        now,
    };
    day.plan_duties();
    if !day.callers.is_empty() {
        day.plan(day.callers[0].at, What::Dials(0));
    }
    day.pass();
    let remains = day.house.remains();
    day.book.close(remains)
}

fn callers(town: &Town, now: Now, rng: &mut SmallRng) -> Vec<Caller> {
    let shares: f64 = town.queues.iter().map(|(_, share)| share).sum();
    let moments = arrivals(town.calls, &town.hourly, rng);
    let mut callers = Vec::with_capacity(moments.len());
    for (no, moment) in moments.into_iter().enumerate() {
        let mut draw = rng.random::<f64>() * shares;
        let queue = town.queues.iter().position(|(_, share)| {
            draw -= share;
            draw < 0.0
        });
        let wall = Wall::from_millis(now.wall.as_millis() + i64::try_from(moment.as_millis()).unwrap_or(0));
        callers.push(Caller {
            call: CallId::new(wall, no as u128),
            number: PhoneNumber::new(&format!("139{no:08}")),
            queue: queue.unwrap_or(0),
            at: now.mono + moment,
            patience: town.patience.draw(rng),
            talk: town.talk.draw(rng),
            wrap_up: town.wrap_up.draw(rng),
        });
    }
    callers
}

impl<H: House> Day<'_, H> {
    fn plan(&mut self, at: Mono, what: What) {
        self.count += 1;
        self.next.push(Reverse((at, self.count, what)));
    }

    fn after(&mut self, time: Duration, what: What) {
        self.plan(self.now.mono + time, what);
    }

    /// Hours that go over midnight are worked at the beginning of the day as well.
    fn plan_duties(&mut self) {
        const DAY: u64 = 24 * 60;
        let midnight = self.now.mono;
        let minute = |minute: u64| midnight + Duration::from_secs(minute * 60);
        for agent in 0..self.town.agents.len() {
            let hours: Vec<(u64, u64)> = self.town.agents[agent]
                .1
                .iter()
                .map(|h| (h.0.into(), h.1.into()))
                .collect();
            let mut duties: Vec<(u64, u64)> = Vec::new();
            for (from, to) in hours {
                if from >= DAY {
                    duties.push((from - DAY, to - DAY));
                } else {
                    duties.push((from, to.min(DAY)));
                    if to > DAY {
                        duties.push((0, to - DAY));
                    }
                }
            }
            duties.sort_unstable();
            for (index, (from, to)) in duties.iter().enumerate() {
                self.plan(minute(*from), What::Begins { agent });
                // A short time until the next duty is a break, a long one is home.
                let pause = duties.get(index + 1).is_some_and(|(next, _)| next - to <= 60);
                let what = if pause {
                    What::Breaks { agent }
                } else {
                    What::GoesHome { agent }
                };
                self.plan(minute(*to), what);
            }
        }
    }

    fn pass(&mut self) {
        let end = self.now.mono + Duration::from_secs(86_400) + AFTER;
        loop {
            let next = self.next.peek().map(|Reverse((at, ..))| *at);
            let due = self
                .house
                .poll_timeout()
                .filter(|due| next.is_none_or(|next| *due <= next));
            let Some(at) = due.or(next).filter(|at| *at <= end) else {
                return;
            };
            if next.is_none() && self.everybody_is_home() {
                return; // debts of another day
            }
            self.now = self.now.later(at.since(self.now.mono));
            if due.is_some() {
                self.house.handle_timeout(self.now);
            } else if let Some(Reverse((_, _, what))) = self.next.pop() {
                self.happens(what);
            }
            while let Some(heard) = self.house.next_heard() {
                self.hear(heard);
            }
        }
    }

    fn everybody_is_home(&self) -> bool {
        (0..self.town.agents.len()).all(|agent| self.book.status(agent) == AgentStatus::SignedOut)
    }

    fn happens(&mut self, what: What) {
        let now = self.now;
        match what {
            What::Dials(no) => {
                let caller = &self.callers[no];
                self.book.dials(no, caller);
                self.house.dials(caller, now);
                let patience = caller.patience;
                if let Some(next) = self.callers.get(no + 1) {
                    self.plan(next.at, What::Dials(no + 1));
                }
                self.after(patience, What::GivesUp(no));
            }
            What::GivesUp(no) => {
                if self.book.place(no) == Place::Waits {
                    self.book.gives_up(no, &self.callers[no], now.mono);
                    self.house.gives_up(&self.callers[no], now);
                }
            }
            What::PicksUp { agent, ring } => self.picks_up(agent, ring),
            What::Refuses { agent, ring } => {
                if self.book.agents[agent] == Busy::Rings(ring) {
                    self.stops(agent);
                    self.house.refuses(ring, now);
                }
            }
            What::RingsOut { agent, ring } => {
                if self.book.agents[agent] == Busy::Rings(ring) {
                    self.stops(agent);
                    self.house.rings_out(ring, now);
                }
            }
            What::CalledBack { agent, no, reached } => {
                if reached {
                    self.book.called_back();
                    self.after(self.callers[no].talk, What::Ends { agent, no });
                } else {
                    self.book.ends(agent, no);
                }
                self.house.called_back(agent, self.callers[no].call, reached, now);
            }
            What::Ends { agent, no } => {
                self.book.ends(agent, no);
                self.house.ends(agent, self.callers[no].call, now);
                self.after(self.callers[no].wrap_up, What::WrittenUp { agent, no });
            }
            What::WrittenUp { agent, no } => {
                if self.book.status(agent) == AgentStatus::WrapUp && self.last[agent] == no {
                    self.house.acts(agent, Action::Ready, now);
                }
            }
            What::ComesBack { agent } => {
                if self.on_duty[agent] && self.book.status(agent) == AgentStatus::Paused {
                    self.house.acts(agent, Action::Ready, now);
                }
            }
            What::Begins { agent } => {
                self.on_duty[agent] = true;
                self.house.acts(agent, Action::SignIn { ready: true }, now);
            }
            What::Breaks { agent } => {
                self.on_duty[agent] = false;
                let reason = "meal".to_owned();
                self.house.acts(agent, Action::Pause { reason }, now);
            }
            What::GoesHome { agent } => {
                self.on_duty[agent] = false;
                self.house.acts(agent, Action::SignOut, now);
            }
        }
    }

    fn picks_up(&mut self, agent: usize, ring: u64) {
        if self.book.agents[agent] != Busy::Rings(ring) {
            return; // it has stopped
        }
        let (_, no, back) = self.rings[agent];
        let caller = &self.callers[no];
        self.last[agent] = no;
        if back {
            self.book.speaks(agent, caller.call);
            let reached = self.rng.random_bool(self.town.reached);
            self.after(CALL_BACK_RINGS, What::CalledBack { agent, no, reached });
        } else {
            self.book.connected(agent, (no, caller), self.now.mono);
            self.after(caller.talk, What::Ends { agent, no });
        }
        self.house.picks_up(ring, self.now);
    }

    /// The telephone rings no more, and nobody has answered.
    fn stops(&mut self, agent: usize) {
        let (_, no, back) = self.rings[agent];
        let caller = (!back).then(|| (no, &self.callers[no]));
        self.book.stops(agent, caller);
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Rings {
                ring,
                agent,
                call,
                back,
                ring_timeout,
            } => {
                let Some(no) = self.book.no(call) else { return };
                self.rings[agent] = (ring, no, back);
                let caller = (!back).then(|| (no, &self.callers[no]));
                self.book.rings(ring, agent, caller);
                let lot = self.rng.random::<f64>();
                let picks_up = self.town.pick_up.draw(&mut self.rng);
                if lot < self.town.deaf || picks_up >= ring_timeout {
                    self.after(ring_timeout, What::RingsOut { agent, ring });
                } else if lot < self.town.deaf + self.town.refuses {
                    self.after(picks_up, What::Refuses { agent, ring });
                } else {
                    self.after(picks_up, What::PicksUp { agent, ring });
                }
            }
            Heard::Stops { ring } => {
                let agent = self.book.agents.iter().position(|busy| *busy == Busy::Rings(ring));
                if let Some(agent) = agent {
                    self.stops(agent);
                }
            }
            Heard::TurnedAway { call } => {
                if let Some(no) = self.book.no(call) {
                    self.book.turned_away(no, &self.callers[no]);
                }
            }
            Heard::Shows { agent, status } => {
                self.book.shows(agent, status, self.now.mono);
                if status == AgentStatus::Paused && self.on_duty[agent] {
                    self.after(COMES_BACK, What::ComesBack { agent });
                }
            }
        }
    }
}
