//! Whoever follows the events gets each once and in order, wherever he was cut off and however slow he is.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::kernel::{AgentId, AgentStatus, Subject};
use crate::store::ledger::EventFeed;

const EVENTS: u64 = 6_000;

fn step(n: u64) -> Event {
    if n.is_multiple_of(7) {
        let kind = EventKind::AgentChanged {
            status: AgentStatus::Available,
            reason: Some(n.to_string()),
            call_id: None,
            queue: None,
            until: None,
            by: None,
        };
        let about = Subject::Agent(AgentId::parse("8001").unwrap());
        return Event { about, at: at(0), kind };
    }
    let kind = EventKind::Step { step: n.to_string() };
    Event::of_call(call(u128::from(n % 50)), at(0), kind)
}

/// Events come in bursts while the drain takes them over and lets segments go; readers are killed after any number of batches,
/// or while they wait, and go on behind the last number that they saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_killed_anywhere_goes_on_behind_the_last_number_without_gap_or_double() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let config = JournalConfig {
        segment_bytes: 8_192,
        live_commits: 2, // so that readers fall behind
        ..JournalConfig::default()
    };
    let (journal, _) = Journal::open(&dir.path().join("journal"), config, Arc::new(Deaf)).unwrap();
    let drain_config = DrainConfig {
        interval: Duration::from_millis(1),
        batch_max_events: 100,
        ..DrainConfig::default()
    };
    let (stop, stopped) = watch::channel(false);
    let drain = tokio::spawn(Drain::new(ledger.clone(), journal.clone(), drain_config, None).run(stopped));
    let readers: Vec<_> = (0..4)
        .map(|seed| tokio::spawn(follow(ledger.clone(), journal.clone(), seed)))
        .collect();
    let mut chance = StdRng::seed_from_u64(9);
    let mut next = 1;
    while next <= EVENTS {
        let until = (next + chance.random_range(1..40)).min(EVENTS + 1);
        journal.append((next..until).map(step).collect(), None);
        next = until;
        assert!(journal.flush().await);
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (1..=EVENTS).collect::<Vec<_>>());
    }
    assert!(journal.kept_from() > 1, "segments were let go in between");
    assert_eq!(
        journal.health().lost_entries.get(),
        0,
        "no alarm for a segment that was let go"
    );
    journal.close();
    stop.send(true).unwrap();
    drain.await.unwrap();
}

/// Numbers in the order in which they came, as their events tell them.
async fn follow(ledger: Ledger, journal: Journal, seed: u64) -> Vec<u64> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut seen = Vec::new();
    let mut killed_in_vain = false;
    while seen.last() != Some(&EVENTS) {
        let mut feed = EventFeed::new(&ledger, &journal, seen.last().copied().unwrap_or(0));
        for _ in 0..chance.random_range(1..30) {
            if seen.last() == Some(&EVENTS) {
                break;
            }
            // Who was killed before he saw anything is let alone the next time: on a slow disk all would be killed for ever.
            let chances = if killed_in_vain {
                u32::MAX
            } else {
                chance.random_range(1..20)
            };
            let Some(events) = impatient(feed.next(), chances).await else {
                killed_in_vain = true;
                break; // killed while it waited
            };
            killed_in_vain = false;
            for (seq, event) in events.unwrap() {
                let told: u64 = match &event.kind {
                    EventKind::Step { step } => step.parse().unwrap(),
                    EventKind::AgentChanged { reason, .. } => reason.as_ref().unwrap().parse().unwrap(),
                    other => panic!("{other:?}"),
                };
                assert_eq!(seq, told, "a number stands for its event");
                seen.push(seq);
            }
            assert_eq!(feed.position(), *seen.last().unwrap());
        }
        tokio::task::yield_now().await;
    }
    seen
}

/// Gives a future so many chances and then drops it.
async fn impatient<T>(future: impl Future<Output = T>, chances: u32) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = chances;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
        std::task::Poll::Pending if left == u32::MAX => std::task::Poll::Pending,
        std::task::Poll::Pending => {
            left -= 1;
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_number_of_long_ago_is_found_in_the_database_and_one_ahead_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (journal, _) = journal(&dir, 0);
    journal.append((1..=500).map(step).collect(), None);
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None);
    assert!(journal.flush().await);
    while drain.turn().await.unwrap() != Drained::Nothing {}
    assert!(journal.flush().await && journal.flush().await); // by the second turn the first has let segments go
    assert!(journal.kept_from() > 1);
    let mut feed = EventFeed::new(&ledger, &journal, 0);
    let mut seen = Vec::new();
    while seen.len() < 500 {
        seen.extend(feed.next().await.unwrap().into_iter().map(|(seq, _)| seq));
    }
    assert_eq!(seen, (1..=500).collect::<Vec<_>>());
    let mut ahead = EventFeed::new(&ledger, &journal, 501);
    journal.append(vec![step(501), step(502)], None);
    let next: Vec<u64> = ahead.next().await.unwrap().into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(next, [502]);
    journal.close();
}
