//! A ledger of the version before is brought up to date, and loses nothing on the way.

use super::*;
use crate::store::ledger::{DebtFilter, Standing};

/// A ledger as the version before left it: two calls, one of them owed a call back.
const OLD: &str = r#"
INSERT INTO events VALUES
 ('01HF7YAT000000000000000001', 1, 1700000000000, 'invite', '{"call":"01HF7YAT000000000000000001","at":1700000000000,"type":"invite","from":"13800001234","to":"12345","hotline":"12345","trunk":null,"sip_call_id":"a@example.com","source":"192.0.2.1:5060"}'),
 ('01HF7YAT000000000000000001', 2, 1700000001000, 'person_requested', '{"call":"01HF7YAT000000000000000001","at":1700000001000,"type":"person_requested","queue":"general"}'),
 ('01HF7YAT000000000000000001', 3, 1700000040000, 'callback_owed', '{"call":"01HF7YAT000000000000000001","at":1700000040000,"type":"callback_owed","to":"13800001234","because":"abandoned"}'),
 ('01HF7YAT000000000000000001', 4, 1700000040000, 'ended', '{"call":"01HF7YAT000000000000000001","at":1700000040000,"type":"ended","by":"caller","reason":"hangup","status":null}'),
 ('01HF7YAT000000000000000002', 5, 1700000050000, 'invite', '{"call":"01HF7YAT000000000000000002","at":1700000050000,"type":"invite","from":"13900001234","to":"12345","hotline":"12345","trunk":null,"sip_call_id":"b@example.com","source":"192.0.2.1:5060"}'),
 ('01HF7YAT000000000000000002', 6, 1700000060000, 'of_a_later_version', '{"call":"01HF7YAT000000000000000002","at":1700000060000,"type":"of_a_later_version"}');
INSERT INTO calls (call_id, first_seq, invite_at_ms, from_number, to_number, hotline, ended_at_ms, ended_by, end_reason, recordings_open, record) VALUES
 ('01HF7YAT000000000000000001', 1, 1700000000000, '13800001234', '12345', '12345', 1700000040000, 'caller', 'hangup', 0,
  '{"call":"01HF7YAT000000000000000001","from":"13800001234","to":"12345","hotline":"12345","source":"192.0.2.1:5060","sip_call_ids":["a@example.com"],"invite_at":1700000000000,"person_requested_at":1700000001000,"ended_at":1700000040000,"ended_by":"caller","end_reason":"hangup","callback_owed":"abandoned","last_event_at":1700000040000}'),
 ('01HF7YAT000000000000000002', 5, 1700000050000, '13900001234', '12345', '12345', NULL, NULL, NULL, 0,
  '{"call":"01HF7YAT000000000000000002","from":"13900001234","to":"12345","hotline":"12345","source":"192.0.2.1:5060","sip_call_ids":["b@example.com"],"invite_at":1700000050000,"last_event_at":1700000060000}');
UPDATE drain SET seq = 6, last_at_ms = 1700000060000;
"#;

async fn old_ledger(dir: &TempDir) {
    let mut migrator = sqlx::migrate!("src/store/migrations/sqlite");
    let first = migrator.migrations.iter().take(1).cloned().collect::<Vec<_>>();
    migrator.migrations = first.into();
    let options = SqliteConnectOptions::new()
        .filename(dir.path().join("ledger.sqlite"))
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
    migrator.run(&pool).await.unwrap();
    sqlx::raw_sql(OLD).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn records_of_the_version_before_are_folded_anew_and_their_debts_are_found() {
    let dir = tempfile::tempdir().unwrap();
    old_ledger(&dir).await;
    let ledger = ledger(&dir).await;
    let (journal, last_seq) = journal(&dir, ledger.drained_seq().await.unwrap());
    assert_eq!(last_seq, 6);
    let settle: Settle = Arc::new(|_| None);
    let closing = Closing::new(last_seq, at(90_000), settle);
    let mut done = closing.done();
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), Some(closing));
    while drain.turn().await.unwrap() != Drained::Nothing {}
    assert_eq!(*done.borrow_and_update(), Some(at(60_000)), "the last sign of life");
    journal.close();

    let owed = ledger.debts(&DebtFilter::default(), 10).await.unwrap();
    let found: Vec<_> = owed
        .iter()
        .map(|o| (o.debt.because.as_str(), o.debt.owed_at, o.queue.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("abandoned", at(40_000), Some("general")),
            ("interrupted", at(60_000), None)
        ]
    );
    let Found::One(record) = ledger.find_call("01HF7YAT000000000000000001").await.unwrap() else {
        panic!()
    };
    assert_eq!(record.queues[0].outcome.as_deref(), Some("ended"));
    let events = ledger.events_after(0, 100).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 7, 8], "what is not understood is passed over");
}

#[tokio::test]
async fn a_refold_that_is_killed_goes_on_and_ends_in_the_same() {
    let dir = tempfile::tempdir().unwrap();
    old_ledger(&dir).await;
    let ledger = ledger(&dir).await;
    let mut writer = open_writer(ledger.path.clone()).await.unwrap();
    // Killed behind the first call.
    sqlx::query("UPDATE fold SET behind = '01HF7YAT000000000000000001'")
        .execute(&mut writer)
        .await
        .unwrap();
    refold::bring_up_to_date(&mut writer).await.unwrap();
    assert!(ledger.debts(&DebtFilter::default(), 9).await.unwrap().is_empty());
    sqlx::query("UPDATE fold SET version = 1")
        .execute(&mut writer)
        .await
        .unwrap();
    refold::bring_up_to_date(&mut writer).await.unwrap();
    let any = DebtFilter {
        standing: Standing::Any,
        ..DebtFilter::default()
    };
    assert_eq!(ledger.debts(&any, 9).await.unwrap().len(), 1);
    let told = told(&ledger).await;
    let events = ledger.events_after(0, 100).await.unwrap();
    let mut again = expected(&events.into_iter().map(|(_, event)| event).collect::<Vec<_>>());
    for (call, record) in told {
        assert_eq!(Some(record), again.remove(&call));
    }
}
