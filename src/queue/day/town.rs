//! Towns to simulate: one as towns are, and one as textbooks have it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::kernel::{AgentId, Role, Wall};

use super::super::types::{CallbackRules, FloorConfig, Profile, QueueConfig, Requirement, Strategy};
use super::Town;
use super::people::{Draw, HOURLY, shifts};

/// A Monday.
const MIDNIGHT: Wall = Wall::from_millis(1_764_518_400_000);
const UTC_OFFSET_S: i32 = 8 * 3_600;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A queue with the defaults of the configuration.
fn queue(name: &str) -> QueueConfig {
    QueueConfig {
        name: name.to_owned(),
        strategy: Strategy::LongestIdle,
        ring_timeout: s(15),
        wrap_up: s(30),
        wrap_up_max: s(300),
        rona_after: 2,
        length_max: 1_000,
        wait_max: None,
        estimate_max: None,
        needs_agents: true,
        priority: 0,
        ageing: s(60),
        requires: Vec::new(),
        announce_every: None,
        callback: CallbackRules {
            automatic: true,
            attempts_max: 3,
            retry_after: s(1_800),
            window_minutes: (8 * 60 + 30, 20 * 60),
        },
    }
}

fn agent(no: usize, queues: &[&str], english: u8) -> Option<Profile> {
    let skills = if english > 0 {
        BTreeMap::from([("english".to_owned(), english)])
    } else {
        BTreeMap::new()
    };
    Some(Profile {
        id: AgentId::parse(&(8_000 + no).to_string())?,
        name: format!("坐席{no}"),
        role: Role::Agent,
        queues: queues.iter().map(|name| ((*name).to_owned(), 1)).collect(),
        skills,
        wrap_up: None,
    })
}

impl Town {
    /// A hotline as they are: 85 % general calls, 10 % of the market supervision, 5 % in English, which every sixth agent
    /// speaks; who gives up is called back. Lengths are assumptions: put your own in their place.
    pub fn usual(calls: u32, agents: usize) -> Self {
        let english = QueueConfig {
            requires: vec![Requirement {
                skill: "english".to_owned(),
                level: 3,
                preferred: false,
                widens_every: Some(s(30)),
            }],
            ..queue("english")
        };
        let queues = [queue("general"), queue("market"), english];
        let hours = shifts(agents, &HOURLY);
        let all = (0..agents).filter_map(|no| {
            let level = if no % 6 == 0 { 5 } else { 0 };
            Some((
                agent(no, &["general", "market", "english"], level)?,
                hours.get(no)?.clone(),
            ))
        });
        Self {
            floor: FloorConfig {
                queues: queues.into_iter().map(|queue| (queue.name.clone(), queue)).collect(),
                redial_within: s(120),
                utc_offset_s: UTC_OFFSET_S,
            },
            queues: vec![
                ("general".into(), 0.85),
                ("market".into(), 0.10),
                ("english".into(), 0.05),
            ],
            agents: all.collect(),
            calls,
            hourly: HOURLY,
            midnight: MIDNIGHT,
            patience: Draw::Exponential(s(120)),
            talk: Draw::LogNormal(s(100), 0.9),
            wrap_up: Draw::Exponential(s(15)),
            pick_up: Draw::Exponential(s(3)),
            deaf: 0.005,
            refuses: 0.005,
            reached: 0.7,
            calls_back: true,
        }
    }

    /// A queue of the textbook: calls come at one rate all day, talk is exponential, agents are always there, pick up at
    /// once and write nothing up, and nobody is called back.
    pub fn textbook(calls: u32, agents: usize, talk: Duration, patience: Option<Duration>) -> Self {
        let plain = QueueConfig {
            wrap_up: Duration::ZERO,
            length_max: usize::MAX,
            ..queue("general")
        };
        let all = (0..agents).filter_map(|no| Some((agent(no, &["general"], 0)?, vec![(0, 24 * 60)])));
        Self {
            floor: FloorConfig {
                queues: BTreeMap::from([("general".to_owned(), plain)]),
                redial_within: s(120),
                utc_offset_s: UTC_OFFSET_S,
            },
            queues: vec![("general".into(), 1.0)],
            agents: all.collect(),
            calls,
            hourly: [1.0; 24],
            midnight: MIDNIGHT,
            patience: patience.map_or(Draw::Always(s(86_400)), Draw::Exponential),
            talk: Draw::Exponential(talk),
            wrap_up: Draw::Always(Duration::ZERO),
            pick_up: Draw::Always(Duration::ZERO),
            deaf: 0.0,
            refuses: 0.0,
            reached: 0.0,
            calls_back: false,
        }
    }
}
