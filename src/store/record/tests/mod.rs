//! Records from events: what stories tell, and that a record put away half way goes on as if it never was.

mod stories;
mod ways;

use super::*;
use crate::kernel::OfferEnd;
use proptest::prelude::*;

/// A time in a short range, so that events meet.
fn wall() -> impl Strategy<Value = Wall> {
    (0_i64..100_000).prop_map(|ms| Wall::from_millis(1_700_000_000_000 + ms))
}

fn kind() -> impl Strategy<Value = EventKind> {
    let number = || "1[0-9]{10}".prop_map(|n| PhoneNumber::new(&n));
    let word = || "[a-c]".prop_map(String::from);
    prop_oneof![
        (number(), number(), proptest::option::of(word()), word(), word()).prop_map(
            |(from, to, hotline, sip_call_id, source)| {
                EventKind::Invite {
                    from,
                    to,
                    hotline,
                    trunk: None,
                    sip_call_id,
                    source,
                    placed_by: None,
                }
            }
        ),
        Just(EventKind::Ringing),
        Just(EventKind::AnsweredByMachine { codec: "PCMA".into() }),
        word().prop_map(|queue| EventKind::PersonRequested { queue, carried_ms: 0 }),
        word().prop_map(|agent| EventKind::Offered { agent }),
        word().prop_map(|agent| EventKind::AnsweredByPerson { agent }),
        word().prop_map(|step| EventKind::Step { step }),
        (word(), word()).prop_map(|(step, keys)| EventKind::Keys { step, keys }),
        (number(), word()).prop_map(|(to, sip_call_id)| EventKind::TransferStarted { to, sip_call_id }),
        Just(EventKind::TransferAnswered),
        Just(EventKind::TransferFailed {
            reason: EndReason::Busy,
            status: Some(486)
        }),
        (word(), word()).prop_map(|(file, purpose)| EventKind::RecordingStarted { file, purpose }),
        (word(), 0_u64..9_000, word(), proptest::option::of(word())).prop_map(
            |(file, duration_ms, sha256, cut_short)| EventKind::RecordingEnded {
                file,
                duration_ms,
                sha256,
                cut_short,
            }
        ),
        (number(), word()).prop_map(|(to, because)| EventKind::CallbackOwed { to, because }),
        any::<bool>().prop_map(|on| EventKind::Held { on }),
        any::<bool>().prop_map(|lost| EventKind::MediaLost { lost }),
        (0_u64..9, 0_u64..9, 0_u64..9, 0_u32..9).prop_map(|(sent, received, lost, jitter_ms)| {
            EventKind::Quality {
                sent,
                received,
                lost,
                jitter_ms,
            }
        }),
        Just(EventKind::Ended {
            by: EndedBy::Caller,
            reason: EndReason::Hangup,
            status: None
        }),
        Just(EventKind::Ended {
            by: EndedBy::System,
            reason: EndReason::Overload,
            status: Some(503)
        }),
        (word(), word()).prop_map(|(by, what)| EventKind::Revealed { by, what }),
        with_agents(),
    ]
}

