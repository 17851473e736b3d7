//! Three hundred calls of all kinds in all weathers, from twenty seeds: each ends exactly once, everything is given back, and
//! telephones, wire and ledger agree on who was answered.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use yihao::call::phone::{Action, HoldWay, KeyPress};
use yihao::kernel::{EventKind, Law};

use crate::support::plans;
use crate::support::script::{answered_late, digits, hang_up, press_by, speak, wait};
use crate::support::to_110;
use crate::support::world::{Weather, World};

const CITIZENS: usize = 15;
const NUMBERS: [&str; 8] = ["1000", "3000", "12345", "12315", "4110", "4111", "99999", "12329"];

fn weather(rng: &mut StdRng) -> Weather {
    let bad = rng.random_bool(0.7);
    let up_to = |rng: &mut StdRng, most: f64| if bad { rng.random_range(0.0..most) } else { 0.0 };
    Weather {
        delay: Duration::from_millis(rng.random_range(1..80)),
        jitter: Duration::from_secs_f64(up_to(rng, 0.2)),
        loss: up_to(rng, 0.3),
        lose_every: if rng.random_bool(0.2) { 3 } else { 0 },
        double: up_to(rng, 0.3),
    }
}

/// One thing that a citizen may do.
fn whim(rng: &mut StdRng) -> Action {
    let ways = [KeyPress::Rfc4733, KeyPress::Info, KeyPress::Both];
    let key = |rng: &mut StdRng| digits(["1", "2", "9", "0", "#", "*", "5"].choose(rng).unwrap());
    match rng.random_range(0..10) {
        0..4 => {
            let way = *ways.choose(rng).unwrap();
            Action::Press(key(rng), way)
        }
        4 => speak(700.0, rng.random_range(0.1..4.0)),
        5 => Action::HoldBy(
            *[HoldWay::SendOnly, HoldWay::Inactive, HoldWay::NoAddress]
                .choose(rng)
                .unwrap(),
        ),
        6 => Action::Resume,
        _ => wait(rng.random_range(0.05..5.0)),
    }
}

fn script(rng: &mut StdRng) -> Vec<Action> {
    let mut script = Vec::new();
    if rng.random_bool(0.2) {
        script.push(wait(rng.random_range(0.0..1.0))); // and then hangs up, perhaps before the answer
    } else {
        script.push(answered_late());
    }
    for _ in 0..rng.random_range(0..8) {
        script.push(whim(rng));
    }
    script.push(press_by("1", KeyPress::Rfc4733));
    script.push(hang_up());
    script
}

/// A city with fifteen citizens and one telephone at 110, who all do as they like.
fn any_day(seed: u64) -> World {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("to-110.toml", to_110::PLAN)]);
    shared.limits.calls_max = 12;
    let mut city = World::with(seed, shared);
    (city.sip_weather, city.rtp_weather) = (weather(&mut rng), weather(&mut rng));
    city.commit_takes = Duration::from_millis(*[1, 5, 30, 700, 2_500].choose(&mut rng).unwrap());
    for n in 0..=CITIZENS {
        let mut config = city.phone_config();
        config.laws = [vec![Law::A], vec![Law::Mu], vec![Law::A, Law::Mu]]
            .choose(&mut rng)
            .unwrap()
            .clone();
        config.late_offer = rng.random_bool(0.2);
        config.dtmf = rng.random_bool(0.8);
        config.answers_after = rng
            .random_bool(0.8)
            .then(|| Duration::from_millis(rng.random_range(0..15_000)));
        let actions = if n == to_110::POLICE {
            Vec::new()
        } else {
            script(&mut rng)
        };
        city.add_phone(config, actions);
    }
    for n in (0..=CITIZENS).filter(|n| *n != to_110::POLICE) {
        city.dial(n, NUMBERS.choose(&mut rng).unwrap());
        city.run_for(Duration::from_millis(rng.random_range(0..3_000)));
        if rng.random_bool(0.05) {
            city.unplugged.insert(rng.random_range(0..=n));
        }
    }
    city
}

fn live_through(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut city = any_day(seed);
        city.run_to_the_end();
        city.run_to_the_end();
        city.assert_nothing_is_left();
        let mut seen = 0;
        for index in 0..city.calls() {
            let call_id = city.events_of(index).into_iter().find_map(|k| match k {
                EventKind::Invite { sip_call_id, .. } => Some(sip_call_id.clone()),
                _ => None,
            });
            let call_id = call_id.unwrap();
            let answered = city.was_answered(index);
            assert_eq!(
                answered,
                city.was_sent(&call_id, "200", "INVITE"),
                "seed {seed}: {:?}",
                city.events_of(index)
            );
            let phone = city.phones.iter().find(|p| p.report().sip_call_id == call_id).unwrap();
            assert!(
                answered || !phone.is_answered(),
                "seed {seed}: the telephone was answered, the ledger knows nothing of it"
            );
            seen += 1;
        }
        let invited = city
            .phones
            .iter()
            .filter(|p| p.report().answered_after_s.is_some())
            .count();
        assert!(
            seen >= invited,
            "seed {seed}: an answered telephone without a call in the ledger"
        );
    }
}

#[test]
fn first_hundred() {
    live_through(5_000..5_007);
}

#[test]
fn second_hundred() {
    live_through(5_007..5_014);
}

#[test]
fn third_hundred() {
    live_through(5_014..5_020);
}
