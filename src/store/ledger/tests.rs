//! What the ledger lives through: kills at any moment, locks, replays. What it says is always the fold of the events.

mod feed;
mod people;
mod recordings;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::kernel::{CallId, EndReason, EndedBy, Event, EventKind, PhoneNumber, Wall};
use crate::store::journal::{CommitSink, Journal, JournalConfig, Ticket};
use crate::store::record::{RecordingFacts, fold};
use crate::store::{Store, StoreConfig};

struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Ticket], _: bool) {}
}

fn journal(dir: &TempDir, floor_seq: u64) -> (Journal, u64) {
    let config = JournalConfig {
        segment_bytes: 16_384,
        floor_seq,
        ..JournalConfig::default()
    };
    let (journal, recovery) = Journal::open(&dir.path().join("journal"), config, Arc::new(Deaf)).unwrap();
    (journal, recovery.last_seq)
}

async fn ledger(dir: &TempDir) -> Ledger {
    Ledger::open(&dir.path().join("ledger.sqlite")).await.unwrap()
}

/// Takes over everything up to a durable number.
async fn drain_to(drain: &mut Drain, journal: &Journal, seq: u64) {
    while journal.durable_seq() < seq {
        tokio::task::yield_now().await;
    }
    while drain.turn().await.unwrap() != Drained::Nothing {}
}

fn at(ms: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + ms)
}

fn call(n: u128) -> CallId {
    CallId::new(at(0), n)
}

fn invite(n: u128, ms: i64) -> Event {
    let kind = EventKind::Invite {
        from: PhoneNumber::new("13800001234"),
        to: PhoneNumber::new("12345"),
        hotline: Some("12345".into()),
        trunk: None,
        sip_call_id: format!("{n}@example.com"),
        source: "192.0.2.1:5060".into(),
        placed_by: None,
    };
    Event::of_call(call(n), at(ms), kind)
}

fn ended(n: u128, ms: i64, reason: EndReason) -> Event {
    Event::of_call(
        call(n),
        at(ms),
        EventKind::Ended {
            by: EndedBy::Caller,
            reason,
            status: None,
        },
    )
}

/// What the ledger must say after these events.
fn expected(events: &[Event]) -> BTreeMap<CallId, crate::store::CallRecord> {
    let mut by_call: BTreeMap<CallId, Vec<Event>> = BTreeMap::new();
    for event in events {
        if let Some(call) = event.call() {
            by_call.entry(call).or_default().push(event.clone());
        }
    }
    by_call
        .into_iter()
        .filter_map(|(call, events)| Some((call, fold(&events)?)))
        .collect()
}

async fn told(ledger: &Ledger) -> BTreeMap<CallId, crate::store::CallRecord> {
    let calls = ledger
        .list_calls(&CallFilter::default(), Order::OldestFirst, u32::MAX)
        .await
        .unwrap();
    calls.into_iter().map(|record| (record.call, record)).collect()
}

#[test]
fn records_are_the_fold_of_the_events_however_they_are_batched_and_wherever_the_drain_dies() {
    let strategy = (
        crate::store::record::tests::events(80),
        1_usize..20,
        proptest::collection::vec(any::<bool>(), 8),
    );
    let mut runner = TestRunner::new(Config::with_cases(24));
    runner
        .run(&strategy, |(events, batch, deaths)| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let dir = tempfile::tempdir().unwrap();
                let ledger = ledger(&dir).await;
                let (journal, _) = journal(&dir, 0);
                journal.append(events.clone(), None);
                let config = DrainConfig {
                    batch_max_events: batch,
                    ..DrainConfig::default()
                };
                let mut drain = Drain::new(ledger.clone(), journal.clone(), config, None);
                while journal.durable_seq() < events.len() as u64 {
                    tokio::task::yield_now().await;
                }
                for dies in deaths.iter().cycle() {
                    if drain.turn().await.unwrap() == Drained::Nothing {
                        break;
                    }
                    if *dies {
                        drain = Drain::new(ledger.clone(), journal.clone(), config, None);
                    }
                }
                assert_eq!(told(&ledger).await, expected(&events));
                journal.close();
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn calls_left_open_by_a_kill_are_ended_once_at_the_last_sign_of_life() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (first, _) = journal(&dir, 0);
    let recording = EventKind::RecordingStarted {
        file: "m.wav".into(),
        purpose: "message".into(),
    };
    first.append(vec![invite(1, 0), Event::of_call(call(1), at(10), recording)], None);
    first.append(
        vec![invite(2, 20), ended(2, 50, EndReason::Hangup), invite(3, 60)],
        None,
    );
    first.append(vec![ended(3, 70, EndReason::Hangup)], None);
    first.close();
    for _ in 0..3 {
        let (journal, last_seq) = journal(&dir, ledger.drained_seq().await.unwrap());
        let settle: Settle = Arc::new(|file| {
            (file == "m.wav").then(|| RecordingFacts {
                duration_ms: 5_000,
                sha256: "ab".into(),
                cut_short: None,
            })
        });
        let closing = Closing::new(last_seq, at(9_000), settle);
        let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), Some(closing));
        // A call of the new run is none of the closing's business.
        let new = 10 + u128::from(last_seq);
        journal.append(vec![invite(new, 9_000), ended(new, 9_001, EndReason::Hangup)], None);
        drain_to(&mut drain, &journal, last_seq + 2).await;
        journal.close(); // the closing's events are durable now
        drain_to(&mut drain, &journal, last_seq + 2).await;
    }
    let Found::One(record) = ledger.find_call(&call(1).to_string()).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (record.ended_at, record.end_reason),
        (Some(at(70)), Some(EndReason::Interrupted))
    );
    assert_eq!(
        record.recordings[0].finished.as_ref().map(|f| f.duration_ms),
        Some(5_000)
    );
    let events = ledger.call_events(call(1)).await.unwrap();
    assert_eq!(
        events
            .iter()
            .filter(|(_, e)| matches!(e.kind, EventKind::Ended { .. }))
            .count(),
        1
    );
    let totals = ledger.totals(&CallFilter::default()).await.unwrap();
    assert_eq!(
        totals,
        BTreeMap::from([("hangup".into(), 5), ("interrupted".into(), 1)])
    );
}

