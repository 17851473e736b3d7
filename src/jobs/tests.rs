//! What happens to recordings when their time is over, to those on hold, and in a kill in between.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::kernel::recording::file_name as name;
use crate::kernel::{CallId, EndReason, EndedBy, EventKind, PhoneNumber};
use crate::store::inbox::{Answer, Inbox, Order};
use crate::store::recordings::Outcome;
use crate::store::{CommitSink, Store, StoreConfig, Ticket};

const DAY_MS: i64 = 86_400_000;

/// Noon of a day on which everything here happens.
fn now() -> Wall {
    Wall::from_millis(1_790_000_000_000)
}

fn days_ago(days: i64) -> Wall {
    Wall::from_millis(now().as_millis() - days * DAY_MS)
}

struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Ticket], _: bool) {}
}

/// A server's store with its jobs; messages are kept for 90 days, calls for 365.
struct City {
    dir: TempDir,
    store: Store,
    house: House,
    retention: Retention,
}

impl City {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), StoreConfig::default(), Arc::new(Deaf), now())
            .await
            .unwrap();
        let house = House {
            ledger: store.ledger.clone(),
            journal: store.journal.clone(),
            data_dir: dir.path().to_owned(),
            recordings_dir: Store::recordings_dir(dir.path()),
            clock: now,
        };
        let rules = Rules::of(&crate::config::Recordings {
            keep_message_days: 90,
            keep_call_days: 365,
            ..crate::config::Recordings::default()
        });
        let retention = Retention::new(house.clone(), rules);
        Self {
            dir,
            store,
            house,
            retention,
        }
    }

    /// A call of some days ago with a recording of half a second; gives the file.
    async fn recorded(&self, purpose: &str, days: i64) -> (CallId, String) {
        let began = days_ago(days);
        let call = CallId::new(began, u128::from(began.as_millis().unsigned_abs()));
        let file = name(call, 1, began, &TimeZone::UTC);
        let (tell, told) = sync_channel(1);
        let done = move |outcome: Outcome| tell.send(outcome).unwrap();
        let recording = self.store.recorder().open(&file, 2, Box::new(done)).unwrap();
        recording.frames(&[0x55; 8_000]);
        recording.finish();
        let finished = tokio::task::spawn_blocking(move || told.recv().unwrap())
            .await
            .unwrap()
            .finished
            .unwrap();
        let purpose = purpose.to_owned();
        self.append(
            call,
            began,
            vec![
                invite(),
                EventKind::RecordingStarted {
                    file: file.clone(),
                    purpose,
                },
                EventKind::RecordingEnded {
                    file: file.clone(),
                    duration_ms: finished.duration_ms,
                    sha256: finished.sha256,
                    cut_short: None,
                },
                ended(),
            ],
        )
        .await;
        (call, file)
    }

    /// Events of a call; returns when the ledger has them.
    async fn append(&self, call: CallId, at: Wall, kinds: Vec<EventKind>) {
        let events: Vec<Event> = kinds.into_iter().map(|kind| Event::of_call(call, at, kind)).collect();
        let last = events.last().unwrap().clone();
        self.house.journal.append(events, None);
        while !self.house.knows(&last).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn hold(&self, call: CallId, on: bool) {
        let (by, note) = ("supervisor".to_owned(), "file 7".to_owned());
        self.append(call, now(), vec![EventKind::RetentionHeld { on, by, note }])
            .await;
    }

    fn is_there(&self, file: &str) -> bool {
        self.house.recordings_dir.join(file).exists()
    }

    async fn purge(&self) -> Purged {
        self.retention.run(Why::Asked).await.unwrap()
    }

    async fn purged_events(&self, call: CallId) -> usize {
        let events = self.house.ledger.call_events(call).await.unwrap();
        let purged = |kind: &EventKind| matches!(kind, EventKind::RecordingPurged { .. });
        events.iter().filter(|(_, event)| purged(&event.kind)).count()
    }
}

fn invite() -> EventKind {
    EventKind::Invite {
        from: PhoneNumber::new("13800001234"),
        to: PhoneNumber::new("12345"),
        hotline: Some("12345".into()),
        trunk: None,
        sip_call_id: "a@example.com".into(),
        source: "192.0.2.1:5060".into(),
        placed_by: None,
    }
}

fn ended() -> EventKind {
    EventKind::Ended {
        by: EndedBy::Caller,
        reason: EndReason::Hangup,
        status: None,
    }
}

fn deleted(deleted: u64) -> Purged {
    Purged {
        deleted,
        ..Purged::default()
    }
}

#[tokio::test]
async fn what_is_past_its_time_goes_and_what_is_not_stays() {
    let city = City::new().await;
    let (old_message, gone) = city.recorded("message", 91).await;
    let (_, young) = city.recorded("message", 89).await;
    let (_, call) = city.recorded("call", 92).await;
    assert_eq!(city.purge().await, deleted(1));
    assert!(!city.is_there(&gone) && city.is_there(&young) && city.is_there(&call));
    assert_eq!(city.purged_events(old_message).await, 1);
    let listed = city.house.ledger.recording(&gone).await.unwrap().unwrap();
    assert_eq!(listed.purged_at, Some(now()));
    assert_eq!(city.purge().await, deleted(0));
    assert_eq!(city.purged_events(old_message).await, 1);
    city.store.close().await;
}

