//! A call that was let in: its phases, and the dialplan's walk carried out.

use std::net::IpAddr;
use std::time::Duration;

use crate::ivr::Language;
use crate::ivr::dialplan::HookKind;
use crate::ivr::spoken;
use crate::ivr::walk::{Command as WalkCommand, HookId, Input as WalkInput, Walk};
use crate::kernel::{CallId, Digit, EndReason, EndedBy, EventKind, MediaId, Mono, Now, PhoneNumber, PlayId};
use crate::media::{DigitSource, MediaCommand};
use crate::sip::sdp::{self, Sdp};
use crate::sip::ua::ReferId;

use super::bridge::Scene;
use super::desk::{Command, Desk, LocalRtp};
use super::ending::After;
use super::exchange::Shared;
use super::park::Parked;
use super::party::Party;
use super::people::MUSIC_PLAY;
use super::placed::Placed;
use super::ring::Ring;
use super::survey::{SURVEY_PLAY, Spoken, Survey};
use super::transfer::RINGBACK_PLAY;
use super::waiting::Place;

/// Two reports of one key from different ways (RFC 4733 and INFO) within this time are one press.
const SAME_PRESS: Duration = Duration::from_millis(400);

/// Where a call is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for RTP ports.
    Arriving,
    /// The ledger is being written; the 200 follows.
    Answering,
    /// 200 sent, no ACK yet.
    Answered,
    /// ACK received.
    Talking,
    /// An agent calls out, and nobody has answered yet.
    Placing,
    /// The end is on record or being written.
    Ending,
}

/// A session and the ports it got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Media {
    pub id: MediaId,
    pub local: Option<LocalRtp>,
}

/// Where a key was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Rfc4733,
    Inband,
    Info,
}

impl From<DigitSource> for Heard {
    fn from(source: DigitSource) -> Self {
        match source {
            DigitSource::Rfc4733 => Self::Rfc4733,
            DigitSource::Inband => Self::Inband,
        }
    }
}

/// One citizen's call.
pub(super) struct Call {
    pub id: CallId,
    /// The source that it is counted for, while it holds a place in the counts.
    pub counted_for: Option<IpAddr>,
    pub from: PhoneNumber,
    pub to: PhoneNumber,
    pub hotline: Option<String>,
    pub arrived: Now,
    pub phase: Phase,
    /// Events of the arrival, written together with the answer's.
    pub arrival: Option<Box<EventKind>>,
    /// The caller's offer until it is answered; afterwards nothing.
    pub offer: Option<Box<Sdp>>,
    /// Whose call it is.
    pub citizen: Party,
    /// Everybody else, and everybody who is being called.
    pub others: Vec<Party>,
    pub parties_made: u32,
    /// Agents who are rung at.
    pub rings: Vec<Ring>,
    /// How it came about, if an agent placed it.
    pub placed: Option<Box<Placed>>,
    /// His place in a queue, until the plan goes on with him.
    pub place: Option<Place>,
    /// What he has waited in queues before, until somebody speaks with him.
    pub waited: Duration,
    /// The queue that he stood in last.
    pub last_queue: Option<String>,
    /// Somebody speaks with the citizen, or has put him on hold.
    pub in_conversation: bool,
    /// The agent has put the citizen on hold by order.
    pub hold: bool,
    /// What the ledger knows of hold.
    pub hold_on_record: bool,
    /// The REFER by which the citizen was sent on, until it is known how that went.
    pub referral: Option<ReferId>,
    /// Who hears whom.
    pub scene: Scene,
    /// The citizen hears music on hold.
    pub music: bool,
    /// The recording keeps silence.
    pub masked: bool,
    /// The agent with whom he spoke last.
    pub spoken: Option<Spoken>,
    /// Where he is parked.
    pub parked: Option<Box<Parked>>,
    /// He is being asked how it was.
    pub survey: Option<Box<Survey>>,
    pub walk: Option<Box<Walk>>,
    pub language: Language,
    pub deadline: Option<Mono>,
    /// The timer that stands in the exchange's table.
    pub armed: Option<Mono>,
    pub last_key: Option<(Digit, Heard, Mono)>,
    pub recordings_made: u32,
    /// The walk's playlist that is being heard.
    pub prompt: Option<PlayId>,
    /// The caller hears our ring-back tone.
    pub ringback: bool,
    /// How the last conversation ended, until the plan goes on with the caller.
    pub conversation_end: Option<(EndedBy, EndReason)>,
    /// How the conversation with an agent ended: what the plan says afterwards is but a goodbye.
    pub served_end: Option<(EndedBy, EndReason)>,
    /// The end is durable: what it answers may leave.
    pub end_on_record: bool,
    /// The citizen's dialog is over.
    pub leg_gone: bool,
    pub last_step: Option<String>,
}

