//! The record of one call, folded from its events and from nothing else. Knows no database and no clock.
//!
//! The clocks are those of the definitions: each is the first event of its kind. Waits are derived, never stored.

use serde::{Deserialize, Serialize};

use crate::kernel::{CallId, EndReason, EndedBy, Event, EventKind, PhoneNumber, Wall};

/// What is known of a call. Made only by [`fold`] or by [`CallRecord::apply`], one event after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub struct CallRecord {
    /// The call.
    pub call: CallId,
    /// Number of the caller as presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<PhoneNumber>,
    /// Number that was dialled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<PhoneNumber>,
    /// Hotline that the dialled number belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hotline: Option<String>,
    /// Trunk that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// Address that the INVITE came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// SIP Call-IDs of all its legs, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sip_call_ids: Vec<String>,
    /// The INVITE arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_at: Option<Wall>,
    /// First 180 or 183 sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Wall>,
    /// 200 OK sent with a prompt behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by_machine_at: Option<Wall>,
    /// Entered the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_requested_at: Option<Wall>,
    /// First offered to an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Wall>,
    /// A person answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by_person_at: Option<Wall>,
    /// Who that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Wall>,
    /// Who ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<EndReason>,
    /// SIP status at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Last step of the dialplan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<String>,
    /// Its recordings, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<Recording>,
    /// The last direct transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// Why we owe a call back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_owed: Option<String>,
    /// The sound's quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// When its latest event happened, whichever that was.
    pub last_event_at: Wall,
}

/// One recording of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// File name below the recordings' folder.
    pub file: String,
    /// `message` or `call`.
    pub purpose: String,
    /// When it began.
    pub started_at: Wall,
    /// Length in milliseconds and SHA-256; `None` while it is being written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<RecordingFacts>,
}

/// What is known of a complete recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFacts {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// SHA-256 of the file, hex; empty if there is no file.
    pub sha256: String,
    /// Why it is shorter than it was to be, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

/// A direct transfer to another number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Where to.
    pub to: PhoneNumber,
    /// When it began.
    pub started_at: Wall,
    /// When the target answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Wall>,
    /// Why it did not come about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<EndReason>,
    /// The target's last SIP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// What RTCP and our counters saw of a call's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Packets sent.
    pub sent: u64,
    /// Packets received.
    pub received: u64,
    /// Packets missing.
    pub lost: u64,
    /// Interarrival jitter, milliseconds.
    pub jitter_ms: u32,
}

/// The record of the call that these events belong to, in their order; `None` without any. Events of other calls than the
/// first one's are left out.
pub fn fold(events: &[Event]) -> Option<CallRecord> {
    let mut record = CallRecord::new(events.iter().find_map(Event::call)?);
    events.iter().for_each(|event| record.apply(event));
    Some(record)
}

impl Default for CallRecord {
    fn default() -> Self {
        Self::new(CallId::new(Wall::default(), 0))
    }
}

impl CallRecord {
    /// The record of a call of which nothing is known.
    pub fn new(call: CallId) -> Self {
        Self {
            call,
            from: None,
            to: None,
            hotline: None,
            trunk: None,
            source: None,
            sip_call_ids: Vec::new(),
            invite_at: None,
            ringing_at: None,
            answered_by_machine_at: None,
            person_requested_at: None,
            offered_at: None,
            answered_by_person_at: None,
            agent: None,
            ended_at: None,
            ended_by: None,
            end_reason: None,
            status: None,
            last_step: None,
            recordings: Vec::new(),
            transfer: None,
            callback_owed: None,
            quality: None,
            last_event_at: Wall::default(),
        }
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        if event.call() != Some(self.call) {
            return;
        }
        let at = event.at;
        self.last_event_at = self.last_event_at.max(at);
        match &event.kind {
            EventKind::Invite {
                from,
                to,
                hotline,
                trunk,
                sip_call_id,
                source,
                placed_by: _,
            } => {
                if self.invite_at.is_none() {
                    self.invite_at = Some(at);
                    self.from = Some(from.clone());
                    self.to = Some(to.clone());
                    self.hotline.clone_from(hotline);
                    self.trunk.clone_from(trunk);
                    self.source = Some(source.clone());
                    self.add_leg(sip_call_id);
                }
            }
            EventKind::Ringing => first(&mut self.ringing_at, at),
            EventKind::AnsweredByMachine { codec: _ } => first(&mut self.answered_by_machine_at, at),
            EventKind::PersonRequested { .. } => first(&mut self.person_requested_at, at),
            EventKind::Offered { agent: _ } => first(&mut self.offered_at, at),
            EventKind::AnsweredByPerson { agent } => {
                first(&mut self.answered_by_person_at, at);
                self.agent.get_or_insert_with(|| agent.clone());
            }
            EventKind::Step { step } => self.last_step = Some(step.clone()),
            EventKind::TransferStarted { .. } | EventKind::TransferAnswered | EventKind::TransferFailed { .. } => {
                self.apply_transfer(at, &event.kind)
            }
            EventKind::RecordingStarted { file, purpose } => self.recordings.push(Recording {
                file: file.clone(),
                purpose: purpose.clone(),
                started_at: at,
                finished: None,
            }),
            EventKind::RecordingEnded {
                file,
                duration_ms,
                sha256,
                cut_short,
            } => {
                let facts = RecordingFacts {
                    duration_ms: *duration_ms,
                    sha256: sha256.clone(),
                    cut_short: cut_short.clone(),
                };
                self.finish_recording(file, facts);
            }
            EventKind::CallbackOwed { to: _, because } => self.callback_owed = Some(because.clone()),
            EventKind::Quality {
                sent,
                received,
                lost,
                jitter_ms,
            } => {
                self.quality = Some(Quality {
                    sent: *sent,
                    received: *received,
                    lost: *lost,
                    jitter_ms: *jitter_ms,
                });
            }
            EventKind::Ended { by, reason, status } => self.end(at, *by, *reason, *status),
            EventKind::Keys { .. }
            | EventKind::Held { .. }
            | EventKind::MediaLost { .. }
            | EventKind::QueueLeft { .. }
            | EventKind::OfferEnded { .. }
            | EventKind::Joined { .. }
            | EventKind::PartLeft { .. }
            | EventKind::AgentHeld { .. }
            | EventKind::Parked { .. }
            | EventKind::PickedUp { .. }
            | EventKind::SentOn { .. }
            | EventKind::RecordingMasked { .. }
            | EventKind::RatingAsked { .. }
            | EventKind::Rated { .. }
            | EventKind::Outcome { .. }
            | EventKind::CallbackTried { .. }
            | EventKind::CallbackSettled { .. }
            | EventKind::DialogOpened { .. }
            | EventKind::AgentChanged { .. }
            | EventKind::Revealed { .. } => {}
        }
    }

