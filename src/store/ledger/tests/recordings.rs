//! Recordings are found by what people know of them, page by page.

use super::*;
use crate::kernel::AgentId;
use crate::store::ledger::RecordingFilter;

fn recorded(n: u128, ms: i64, agent: &str) -> Vec<Event> {
    let file = format!("call/{}-1.wav", call(n));
    let kinds = [
        EventKind::AnsweredByPerson { agent: agent.into() },
        EventKind::RecordingStarted {
            file: file.clone(),
            purpose: "call".into(),
        },
        EventKind::RecordingEnded {
            file,
            duration_ms: 5,
            sha256: "ab".into(),
            cut_short: Some("interrupted".into()),
        },
    ];
    let events = kinds.into_iter().map(|kind| Event::of_call(call(n), at(ms), kind));
    [invite(n, ms)].into_iter().chain(events).collect()
}

#[tokio::test]
async fn recordings_of_an_agent_or_a_day_come_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let (journal, _) = journal(&dir, 0);
    for n in 1..=5_u8 {
        let agent = if n % 2 == 1 { "8001" } else { "8002" };
        // The second and the third begin in the same moment.
        let ms = [0, 10, 20, 20, 30, 40][usize::from(n)];
        journal.append(recorded(n.into(), ms, agent), None);
    }
    let hold = EventKind::RetentionHeld {
        on: true,
        by: "8100".into(),
        note: "file 7".into(),
    };
    journal.append(vec![Event::of_call(call(1), at(50), hold)], None);
    let mut drain = Drain::new(ledger.clone(), journal.clone(), DrainConfig::default(), None);
    drain_to(&mut drain, &journal, 21).await;
    journal.close();

    let list = |filter: RecordingFilter, limit| {
        let ledger = ledger.clone();
        async move { ledger.recording_list(&filter, limit).await.unwrap() }
    };
    let any = RecordingFilter::default;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = list(RecordingFilter { after, ..any() }, 2).await;
        let Some(last) = page.last() else { break };
        after = Some(last.listed.file.clone());
        seen.extend(page.iter().map(|row| row.listed.call));
    }
    assert_eq!(seen, [call(5), call(4), call(3), call(2), call(1)]);

    let theirs = RecordingFilter {
        agent: AgentId::parse("8002"),
        from: Some(at(25)),
        until: Some(at(40)),
        ..any()
    };
    let found = list(theirs, 10).await;
    assert_eq!(found.iter().map(|row| row.listed.call).collect::<Vec<_>>(), [call(4)]);
    assert_eq!(
        (found[0].agent.as_deref(), found[0].cut_short.as_deref()),
        (Some("8002"), Some("interrupted"))
    );

    let one = RecordingFilter {
        file: Some(format!("call/{}-1.wav", call(1))),
        ..any()
    };
    assert!(list(one, 10).await[0].listed.held);
    let of_call = RecordingFilter {
        call: Some(call(9)),
        ..any()
    };
    assert!(list(of_call, 10).await.is_empty());
}
