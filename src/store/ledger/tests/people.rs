//! Agents, callers and debts over a restart: who did what, who waited, who is owed a call.

use super::*;
use crate::kernel::{AgentId, AgentStatus, Dialog, Part, Subject};
use crate::queue::{CallbackRules, Debt, FloorConfig, QueueConfig, Restored, Returning, Strategy};
use crate::store::ledger::{Before, DebtFilter, Standing};

fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

fn queue(name: &str, automatic: bool) -> QueueConfig {
    QueueConfig {
        name: name.into(),
        strategy: Strategy::LongestIdle,
        ring_timeout: Duration::from_secs(15),
        wrap_up: Duration::from_secs(30),
        wrap_up_max: Duration::from_secs(120),
        rona_after: 2,
        length_max: 100,
        wait_max: None,
        estimate_max: None,
        needs_agents: false,
        priority: 0,
        ageing: Duration::from_secs(60),
        requires: Vec::new(),
        announce_every: None,
        callback: CallbackRules {
            automatic,
            attempts_max: 3,
            retry_after: Duration::from_secs(600),
            window_minutes: (0, 1_440),
        },
    }
}

fn floor() -> FloorConfig {
    let queues = [queue("back", true), queue("english", false), queue("general", false)];
    FloorConfig {
        queues: queues.into_iter().map(|queue| (queue.name.clone(), queue)).collect(),
        redial_within: Duration::from_secs(120),
        utc_offset_s: 8 * 3_600,
    }
}

fn changed(name: &str, ms: i64, status: AgentStatus, reason: Option<&str>) -> Event {
    Event {
        about: Subject::Agent(agent(name)),
        at: at(ms),
        kind: EventKind::AgentChanged {
            status,
            reason: reason.map(Into::into),
            call_id: None,
            queue: None,
            until: None,
            by: None,
        },
    }
}

fn then(n: u128, ms: i64, kind: EventKind) -> Event {
    Event::of_call(call(n), at(ms), kind)
}

fn from(n: u128, ms: i64, number: &str) -> Event {
    let mut event = invite(n, ms);
    if let EventKind::Invite { from, .. } = &mut event.kind {
        *from = PhoneNumber::new(number);
    }
    event
}

fn queued(n: u128, ms: i64, queue: &str, carried_ms: u64) -> Event {
    let queue = queue.to_owned();
    then(n, ms, EventKind::PersonRequested { queue, carried_ms })
}

fn person(n: u128, ms: i64, agent: &str) -> Event {
    then(n, ms, EventKind::AnsweredByPerson { agent: agent.into() })
}

fn owed(n: u128, ms: i64, because: &str) -> Event {
    let to = PhoneNumber::new("13800001234");
    let because = because.to_owned();
    then(n, ms, EventKind::CallbackOwed { to, because })
}

fn dialog(name: &str) -> EventKind {
    EventKind::DialogOpened {
        dialog: Box::new(Dialog {
            call_id: format!("{name}@example.com"),
            local_tag: "l".into(),
            remote_tag: "r".into(),
            local_uri: "sip:12345@192.0.2.1".into(),
            remote_uri: format!("sip:{name}@192.0.2.9"),
            target: format!("sip:{name}@192.0.2.9:5062"),
            routes: Vec::new(),
            cseq: 1,
            transport: "udp".into(),
            remote: "192.0.2.9:5062".into(),
        }),
    }
}

/// What the new run is told of the last.
#[derive(Debug, PartialEq, Eq)]
struct Past {
    agents: Vec<Restored>,
    returning: Vec<Returning>,
    debts: Vec<Debt>,
    asked: Vec<(PhoneNumber, Wall)>,
    dialogs: Vec<Dialog>,
}

/// The server dies after these events and starts again at `now`: what it tells the floor.
async fn restart(dir: &TempDir, events: Vec<Event>, now: i64) -> (Ledger, Past) {
    let ledger = ledger(dir).await;
    let (first, _) = journal(dir, 0);
    first.append(events, None);
    first.close();
    let before = start(dir, &ledger, now).await;
    (ledger, before)
}

async fn start(dir: &TempDir, ledger: &Ledger, now: i64) -> Past {
    let (journal, last_seq) = journal(dir, ledger.drained_seq().await.unwrap());
    let settle: Settle = Arc::new(|_| None);
    let closing = Closing::new(last_seq, at(now), settle);
    let done = closing.done();
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), Some(closing));
    while drain.turn().await.unwrap() != Drained::Nothing {}
    let died_at = done.borrow().unwrap();
    journal.close();
    let Before {
        agents,
        returning,
        debts,
        asked,
    } = ledger.before(&floor(), at(now)).await.unwrap();
    let dialogs = ledger.dialogs_cut_off(died_at).await.unwrap();
    Past {
        agents,
        returning,
        debts,
        asked,
        dialogs,
    }
}

