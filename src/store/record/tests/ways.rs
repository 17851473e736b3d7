//! Each way in which a call can end, and each way in which somebody can be lost.

use super::stories::{MINUTE, Story, agent};
use super::*;

const SHORT: u64 = 5_000;

fn way(story: &Story) -> Way {
    match story.record().verdict(SHORT) {
        Verdict::Settled(way) => way,
        other => panic!("{other:?}"),
    }
}

fn lost(story: &Story) -> Lost {
    match story.record().verdict(SHORT) {
        Verdict::Orphan { lost } => lost,
        other => panic!("{other:?}"),
    }
}

fn person(who: &str, code: Option<&str>) -> Way {
    Way::Answered {
        by: Answerer::Person(who.into()),
        code: code.map(Into::into),
    }
}

fn invalid(because: Invalid) -> Way {
    Way::Invalid { because }
}

fn owed(s: i64) -> Way {
    Way::CallBack {
        owed_at: stories::at(s),
        settled: false,
    }
}

fn refused(reason: EndReason, status: u16) -> Story {
    let by = EndedBy::System;
    let status = Some(status);
    Story::arrives().then(1, EventKind::Ended { by, reason, status })
}

fn put_through(s: i64, to: &str) -> EventKind {
    let _ = s;
    EventKind::TransferStarted {
        to: PhoneNumber::new(to),
        sip_call_id: "b@example.com".into(),
    }
}

#[test]
fn answered_by_a_person_with_a_code_or_at_least_an_answer() {
    let talk = || Story::answered().queued(1, "general").person(9, "8001").hangs_up(90);
    assert_eq!(way(&talk()), person("8001", None));
    assert_eq!(way(&talk().coded(100, "answered")), person("8001", Some("answered")));
    assert_eq!(way(&talk().coded(100, "no_policy")), person("8001", Some("no_policy")));
    assert_eq!(way(&talk().coded(100, "case")), Way::Case);
    assert_eq!(way(&talk().coded(100, "emergency")), Way::Emergency);
    assert_eq!(way(&talk().coded(100, "invalid")), invalid(Invalid::Marked));
}

#[test]
fn a_promise_to_call_back_needs_its_date() {
    let talk = || Story::answered().queued(1, "general").person(9, "8001").hangs_up(90);
    assert_eq!(lost(&talk().coded(100, "callback")), Lost::Promised);
    assert_eq!(way(&talk().coded(100, "callback").owed(100, "requested")), owed(100));
}

#[test]
fn a_transfer_is_no_end() {
    let sent = || {
        Story::answered()
            .queued(1, "general")
            .person(9, "8001")
            .queued(60, "fund")
    };
    assert_eq!(
        lost(&sent().hangs_up(120)),
        Lost::Abandoned,
        "answered once, and lost after it"
    );
    assert_eq!(way(&sent().person(80, "8002").hangs_up(120)), person("8002", None));
    let parked = || {
        let talk = Story::answered().queued(1, "general").person(9, "8001");
        talk.then(
            20,
            EventKind::Parked {
                slot: "701".into(),
                by: agent("8001"),
            },
        )
    };
    assert_eq!(lost(&parked().hangs_up(120)), Lost::Parked);
    let picked = parked()
        .then(30, EventKind::PickedUp { by: agent("8002") })
        .person(31, "8002");
    assert_eq!(way(&picked.hangs_up(120)), person("8002", None));
}

#[test]
fn put_through_to_an_emergency_number_or_to_another_line() {
    let call = |to| {
        let waits = Story::answered().queued(1, "general").left(9, "general", "transferred");
        waits.then(9, put_through(9, to))
    };
    let answered = |to| call(to).then(15, EventKind::TransferAnswered).hangs_up(90);
    assert_eq!(way(&answered("110")), Way::Emergency);
    let line = Answerer::Line("12315".into());
    assert_eq!(way(&answered("12315")), Way::Answered { by: line, code: None });
    let failed = EventKind::TransferFailed {
        reason: EndReason::Busy,
        status: Some(486),
    };
    assert_eq!(lost(&call("110").then(15, failed).hangs_up(90)), Lost::Abandoned);
}

#[test]
fn who_waits_in_vain_is_owed_a_call() {
    let waits = || Story::answered().queued(1, "general");
    assert_eq!(lost(&waits().hangs_up(30)), Lost::Abandoned);
    assert_eq!(way(&waits().owed(30, "abandoned").hangs_up(30)), owed(30));
    assert_eq!(way(&waits().hangs_up(4)), invalid(Invalid::ShortAbandon));
    assert_eq!(way(&waits().owed(4, "abandoned").hangs_up(4)), owed(4), "owed is owed");
    let full = || waits().left(1, "general", "full");
    assert_eq!(lost(&full().hangs_up(40)), Lost::Overflowed);
    assert_eq!(way(&full().owed(1, "overflow").hangs_up(40)), owed(1));
    let wants_a_call = waits().left(20, "general", "callback").hangs_up(25);
    assert_eq!(lost(&wants_a_call), Lost::Promised);
}

#[test]
fn who_is_refused_is_owed_a_call_unless_there_is_nothing_to_answer() {
    assert_eq!(lost(&refused(EndReason::Overload, 503)), Lost::Rejected);
    assert_eq!(lost(&refused(EndReason::Draining, 503)), Lost::Rejected);
    assert_eq!(way(&refused(EndReason::Overload, 503).owed(1, "rejected")), owed(1));
    assert_eq!(
        way(&refused(EndReason::UnknownNumber, 404)),
        invalid(Invalid::UnknownNumber)
    );
    assert_eq!(way(&refused(EndReason::Forbidden, 403)), invalid(Invalid::Stranger));
    assert_eq!(way(&refused(EndReason::NotAcceptable, 488)), invalid(Invalid::NoCall));
    let cancelled = |s| Story::arrives().ended(s, EndedBy::Caller, EndReason::Abandoned);
    assert_eq!(way(&cancelled(2)), invalid(Invalid::ShortAbandon));
    assert_eq!(lost(&cancelled(20)), Lost::Abandoned);
}

