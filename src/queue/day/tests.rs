//! Days in virtual time: every promise is kept on each, and the textbook is right where its assumptions hold.

use std::time::Duration;

use super::super::erlang::Demand;
use super::super::tests::invariants;
use super::*;

fn day(town: &Town, seed: u64) -> Report {
    run(town, seed, |now| FloorHouse::new(town, seed, now))
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Seeds of a few days each, so that the days are shared among the processors.
fn days(seeds: std::ops::Range<u64>) {
    let town = Town::usual(20_000, 120);
    for seed in seeds {
        let report = day(&town, seed);
        assert_eq!(report.broken, [""; 0], "seed {seed}");
        let figures = report.figures;
        assert_eq!(figures.requests(), 20_000);
        assert!(figures.connect_rate() > 0.9, "seed {seed}: {}", figures.connect_rate());
    }
}

#[test]
fn fifty_days_of_twenty_thousand_calls_break_no_promise_1() {
    days(0..13);
}

#[test]
fn fifty_days_of_twenty_thousand_calls_break_no_promise_2() {
    days(13..26);
}

#[test]
fn fifty_days_of_twenty_thousand_calls_break_no_promise_3() {
    days(26..38);
}

#[test]
fn fifty_days_of_twenty_thousand_calls_break_no_promise_4() {
    days(38..50);
}

/// Days that go wrong: too few agents, who do not hear the telephone and refuse; every list is counted anew, all day.
#[test]
fn bad_days_break_no_promise_either() {
    for seed in 0..2 {
        let town = Town {
            deaf: 0.2,
            refuses: 0.1,
            ..Town::usual(3_000, 12)
        };
        let report = run(&town, seed, |now| {
            let mut house = FloorHouse::new(&town, seed, now);
            house.watch = Some(|floor, now| invariants::hold(floor, false, now));
            house
        });
        assert_eq!(report.broken, [""; 0], "seed {seed}");
        assert!(report.figures.abandon_rate() > 0.2, "it was a bad day");
        assert!(report.figures.called_back > 0);
    }
}

/// The mean of some days of the textbook's town: share that waits, gives up, is answered in 15 s; mean wait in seconds.
fn of_days(town: &Town, seeds: u64) -> [f64; 4] {
    let days: Vec<Figures> = (0..seeds).map(|seed| day(town, seed).figures).collect();
    let figures = days.into_iter().fold(Figures::default(), Figures::with);
    let waits = (figures.answered.count() - figures.answered.within(Duration::ZERO) + figures.abandoned.count()) as f64;
    let all = figures.requests() as f64;
    let wait = |waits: &Waits| waits.mean().as_secs_f64() * waits.count() as f64;
    [
        waits / all,
        figures.abandon_rate(),
        figures.answer_15s(),
        (wait(&figures.answered) + wait(&figures.abandoned)) / all,
    ]
}

fn by_formula(demand: Demand, agents: u32) -> [f64; 4] {
    let outlook = demand.outlook(agents).unwrap();
    [
        outlook.waits,
        outlook.abandons,
        demand.answered_within(agents, s(15)),
        outlook.mean_wait.as_secs_f64(),
    ]
}

/// Tolerance: two percentage points for shares, a tenth (or a quarter of a second) for the mean wait. Days are finite: with
/// these few days the simulation's own spread is of that size. (Over 60 days the two differ by less than 0.6 points.)
fn agree(simulated: [f64; 4], formula: [f64; 4]) {
    for (index, (simulated, formula)) in simulated.into_iter().zip(formula).enumerate() {
        let tolerance = if index == 3 { (formula * 0.1).max(0.25) } else { 0.02 };
        assert!(
            (simulated - formula).abs() <= tolerance,
            "{index}: {simulated} is not {formula}"
        );
    }
}

#[test]
fn erlang_c_and_the_simulation_agree_where_nobody_gives_up() {
    let demand = Demand {
        calls_per_hour: 340.0,
        handling: s(180),
        patience: None,
    };
    let town = Town::textbook(340 * 24, 20, s(180), None);
    agree(of_days(&town, 6), by_formula(demand, 20));
}

#[test]
fn erlang_a_and_the_simulation_agree_though_there_are_too_few_agents() {
    for agents in [16, 20] {
        let demand = Demand {
            calls_per_hour: 360.0,
            handling: s(180),
            patience: Some(s(120)),
        };
        let town = Town::textbook(360 * 24, agents, s(180), Some(s(120)));
        agree(of_days(&town, 6), by_formula(demand, u32::try_from(agents).unwrap()));
    }
}

/// What `agents_for` proposes is enough in the simulation, and one agent less is not.
#[test]
fn the_proposed_agents_answer_95_percent_in_15_seconds() {
    let demand = Demand {
        calls_per_hour: 400.0,
        handling: s(150),
        patience: Some(s(120)),
    };
    let agents = demand.agents_for(0.95, s(15)).unwrap();
    let share = |agents: u32| of_days(&Town::textbook(400 * 24, agents as usize, s(150), Some(s(120))), 4)[2];
    assert!(share(agents) > 0.94, "{agents}: {}", share(agents));
    assert!(share(agents - 2) < 0.95, "{}: {}", agents - 2, share(agents - 2));
}

#[test]
fn the_published_test_vector_of_service_levels() {
    // callcentrehelper.com, service-level calculations: 1000 answered, 860 of them within T; 60 abandoned, 20 of them within T.
    let waits = |early: usize, late: usize| {
        let all = [vec![s(5); early], vec![s(30); late]].concat();
        Waits::new(all)
    };
    let figures = Figures {
        answered: waits(860, 140),
        abandoned: waits(20, 40),
        ..Figures::default()
    };
    let percent = |share: f64| (share * 10_000.0).round() / 100.0;
    let t = s(20);
    let levels = [figures.sl_1(t), figures.sl_2(t), figures.sl_3(t), figures.sl_4(t)].map(percent);
    assert_eq!(levels, [83.02, 86.0, 81.13, 82.69]);
}

#[test]
fn the_same_seed_is_the_same_day() {
    let town = Town::usual(2_000, 20);
    assert_eq!(day(&town, 7).figures, day(&town, 7).figures);
    assert_ne!(day(&town, 7).figures, day(&town, 8).figures);
}
