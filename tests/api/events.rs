//! The event stream: from any place on, without gap and without double; and the snapshot that a page begins with.

use std::time::Duration;

use yihao::kernel::{AgentStatus, EventKind, Subject};

use super::events_support::{invite, keys};
use super::port::Port;
use super::town::{agent, call};

#[test]
fn a_page_takes_a_snapshot_and_follows_without_gap_or_double() {
    let port = Port::open();
    port.town.agent_becomes("8001", AgentStatus::Available);
    let snapshot = port.get("token-of-8001", "/api/v1/snapshot").json();
    assert_eq!(snapshot["seq"], 1);
    assert_eq!(snapshot["agents"].as_array().unwrap().len(), 3);
    assert_eq!(snapshot["queues"][0]["callers"][0]["number"], "139****5678");
    assert_eq!(snapshot["call_backs"][0]["number"], "138****1234");
    port.town.agent_becomes("8001", AgentStatus::Ringing); // between the two
    let mut stream = port.listen("token-of-8001", "/api/v1/events?after=1", "");
    assert_eq!(stream.event().data["data"]["status"], "ringing");
    for status in [AgentStatus::Talking, AgentStatus::WrapUp] {
        let seq = port.town.agent_becomes("8001", status);
        let message = stream.event();
        assert_eq!(message.id, seq.to_string());
        assert_eq!(message.event, "agent_changed");
        assert_eq!(message.data["seq"], seq);
        assert_eq!(message.data["data"]["status"], status.as_str());
        assert_eq!(message.data["data"]["until"], "2026-11-05T09:30:30.000+08:00");
    }
}

#[test]
fn after_a_cut_it_goes_on_where_it_was() {
    let port = Port::open();
    for _ in 0..5 {
        port.town.agent_becomes("8001", AgentStatus::Available);
    }
    let mut stream = port.listen("token-of-8001", "/api/v1/events?after=0", "Last-Event-ID: 3\r\n");
    assert_eq!(stream.event().id, "4");
    assert_eq!(stream.event().id, "5");
    // Without any of the two, only what comes.
    let mut fresh = port.listen("token-of-8001", "/api/v1/events", "");
    assert_eq!(fresh.next().unwrap().id, "5", "it is told at once where it stands");
    port.town.agent_becomes("8002", AgentStatus::Paused);
    assert_eq!(fresh.event().id, "6");
}

#[test]
fn who_is_too_far_back_or_ahead_is_sent_to_the_snapshot() {
    let port = Port::open();
    port.town.agent_becomes("8001", AgentStatus::Available);
    let ahead = port.get("token-of-8001", "/api/v1/events?after=2");
    assert_eq!(ahead.error(), (410, "too_old".into()));
    assert!(ahead.text().contains("/api/v1/snapshot"));
    let bearer = ("Authorization", "Bearer token-of-8001");
    let odd = port.send("GET", "/api/v1/events", &[bearer, ("Last-Event-ID", "x\u{7f}")], "");
    assert_eq!(odd.status, 400);
}

#[test]
fn only_what_is_wanted_is_told_and_the_place_moves_on_all_the_same() {
    let port = Port::with(Duration::from_millis(200), 64);
    let mut ended = port.listen("token-of-8100", "/api/v1/events?kind=invite,ended", "");
    let mut of_8002 = port.listen("token-of-8100", "/api/v1/events?agent=8002", "");
    let mut of_fund = port.listen("token-of-8100", "/api/v1/events?queue=fund", "");
    let mut of_call = port.listen("token-of-8100", &format!("/api/v1/events?call={}", call(5)), "");
    port.town.agent_becomes("8001", AgentStatus::Available);
    port.town.happens(Subject::Call(call(5)), invite());
    port.town.agent_becomes("8002", AgentStatus::Available);
    let offered = EventKind::Offered { agent: "8002".into() };
    port.town.happens(Subject::Call(call(6)), offered);
    let requested = EventKind::PersonRequested {
        queue: "fund".into(),
        carried_ms: 0,
    };
    port.town.happens(Subject::Call(call(6)), requested);
    assert_eq!(ended.event().id, "2");
    assert_eq!((of_8002.event().id, of_8002.event().id), ("3".into(), "4".into()));
    assert_eq!(of_fund.event().id, "5");
    assert_eq!(of_call.event().id, "2");
    // A beat tells the place, so that a cut does not bring back what was passed over.
    let beat = std::iter::from_fn(|| ended.next()).find(|message| !message.comment.is_empty() && message.id == "5");
    assert!(beat.is_some());
    let misspelt = port.get("token-of-8100", "/api/v1/events?kind=endde");
    assert!(
        misspelt.status == 400 && misspelt.text().contains("agent_changed"),
        "{}",
        misspelt.text()
    );
}

#[test]
fn what_each_may_see_depends_on_who_he_is_and_whole_numbers_nobody_sees() {
    let port = Port::open();
    let mut wallboard = port.listen("token-of-wallboard", "/api/v1/events", "");
    let mut supervisor = port.listen("token-of-8100", "/api/v1/events", "");
    port.town.happens(Subject::Call(call(5)), invite());
    port.town.happens(Subject::Call(call(5)), keys());
    let revealed = EventKind::Revealed {
        by: "8100".into(),
        what: "number: x".into(),
    };
    port.town.happens(Subject::Call(call(5)), revealed);
    port.town.agent_becomes("8001", AgentStatus::Available);
    for stream in [&mut wallboard, &mut supervisor] {
        assert_eq!(stream.event().data["data"]["from"], "138****1234");
    }
    assert_eq!(wallboard.event().data["data"]["keys"], "****");
    assert_eq!(wallboard.event().event, "agent_changed", "who looked is not told here");
    assert_eq!(supervisor.event().data["data"]["keys"], "4105");
    assert_eq!(supervisor.event().event, "revealed");
}

#[test]
fn streams_leave_room_for_others_and_end_with_the_port() {
    let mut port = Port::with(Duration::from_secs(30), 8);
    let mut streams: Vec<_> = (0..4)
        .map(|_| port.listen("token-of-8001", "/api/v1/events", ""))
        .collect();
    assert!(streams.iter().all(|stream| stream.status == 200));
    let fifth = port.get("token-of-8002", "/api/v1/events");
    assert_eq!(fifth.error(), (503, "too_many_streams".into()));
    assert_eq!(
        port.get("token-of-8002", "/api/v1/me").status,
        200,
        "the port still answers"
    );
    port.stop();
    for stream in &mut streams {
        while stream.next().is_some() {}
    }
}

#[test]
fn a_revoked_token_hears_no_more() {
    let port = Port::with(Duration::from_millis(100), 64);
    let mut stream = port.listen("token-of-8001", "/api/v1/events", "");
    assert!(stream.next().is_some());
    port.town.tokens.lock().unwrap().remove("token-of-8001");
    while stream.next().is_some() {}
    let mut other = port.listen("token-of-8002", "/api/v1/events", "");
    port.town.agent_becomes("8001", AgentStatus::Available);
    assert_eq!(other.event().data["agent"], agent("8001").as_str());
}