    fn add_leg(&mut self, sip_call_id: &str) {
        if !self.sip_call_ids.iter().any(|id| id == sip_call_id) {
            self.sip_call_ids.push(sip_call_id.to_owned());
        }
    }

    fn apply_transfer(&mut self, at: Wall, kind: &EventKind) {
        if let EventKind::TransferStarted { to, sip_call_id } = kind {
            self.add_leg(sip_call_id);
            self.transfer = Some(Transfer {
                to: to.clone(),
                started_at: at,
                answered_at: None,
                failed: None,
                status: None,
            });
        } else if let Some(transfer) = &mut self.transfer {
            if let EventKind::TransferFailed { reason, status } = kind {
                transfer.failed = Some(*reason);
                transfer.status = *status;
            } else {
                first(&mut transfer.answered_at, at);
            }
        }
    }

    fn finish_recording(&mut self, file: &str, facts: RecordingFacts) {
        let open = self
            .recordings
            .iter_mut()
            .find(|r| r.file == file && r.finished.is_none());
        if let Some(recording) = open {
            recording.finished = Some(facts);
        }
    }

    /// A call ends once; what a fault might add later does not change how.
    fn end(&mut self, at: Wall, by: EndedBy, reason: EndReason, status: Option<u16>) {
        if self.ended_at.is_none() {
            self.ended_at = Some(at);
            self.ended_by = Some(by);
            self.end_reason = Some(reason);
            self.status = status;
            if status.is_some() {
                self.answered_by_machine_at = None; // the answer was on record, but a refusal left instead
            }
        }
    }

    /// Recordings that have begun and not ended.
    pub fn open_recordings(&self) -> impl Iterator<Item = &Recording> {
        self.recordings.iter().filter(|r| r.finished.is_none())
    }

    /// Published wait 1: from ringing to a person, milliseconds.
    pub fn ringing_to_person_ms(&self) -> Option<u64> {
        span(self.ringing_at, self.answered_by_person_at)
    }

    /// Published wait 2: from asking for a person to the person, milliseconds.
    pub fn requested_to_person_ms(&self) -> Option<u64> {
        span(self.person_requested_at, self.answered_by_person_at)
    }

    /// Published wait 3: time spent in menus, milliseconds: from the machine's answer until a person was asked for, or until
    /// the end if none was.
    pub fn in_menus_ms(&self) -> Option<u64> {
        span(self.answered_by_machine_at, self.person_requested_at.or(self.ended_at))
    }

    /// From the INVITE to the end, milliseconds.
    pub fn duration_ms(&self) -> Option<u64> {
        span(self.invite_at, self.ended_at)
    }
}

fn first(clock: &mut Option<Wall>, at: Wall) {
    clock.get_or_insert(at);
}

/// Between two clocks; zero if the wall clock was stepped back in between.
fn span(from: Option<Wall>, to: Option<Wall>) -> Option<u64> {
    let millis = to?.as_millis().saturating_sub(from?.as_millis());
    Some(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;
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
        ]
    }

    /// Any events of up to four calls, mixed.
    pub fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
        let event = (0_u128..4, wall(), kind()).prop_map(|(call, at, kind)| {
            Event::of_call(CallId::new(Wall::from_millis(1_700_000_000_000), call), at, kind)
        });
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
}
