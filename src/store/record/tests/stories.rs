//! What a record tells of calls with agents: who talked for how long, who waited where, what is owed.

use super::*;

/// A call's events, in seconds after its INVITE.
pub struct Story {
    call: CallId,
    events: Vec<Event>,
}

pub const MINUTE: u64 = 60_000;

pub fn at(s: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + s * 1_000)
}

pub fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

impl Story {
    /// A citizen's call that the machine has answered.
    pub fn answered() -> Self {
        Self::arrives().then(0, EventKind::AnsweredByMachine { codec: "PCMA".into() })
    }

    /// An INVITE and nothing else.
    pub fn arrives() -> Self {
        let call = CallId::new(at(0), 1);
        let kind = EventKind::Invite {
            from: PhoneNumber::new("13800001234"),
            to: PhoneNumber::new("12345"),
            hotline: Some("12345".into()),
            trunk: None,
            sip_call_id: "a@example.com".into(),
            source: "192.0.2.1:5060".into(),
            placed_by: None,
        };
        Self {
            call,
            events: Vec::new(),
        }
        .then(0, kind)
        .then(0, EventKind::Ringing)
    }

    pub fn then(mut self, s: i64, kind: EventKind) -> Self {
        self.events.push(Event::of_call(self.call, at(s), kind));
        self
    }

    pub fn queued(self, s: i64, queue: &str) -> Self {
        let queue = queue.to_owned();
        self.then(s, EventKind::PersonRequested { queue, carried_ms: 0 })
    }

    pub fn left(self, s: i64, queue: &str, outcome: &str) -> Self {
        let (queue, outcome) = (queue.to_owned(), outcome.to_owned());
        self.then(s, EventKind::QueueLeft { queue, outcome })
    }

    pub fn offered(self, s: i64, agent: &str) -> Self {
        self.then(s, EventKind::Offered { agent: agent.into() })
    }

    pub fn person(self, s: i64, agent: &str) -> Self {
        self.then(s, EventKind::AnsweredByPerson { agent: agent.into() })
    }

    pub fn held(self, s: i64, who: &str, on: bool) -> Self {
        self.then(s, EventKind::AgentHeld { agent: agent(who), on })
    }

    pub fn joined(self, s: i64, who: &str, part: Part) -> Self {
        self.then(s, EventKind::Joined { who: who.into(), part })
    }

    pub fn gone(self, s: i64, who: &str, part: Part) -> Self {
        self.then(s, EventKind::PartLeft { who: who.into(), part })
    }

    pub fn owed(self, s: i64, because: &str) -> Self {
        let to = PhoneNumber::new("13800001234");
        let because = because.to_owned();
        self.then(s, EventKind::CallbackOwed { to, because })
    }

    pub fn coded(self, s: i64, code: &str) -> Self {
        let (code, note, by) = (code.to_owned(), String::new(), "8001".to_owned());
        self.then(s, EventKind::Outcome { code, note, by })
    }

    pub fn ended(self, s: i64, by: EndedBy, reason: EndReason) -> Self {
        self.then(
            s,
            EventKind::Ended {
                by,
                reason,
                status: None,
            },
        )
    }

    pub fn hangs_up(self, s: i64) -> Self {
        self.ended(s, EndedBy::Caller, EndReason::Hangup)
    }

    pub fn record(&self) -> CallRecord {
        fold(&self.events).unwrap()
    }

    fn shares(&self) -> Vec<(String, u64, u64)> {
        let record = self.record();
        let shares = record.shares(record.last_event_at);
        shares
            .iter()
            .map(|(who, s)| ((*who).to_owned(), s.talk_ms, s.hold_ms))
            .collect()
    }
}

#[test]
fn a_transfer_credits_nobody_with_anothers_hour() {
    let story = Story::answered()
        .queued(1, "general")
        .offered(2, "8001")
        .person(10, "8001")
        .held(70, "8001", true)
        .joined(75, "8002", Part::Consulted)
        .held(100, "8001", false)
        .gone(130, "8001", Part::Agent)
        .joined(130, "8002", Part::Agent)
        .hangs_up(3_730);
    let expected = [
        ("8001".to_owned(), 90_000, 30_000),
        ("8002".to_owned(), 55_000 + 3_600_000, 0),
    ];
    assert_eq!(story.shares(), expected);
    let record = story.record();
    assert_eq!(record.agent.as_deref(), Some("8001"), "who answered");
    assert_eq!(record.requested_to_person_ms(), Some(9_000));
}