impl Call {
    /// A call of which nothing is known but who and whom.
    pub(super) fn new(id: CallId, from: PhoneNumber, to: PhoneNumber, citizen: Party, now: Now) -> Self {
        Self {
            id,
            counted_for: None,
            from,
            to,
            hotline: None,
            arrived: now,
            phase: Phase::Arriving,
            arrival: None,
            offer: None,
            citizen,
            others: Vec::new(),
            parties_made: 0,
            rings: Vec::new(),
            placed: None,
            place: None,
            waited: Duration::ZERO,
            last_queue: None,
            in_conversation: false,
            hold: false,
            hold_on_record: false,
            referral: None,
            scene: Scene::default(),
            music: false,
            masked: false,
            spoken: None,
            parked: None,
            survey: None,
            walk: None,
            language: Language::default(),
            deadline: None,
            armed: None,
            last_key: None,
            recordings_made: 0,
            prompt: None,
            ringback: false,
            end_on_record: false,
            leg_gone: false,
            conversation_end: None,
            served_end: None,
            last_step: None,
        }
    }

    /// Sends the 200. Not a word is said before its ACK: who did not hear our answer would miss the beginning, and who forged
    /// the INVITE's source would have us send half a minute of sound to a victim.
    pub(super) fn answer(&mut self, answer: &Sdp, now: Now, desk: &mut Desk) {
        if self.phase != Phase::Answering {
            return; // cancelled while the ledger was being written
        }
        self.phase = Phase::Answered;
        if let Some(leg) = self.citizen.leg {
            desk.ua.accept(leg, answer, now);
        }
    }

    /// ACK arrived: the caller hears us, and from here on his silence means something.
    pub(super) fn confirmed(&mut self, now: Now, desk: &mut Desk) {
        if self.phase != Phase::Answered {
            return;
        }
        self.phase = Phase::Talking;
        self.citizen.watch(desk);
        self.walk_on(WalkInput::Start, now, desk);
    }

    /// The answer to our late offer came with the ACK; or to an offer that a re-INVITE asked for.
    pub(super) fn late_answer(&mut self, answer: &Sdp, now: Now, desk: &mut Desk) {
        let Some(offer) = self.citizen.our_offer.take() else {
            return;
        };
        match sdp::accept_answer(&offer, answer) {
            Ok(params) => self.citizen.agree(params, desk),
            Err(_) => {
                self.end(
                    EndedBy::System,
                    EndReason::NotAcceptable,
                    None,
                    After::HangUp { cause: 65 },
                    now,
                    desk,
                );
            }
        }
    }

    /// A re-INVITE or UPDATE of the caller: hold, a new address, another codec.
    pub(super) fn reoffered(&mut self, offer: &Sdp, now: Now, desk: &mut Desk, shared: &Shared) {
        if self.phase == Phase::Ending {
            if let Some(leg) = self.citizen.leg {
                desk.ua.answer(leg, Err(488), now);
            }
        } else if let Some(on) = self.citizen.reoffered(offer, now, desk, shared) {
            desk.note(self.id, EventKind::Held { on }, now);
        }
    }

    /// A re-INVITE without an offer: the caller wants ours (a transfer or a back-to-back agent on its side).
    pub(super) fn offer_wanted(&mut self, now: Now, desk: &mut Desk, shared: &Shared) {
        match (self.phase, self.citizen.leg) {
            (Phase::Ending, Some(leg)) => desk.ua.answer(leg, Err(488), now),
            (_, _) => self.citizen.offer_wanted(now, desk, shared),
        }
    }

    /// A playlist came to its end.
    pub(super) fn played(&mut self, play: PlayId, now: Now, desk: &mut Desk) {
        if play == RINGBACK_PLAY || play == MUSIC_PLAY {
            return;
        }
        if play == SURVEY_PLAY {
            return self.survey_heard(now, desk);
        }
        if self.prompt == Some(play) {
            self.prompt = None;
        }
        self.walk_on(WalkInput::Played(play), now, desk);
        self.ring_back(desk);
    }

    /// A key, from wherever it was heard.
    pub(super) fn pressed(&mut self, digit: Digit, heard: Heard, now: Now, desk: &mut Desk) {
        if let Some((last, way, at)) = self.last_key
            && last == digit
            && way != heard
            && now.mono.since(at) < SAME_PRESS
        {
            return;
        }
        self.last_key = Some((digit, heard, now.mono));
        if !self.survey_pressed(digit, now, desk) {
            self.walk_on(WalkInput::Digit(digit), now, desk);
        }
    }

    /// Hands the walk an input; what it wants is carried out by [`Call::carry_out_walk`].
    pub(super) fn walk_on(&mut self, input: WalkInput, now: Now, desk: &mut Desk) {
        if let Some(walk) = self.walk.as_deref_mut() {
            walk.handle(input, now);
            desk.walks_to_drain.push(self.id);
        }
    }

