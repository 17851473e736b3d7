//! The names of the events' kinds, as they stand in the ledger.

use crate::kernel::EventKind;

/// The names and the way to them, from one list: a kind that is new in the kernel does not compile before it is named here.
macro_rules! kinds {
    ($($kind:ident $name:literal)*) => {
        /// Every name.
        pub(in crate::http) const KINDS: &[&str] = &[$($name),*];

        /// The name of a kind.
        pub(super) const fn name(kind: &EventKind) -> &'static str {
            match kind {
                $(EventKind::$kind { .. } => $name,)*
            }
        }
    };
}

kinds! {
    Invite "invite"
    Ringing "ringing"
    AnsweredByMachine "answered_by_machine"
    PersonRequested "person_requested"
    QueueLeft "queue_left"
    Offered "offered"
    AnsweredByPerson "answered_by_person"
    OfferEnded "offer_ended"
    Joined "joined"
    PartLeft "part_left"
    AgentHeld "agent_held"
    Parked "parked"
    PickedUp "picked_up"
    SentOn "sent_on"
    RecordingMasked "recording_masked"
    RatingAsked "rating_asked"
    Rated "rated"
    Outcome "outcome"
    CallbackTried "callback_tried"
    CallbackSettled "callback_settled"
    DialogOpened "dialog_opened"
    AgentChanged "agent_changed"
    Step "step"
    Keys "keys"
    TransferStarted "transfer_started"
    TransferAnswered "transfer_answered"
    TransferFailed "transfer_failed"
    RecordingStarted "recording_started"
    RecordingEnded "recording_ended"
    RetentionHeld "retention_held"
    RecordingPurged "recording_purged"
    CallbackOwed "callback_owed"
    Held "held"
    MediaLost "media_lost"
    Quality "quality"
    Ended "ended"
    Revealed "revealed"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_one_that_stands_in_the_ledger() {
        for kind in [
            EventKind::Ringing,
            EventKind::TransferAnswered,
            EventKind::MediaLost { lost: true },
            EventKind::RatingAsked {
                agent: crate::kernel::AgentId::parse("8001").unwrap(),
            },
        ] {
            let written = serde_json::to_value(&kind).unwrap();
            assert_eq!(written["type"], name(&kind));
        }
        // Each name is one that serde reads: an unknown one is refused as such, a known one at most for its missing fields.
        for name in KINDS {
            let read = serde_json::from_value::<EventKind>(serde_json::json!({ "type": name }));
            let unknown = read.is_err_and(|error| error.to_string().contains("unknown variant"));
            assert!(!unknown, "{name}");
        }
    }
}