#[tokio::test]
async fn a_database_locked_by_someone_else_disturbs_no_call_and_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (journal, _) = journal(&dir, 0);
    let config = DrainConfig {
        interval: Duration::from_millis(1),
        retry: Duration::from_millis(1),
        ..DrainConfig::default()
    };
    let (stop, stopped) = watch::channel(false);
    let drain = tokio::spawn(Drain::new(ledger.clone(), journal.clone(), config, None).run(stopped));
    let mut other = open_writer(ledger.path.clone()).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    for n in 1..=50 {
        journal.append(vec![invite(n, 0), ended(n, 5, EndReason::Hangup)], None);
    }
    while journal.durable_seq() < 100 || !journal.health().db_lagging.get() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(ledger.counts().await.unwrap().calls, 0);
    assert!(!journal.health().degraded.get());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    while journal.health().db_lagging.get() || ledger.drained_seq().await.unwrap() < 100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(ledger.counts().await.unwrap(), Counts { calls: 50, open: 0 });
    assert_eq!(journal.health().journal_lag_entries.get(), 0);
    journal.append(vec![invite(51, 0)], None);
    journal.close();
    stop.send(true).unwrap();
    drain.await.unwrap();
    assert_eq!(ledger.counts().await.unwrap(), Counts { calls: 51, open: 1 });
}

#[tokio::test]
async fn a_database_that_is_thrown_away_is_made_anew_and_one_that_is_ahead_takes_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (journal, _) = journal(&dir, 0);
    journal.append(vec![invite(1, 0), ended(1, 5, EndReason::Hangup)], None);
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None);
    drain_to(&mut drain, &journal, 2).await;
    // Once more from the start, as if the place had been lost.
    let mut writer = open_writer(ledger.path.clone()).await.unwrap();
    sqlx::query("UPDATE drain SET seq = 1")
        .execute(&mut writer)
        .await
        .unwrap();
    let mut again = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None);
    drain_to(&mut again, &journal, 2).await;
    assert_eq!(ledger.call_events(call(1)).await.unwrap().len(), 2);
    journal.close();
}

