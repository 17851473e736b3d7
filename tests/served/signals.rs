//! What an operator tells the running server: to stop in peace, to stop at once, to read its plans again.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use yihao::kernel::{EndReason, EndedBy};

use super::caller::{Caller, header, is};
use super::program::{Program, wait_until};

const PATIENCE: Duration = Duration::from_secs(5);

fn connected(program: &Program, number: &str) -> Caller {
    let mut caller = Caller::new(program.sip(), number);
    assert!(caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)));
    caller
}

/// How the calls ended, in the order in which they came.
fn ends(program: &Program) -> Vec<(EndedBy, EndReason)> {
    let ledger = program.ledger();
    ledger
        .iter()
        .map(|(record, _)| (record.ended_by.unwrap(), record.end_reason.unwrap()))
        .collect()
}

#[test]
fn told_to_stop_it_refuses_new_calls_and_lets_the_running_one_end() {
    let mut program = Program::start(30);
    let mut running = connected(&program, "3000");
    program.signal(Signal::TERM);
    wait_until("draining", || program.metric("yihao_draining") > 0.0);
    let refusal = Caller::new(program.sip(), "1000").dial(PATIENCE).unwrap();
    assert!(is(&refusal, 503), "{refusal}");
    assert_eq!(header(&refusal, "Retry-After"), Some("7"));
    sleep(Duration::from_millis(500));
    assert_eq!(running.hang_up(PATIENCE), Some(200));
    assert_eq!(program.ended_within(PATIENCE).code(), Some(0));
    assert_eq!(
        ends(&program),
        [
            (EndedBy::Caller, EndReason::Hangup),
            (EndedBy::System, EndReason::Draining)
        ]
    );
}

#[test]
fn the_patience_of_a_stop_is_bounded() {
    let mut program = Program::start(1);
    let running = connected(&program, "3000");
    program.signal(Signal::TERM);
    assert!(running.answer_request("BYE", PATIENCE));
    assert_eq!(program.ended_within(PATIENCE).code(), Some(0));
    assert_eq!(ends(&program), [(EndedBy::System, EndReason::Draining)]);
}

#[test]
fn told_twice_it_ends_at_once_and_the_call_is_closed_after_the_restart() {
    let mut program = Program::start(60);
    let _running = connected(&program, "3000");
    program.signal(Signal::TERM);
    wait_until("draining", || program.metric("yihao_draining") > 0.0);
    let told = Instant::now();
    program.signal(Signal::TERM);
    program.ended_within(PATIENCE);
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
    program.start_again();
    program.stop();
    assert_eq!(ends(&program), [(EndedBy::System, EndReason::Interrupted)]);
}

#[test]
fn plans_are_read_again_without_touching_a_running_call() {
    let mut program = Program::start(30);
    let mut running = connected(&program, "3000");
    let dial = |number| {
        let mut caller = Caller::new(program.sip(), number);
        let answer = caller.dial(PATIENCE).unwrap();
        assert!(!is(&answer, 200) || caller.hang_up(PATIENCE) == Some(200));
        answer
    };
    let more = program.plans().join("more.toml");
    assert!(is(&dial("7000"), 404));
    fs::write(
        &more,
        "[[number]]\ndial = \"7000\"\nhotline = \"more\"\n[step.start]\nwait_s = 60\nnext = \"hangup\"\n",
    )
    .unwrap();
    program.signal(Signal::HUP);
    wait_until("reloaded", || {
        program.metric("yihao_reloads_total{outcome=\"done\"}") > 0.0
    });
    assert!(is(&dial("7000"), 200));
    fs::write(
        &more,
        "[[number]]\ndial = \"8000\"\nhotline = \"more\"\nstart = \"nowhere\"\n",
    )
    .unwrap();
    program.signal(Signal::HUP);
    wait_until("refused", || {
        program.metric("yihao_reloads_total{outcome=\"refused\"}") > 0.0
    });
    assert!(is(&dial("7000"), 200), "the old plans stay in force");
    assert_eq!(running.hang_up(PATIENCE), Some(200));
    program.stop();
    assert_eq!(ends(&program)[0], (EndedBy::Caller, EndReason::Hangup));
}
