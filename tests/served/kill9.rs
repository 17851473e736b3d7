//! The server is killed at random moments under load; in the end the ledger tells exactly what the callers saw. The same at
//! length, with SIPp: `make kill9`.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use yihao::kernel::{EndReason, EndedBy, Event, EventKind};
use yihao::media::wav;
use yihao::store::CallRecord;

use super::caller::{Caller, is};
use super::program::Program;

const KILLS: u64 = 5;
const CALLERS: u64 = 12;
const PATIENCE: Duration = Duration::from_secs(2);
/// What a kill may take of a message, and what the test's own clock adds on a busy machine.
const LAST_SECOND: u64 = 1_000 + 250;

/// How far a call came.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    answered: bool,
    bye_confirmed: bool,
}

/// Calls one after the other until told to stop.
fn caller_after_caller(program: std::net::SocketAddr, seed: u64, stop: &AtomicBool) -> Vec<(String, Seen)> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut calls = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut caller = Caller::new(program, if chance.random() { "1000" } else { "3000" });
        let mut seen = Seen {
            answered: caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)),
            ..Seen::default()
        };
        if seen.answered {
            sleep(Duration::from_millis(chance.random_range(0..300)));
            seen.bye_confirmed = caller.hang_up(PATIENCE) == Some(200);
        }
        calls.push((caller.call_id, seen));
    }
    calls
}

#[test]
fn killed_again_and_again_the_ledger_tells_what_the_callers_saw() {
    let mut program = Program::start(10);
    let (stop, sip) = (AtomicBool::new(false), program.sip());
    let mut chance = StdRng::seed_from_u64(1);
    let seen: HashMap<String, Seen> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                scope.spawn({
                    let stop = &stop;
                    move || caller_after_caller(sip, n, stop)
                })
            })
            .collect();
        for _ in 0..KILLS {
            sleep(Duration::from_millis(chance.random_range(0..1_500)));
            program.kill_and_start();
        }
        program.wait_ready();
        sleep(Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    program.stop();
    let ledger = program.ledger();
    let mut found: HashMap<&str, &CallRecord> = HashMap::new();
    let mut numbers = HashSet::new();
    for (record, events) in &ledger {
        one_beginning_and_one_end(record, events);
        assert!(
            events.iter().all(|(seq, _)| numbers.insert(*seq)),
            "a sequence number twice: {events:?}"
        );
        let sip_call_id = record.sip_call_ids.first().unwrap();
        assert!(seen.contains_key(sip_call_id), "nobody called: {record:?}");
        assert!(found.insert(sip_call_id, record).is_none(), "twice: {record:?}");
    }
    assert_eq!(
        numbers.len() as u64,
        numbers.iter().max().copied().unwrap_or(0),
        "events are missing"
    );
    let (mut answered, mut hung_up) = (0, 0);
    for (sip_call_id, seen) in seen.iter().filter(|(_, seen)| seen.answered) {
        let record = found
            .get(sip_call_id.as_str())
            .unwrap_or_else(|| panic!("{sip_call_id} got a 200 and is missing"));
        assert!(
            record.answered_by_machine_at.is_some(),
            "a 200 that is not on record: {record:?}"
        );
        if seen.bye_confirmed {
            assert_eq!(
                (record.ended_by, record.end_reason),
                (Some(EndedBy::Caller), Some(EndReason::Hangup)),
                "{record:?}"
            );
            hung_up += 1;
        }
        answered += 1;
    }
    let interrupted = ledger
        .iter()
        .filter(|(record, _)| record.end_reason == Some(EndReason::Interrupted))
        .count();
    assert!(
        hung_up > 20 && interrupted >= 1,
        "{answered} answered, {hung_up} hung up, {interrupted} interrupted"
    );
}

fn one_beginning_and_one_end(record: &CallRecord, events: &[(u64, Event)]) {
    let count = |is: fn(&EventKind) -> bool| events.iter().filter(|(_, event)| is(&event.kind)).count();
    assert!(
        matches!(
            events.first().map(|(_, event)| &event.kind),
            Some(EventKind::Invite { .. })
        ),
        "{events:?}"
    );
    assert_eq!(count(|kind| matches!(kind, EventKind::Invite { .. })), 1, "{events:?}");
    assert_eq!(count(|kind| matches!(kind, EventKind::Ended { .. })), 1, "{events:?}");
    assert!(
        count(|kind| matches!(kind, EventKind::AnsweredByMachine { .. })) <= 1,
        "{events:?}"
    );
    assert!(
        record.ended_at.is_some() && record.open_recordings().next().is_none(),
        "{record:?}"
    );
}

#[test]
fn killed_while_a_message_is_left_it_keeps_all_but_the_last_second_and_the_debt() {
    let mut program = Program::start(10);
    let mut caller = Caller::new(program.sip(), "4000");
    assert!(caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)));
    let begun = Instant::now();
    caller.speak(|| begun.elapsed() > Duration::from_millis(3_300));
    let spoken = begun.elapsed();
    program.kill_and_start();
    program.wait_ready();
    assert_eq!(caller.hang_up(PATIENCE), Some(481), "the call is over");
    program.stop();
    let ledger = program.ledger();
    let [(record, events)] = &ledger[..] else {
        panic!("{ledger:?}")
    };
    one_beginning_and_one_end(record, events);
    assert_eq!(
        (record.ended_by, record.end_reason),
        (Some(EndedBy::System), Some(EndReason::Interrupted))
    );
    assert_eq!(record.callback_owed(), Some("message_left"));
    let recording = &record.recordings[0];
    let facts = recording.finished.as_ref().unwrap();
    let until_recorded = recording.started_at.as_millis() - record.answered_by_machine_at.unwrap().as_millis();
    let whole = u64::try_from(spoken.as_millis()).unwrap() - u64::try_from(until_recorded).unwrap();
    assert!(
        facts.duration_ms + LAST_SECOND >= whole,
        "{} of {whole} ms",
        facts.duration_ms
    );
    assert_eq!(facts.cut_short.as_deref(), Some("interrupted"));
    let clip = wav::parse(&std::fs::read(program.recordings().join(&recording.file)).unwrap()).unwrap();
    assert_eq!(clip.duration().as_millis(), u128::from(facts.duration_ms));
}