#[tokio::test]
async fn calls_are_found_by_what_people_know_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (journal, _) = journal(&dir, 0);
    journal.append(
        vec![invite(1, 0), ended(1, 5, EndReason::Hangup), invite(2, 1_000)],
        None,
    );
    let looked = EventKind::Revealed {
        by: "li".into(),
        what: "number".into(),
    };
    journal.append(vec![Event::of_call(call(2), at(2_000), looked)], None);
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None);
    drain_to(&mut drain, &journal, 4).await;
    journal.close();

    let list = |filter: CallFilter| {
        let ledger = ledger.clone();
        async move {
            let calls = ledger.list_calls(&filter, Order::NewestFirst, 10).await.unwrap();
            calls.iter().map(|c| c.call).collect::<Vec<_>>()
        }
    };
    let any = CallFilter::default;
    assert_eq!(list(any()).await, [call(2), call(1)]);
    assert_eq!(
        list(CallFilter {
            from: Some(at(1)),
            ..any()
        })
        .await,
        [call(2)]
    );
    assert_eq!(
        list(CallFilter {
            until: Some(at(1_000)),
            ..any()
        })
        .await,
        [call(1)]
    );
    assert_eq!(
        list(CallFilter {
            number: Some("13800001234".into()),
            ..any()
        })
        .await
        .len(),
        2
    );
    assert_eq!(
        list(CallFilter {
            number: Some("1380000".into()),
            ..any()
        })
        .await,
        []
    );
    assert_eq!(
        list(CallFilter {
            hotline: Some("' OR 1 --".into()),
            ..any()
        })
        .await,
        []
    );
    assert_eq!(
        list(CallFilter {
            reason: Some(EndReason::Hangup),
            ..any()
        })
        .await,
        [call(1)]
    );
    assert_eq!(list(CallFilter { open: true, ..any() }).await, [call(2)]);

    let id = call(2).to_string();
    assert!(matches!(ledger.find_call(&id.to_lowercase()).await.unwrap(), Found::One(r) if r.call == call(2)));
    assert!(matches!(ledger.find_call(&id[..20]).await.unwrap(), Found::Many(ids) if ids.len() == 2));
    assert_eq!(ledger.find_call("%").await.unwrap(), Found::None);

    let reveal = Reveal {
        at: at(3_000),
        call: call(1),
        by: "wang".into(),
        what: "sip trace".into(),
    };
    ledger.note_reveal(&reveal).await.unwrap();
    let reveals = ledger.reveals(at(0)).await.unwrap();
    assert_eq!(
        reveals.iter().map(|r| r.by.as_str()).collect::<Vec<_>>(),
        ["li", "wang"]
    );
}

/// Nanoseconds of CPU that all threads of this process have used, living and dead.
fn cpu_nanos() -> i64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec * 1_000_000_000 + used.tv_nsec
}

/// Run by hand: `cargo nextest run --run-ignored only --no-capture cpu_per_call`. Real time, real disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of ten seconds, not a test"]
async fn cpu_per_call_of_six_events_at_fifty_calls_a_second() {
    const CALLS: u128 = 500;
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap(); // /tmp may be memory
    let ledger = ledger(&dir).await;
    let (journal, _) = Journal::open(&dir.path().join("journal"), JournalConfig::default(), Arc::new(Deaf)).unwrap();
    let (stop, stopped) = watch::channel(false);
    let drain = tokio::spawn(Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None).run(stopped));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = cpu_nanos();
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let step = |n, ms, step: &str| Event::of_call(call(n), at(ms), EventKind::Step { step: step.into() });
    for n in 0..CALLS {
        pace.tick().await;
        let answered = Event::of_call(call(n), at(5), EventKind::AnsweredByMachine { codec: "PCMA".into() });
        let first = vec![
            invite(n, 0),
            answered,
            step(n, 6, "main.greeting"),
            step(n, 9, "main.menu"),
        ];
        journal.append(first, Some(Ticket { shard: 0, number: 1 }));
        pace.tick().await;
        let last = vec![step(n, 30, "main.bye"), ended(n, 40, EndReason::Hangup)];
        journal.append(last, Some(Ticket { shard: 0, number: 2 }));
    }
    journal.close();
    stop.send(true).unwrap();
    drain.await.unwrap();
    let us = (cpu_nanos() - before) / 1_000 / i64::try_from(CALLS).unwrap();
    assert_eq!(u128::from(ledger.counts().await.unwrap().calls), CALLS);
    println!("{us} us of CPU a call, {} commits", journal.health().commits.get());
}

#[tokio::test]
async fn a_server_that_is_stopped_right_after_its_start_has_closed_the_last_runs_calls() {
    const CALLS: u128 = 5_000; // enough that the end overtakes the drain if it does not wait
    let dir = tempfile::tempdir().unwrap();
    let (last_run, _) = journal(&dir, 0);
    last_run.append((1..=CALLS).map(|n| invite(n, 10)).collect(), None);
    last_run.close();
    let config = || StoreConfig {
        journal: JournalConfig {
            segment_bytes: 16_384,
            ..JournalConfig::default()
        },
        ..StoreConfig::default()
    };
    let store = Store::open(dir.path(), config(), Arc::new(Deaf), at(9_000))
        .await
        .unwrap();
    store.close().await;
    let totals = Ledger::new(&Store::ledger_path(dir.path()))
        .totals(&CallFilter::default())
        .await
        .unwrap();
    assert_eq!(totals, BTreeMap::from([("interrupted".into(), 5_000)]));
}