#[tokio::test]
async fn agents_are_as_they_were_with_the_day_that_they_had() {
    let dir = tempfile::tempdir().unwrap();
    let hour = 3_600_000;
    let events = vec![
        changed("8001", 0, AgentStatus::Paused, Some("signed_in")),
        changed("8001", 1_000, AgentStatus::Available, None),
        changed("8002", 2_000, AgentStatus::Paused, Some("meal")),
        invite(1, 10_000),
        queued(1, 10_000, "general", 0),
        person(1, 20_000, "8001"),
        changed("8001", 20_000, AgentStatus::Talking, None),
        then(
            1,
            50_000,
            EventKind::Joined {
                who: "8002".into(),
                part: Part::Agent,
            },
        ),
        then(1, 105_000, EventKind::RatingAsked { agent: agent("8002") }),
        ended(1, 110_000, EndReason::Hangup),
        changed("8001", 110_000, AgentStatus::WrapUp, None),
    ];
    let (ledger, before) = restart(&dir, events, 120_000).await;
    let seen: Vec<_> = before
        .agents
        .iter()
        .map(|a| {
            let talked = a.talked_today.as_secs();
            (
                a.agent.as_str(),
                a.status,
                a.reason.as_deref(),
                a.since,
                talked,
                a.calls_today,
            )
        })
        .collect();
    let expected = [
        ("8001", AgentStatus::WrapUp, None, at(110_000), 30, 1),
        ("8002", AgentStatus::Paused, Some("meal"), at(2_000), 60, 1),
    ];
    assert_eq!(seen, expected);
    assert_eq!(before.asked, [(PhoneNumber::new("13800001234"), at(105_000))]);
    // Two days later nobody has talked today, and everybody still is what he was.
    let later = start(&dir, &ledger, 48 * hour).await;
    assert!(
        later
            .agents
            .iter()
            .all(|a| a.talked_today.is_zero() && a.calls_today == 0)
    );
    assert!(later.asked.is_empty());
    assert_eq!(later.agents[1].reason.as_deref(), Some("meal"));
    let changes = ledger
        .agent_events(&agent("8001"), (at(500), at(hour)), 10)
        .await
        .unwrap();
    assert_eq!(changes.len(), 3, "{changes:?}");
}

#[tokio::test]
async fn who_waited_when_the_server_died_keeps_his_place_if_he_calls_again_soon() {
    let dir = tempfile::tempdir().unwrap();
    let events = vec![
        from(1, 0, "13800000001"),
        queued(1, 1_000, "general", 0),
        from(2, 5_000, "13800000002"),
        queued(2, 6_000, "english", 30_000), // has waited elsewhere before: he was first
        from(3, 7_000, "anonymous"),
        queued(3, 8_000, "general", 0),
        from(4, 9_000, "13800000004"),
        queued(4, 9_000, "general", 0),
        person(4, 12_000, "8001"),
        then(4, 12_000, dialog("8001")),
        changed("8001", 12_000, AgentStatus::Talking, None),
        changed("8002", 20_000, AgentStatus::Available, None),
    ];
    let (ledger, before) = restart(&dir, events, 60_000).await;
    let waiting: Vec<_> = before
        .returning
        .iter()
        .map(|r| (r.number.reveal(), r.queue.as_str(), r.waited.as_secs(), r.entered))
        .collect();
    let expected = [
        ("13800000002", "english", 44, at(-24_000)),
        ("13800000001", "general", 19, at(1_000)),
    ];
    assert_eq!(waiting, expected);
    let debts: Vec<_> = before
        .debts
        .iter()
        .map(|d| (d.number.reveal(), d.because.as_str()))
        .collect();
    let expected = [
        ("13800000001", "interrupted"),
        ("13800000002", "interrupted"),
        ("13800000004", "interrupted"),
    ];
    assert_eq!(
        debts, expected,
        "waiting or talking; who hides his number is on the list only"
    );
    assert_eq!(ledger.debts(&DebtFilter::default(), 9).await.unwrap().len(), 4);
    let goodbyes: Vec<_> = before.dialogs.iter().map(|d| d.call_id.as_str()).collect();
    assert_eq!(goodbyes, ["8001@example.com"]);

    // Killed again before anybody could call: the same, and nothing is owed twice.
    let again = start(&dir, &ledger, 70_000).await;
    assert_eq!(again, before);
    // Killed in the evening: no places are kept, the debts are.
    let evening = start(&dir, &ledger, 10_000_000).await;
    assert!(evening.returning.is_empty());
    assert_eq!(evening.debts, before.debts);
}

#[tokio::test]
async fn who_came_back_and_was_cut_off_again_has_waited_all_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let events = vec![
        from(1, 0, "13800000001"),
        queued(1, 0, "general", 0),
        queued(1, 40_000, "general", 40_000),
    ];
    let (ledger, _) = restart(&dir, events, 50_000).await;
    let (second, _) = journal(&dir, ledger.drained_seq().await.unwrap());
    second.append(
        vec![
            from(2, 60_000, "13800000001"),
            queued(2, 61_000, "general", 50_000),
            from(3, 60_000, "13800000001"),
            queued(3, 61_000, "general", 50_000),
            changed("8001", 71_000, AgentStatus::Available, None),
        ],
        None,
    );
    second.close();
    let before = start(&dir, &ledger, 80_000).await;
    let waiting: Vec<_> = before
        .returning
        .iter()
        .map(|r| (r.waited.as_secs(), r.entered))
        .collect();
    assert_eq!(
        waiting,
        [(60, at(11_000)), (60, at(11_000))],
        "two callers of one company"
    );
    assert_eq!(
        before.debts.len(),
        3,
        "one a call; both are settled when he is spoken to"
    );
}

