//! The record of one call, folded from its events and from nothing else. Knows no database and no clock.
//!
//! The clocks are those of the definitions: each is the first event of its kind. Waits are derived, never stored.

mod agent;
mod debt;
mod dialogs;
mod handling;
mod people;
mod sound;
mod waiting;
mod ways;

#[cfg(test)]
pub(in crate::store) mod tests;

use serde::{Deserialize, Serialize};

use crate::kernel::{AgentId, CallId, Dialog, EndReason, EndedBy, Event, EventKind, Part, PhoneNumber, Wall};

pub use agent::AgentRecord;
pub use debt::{Debt, Settlement, Try};
pub use handling::{Mask, Move, Moved, Outcome, Rating};
pub use people::{Hold, Presence, Share};
pub use sound::{LegalHold, Quality, Recording, RecordingFacts};
pub use waiting::{Offer, OfferOutcome, QueueVisit};
pub use ways::{Answerer, Invalid, Lost, Verdict, Way};

/// How records are folded: raised when the same events give another record than before, so that old ones are made anew.
pub const FOLD_VERSION: u32 = 2;

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
    /// The agent who placed it; `None` for a citizen's call. Then `from` is the hotline's number and `to` the citizen's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placed_by: Option<AgentId>,
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
    /// His stays in queues, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueVisit>,
    /// Its offers to agents, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// First offered to an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Wall>,
    /// A person answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by_person_at: Option<Wall>,
    /// Who that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Who was in the conversation, in order of coming: agents, thirds, supervisors who listened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Presence>,
    /// How agents moved it: parked, picked up, sent on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// Times in which the recording kept silence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<Mask>,
    /// What the citizen thought of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What came of it, as agents say; the last counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
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
    /// Why its recordings are kept beyond their time, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHold>,
    /// The last direct transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// Call backs that we owe or owed, the latest last; only that one can be open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub debts: Vec<Debt>,
    /// The sound's quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// SIP dialogs that stand; of a call that was cut off, those that stood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogs: Vec<Dialog>,
    /// Things of which there were more than a record keeps; the events have them all.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// When its latest event happened, whichever that was.
    pub last_event_at: Wall,
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
            placed_by: None,
            sip_call_ids: Vec::new(),
            invite_at: None,
            ringing_at: None,
            answered_by_machine_at: None,
            person_requested_at: None,
            queues: Vec::new(),
            offers: Vec::new(),
            offered_at: None,
            answered_by_person_at: None,
            agent: None,
            people: Vec::new(),
            moves: Vec::new(),
            masks: Vec::new(),
            rating: None,
            outcomes: Vec::new(),
            ended_at: None,
            ended_by: None,
            end_reason: None,
            status: None,
            last_step: None,
            recordings: Vec::new(),
            legal_hold: None,
            transfer: None,
            debts: Vec::new(),
            quality: None,
            dialogs: Vec::new(),
            left_out: 0,
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
            EventKind::Invite { .. } => self.begin(at, &event.kind),
            EventKind::Ringing => first(&mut self.ringing_at, at),
            EventKind::AnsweredByMachine { codec: _ } => first(&mut self.answered_by_machine_at, at),
            EventKind::PersonRequested { queue, carried_ms } => {
                first(&mut self.person_requested_at, at);
                self.agents_leave(at);
                self.enter_queue(at, queue, *carried_ms);
            }
            EventKind::QueueLeft { queue, outcome } => self.leave_queues(at, Some(queue), outcome),
            EventKind::Offered { agent } => {
                first(&mut self.offered_at, at);
                self.offer(at, agent);
            }
            EventKind::OfferEnded { agent, outcome } => self.end_offer(at, agent, (*outcome).into()),
            EventKind::AnsweredByPerson { agent } => {
                first(&mut self.answered_by_person_at, at);
                self.agent.get_or_insert_with(|| agent.clone());
                self.served(at, agent);
                self.join(at, agent, Part::Agent);
            }
            EventKind::Joined { who, part } => self.join(at, who, *part),
            EventKind::PartLeft { who, part: _ } => self.part_left(at, who),
            EventKind::AgentHeld { agent, on } => self.agent_holds(at, agent.as_str(), *on),
            EventKind::Parked { slot, by } => self.moved(at, by, Moved::Parked { slot: slot.clone() }),
            EventKind::PickedUp { by } => self.moved(at, by, Moved::PickedUp),
            EventKind::SentOn { by, to, attended } => {
                let (to, attended) = (to.clone(), *attended);
                self.moved(at, by, Moved::SentOn { to, attended });
            }
            EventKind::RecordingMasked { on, by } => self.mask(at, *on, by),
            EventKind::RatingAsked { agent } => self.rating_asked(at, agent),
            EventKind::Rated { agent, stars } => self.rated(agent, *stars),
            EventKind::Outcome { code, note, by } => {
                let (code, note, by) = (code.clone(), note.clone(), by.clone());
                self.said(Outcome { at, code, note, by });
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
                purged_at: None,
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
            EventKind::RetentionHeld { on, by, note } => self.hold(at, *on, by, note),
            EventKind::RecordingPurged { file, why: _ } => self.purge(at, file),
            EventKind::CallbackOwed { to, because } => self.owe(at, to, because),
            EventKind::CallbackTried { by_call, outcome } => {
                let (by_call, outcome) = (*by_call, outcome.clone());
                self.tried(Try { at, by_call, outcome });
            }
            EventKind::CallbackSettled { how, by_call, by, note } => self.settle(Settlement {
                at,
                how: how.clone(),
                by_call: *by_call,
                by: by.clone(),
                note: note.clone(),
            }),
            EventKind::DialogOpened { dialog } => self.dialog_opened(dialog),
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
            | EventKind::AgentChanged { .. }
            | EventKind::Revealed { .. } => {}
        }
    }

    fn begin(&mut self, at: Wall, kind: &EventKind) {
        let EventKind::Invite {
            from,
            to,
            hotline,
            trunk,
            sip_call_id,
            source,
            placed_by,
        } = kind
        else {
            return;
        };
        if self.invite_at.is_none() {
            self.invite_at = Some(at);
            self.from = Some(from.clone());
            self.to = Some(to.clone());
            self.hotline.clone_from(hotline);
            self.trunk.clone_from(trunk);
            self.source = Some(source.clone());
            self.placed_by.clone_from(placed_by);
            self.add_leg(sip_call_id);
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

    /// A call ends once; what a fault might add later does not change how.
    fn end(&mut self, at: Wall, by: EndedBy, reason: EndReason, status: Option<u16>) {
        if self.ended_at.is_none() {
            self.ended_at = Some(at);
            self.ended_by = Some(by);
            self.end_reason = Some(reason);
            self.status = status;
            self.stop_waiting(at);
            self.everybody_leaves(at);
            if reason != EndReason::Interrupted {
                self.dialogs.clear(); // everybody was told
            }
            if status.is_some() {
                self.answered_by_machine_at = None; // the answer was on record, but a refusal left instead
            }
        }
    }

    /// The citizen's number: the caller's, or the one that an agent called.
    pub fn citizen(&self) -> Option<&PhoneNumber> {
        match self.placed_by {
            None => self.from.as_ref(),
            Some(_) => self.to.as_ref(),
        }
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

/// Keeps one thing more, or counts it if there are enough.
fn keep<T>(list: &mut Vec<T>, item: T, most: usize, left_out: &mut u32) {
    if list.len() < most {
        list.push(item);
    } else {
        *left_out = left_out.saturating_add(1);
    }
}

fn is_zero<T: Default + PartialEq>(n: &T) -> bool {
    *n == T::default()
}