#[test]
fn who_was_cut_off_by_a_restart_is_owed_a_call_if_he_waited_or_spoke() {
    let cut = |story: Story| story.ended(60, EndedBy::System, EndReason::Interrupted);
    let step = |s| EventKind::Step {
        step: format!("main.{s}"),
    };
    let waits = || Story::answered().then(1, step("start")).queued(1, "general");
    let talks = || waits().person(9, "8001");
    for story in [
        cut(waits()),
        cut(talks()),
        cut(Story::answered()),
        cut(Story::arrives()),
    ] {
        assert_eq!(lost(&story), Lost::Interrupted);
        assert_eq!(way(&story.owed(60, "interrupted")), owed(60));
    }
    let rating = talks().gone(50, "8001", Part::Agent).then(50, step("rate"));
    assert_eq!(way(&cut(rating)), person("8001", None), "all was said");
    let listening = Story::answered().then(1, step("news"));
    assert_eq!(way(&cut(listening)), invalid(Invalid::SelfService));
    let to_110 = Story::answered().then(1, step("police")).then(5, put_through(5, "110"));
    assert_eq!(lost(&cut(to_110)), Lost::Interrupted);
}

#[test]
fn a_debt_that_was_settled_before_does_not_settle_what_came_after() {
    let settled = |how: &str| EventKind::CallbackSettled {
        how: how.into(),
        by_call: None,
        by: "8001".into(),
        note: String::new(),
    };
    let served = || {
        let tries_again = Story::answered()
            .queued(0, "general")
            .left(5, "general", "full")
            .owed(5, "overflow");
        let served = tries_again.queued(20, "general").person(30, "8001");
        served.then(30, settled("called_again"))
    };
    assert_eq!(way(&served().hangs_up(90)), person("8001", None));
    let cut = || served().ended(90, EndedBy::System, EndReason::Interrupted);
    assert_eq!(lost(&cut()), Lost::Interrupted);
    assert_eq!(way(&cut().owed(90, "interrupted")), owed(90));
    assert_eq!(lost(&served().queued(60, "fund").hangs_up(120)), Lost::Abandoned);
    let called_back = cut().owed(90, "interrupted").then(900, settled("reached"));
    let settled = Way::CallBack {
        owed_at: stories::at(90),
        settled: true,
    };
    assert_eq!(way(&called_back), settled);
}

#[test]
fn a_message_is_to_be_answered() {
    let message = |ms| {
        let (file, purpose) = ("m.wav".to_owned(), "message".to_owned());
        let started = EventKind::RecordingStarted {
            file: file.clone(),
            purpose,
        };
        let ended = EventKind::RecordingEnded {
            file,
            duration_ms: ms,
            sha256: "ab".into(),
            cut_short: None,
        };
        Story::answered().then(1, started).hangs_up(20).then(20, ended)
    };
    assert_eq!(lost(&message(MINUTE / 6)), Lost::Message);
    assert_eq!(way(&message(MINUTE / 6).owed(20, "message_left")), owed(20));
    assert_eq!(way(&message(400)), invalid(Invalid::SelfService));
}

#[test]
fn a_call_of_an_agents_own_is_no_question_unless_it_was_cut_off() {
    let placed = |reason| {
        let kind = EventKind::Invite {
            from: PhoneNumber::new("12345"),
            to: PhoneNumber::new("13800001234"),
            hotline: Some("12345".into()),
            trunk: None,
            sip_call_id: "c@example.com".into(),
            source: String::new(),
            placed_by: Some(agent("8001")),
        };
        let call = CallId::new(stories::at(0), 2);
        let kinds = [
            kind,
            EventKind::AnsweredByPerson { agent: "8001".into() },
            EventKind::Ended {
                by: EndedBy::System,
                reason,
                status: None,
            },
        ];
        let events: Vec<Event> = kinds
            .into_iter()
            .map(|k| Event::of_call(call, stories::at(0), k))
            .collect();
        fold(&events).unwrap()
    };
    assert_eq!(placed(EndReason::Hangup).verdict(SHORT), Verdict::Outbound);
    let cut_off = placed(EndReason::Interrupted);
    assert_eq!(
        cut_off.verdict(SHORT),
        Verdict::Orphan {
            lost: Lost::Interrupted
        }
    );
    assert_eq!(cut_off.citizen().map(PhoneNumber::reveal), Some("13800001234"));
}

#[test]
fn a_call_that_goes_on_has_not_ended() {
    assert_eq!(Story::answered().record().verdict(SHORT), Verdict::Open);
}

proptest! {
    #[test]
    fn every_call_gets_exactly_one_verdict_whatever_was_written_of_it(all in events(60)) {
        let Some(record) = fold(&all) else { return Ok(()) };
        let verdict = record.verdict(SHORT);
        prop_assert_eq!(verdict == Verdict::Open, record.ended_at.is_none());
        // Who is owed a call is no orphan.
        if record.open_debt().is_some() {
            let orphan = matches!(verdict, Verdict::Orphan { .. });
            prop_assert!(!orphan);
        }
    }
}