#[tokio::test]
async fn debts_are_listed_oldest_first_and_go_where_somebody_calls_back() {
    let dir = tempfile::tempdir().unwrap();
    let tried = EventKind::CallbackTried {
        by_call: call(90),
        outcome: "no_answer".into(),
    };
    let settled = EventKind::CallbackSettled {
        how: "decided".into(),
        by_call: None,
        by: "9001".into(),
        note: "wrong number".into(),
    };
    let gone = |n, ms| ended(n, ms, EndReason::Hangup);
    let events = vec![
        invite(1, 0),
        queued(1, 0, "general", 0),
        owed(1, 30_000, "abandoned"),
        gone(1, 30_000),
        invite(2, 1_000),
        owed(2, 10_000, "rejected"),
        gone(2, 10_000),
        then(2, 60_000, tried),
        invite(3, 2_000),
        queued(3, 2_000, "old-name", 0),
        owed(3, 20_000, "abandoned"),
        gone(3, 20_000),
        invite(4, 3_000),
        owed(4, 5_000, "overflow"),
        gone(4, 5_000),
        then(4, 70_000, settled),
    ];
    let (ledger, before) = restart(&dir, events, 100_000).await;
    let list = |filter: DebtFilter| {
        let ledger = ledger.clone();
        async move {
            let owed = ledger.debts(&filter, 2).await.unwrap();
            owed.iter().map(|o| o.call).collect::<Vec<_>>()
        }
    };
    let open = DebtFilter::default;
    assert_eq!(list(open()).await, [call(2), call(3)]);
    let after = Some(call(3));
    assert_eq!(list(DebtFilter { after, ..open() }).await, [call(1)]);
    let newest_first = true;
    assert_eq!(list(DebtFilter { newest_first, ..open() }).await, [call(1), call(3)]);
    assert_eq!(
        list(DebtFilter {
            newest_first,
            after,
            ..open()
        })
        .await,
        [call(2)]
    );
    let standing = Standing::Settled;
    assert_eq!(list(DebtFilter { standing, ..open() }).await, [call(4)]);
    let until = Some(at(20_000));
    assert_eq!(list(DebtFilter { until, ..open() }).await, [call(2)]);
    let counts = ledger.debt_counts(at(15_000)).await.unwrap();
    assert_eq!((counts.open, counts.overdue), (3, 1));
    let first = &ledger.debts(&open(), 1).await.unwrap()[0];
    assert_eq!(first.due_at(Duration::from_secs(3_600)), at(3_610_000));

    let served: Vec<_> = before
        .debts
        .iter()
        .map(|d| (d.call, d.queue.as_str(), d.attempts, d.not_before))
        .collect();
    let expected = [
        (call(2), "back", 1, Some(at(660_000))),
        (call(3), "back", 0, None),
        (call(1), "general", 0, None),
    ];
    assert_eq!(served, expected);
}

#[tokio::test]
async fn calls_are_found_by_who_spoke_and_by_queue_and_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let mut events = Vec::new();
    for n in 1..=4 {
        let ms = i64::try_from(n).unwrap() * 1_000;
        events.extend([
            invite(n, ms),
            queued(n, ms, if n == 2 { "english" } else { "general" }, 0),
        ]);
        events.push(person(n, ms + 10, if n < 3 { "8001" } else { "8002" }));
        let listens = EventKind::Joined {
            who: "9001".into(),
            part: Part::Listening,
        };
        events.extend([then(n, ms + 20, listens), ended(n, ms + 500, EndReason::Hangup)]);
    }
    let (ledger, _) = restart(&dir, events, 100_000).await;
    let list = |filter: CallFilter| {
        let ledger = ledger.clone();
        async move {
            let calls = ledger.list_calls(&filter, Order::NewestFirst, 2).await.unwrap();
            calls.iter().map(|c| c.call).collect::<Vec<_>>()
        }
    };
    let any = CallFilter::default;
    let by = |name: &str| Some(agent(name));
    assert_eq!(
        list(CallFilter {
            agent: by("8001"),
            ..any()
        })
        .await,
        [call(2), call(1)]
    );
    assert_eq!(
        list(CallFilter {
            agent: by("9001"),
            ..any()
        })
        .await,
        []
    );
    let queue = Some("english".to_owned());
    assert_eq!(list(CallFilter { queue, ..any() }).await, [call(2)]);
    assert_eq!(list(any()).await, [call(4), call(3)]);
    let after = Some(call(3));
    assert_eq!(list(CallFilter { after, ..any() }).await, [call(2), call(1)]);
}