#[test]
fn a_transfer_of_which_little_was_written_ends_the_first_agents_time_all_the_same() {
    let handed = Story::answered()
        .queued(0, "general")
        .person(10, "8001")
        .person(70, "8002")
        .hangs_up(100);
    let expected = [("8001".to_owned(), 60_000, 0), ("8002".to_owned(), 30_000, 0)];
    assert_eq!(handed.shares(), expected);
    let queued_again = Story::answered()
        .queued(0, "general")
        .person(10, "8001")
        .queued(70, "english")
        .hangs_up(100);
    assert_eq!(queued_again.shares(), [("8001".to_owned(), 60_000, 0)]);
}

#[test]
fn a_supervisor_who_listens_talks_to_nobody_until_he_barges_in() {
    let story = Story::answered()
        .queued(0, "general")
        .person(10, "8001")
        .joined(20, "9001", Part::Listening)
        .joined(40, "9001", Part::Barging)
        .gone(50, "9001", Part::Barging)
        .hangs_up(60);
    let expected = [("8001".to_owned(), 50_000, 0), ("9001".to_owned(), 10_000, 0)];
    assert_eq!(story.shares(), expected);
    let parts: Vec<_> = story.record().people.iter().map(|p| (p.who.clone(), p.part)).collect();
    let listened = ("9001".to_owned(), Part::Listening);
    assert!(parts.contains(&listened), "visible in the call's record: {parts:?}");
}

#[test]
fn who_hangs_up_while_on_hold_has_held_until_then() {
    let story = Story::answered()
        .queued(0, "general")
        .person(10, "8001")
        .held(20, "8001", true)
        .hangs_up(80);
    assert_eq!(story.shares(), [("8001".to_owned(), 10_000, 60_000)]);
}

#[test]
fn the_way_through_the_queues_keeps_the_total_wait() {
    let story = Story::answered()
        .queued(0, "general")
        .offered(1, "8001")
        .then(
            16,
            EventKind::OfferEnded {
                agent: "8001".into(),
                outcome: OfferEnd::NoAnswer,
            },
        )
        .offered(16, "8001")
        .left(30, "general", "transferred")
        .then(
            30,
            EventKind::PersonRequested {
                queue: "english".into(),
                carried_ms: 30_000,
            },
        )
        .offered(31, "8002")
        .offered(31, "8003")
        .person(40, "8003")
        .hangs_up(100);
    let record = story.record();
    let stays: Vec<_> = record
        .queues
        .iter()
        .map(|v| (v.queue.as_str(), v.outcome.as_deref().unwrap(), v.waited_ms(at(100))))
        .collect();
    assert_eq!(
        stays,
        [("general", "transferred", 30_000), ("english", "answered", 40_000)]
    );
    let offers: Vec<_> = record
        .offers
        .iter()
        .map(|o| (o.agent.as_str(), o.outcome.unwrap()))
        .collect();
    let expected = [
        ("8001", OfferOutcome::NoAnswer),
        ("8001", OfferOutcome::Withdrawn),
        ("8002", OfferOutcome::Withdrawn),
        ("8003", OfferOutcome::Answered),
    ];
    assert_eq!(offers, expected);
    assert_eq!(record.waiting_in(), None);
}

