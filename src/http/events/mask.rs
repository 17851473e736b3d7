//! What of an event may be seen by whom. Whole numbers by nobody: they are revealed call by call, for a reason that is noted.

use crate::kernel::{EventKind, PhoneNumber, Role};

/// How near somebody stands to what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Eyes {
    /// A supervisor, or an agent whose own call it is: everything but whole numbers.
    Near,
    /// An agent, or a wallboard, looking at calls of others: what happened, but not what the citizen pressed, what was noted
    /// of him, where he called from, how he judged, or who looked at him.
    Far,
}

impl Eyes {
    /// By the role, for calls of others.
    pub(in crate::http) const fn of(role: Role) -> Self {
        match role {
            Role::Agent => Self::Far,
            Role::Supervisor | Role::Admin => Self::Near,
        }
    }
}

/// A name as it may be shown: where a place outside answered or joined, it is a number.
pub(in crate::http) fn masked_name(who: &str) -> String {
    let digits = who.strip_prefix('+').unwrap_or(who);
    let is_number = digits.len() >= 7 && digits.bytes().all(|b| b.is_ascii_digit());
    if is_number {
        PhoneNumber::new(who).masked()
    } else {
        who.to_owned()
    }
}

fn masked(number: &PhoneNumber) -> PhoneNumber {
    PhoneNumber::new(&number.masked())
}

/// The event as these eyes may see it; `None`: not at all.
pub(super) fn seen(kind: &EventKind, eyes: Eyes) -> Option<EventKind> {
    let mut kind = kind.clone();
    let far = eyes == Eyes::Far;
    match &mut kind {
        // What is needed to say goodbye after a restart is nobody's business.
        EventKind::DialogOpened { .. } => return None,
        EventKind::Rated { .. } | EventKind::Revealed { .. } if far => return None,
        EventKind::Invite {
            from,
            to,
            sip_call_id,
            source,
            ..
        } => {
            (*from, *to) = (masked(from), masked(to));
            if far {
                sip_call_id.clear();
                source.clear();
            }
        }
        EventKind::TransferStarted { to, sip_call_id } => {
            *to = masked(to);
            if far {
                sip_call_id.clear();
            }
        }
        EventKind::CallbackOwed { to, .. } => *to = masked(to),
        EventKind::SentOn { to, .. } => {
            if let Some(number) = to.strip_prefix("number:") {
                *to = format!("number:{}", PhoneNumber::new(number).masked());
            }
        }
        EventKind::AnsweredByPerson { agent } => *agent = masked_name(agent),
        EventKind::Joined { who, .. } | EventKind::PartLeft { who, .. } => *who = masked_name(who),
        EventKind::Keys { keys, .. } if far => *keys = "*".repeat(keys.chars().count()),
        EventKind::Outcome { note, .. } | EventKind::CallbackSettled { note, .. } if far => note.clear(),
        EventKind::RetentionHeld { note, .. } if far => note.clear(),
        EventKind::RetentionHeld { .. } | EventKind::RecordingPurged { .. } => {}
        EventKind::Ringing
        | EventKind::AnsweredByMachine { .. }
        | EventKind::PersonRequested { .. }
        | EventKind::QueueLeft { .. }
        | EventKind::Offered { .. }
        | EventKind::OfferEnded { .. }
        | EventKind::AgentHeld { .. }
        | EventKind::Parked { .. }
        | EventKind::PickedUp { .. }
        | EventKind::RecordingMasked { .. }
        | EventKind::RatingAsked { .. }
        | EventKind::Rated { .. }
        | EventKind::Outcome { .. }
        | EventKind::CallbackTried { .. }
        | EventKind::CallbackSettled { .. }
        | EventKind::AgentChanged { .. }
        | EventKind::Step { .. }
        | EventKind::Keys { .. }
        | EventKind::TransferAnswered
        | EventKind::TransferFailed { .. }
        | EventKind::RecordingStarted { .. }
        | EventKind::RecordingEnded { .. }
        | EventKind::Held { .. }
        | EventKind::MediaLost { .. }
        | EventKind::Quality { .. }
        | EventKind::Ended { .. }
        | EventKind::Revealed { .. } => {}
    }
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_whole_number_gets_out_whoever_looks() {
        let number = PhoneNumber::new("13800001234");
        let kinds = [
            EventKind::Invite {
                from: number.clone(),
                to: PhoneNumber::new("12345"),
                hotline: None,
                trunk: None,
                sip_call_id: "a@b".into(),
                source: "192.0.2.1:5060".into(),
                placed_by: None,
            },
            EventKind::TransferStarted {
                to: number.clone(),
                sip_call_id: "c".into(),
            },
            EventKind::CallbackOwed {
                to: number,
                because: "abandoned".into(),
            },
            EventKind::AnsweredByPerson {
                agent: "13800001234".into(),
            },
            EventKind::SentOn {
                by: crate::kernel::AgentId::parse("8001").unwrap(),
                to: "number:13800001234".into(),
                attended: false,
            },
        ];
        for kind in &kinds {
            for eyes in [Eyes::Near, Eyes::Far] {
                let text = serde_json::to_string(&seen(kind, eyes)).unwrap();
                assert!(!text.contains("13800001234") && text.contains("138****1234"), "{text}");
                assert!(eyes == Eyes::Near || !text.contains("192.0.2.1"), "{text}");
            }
        }
        assert_eq!(masked_name("8001"), "8001");
    }

    #[test]
    fn what_a_citizen_pressed_is_not_for_the_wallboard() {
        let keys = EventKind::Keys {
            step: "main.id".into(),
            keys: "4105".into(),
        };
        let Some(EventKind::Keys { keys: far, .. }) = seen(&keys, Eyes::Far) else {
            panic!("no keys")
        };
        assert_eq!(far, "****");
        assert_eq!(seen(&keys, Eyes::Near), Some(keys));
    }
}
