//! Everything at once, in any order, from a seed: whatever comes, the floor keeps its promises.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;

/// What the exchange believes, and what must come of it.
struct Chaos {
    floor: Floor,
    now: Now,
    rng: SmallRng,
    /// Callers who wait, with what they asked.
    waiting: BTreeMap<CallId, Waiter>,
    /// Offers that ring: for whom, whose call, whether a call-back.
    ringing: BTreeMap<OfferId, (AgentId, CallId, bool)>,
    /// Offers that are over.
    over: Vec<OfferId>,
    /// Who speaks, in which call.
    speaking: BTreeMap<AgentId, CallId>,
    entered: BTreeSet<CallId>,
    ended: BTreeSet<CallId>,
    calls: u32,
    /// The settings were changed at least once.
    changed: bool,
    story: Vec<String>,
}

const QUEUES: [&str; 4] = ["general", "english", "market", "fund"];

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let now = Now {
            mono: Mono::from_nanos(5_000_000_000),
            wall: NOON,
        };
        let mut floor = Floor::new(Self::config(&mut rng), seed);
        floor.set_agents(Self::profiles(&mut rng), now);
        Self {
            floor,
            now,
            rng,
            waiting: BTreeMap::new(),
            ringing: BTreeMap::new(),
            over: Vec::new(),
            speaking: BTreeMap::new(),
            entered: BTreeSet::new(),
            ended: BTreeSet::new(),
            calls: 0,
            changed: false,
            story: Vec::new(),
        }
    }

    fn config(rng: &mut SmallRng) -> FloorConfig {
        let strategies = [
            Strategy::LongestIdle,
            Strategy::RoundRobin,
            Strategy::TopDown,
            Strategy::LeastTalk,
            Strategy::FewestCalls,
            Strategy::RingAll,
            Strategy::Random,
        ];
        let mut queues = Vec::new();
        for name in QUEUES {
            if rng.random_bool(0.1) {
                continue;
            }
            let maybe = |rng: &mut SmallRng, most: u64| rng.random_bool(0.5).then(|| s(rng.random_range(1..most)));
            queues.push(QueueConfig {
                strategy: *strategies.choose(rng).unwrap(),
                wrap_up: s(rng.random_range(0..20)),
                wrap_up_max: s(40),
                rona_after: rng.random_range(1..4),
                length_max: rng.random_range(1..12),
                wait_max: maybe(rng, 120),
                estimate_max: maybe(rng, 300),
                needs_agents: rng.random_bool(0.7),
                priority: rng.random_range(-1..3),
                requires: Self::requires(rng),
                announce_every: maybe(rng, 40),
                callback: CallbackRules {
                    automatic: rng.random_bool(0.7),
                    attempts_max: 2,
                    retry_after: s(rng.random_range(1..600)),
                    window_minutes: (8 * 60, rng.random_range(12 * 60..20 * 60)),
                },
                ..queue(name)
            });
        }
        config(queues)
    }

    fn requires(rng: &mut SmallRng) -> Vec<Requirement> {
        let mut requires = Vec::new();
        for skill in ["english", "dialect"] {
            if rng.random_bool(0.25) {
                requires.push(Requirement {
                    skill: skill.into(),
                    level: rng.random_range(1..6),
                    preferred: rng.random_bool(0.3),
                    widens_every: rng.random_bool(0.6).then(|| s(rng.random_range(1..30))),
                });
            }
        }
        requires
    }

    fn profiles(rng: &mut SmallRng) -> Vec<Profile> {
        let mut profiles = Vec::new();
        for no in 1..=6 {
            if rng.random_bool(0.1) {
                continue;
            }
            let mut queues = BTreeMap::new();
            for name in QUEUES {
                if rng.random_bool(0.6) {
                    queues.insert(name.to_owned(), rng.random_range(1..3));
                }
            }
            let mut skills = BTreeMap::new();
            for skill in ["english", "dialect"] {
                if rng.random_bool(0.5) {
                    skills.insert(skill.to_owned(), rng.random_range(1..=10));
                }
            }
            profiles.push(Profile {
                queues,
                skills,
                wrap_up: rng.random_bool(0.2).then(|| s(5)),
                ..profile(no, &[])
            });
        }
        profiles
    }

    fn next_call(&mut self) -> CallId {
        self.calls += 1;
        call(self.calls)
    }

    fn somebody(&mut self) -> AgentId {
        agent(self.rng.random_range(1..=6))
    }

    fn one_of<K: Copy>(rng: &mut SmallRng, keys: impl Iterator<Item = K>) -> Option<K> {
        let all: Vec<K> = keys.collect();
        all.choose(rng).copied()
    }

    fn a_debt(&mut self, call: CallId) -> Debt {
        Debt {
            call,
            number: number(self.rng.random_range(1..30)),
            queue: (*QUEUES.choose(&mut self.rng).unwrap()).into(),
            because: "abandoned".into(),
            owed_at: self.now.wall,
            attempts: 0,
            not_before: None,
        }
    }

    /// One input.
    fn step(&mut self) {
        let now = self.now;
        match self.rng.random_range(0..100) {
            0..22 => self.enter(),
            22..27 => {
                if let Some(call) = Self::one_of(&mut self.rng, self.waiting.keys().copied()) {
                    self.tell(format!("{call} hangs up"));
                    self.floor.leave(call, now);
                    self.gone(call);
                }
            }
            27..30 => {
                if let Some(call) = Self::one_of(&mut self.rng, self.waiting.keys().copied()) {
                    let debt = Debt {
                        number: self.waiting[&call].number.clone(),
                        queue: self.waiting[&call].queue.clone(),
                        ..self.a_debt(call)
                    };
                    self.tell(format!("{call} wants to be called back"));
                    self.floor.leave_for_callback(call, debt, now);
                    self.gone(call);
                }
            }
            30..45 => self.answer(),
            45..52 => self.refuse(),
            52..55 => self.late(),
            55..67 => self.act(),
            67..71 => {
                let (who, there) = (self.somebody(), self.rng.random_bool(0.8));
                self.tell(format!("{who} reachable: {there}"));
                self.floor.reachable(&who, there, now);
            }
            71..74 => self.engage(),
            74..84 => self.part_over(),
            84..86 => {
                let (who, on) = (self.somebody(), self.rng.random());
                self.floor.hold(&who, on, now);
            }
            86..90 => self.about_debts(),
            90..99 => self.pass(),
            _ => self.settings(),
        }
        self.hear();
        invariants::hold(&self.floor, self.changed, self.now);
    }

    fn enter(&mut self) {
        let call = self.next_call();
        let waiter = Waiter {
            call,
            queue: (*QUEUES.choose(&mut self.rng).unwrap()).into(),
            number: number(self.rng.random_range(1..30)),
            requires: if self.rng.random_bool(0.3) {
                Self::requires(&mut self.rng)
            } else {
                Vec::new()
            },
            priority: *[0, 0, 0, 1, 2].choose(&mut self.rng).unwrap(),
            carried: *[s(0), s(0), s(30)].choose(&mut self.rng).unwrap(),
        };
        self.tell(format!("enters: {waiter:?}"));
        match self.floor.enter(waiter.clone(), self.now) {
            Ok(_) => {
                self.entered.insert(call);
                self.waiting.insert(call, waiter);
            }
            Err(refused) => assert_eq!(refused, Refused::UnknownQueue),
        }
    }

    fn answer(&mut self) {
        let Some(offer) = Self::one_of(&mut self.rng, self.ringing.keys().copied()) else {
            return;
        };
        let (who, call, callback) = self.ringing.remove(&offer).unwrap();
        self.over.push(offer);
        self.tell(format!("{who} answers {offer:?} for {call}"));
        self.floor
            .offer_answered(offer, self.now)
            .expect("what rings can be answered");
        assert_eq!(self.speaking.insert(who, call), None, "he speaks already");
        if !callback {
            self.gone(call);
        }
    }

    fn refuse(&mut self) {
        let Some(offer) = Self::one_of(&mut self.rng, self.ringing.keys().copied()) else {
            return;
        };
        let how = [
            OfferEnd::NoAnswer,
            OfferEnd::Rejected,
            OfferEnd::Busy,
            OfferEnd::Unreachable,
            OfferEnd::Withdrawn,
        ];
        let how = *how.choose(&mut self.rng).unwrap();
        self.ringing.remove(&offer);
        self.over.push(offer);
        self.tell(format!("{offer:?} ends: {how:?}"));
        self.floor.offer_ended(offer, how, self.now);
    }

    /// Words about offers that are over.
    fn late(&mut self) {
        let Some(offer) = self.over.choose(&mut self.rng).copied() else {
            return;
        };
        assert_eq!(self.floor.offer_answered(offer, self.now), Err(Refused::TooLate));
        self.floor.offer_ended(offer, OfferEnd::NoAnswer, self.now);
    }

    fn act(&mut self) {
        let who = self.somebody();
        let action = match self.rng.random_range(0..8) {
            0..3 => Action::SignIn {
                ready: self.rng.random_bool(0.8),
            },
            3 => Action::SignOut,
            4..6 => Action::Ready,
            6 => Action::Pause { reason: "meal".into() },
            _ => Action::ExtendWrapUp { by: s(10) },
        };
        self.tell(format!("{who}: {action:?}"));
        let _ = self.floor.act(&who, action, None, self.now);
    }

    fn engage(&mut self) {
        let who = self.somebody();
        let debts: Vec<CallId> = self.floor.debts().iter().map(|debt| debt.call).collect();
        let debt = if self.rng.random_bool(0.5) {
            debts.choose(&mut self.rng).copied()
        } else {
            None
        };
        let call = self.next_call();
        self.tell(format!("{who} engages in {call} for {debt:?}"));
        if self.floor.engage(&who, call, debt, self.now).is_ok() {
            self.speaking.insert(who, call);
        }
    }

    fn part_over(&mut self) {
        let speaking: Vec<(AgentId, CallId)> = self.speaking.iter().map(|(a, c)| (a.clone(), *c)).collect();
        let Some((who, call)) = speaking.choose(&mut self.rng).cloned() else {
            return;
        };
        if self.rng.random_bool(0.1) {
            let other = self.somebody();
            self.floor.hand_over(&who, &other, self.now);
            self.tell(format!("{who} hands over to {other}"));
        }
        self.tell(format!("{who} ends {call}"));
        self.speaking.remove(&who);
        self.floor.part_over(&who, call, self.now);
    }

    fn about_debts(&mut self) {
        let now = self.now;
        let debts: Vec<CallId> = self.floor.debts().iter().map(|debt| debt.call).collect();
        let one = debts.choose(&mut self.rng).copied();
        match (self.rng.random_range(0..4), one) {
            (0, Some(debt)) => {
                self.tell(format!("{debt} is settled"));
                assert!(self.floor.settle(debt, now).is_some());
            }
            (1, Some(debt)) => {
                let reached = self.rng.random();
                self.tell(format!("{debt} tried: {reached}"));
                self.floor.callback_tried(debt, reached, now);
            }
            _ => {
                let call = self.next_call();
                let debt = self.a_debt(call);
                self.tell(format!("owed: {debt:?}"));
                self.floor.owe(debt, now);
            }
        }
    }

    fn pass(&mut self) {
        if self.rng.random_bool(0.05) {
            let hours = self.rng.random_range(-9..9);
            self.tell(format!("the wall clock is put {hours} h forward"));
            self.now.wall = Wall::from_millis(self.now.wall.as_millis() + hours * 3_600_000);
            self.floor.handle_timeout(self.now);
        }
        let end = self.now.later(Duration::from_millis(self.rng.random_range(0..15_000)));
        self.tell(format!("it is {:?}", end.mono));
        while let Some(at) = self.floor.poll_timeout().filter(|at| *at <= end.mono) {
            self.now = self.now.later(at.since(self.now.mono));
            self.floor.handle_timeout(self.now);
            self.hear();
        }
        self.now = self.now.later(end.mono.since(self.now.mono));
    }

    fn settings(&mut self) {
        if self.rng.random_bool(0.5) {
            let config = Self::config(&mut self.rng);
            self.changed = true;
            self.tell("new settings".into());
            self.floor.reconfigure(config, self.now);
        } else {
            let profiles = Self::profiles(&mut self.rng);
            self.tell("new accounts".into());
            self.floor.set_agents(profiles, self.now);
        }
    }

    fn tell(&mut self, what: String) {
        self.story.push(what);
    }

    /// The caller waits no more.
    fn gone(&mut self, call: CallId) {
        assert!(self.waiting.remove(&call).is_some());
        assert!(self.ended.insert(call), "{call} ends twice");
    }

    fn hear(&mut self) {
        let mut offered: Vec<(AgentId, CallId, BTreeSet<CallId>)> = Vec::new();
        while let Some(command) = self.floor.next_command() {
            self.tell(format!("    {command:?}"));
            match command {
                Command::Offer { offer, agent, task, .. } => {
                    let (call, callback) = match task {
                        Task::Call(call) => (call, false),
                        Task::CallBack(debt) => (debt.call, true),
                    };
                    assert!(callback || self.waiting.contains_key(&call), "{call} does not wait");
                    assert!(
                        !self.speaking.contains_key(&agent),
                        "{agent} speaks and is offered {call}"
                    );
                    let rings = self.ringing.values().any(|(who, ..)| *who == agent);
                    assert!(!rings, "{agent} is offered two things");
                    self.ringing.insert(offer, (agent.clone(), call, callback));
                    // Several alarms may ring at one moment: who was being rung for when this was said had his agent.
                    let rung = self.ringing.values().map(|(_, about, _)| *about).collect();
                    offered.push((agent, call, rung));
                }
                Command::Withdraw { offer } => {
                    // What was ended or answered just now is not taken back.
                    assert!(self.ringing.remove(&offer).is_some(), "{offer:?} does not ring");
                    self.over.push(offer);
                }
                Command::Done { call, outcome } => {
                    assert!(["full", "timeout", "long_wait", "no_agents"].contains(&outcome.as_str()));
                    self.gone(call);
                }
                Command::Announce { call, .. } => {
                    assert!(self.waiting.contains_key(&call));
                    let rings = self.ringing.values().any(|(_, about, _)| *about == call);
                    assert!(!rings, "an announcement stands before an answer");
                }
                Command::Changed { .. } | Command::OfferEnded { .. } => {}
            }
        }
        for (agent, call, rung) in offered {
            self.in_order(&agent, call, &rung);
        }
    }

    /// Nobody who asks the same of the same queue and stands before him is still waiting for an agent.
    fn in_order(&self, agent: &AgentId, call: CallId, rung: &BTreeSet<CallId>) {
        let Some(slot) = self.floor.calls.get(&call) else {
            return;
        };
        let his = self.floor.waiting.get(slot.0).unwrap();
        for (_, other) in self.floor.waiting.iter() {
            let same = other.queue == his.queue && other.class == his.class && other.who == his.who;
            let before = other.place < his.place && other.offers.is_empty() && !rung.contains(&other.call);
            let no = self.floor.agent_names.get(agent).unwrap();
            let declined = other.declined.iter().any(|declined| declined.agent == *no);
            // Less is asked for him who has waited longer in this queue, whatever his place.
            let asks_more = other.waited_here(self.now.mono) < his.waited_here(self.now.mono);
            assert!(
                !(same && before) || declined || asks_more,
                "{other:?} is passed over for {his:?}"
            );
        }
    }

    /// In the end everybody has been somewhere.
    fn close(mut self) {
        assert_eq!(
            self.entered.len(),
            self.waiting.len() + self.ended.len(),
            "callers are lost"
        );
        for call in self.waiting.keys().copied().collect::<Vec<_>>() {
            self.floor.leave(call, self.now);
        }
        self.hear();
        invariants::hold(&self.floor, self.changed, self.now);
        assert!(self.floor.calls.is_empty());
    }
}

/// Runs one seed; a failure tells the last of the story.
pub fn run(seed: u64, steps: u32) {
    let mut chaos = Chaos::new(seed);
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..steps {
            chaos.step();
        }
    }));
    if let Err(why) = done {
        let from = chaos.story.len().saturating_sub(60);
        println!("seed {seed}:\n{}", chaos.story[from..].join("\n"));
        std::panic::resume_unwind(why);
    }
    chaos.close();
}

#[test]
fn a_hundred_thousand_inputs_in_any_order_break_no_promise() {
    for seed in 0..250 {
        run(seed, 400);
    }
}