#[test]
fn a_call_never_has_two_debts_and_the_first_to_settle_it_settles_it() {
    let tried = |outcome: &str| EventKind::CallbackTried {
        by_call: CallId::new(at(500), 9),
        outcome: outcome.into(),
    };
    let settled = |how: &str, by: &str| EventKind::CallbackSettled {
        how: how.into(),
        by_call: None,
        by: by.into(),
        note: String::new(),
    };
    let story = Story::answered()
        .queued(0, "general")
        .owed(10, "overflow")
        .owed(40, "message_left")
        .hangs_up(50)
        .then(500, tried("no_answer"))
        .then(900, tried("reached"))
        .then(900, settled("reached", "8001"))
        .then(950, settled("decided", "9001"));
    let record = story.record();
    let [debt] = &record.debts[..] else {
        panic!("{:?}", record.debts)
    };
    assert_eq!(
        (debt.because.as_str(), debt.owed_at, debt.attempts),
        ("message_left", at(10), 2)
    );
    assert_eq!(
        debt.settled.as_ref().map(|s| (s.how.as_str(), s.by.as_str())),
        Some(("reached", "8001"))
    );
    assert_eq!(record.open_debt(), None);
}

#[test]
fn masks_moves_stars_and_codes_stand_in_the_record() {
    let story = Story::answered()
        .queued(0, "general")
        .person(5, "8001")
        .then(
            10,
            EventKind::RecordingMasked {
                on: true,
                by: "8001".into(),
            },
        )
        .then(
            20,
            EventKind::RecordingMasked {
                on: false,
                by: "8001".into(),
            },
        )
        .then(
            30,
            EventKind::Parked {
                slot: "701".into(),
                by: agent("8001"),
            },
        )
        .then(60, EventKind::PickedUp { by: agent("8002") })
        .person(61, "8002")
        .then(90, EventKind::RatingAsked { agent: agent("8002") })
        .then(
            95,
            EventKind::Rated {
                agent: agent("8002"),
                stars: 5,
            },
        )
        .hangs_up(99)
        .coded(120, "answered");
    let record = story.record();
    assert_eq!((record.masks[0].from, record.masks[0].until), (at(10), Some(at(20))));
    assert_eq!(record.moves.len(), 2);
    assert_eq!(
        record.rating.as_ref().map(|r| (r.asked_at, r.stars)),
        Some((Some(at(90)), Some(5)))
    );
    assert_eq!(record.outcome().map(|o| o.code.as_str()), Some("answered"));
    assert_eq!(
        story.shares()[0],
        ("8001".to_owned(), 25_000, 0),
        "parked is not talked"
    );
}

#[test]
fn dialogs_stand_until_their_people_leave_and_stay_known_only_of_a_call_that_was_cut_off() {
    let dialog = |who: &str| EventKind::DialogOpened {
        dialog: Box::new(Dialog {
            call_id: format!("{who}@example.com"),
            local_tag: "l".into(),
            remote_tag: "r".into(),
            local_uri: "sip:12345@192.0.2.1".into(),
            remote_uri: format!("sip:{who}@192.0.2.9"),
            target: format!("sip:{who}@192.0.2.9:5062"),
            routes: Vec::new(),
            cseq: 1,
            transport: "udp".into(),
            remote: "192.0.2.9:5062".into(),
        }),
    };
    let story = || {
        Story::answered()
            .then(0, dialog("13800001234"))
            .queued(0, "general")
            .then(5, dialog("8001"))
            .person(5, "8001")
            .joined(10, "8002", Part::Agent)
            .gone(10, "8001", Part::Agent)
            .then(10, dialog("8002"))
    };
    let users: Vec<_> = story().record().dialogs.iter().map(|d| d.call_id.clone()).collect();
    assert_eq!(users, ["13800001234@example.com", "8002@example.com"]);
    assert!(story().hangs_up(60).record().dialogs.is_empty());
    let cut_off = story().ended(60, EndedBy::System, EndReason::Interrupted).record();
    assert_eq!(cut_off.dialogs.len(), 2);
}

#[test]
fn a_call_of_a_thousand_events_keeps_a_record_of_bounded_size() {
    let mut story = Story::answered();
    for n in 0..2_000 {
        story = story
            .queued(n, "general")
            .offered(n, "8001")
            .person(n, "8001")
            .held(n, "8001", true)
            .held(n, "8001", false)
            .coded(n, "answered");
    }
    let text = serde_json::to_string(&story.record()).unwrap();
    assert!(text.len() < 100_000, "{} bytes", text.len());
    assert!(story.record().left_out > 5_000);
}