/// What agents bring about.
fn with_agents() -> impl Strategy<Value = EventKind> {
    let word = || "[a-c]".prop_map(String::from);
    let who = || "[a-c]".prop_map(|name: String| AgentId::parse(&name).unwrap());
    let call = || (0_u128..4).prop_map(|n| CallId::new(Wall::from_millis(1_700_000_000_000), n));
    let part = || {
        proptest::sample::select(vec![
            Part::Agent,
            Part::Consulted,
            Part::Third,
            Part::Listening,
            Part::Barging,
        ])
    };
    let end = || proptest::sample::select(vec![OfferEnd::NoAnswer, OfferEnd::Rejected, OfferEnd::Withdrawn]);
    let code = proptest::sample::select(vec!["answered", "case", "callback", "invalid"]);
    prop_oneof![
        (word(), word()).prop_map(|(queue, outcome)| EventKind::QueueLeft { queue, outcome }),
        (word(), end()).prop_map(|(agent, outcome)| EventKind::OfferEnded { agent, outcome }),
        (word(), part()).prop_map(|(who, part)| EventKind::Joined { who, part }),
        (word(), part()).prop_map(|(who, part)| EventKind::PartLeft { who, part }),
        (who(), any::<bool>()).prop_map(|(agent, on)| EventKind::AgentHeld { agent, on }),
        (word(), who()).prop_map(|(slot, by)| EventKind::Parked { slot, by }),
        who().prop_map(|by| EventKind::PickedUp { by }),
        (who(), word()).prop_map(|(by, to)| EventKind::SentOn { by, to, attended: true }),
        (any::<bool>(), word()).prop_map(|(on, by)| EventKind::RecordingMasked { on, by }),
        (any::<bool>(), word()).prop_map(|(on, by)| EventKind::RetentionHeld {
            on,
            by,
            note: String::new()
        }),
        (word(), word()).prop_map(|(file, why)| EventKind::RecordingPurged { file, why }),
        who().prop_map(|agent| EventKind::RatingAsked { agent }),
        (who(), 1_u8..6).prop_map(|(agent, stars)| EventKind::Rated { agent, stars }),
        (code, word()).prop_map(|(code, by)| EventKind::Outcome {
            code: code.into(),
            note: String::new(),
            by
        }),
        (call(), word()).prop_map(|(by_call, outcome)| EventKind::CallbackTried { by_call, outcome }),
        (word(), word()).prop_map(|(how, by)| EventKind::CallbackSettled {
            how,
            by_call: None,
            by,
            note: String::new()
        }),
    ]
}

/// Any events of up to four calls, mixed.
pub fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let event = (0_u128..4, wall(), kind())
        .prop_map(|(call, at, kind)| Event::of_call(CallId::new(Wall::from_millis(1_700_000_000_000), call), at, kind));
    proptest::collection::vec(event, 0..most)
}

proptest! {
    #[test]
    fn a_record_that_was_put_away_half_way_goes_on_as_if_it_never_was(all in events(60), cut in 0_usize..60) {
        let Some(whole) = fold(&all) else { return Ok(()) };
        let mut record = CallRecord::new(whole.call);
        for (i, event) in all.iter().enumerate() {
            if i == cut {
                record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            }
            record.apply(event);
        }
        prop_assert_eq!(record, whole);
    }
}

#[test]
fn the_machines_answer_is_not_a_persons() {
    let call = CallId::new(Wall::from_millis(1_700_000_000_000), 1);
    let at = |s: i64, kind| Event::of_call(call, Wall::from_millis(1_700_000_000_000 + s * 1_000), kind);
    let events = [
        at(0, EventKind::Ringing),
        at(1, EventKind::AnsweredByMachine { codec: "PCMA".into() }),
        at(
            9,
            EventKind::PersonRequested {
                queue: "general".into(),
                carried_ms: 0,
            },
        ),
        at(30, EventKind::AnsweredByPerson { agent: "a7".into() }),
        at(
            90,
            EventKind::Ended {
                by: EndedBy::Caller,
                reason: EndReason::Hangup,
                status: None,
            },
        ),
        at(
            95,
            EventKind::Ended {
                by: EndedBy::System,
                reason: EndReason::Interrupted,
                status: None,
            },
        ),
    ];
    let record = fold(&events).unwrap();
    assert_eq!(record.ringing_to_person_ms(), Some(30_000));
    assert_eq!(record.requested_to_person_ms(), Some(21_000));
    assert_eq!(record.in_menus_ms(), Some(8_000));
    assert_eq!(record.end_reason, Some(EndReason::Hangup));
    let unanswered = fold(&events[..3]).unwrap();
    assert_eq!(unanswered.ringing_to_person_ms(), None);
}
