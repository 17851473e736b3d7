//! Plans as a whole: hours, calls of flows, loops, and whatever else may happen.

use proptest::prelude::*;

use super::*;
use crate::ivr::TransferPolicy;
use crate::ivr::dialplan::graph;

#[test]
fn a_merged_line_has_office_hours_but_turns_nobody_away() {
    let seconds = |h: i64, m: i64| MONDAY_TEN + ((h - 10) * 60 + m) * 60_000;
    for (at, queue) in [
        (seconds(8, 29), "general"),
        (seconds(8, 30), "fund"),
        (seconds(11, 59), "fund"),
        (seconds(12, 0), "general"),
        (seconds(14, 30), "fund"),
        (seconds(18, 0), "general"),
    ] {
        let mut caller = Caller::dials_at(&demo(), "12329", at);
        if queue == "general" {
            caller.listens();
        }
        assert!(
            caller.story.contains(&format!("wants {queue}")),
            "{at}: {:?}",
            caller.story
        );
    }
}

#[test]
fn a_year_without_a_holiday_table_raises_the_alarm() {
    let next_year = MONDAY_TEN + 60 * 86_400_000;
    let caller = Caller::dials_at(&demo(), "12329", next_year);
    assert_eq!(caller.story[0], "no calendar for 2027");
}

#[test]
fn a_prompt_whose_end_is_never_reported_does_not_strand_the_caller() {
    let mut caller = Caller::dials(&one_flow("[step.start]\nsay = \"a\"\nnext = \"hangup\"\n"), "1");
    caller
        .waits(600)
        .lived(&["at main.start", "hears a", "silence", "hung up: plan_finished"]);
}

#[test]
fn flows_are_called_and_come_back() {
    let files = [
        ("main.toml".to_owned(), "[[number]]\ndial = \"1\"\nhotline = \"1\"\n[step.start]\ncall = \"sub.start\"\nnext = \"after\"\n[step.after]\nsay = \"b\"\nnext = \"return\"\n".to_owned()),
        ("sub.toml".to_owned(), "[step.start]\nsay = \"a\"\nnext = \"return\"\n".to_owned()),
    ];
    let mut caller = Caller::dials(&plan_of(&files), "1");
    caller.listens().listens();
    caller.lived(&[
        "at main.start",
        "at sub.start",
        "hears a",
        "at main.after",
        "hears b",
        "hung up: plan_finished",
    ]);
}

#[test]
fn a_hook_that_sends_the_caller_round_and_round_is_stopped() {
    let plan = one_flow("[step.start]\nsurvey = true\non = { done = \"start\", unavailable = \"hangup\" }\n");
    let mut caller = Caller::dials(&plan, "1");
    for _ in 0..100 {
        if caller.walk.is_over() {
            break;
        }
        caller.hook_ends("done");
    }
    assert_eq!(caller.story.last().unwrap(), "hung up: internal_error");
    assert!(caller.hooks.len() <= 64);
}

#[test]
fn a_call_ends_under_the_plan_it_began_with() {
    let mut caller = Caller::dials(&demo(), "12345"); // the only handle on that plan is now the walk's
    caller.hook_ends("full").listens().listens().presses("1").listens();
    assert_eq!(caller.walk.step().as_deref(), Some("message.start"));
}

#[test]
fn the_meters_plan_plays_two_tones_and_parks() {
    let plan = plan_of(&shipped("dialplans/examples"));
    let mut caller = Caller::dials(&plan, "1000");
    caller.presses("1");
    caller.lived(&[
        "at bench.start",
        "hears examples/p1.wav",
        "silence",
        "keys 1",
        "at bench.second",
        "hears examples/p2.wav",
    ]);
    let mut parked = Caller::dials(&plan, "3000");
    parked
        .lived(&["at bench.park"])
        .waits(3_599)
        .lived(&[])
        .waits(1)
        .lived(&["hung up: plan_finished"]);
}

#[test]
fn a_parked_walk_is_small() {
    assert!(size_of::<Walk>() < 1_024, "{}", size_of::<Walk>());
}

proptest! {
    /// Any input at any time, in any plan that is allowed: no panic, no endless run, and an end that is an end.
    #[test]
    fn nothing_that_happens_breaks_a_walk(number in 0_usize..6, inputs in prop::collection::vec(any::<u32>(), 0..200)) {
        let plan = demo();
        let dial = ["12345", "12315", "12333", "12329", "0391-5552346", "0391-12345"][number];
        let mut caller = Caller::dials(&plan, dial);
        for n in inputs {
            let id = u64::from(n >> 8) % 20;
            let outcomes = ["answered", "full", "closed", "unavailable", "done", "not_found", "", "x"];
            match n % 12 {
                0..=3 => caller.input(Input::Digit(Digit::from_event((n >> 8 & 15) as u8).unwrap())),
                4 => if let Some((id, _, false)) = caller.playing.clone() {
                    caller.playing = None;
                    caller.input(Input::Played(id));
                },
                5 => caller.input(Input::HookConnected(HookId(id))),
                6 => caller.input(Input::HookDone {
                    id: HookId(id),
                    outcome: outcomes[n as usize >> 8 & 7].into(),
                    values: vec![(format!("v{id}"), "x".repeat(300))],
                }),
                7 => caller.input(Input::TransferDone {
                    outcome: [TransferOutcome::Answered, TransferOutcome::Ended, TransferOutcome::Busy, TransferOutcome::Denied][n as usize >> 8 & 3],
                }),
                8 => caller.input(Input::Recorded { duration_ms: u64::from(n >> 8), file: "f".into() }),
                9 => caller.input(if n >> 8 & 63 == 0 { Input::Gone } else { Input::RecordFailed }),
                10 => { caller.waits(u64::from(n >> 8) % 30); }
                _ => caller.input(Input::Start),
            }
            prop_assert!(caller.story.len() < 200_000);
            if caller.walk.is_over() {
                prop_assert!(caller.walk.poll_timeout().is_none());
                let told = caller.story.len();
                caller.presses("1").waits(1_000);
                prop_assert_eq!(told, caller.story.len(), "speaks after its end");
                break;
            }
        }
        let ends = caller.story.iter().filter(|s| s.starts_with("hung up")).count();
        prop_assert!(ends <= 1);
    }
}

#[test]
fn the_drawing_of_the_shipped_plans_holds_every_step() {
    let plan = demo();
    let dot = graph(&plan);
    for flow in plan.flows() {
        for step in &flow.steps {
            assert!(dot.contains(&format!("\"{}.{}\"", flow.name, step.name)));
        }
    }
}

#[test]
fn without_a_policy_the_shipped_emergency_plan_is_refused() {
    let problems = load(&shipped("dialplans"), &|_| true, &TransferPolicy::default()).unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:#?}");
    assert!(problems[0].message.contains("allows none"));
}