#[tokio::test]
async fn a_call_on_legal_hold_keeps_its_recordings_until_it_is_released() {
    let city = City::new().await;
    let (call, file) = city.recorded("call", 4_000).await;
    city.hold(call, true).await;
    assert_eq!(city.purge().await, deleted(0));
    assert!(city.is_there(&file));
    let mut shown = Vec::new();
    due(&city.house.ledger, &city.retention.rules, now(), &mut |keep, listed| {
        shown.push((keep.days, listed.file.clone(), listed.held));
    })
    .await
    .unwrap();
    assert_eq!(shown, [(365, file.clone(), true)]);
    city.hold(call, false).await;
    assert_eq!(city.purge().await, deleted(1));
    assert!(!city.is_there(&file));
    city.store.close().await;
}

#[tokio::test]
async fn a_kill_between_the_record_and_the_deletion_is_made_up_for() {
    let city = City::new().await;
    let (call, file) = city.recorded("call", 400).await;
    let (held, kept) = city.recorded("call", 401).await;
    let purged = |file: &str| EventKind::RecordingPurged {
        file: file.to_owned(),
        why: "kept 365 days".into(),
    };
    city.append(call, now(), vec![purged(&file)]).await;
    city.append(held, now(), vec![purged(&kept)]).await;
    city.hold(held, true).await; // in the very last moment
    let left_over = Purged {
        left_over: 1,
        ..Purged::default()
    };
    assert_eq!(city.purge().await, left_over);
    assert!(!city.is_there(&file) && city.is_there(&kept));
    assert_eq!(city.purged_events(call).await, 1, "it is not given up twice");
    city.store.close().await;
}

#[tokio::test]
async fn what_the_ledger_does_not_know_or_is_still_written_is_not_touched() {
    let city = City::new().await;
    let began = days_ago(1_000);
    let stranger = name(CallId::new(began, 7), 1, began, &TimeZone::UTC);
    let path = city.house.recordings_dir.join(&stranger);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "somebody's file").unwrap();
    let growing = CallId::new(began, 8);
    let file = name(growing, 1, began, &TimeZone::UTC);
    let recording = city.store.recorder().open(&file, 2, Box::new(|_| ())).unwrap();
    let started = EventKind::RecordingStarted {
        file: file.clone(),
        purpose: "call".into(),
    };
    city.append(growing, began, vec![invite(), started]).await;
    assert_eq!(city.purge().await, deleted(0));
    assert!(path.exists() && city.is_there(&format!("{file}.part")));
    drop(recording);
    city.store.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_by_years_deletes_nothing_by_itself() {
    let city = City::new().await;
    let began = days_ago(500);
    let call = CallId::new(began, 1);
    let mut kinds = vec![invite()];
    for n in 0..1_001 {
        let file = name(call, n, began, &TimeZone::UTC);
        kinds.push(EventKind::RecordingStarted {
            file: file.clone(),
            purpose: "call".into(),
        });
        kinds.push(EventKind::RecordingEnded {
            file,
            duration_ms: 1_000,
            sha256: "ab".repeat(32),
            cut_short: None,
        });
    }
    kinds.push(ended());
    city.append(call, began, kinds).await;
    let braked = Purged {
        braked: vec![("call", 1_001)],
        ..Purged::default()
    };
    assert_eq!(city.retention.run(Why::Daily).await.unwrap(), braked);
    assert_eq!(city.purged_events(call).await, 0);
    assert_eq!(city.purge().await, deleted(1_001), "people may");
    city.store.close().await;
}

#[tokio::test]
async fn the_command_line_holds_and_purges_through_the_inbox() {
    let city = City::new().await;
    let (held, kept) = city.recorded("call", 400).await;
    let (_, gone) = city.recorded("call", 401).await;
    let clerk = Clerk::new(city.house.clone(), city.retention.clone());
    clerk.begin().await;
    let inbox = Inbox::new(city.dir.path());
    let note = |call, kind| Order::Note {
        event: Box::new(Event::of_call(call, now(), kind)),
    };
    let hold = EventKind::RetentionHeld {
        on: true,
        by: "lead".into(),
        note: "file 7".into(),
    };
    let at = |ms: i64| Wall::from_millis(now().as_millis() + ms);
    let first = inbox.put(at(1), &note(held, hold.clone())).unwrap();
    let again = inbox.put(at(2), &note(held, hold.clone())).unwrap();
    let made_up = inbox.put(at(3), &note(held, ended())).unwrap();
    let nobody = inbox.put(at(4), &note(CallId::new(now(), 99), hold.clone())).unwrap();
    let purge = inbox.put(at(5), &Order::Purge { by: "lead".into() }).unwrap();
    clerk.empty().await;

    let on_record = Answer {
        done: true,
        text: "on record".into(),
    };
    assert_eq!(first.answer().unwrap(), Some(on_record.clone()));
    assert_eq!(again.answer().unwrap(), Some(on_record), "as after a kill: noted once");
    let held_events = city.house.ledger.call_events(held).await.unwrap();
    assert_eq!(held_events.iter().filter(|(_, event)| event.kind == hold).count(), 1);
    assert!(!made_up.answer().unwrap().unwrap().done);
    assert!(!nobody.answer().unwrap().unwrap().done);
    let purged = purge.answer().unwrap().unwrap();
    assert!(purged.done && purged.text.starts_with("1 deleted"), "{purged:?}");
    assert!(city.is_there(&kept) && !city.is_there(&gone));
    city.store.close().await;
}