    /// The earliest timer of this call.
    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        let walk = self.walk.as_deref().and_then(Walk::poll_timeout);
        let survey = self.survey.as_deref().and_then(Survey::deadline);
        let parked = self.parked.as_deref().map(|parked| parked.until);
        [walk, survey, parked, self.deadline].into_iter().flatten().min()
    }

    /// Timers that are due.
    pub(super) fn handle_timeout(&mut self, now: Now, desk: &mut Desk) {
        if self.deadline.is_some_and(|d| d <= now.mono) {
            self.end(
                EndedBy::System,
                EndReason::MaxDuration,
                None,
                After::HangUp { cause: 102 },
                now,
                desk,
            );
            return;
        }
        self.survey_timed_out(now, desk);
        self.parked_too_long(now, desk);
        if let Some(walk) = self.walk.as_deref_mut()
            && walk.poll_timeout().is_some_and(|d| d <= now.mono)
        {
            walk.handle_timeout(now);
            desk.walks_to_drain.push(self.id);
        }
    }

    /// Carries out one thing after the other until the walk waits.
    pub(super) fn carry_out_walk(&mut self, now: Now, desk: &mut Desk, shared: &Shared) {
        while let Some(command) = self.walk.as_deref_mut().and_then(Walk::next_command) {
            self.carry_out_one(command, now, desk, shared);
        }
    }

    fn carry_out_one(&mut self, command: WalkCommand, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(media) = self.citizen.media else { return };
        if self.phase == Phase::Ending && !matches!(command, WalkCommand::Event(_)) {
            return; // nobody is there to hear it
        }
        match command {
            WalkCommand::Play { id, items, repeat } => {
                self.prompt = Some(id);
                self.ringback = false;
                let pieces = items
                    .iter()
                    .flat_map(|item| spoken::pieces(item, self.language))
                    .collect();
                desk.push(Command::Play {
                    id: media.id,
                    play: id,
                    pieces,
                    language: self.language,
                    repeat,
                });
            }
            WalkCommand::StopPlaying(id) => {
                if self.prompt == Some(id) {
                    self.prompt = None;
                }
                self.citizen.command(MediaCommand::StopPlaying, desk);
            }
            WalkCommand::Transfer { to, ring_timeout_s } => self.begin_transfer(&to, ring_timeout_s, now, desk, shared),
            WalkCommand::Record {
                max_s,
                silence_s,
                purpose,
            } => {
                self.record(max_s, silence_s, &purpose, now, desk);
            }
            WalkCommand::StopRecording => self.stop_recording(desk),
            WalkCommand::Hook { id, kind, params } => self.hook(id, &kind, &params, now, desk, shared),
            WalkCommand::CancelHook { id, because } => self.call_off(id, because, now, desk),
            WalkCommand::CalendarMissing { year } => desk.push(Command::CalendarMissing { year }),
            WalkCommand::HangUp { reason } => self.hang_up(reason, now, desk),
            WalkCommand::Event(kind) => {
                if let EventKind::Step { step } = &kind {
                    self.last_step = Some(step.clone());
                    self.conversation_end = None;
                }
                self.note_owed(&kind, now, desk);
                desk.note(self.id, kind, now);
            }
            WalkCommand::Language(language) => self.language = language,
        }
    }

    /// A part of the house is asked for. Services that this server does not offer yet answer "unavailable"; every plan must
    /// have a way on from there.
    fn hook(
        &mut self,
        id: HookId,
        kind: &HookKind,
        params: &[(String, String)],
        now: Now,
        desk: &mut Desk,
        shared: &Shared,
    ) {
        match kind {
            HookKind::Queue { name } => self.enter_queue(Some(id), name, now, desk),
            HookKind::Survey => self.ask_for_rating(id, now, desk),
            HookKind::CallBack => self.book_call_back(id, params, now, desk, shared),
            HookKind::Knowledge | HookKind::CaseStatus | HookKind::Appointment => {
                self.hook_done(id, "unavailable", now, desk);
            }
        }
    }

    /// A part of the house is done with the caller.
    pub(super) fn hook_done(&mut self, id: HookId, outcome: &str, now: Now, desk: &mut Desk) {
        let input = WalkInput::HookDone {
            id,
            outcome: outcome.to_owned(),
            values: Vec::new(),
        };
        self.walk_on(input, now, desk);
    }

    fn hang_up(&mut self, reason: EndReason, now: Now, desk: &mut Desk) {
        let how = self.conversation_end.or(self.served_end);
        let (by, reason) = how.unwrap_or((EndedBy::System, reason));
        self.end(by, reason, None, After::HangUp { cause: 16 }, now, desk);
    }
}
