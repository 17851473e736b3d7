//! The queues of the configuration as the floor wants them, and the queues that plans name and nobody serves.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{self, Config};
use crate::ivr::Dialplan;
use crate::ivr::dialplan::Kind;
use crate::kernel::Wall;
use crate::queue::{CallbackRules, FloorConfig, QueueConfig, Requirement, Strategy};

/// The floor's settings. `now` tells which offset the zone has: where clocks change in summer, hours for calling back are
/// right again after the next reload.
pub fn floor_config(config: &Config, now: Wall) -> FloorConfig {
    FloorConfig {
        queues: config.queue.iter().map(|q| (q.name.clone(), queue_config(q))).collect(),
        redial_within: seconds(config.floor.redial_within_s),
        utc_offset_s: offset(&config.time_zone, now),
    }
}

/// Queues that the plans name and the configuration does not: their callers hear that nobody can be reached.
pub fn queues_without_settings(plan: &Dialplan, config: &Config) -> BTreeSet<String> {
    let steps = plan.flows().iter().flat_map(|flow| &flow.steps);
    let mut names: BTreeSet<String> = steps.filter_map(|step| queue_of(&step.kind)).collect();
    names.retain(|name| !config.queue.iter().any(|queue| queue.name == *name));
    names
}

fn queue_of(kind: &Kind) -> Option<String> {
    if let Kind::Queue(queue) = kind {
        Some(queue.name.clone())
    } else {
        None
    }
}

fn queue_config(queue: &config::Queue) -> QueueConfig {
    let unless_zero = |s: u32| (s > 0).then(|| seconds(s));
    QueueConfig {
        name: queue.name.clone(),
        strategy: match queue.strategy {
            config::Strategy::LongestIdle => Strategy::LongestIdle,
            config::Strategy::RoundRobin => Strategy::RoundRobin,
            config::Strategy::TopDown => Strategy::TopDown,
            config::Strategy::LeastTalk => Strategy::LeastTalk,
            config::Strategy::FewestCalls => Strategy::FewestCalls,
            config::Strategy::RingAll => Strategy::RingAll,
            config::Strategy::Random => Strategy::Random,
        },
        ring_timeout: seconds(queue.ring_timeout_s),
        wrap_up: seconds(queue.wrap_up_s),
        wrap_up_max: seconds(queue.wrap_up_max_s),
        rona_after: queue.rona_after,
        length_max: queue.length_max as usize,
        wait_max: unless_zero(queue.wait_max_s),
        estimate_max: unless_zero(queue.estimate_max_s),
        needs_agents: queue.needs_agents,
        priority: i32::try_from(queue.priority).unwrap_or(i32::MAX),
        ageing: seconds(queue.ageing_s),
        requires: queue
            .requires
            .iter()
            .map(|requires| Requirement {
                skill: requires.skill.clone(),
                level: requires.level,
                preferred: requires.preferred,
                widens_every: unless_zero(requires.widens_every_s),
            })
            .collect(),
        announce_every: unless_zero(queue.announce_every_s),
        callback: CallbackRules {
            automatic: queue.callback_automatic,
            attempts_max: queue.callback_attempts_max,
            retry_after: seconds(queue.callback_retry_after_s),
            // The configuration was checked: a window that is none never opens.
            window_minutes: queue.callback_window().unwrap_or((0, 0)),
        },
    }
}

fn seconds(s: u32) -> Duration {
    Duration::from_secs(u64::from(s))
}

fn offset(zone: &str, now: Wall) -> i32 {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(now.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_offset(now).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_the_file_is_a_queue_of_the_floor() {
        let text = "[[queue]]\nname = \"english\"\nstrategy = \"ring-all\"\nwait_max_s = 600\n\
                    callback_from = \"09:00\"\n[[queue.requires]]\nskill = \"english\"\nlevel = 5\nwidens_every_s = 30\n";
        let config = Config::parse("f", text).unwrap();
        let floor = floor_config(&config, Wall::from_millis(1_764_561_600_000));
        assert_eq!(floor.utc_offset_s, 8 * 3_600);
        let queue = &floor.queues["english"];
        assert_eq!(queue.strategy, Strategy::RingAll);
        assert_eq!(
            (queue.wait_max, queue.estimate_max),
            (Some(Duration::from_secs(600)), None)
        );
        assert_eq!(queue.callback.window_minutes, (540, 1_200));
        assert_eq!(queue.requires[0].widens_every, Some(Duration::from_secs(30)));
        assert!(queue.needs_agents);
    }

    #[test]
    fn no_queue_in_the_file_is_a_house_without_queues() {
        let floor = floor_config(&Config::default(), Wall::from_millis(0));
        assert!(floor.queues.is_empty());
    }
}
