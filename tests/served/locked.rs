//! Another program holds the database: calls go on, the alarm is set, the ledger catches up. At length, and with a full disk:
//! `make faults`.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use yihao::kernel::{EndReason, EndedBy};

use super::caller::{Caller, is};
use super::program::{Program, wait_until};

const PATIENCE: Duration = Duration::from_secs(5);
const CALLS: usize = 20;

#[test]
fn with_the_database_locked_calls_go_on_and_the_ledger_catches_up() {
    let mut program = Program::start(10);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let lock = runtime.block_on(async {
        let mut other = SqliteConnectOptions::new()
            .filename(program.ledger_file())
            .connect()
            .await
            .unwrap();
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
        other
    });
    for _ in 0..CALLS {
        let mut caller = Caller::new(program.sip(), "3000");
        let dialled = Instant::now();
        assert!(caller.dial(PATIENCE).is_some_and(|answer| is(&answer, 200)));
        assert!(
            dialled.elapsed() < Duration::from_millis(500),
            "answered after {:?}",
            dialled.elapsed()
        );
        assert_eq!(caller.hang_up(PATIENCE), Some(200));
    }
    wait_until("behind", || program.metric("yihao_ledger_behind") > 0.0);
    assert!(program.metric("yihao_journal_waiting") > 0.0);
    runtime.block_on(lock.close()).unwrap();
    wait_until("caught up", || {
        program.metric("yihao_ledger_behind") == 0.0 && program.metric("yihao_journal_waiting") == 0.0
    });
    program.stop();
    let ledger = program.ledger();
    assert_eq!(ledger.len(), CALLS);
    assert!(
        ledger
            .iter()
            .all(|(r, _)| (r.ended_by, r.end_reason) == (Some(EndedBy::Caller), Some(EndReason::Hangup)))
    );
}
