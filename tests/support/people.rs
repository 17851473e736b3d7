//! A house with queues and agents, for stories in which citizens speak with people.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use yihao::call::{Denied, Done, Order, Route};
use yihao::ivr::TransferPolicy;
use yihao::kernel::{AgentId, EventKind};
use yihao::queue::{Action, CallbackRules, FloorConfig, QueueConfig, Strategy};

use super::plans;
use super::world::World;

/// 5000: the queue `general`, with 440 Hz for music and 880 Hz for goodbye. Who is not served hears 300 Hz. 5001: the same in
/// the queue `fund`. 5002: a queue that nobody keeps. Key 1 in the queue leads to 660 Hz and back.
pub const PLAN: &str = r#"
[[number]]
dial = "5000"
hotline = "12345"

[[number]]
dial = "5001"
hotline = "12329"
start = "fund"

[[number]]
dial = "5002"
hotline = "12345"
start = "nowhere"

[step.start]
queue = "general"
say = "welcome/12345"
music = "examples/p1.wav"
keys = { 1 = "listen", 2 = "emergency" }
on = { answered = "bye", otherwise = "sorry" }

[step.fund]
queue = "fund"
music = "examples/p1.wav"
on = { answered = "bye", otherwise = "start" }

[step.nowhere]
queue = "nowhere"
on = { answered = "bye", otherwise = "sorry" }

[step.listen]
play = "examples/p2.wav"
next = "start"

[step.emergency]
transfer = "110"
on = { otherwise = "sorry" }

[step.bye]
play = "examples/p2.wav"
next = "hangup"

[step.sorry]
say = "sorry/no-agent"
next = "hangup"
"#;

/// A queue as most are: rings for 15 s, half a minute to write up.
pub fn queue(name: &str) -> QueueConfig {
    QueueConfig {
        name: name.to_owned(),
        strategy: Strategy::LongestIdle,
        ring_timeout: Duration::from_secs(15),
        wrap_up: Duration::from_secs(30),
        wrap_up_max: Duration::from_secs(120),
        rona_after: 2,
        length_max: 50,
        wait_max: None,
        estimate_max: None,
        needs_agents: false,
        priority: 0,
        ageing: Duration::from_secs(60),
        requires: Vec::new(),
        announce_every: None,
        callback: CallbackRules {
            automatic: false,
            attempts_max: 3,
            retry_after: Duration::from_secs(600),
            window_minutes: (0, 1_440),
        },
    }
}

/// These queues.
pub fn floor(queues: Vec<QueueConfig>) -> FloorConfig {
    FloorConfig {
        queues: queues
            .into_iter()
            .map(|q| (q.name.clone(), q))
            .collect::<BTreeMap<_, _>>(),
        redial_within: Duration::from_secs(120),
        utc_offset_s: 8 * 3_600,
    }
}

/// A city with the queues `general` and `fund`. The carrier brings every call, to 110 and to citizens, to the second telephone.
pub fn city(seed: u64) -> World {
    city_with(seed, vec![queue("general"), queue("fund")])
}

/// The same with other queues.
pub fn city_with(seed: u64, queues: Vec<QueueConfig>) -> World {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("people.toml", PLAN)]);
    let numbers = TransferPolicy::new(&["138*"]).unwrap();
    let gateway = Arc::new(plans::carrier());
    shared.routes.push(Route { numbers, gateway });
    let mut city = World::with(seed, shared);
    city.exchange.set_floor(floor(queues), city.now);
    city
}

pub fn id(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

impl World {
    /// An agent with a telephone who is free from now on.
    pub fn agent_at_work(&mut self, name: &str, queues: &[&str]) -> usize {
        let phone = self.agent(name, queues);
        self.signs_in(name);
        phone
    }

    pub fn signs_in(&mut self, name: &str) {
        self.acts(name, Action::SignIn { ready: true });
    }

    /// The agent says this to the floor.
    pub fn acts(&mut self, name: &str, action: Action) {
        let agent = id(name);
        let order = Order::Act {
            agent,
            action,
            by: None,
        };
        assert_eq!(self.order(order), Ok(Done::Accepted));
    }

    /// An order, as HTTP or a key would say it.
    pub fn order(&mut self, order: Order) -> Result<Done, Denied> {
        let done = self.exchange.order(order, self.now);
        self.settle_down();
        done
    }

    /// A citizen who hums dials. Returns the telephone.
    pub fn calls_in(&mut self, number: &str) -> usize {
        let phone = self.humming_citizen(Vec::new());
        self.dial(phone, number);
        phone
    }

    /// How often something happened, in all calls.
    pub fn count(&self, what: impl Fn(&EventKind) -> bool) -> usize {
        self.ledger.iter().filter(|event| what(&event.kind)).count()
    }
}
