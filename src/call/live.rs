//! A call that was let in: its phases, and the dialplan's walk carried out.

use std::net::IpAddr;
use std::time::Duration;

use crate::ivr::Language;
use crate::ivr::spoken::{self, Piece};
use crate::ivr::walk::{Command as WalkCommand, HookId, Input as WalkInput, Walk};
use crate::kernel::{
    CallId, Digit, EndReason, EndedBy, EventKind, Law, LegId, MediaId, Mono, Now, PhoneNumber, PlayId,
};
use crate::media::{DigitSource, MediaCommand};
use crate::sip::sdp::{self, Sdp};

use super::admission::Line;
use super::desk::{Command, Desk, LocalRtp};
use super::ending::After;
use super::exchange::Shared;
use super::transfer::Transfer;

/// Two reports of one key from different ways (RFC 4733 and INFO) within this time are one press.
const SAME_PRESS: Duration = Duration::from_millis(400);
/// The prompt that a caller hears while another place rings.
const RINGBACK: &str = "tone/ringback";
/// Its playlist: no walk counts so far.
const RINGBACK_PLAY: PlayId = PlayId(u64::MAX);

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
    pub leg: LegId,
    pub source: IpAddr,
    pub from: PhoneNumber,
    pub to: PhoneNumber,
    pub hotline: Option<String>,
    pub arrived: Now,
    pub phase: Phase,
    /// Events of the arrival, written together with the answer's.
    pub arrival: Option<Box<EventKind>>,
    /// The caller's offer until it is answered; afterwards nothing.
    pub offer: Option<Box<Sdp>>,
    /// Our own offer, when the INVITE had none.
    pub our_offer: Option<Box<Sdp>>,
    pub media: Option<Media>,
    pub law: Option<Law>,
    pub sdp_session: u64,
    pub sdp_version: u64,
    pub walk: Option<Box<Walk>>,
    pub language: Language,
    pub deadline: Option<Mono>,
    /// The timer that stands in the exchange's table.
    pub armed: Option<Mono>,
    /// Whether it holds a place in the counts.
    pub admitted: bool,
    /// Its line of the trunk that it came by.
    pub line: Option<Line>,
    pub held: bool,
    pub last_key: Option<(Digit, Heard, Mono)>,
    pub recordings_made: u32,
    pub transfer: Option<Box<Transfer>>,
    /// The walk's playlist that is being heard.
    pub prompt: Option<PlayId>,
    /// The caller hears our ring-back tone.
    pub ringback: bool,
    /// How the conversation with a transfer's target ended, until the plan goes on with the caller.
    pub conversation_end: Option<(EndedBy, EndReason)>,
    /// The end is durable: what it answers may leave.
    pub end_on_record: bool,
    /// The dialog is over; only a recording keeps the call.
    pub leg_gone: bool,
    pub last_step: Option<String>,
}

impl Call {
    /// Sends the 200. Not a word is said before its ACK: who did not hear our answer would miss the beginning, and who forged
    /// the INVITE's source would have us send half a minute of sound to a victim.
    pub(super) fn answer(&mut self, answer: &Sdp, now: Now, desk: &mut Desk) {
        if self.phase != Phase::Answering {
            return; // cancelled while the ledger was being written
        }
        self.phase = Phase::Answered;
        desk.ua.accept(self.leg, answer, now);
    }

    /// ACK arrived: the caller hears us, and from here on his silence means something.
    pub(super) fn confirmed(&mut self, now: Now, desk: &mut Desk) {
        if self.phase != Phase::Answered {
            return;
        }
        self.phase = Phase::Talking;
        if let Some(media) = self.media {
            desk.push(Command::Media {
                id: media.id,
                command: MediaCommand::WatchDead(true),
            });
        }
        self.walk_on(WalkInput::Start, now, desk);
    }

    /// The answer to our late offer came with the ACK; or to an offer that a re-INVITE asked for.
    pub(super) fn late_answer(&mut self, answer: &Sdp, now: Now, desk: &mut Desk) {
        let (Some(offer), Some(media)) = (self.our_offer.take(), self.media) else {
            return;
        };
        match sdp::accept_answer(&offer, answer) {
            Ok(params) => {
                self.law = Some(params.law);
                desk.push(Command::Negotiate {
                    id: media.id,
                    params: Box::new(params),
                });
            }
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
        let Some((media, rtp)) = self.sound() else {
            desk.ua.answer(self.leg, Err(488), now);
            return;
        };
        match sdp::answer(offer, &shared.audio(rtp, self.sdp_session, self.sdp_version + 1)) {
            Ok((answer, params)) => {
                self.sdp_version += 1;
                desk.ua.answer(self.leg, Ok(&answer), now);
                let held = !params.direction.sends() || params.remote_rtp.is_none();
                if held != self.held {
                    self.held = held;
                    desk.note(self.id, EventKind::Held { on: held }, now);
                }
                self.law = Some(params.law);
                desk.push(Command::Negotiate {
                    id: media.id,
                    params: Box::new(params),
                });
            }
            Err(_) => desk.ua.answer(self.leg, Err(488), now),
        }
    }

    /// The session and its ports, while there is a call to be heard.
    fn sound(&self) -> Option<(Media, LocalRtp)> {
        let media = self.media.filter(|_| self.phase != Phase::Ending)?;
        Some((media, media.local?))
    }

    /// A re-INVITE without an offer: the caller wants ours (a transfer or a back-to-back agent on its side).
    pub(super) fn offer_wanted(&mut self, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some((_, rtp)) = self.sound() else {
            desk.ua.answer(self.leg, Err(488), now);
            return;
        };
        self.sdp_version += 1;
        let offer = sdp::offer(&shared.audio(rtp, self.sdp_session, self.sdp_version));
        self.our_offer = Some(Box::new(offer.clone()));
        desk.ua.answer(self.leg, Ok(&offer), now);
    }

    /// A playlist came to its end.
    pub(super) fn played(&mut self, play: PlayId, now: Now, desk: &mut Desk) {
        if play == RINGBACK_PLAY {
            return;
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
        self.walk_on(WalkInput::Digit(digit), now, desk);
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
        [walk, self.deadline].into_iter().flatten().min()
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
        let Some(media) = self.media else { return };
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
                desk.push(Command::Media {
                    id: media.id,
                    command: MediaCommand::StopPlaying,
                });
            }
            WalkCommand::Transfer { to, ring_timeout_s } => self.begin_transfer(to, ring_timeout_s, now, desk, shared),
            WalkCommand::Record {
                max_s,
                silence_s,
                purpose,
            } => {
                self.record(max_s, silence_s, &purpose, now, desk);
            }
            WalkCommand::StopRecording => self.stop_recording(desk),
            WalkCommand::Hook { id, .. } => self.hook(id, now, desk),
            WalkCommand::CancelHook(_) => {} // nothing is ever under way: see `hook`
            WalkCommand::CalendarMissing { year } => desk.push(Command::CalendarMissing { year }),
            WalkCommand::HangUp { reason } => self.hang_up(reason, now, desk),
            WalkCommand::Event(kind) => {
                if let EventKind::Step { step } = &kind {
                    self.last_step = Some(step.clone());
                    self.conversation_end = None;
                }
                desk.note(self.id, kind, now);
            }
            WalkCommand::Language(language) => self.language = language,
        }
    }

    /// Services that this server does not offer yet answer "unavailable"; every plan must have a way on from there.
    fn hook(&mut self, id: HookId, now: Now, desk: &mut Desk) {
        let outcome = "unavailable".to_owned();
        self.walk_on(
            WalkInput::HookDone {
                id,
                outcome,
                values: Vec::new(),
            },
            now,
            desk,
        );
    }

    fn hang_up(&mut self, reason: EndReason, now: Now, desk: &mut Desk) {
        let (by, reason) = self.conversation_end.unwrap_or((EndedBy::System, reason));
        self.end(by, reason, None, After::HangUp { cause: 16 }, now, desk);
    }

    /// While another place rings and no prompt is playing, the caller hears that it rings.
    pub(super) fn ring_back(&mut self, desk: &mut Desk) {
        let rings = self.transfer.as_deref().is_some_and(Transfer::rings_silently);
        if let Some(media) = self.media
            && rings
            && self.prompt.is_none()
            && !self.ringback
        {
            self.ringback = true;
            let pieces = vec![Piece::Prompt(RINGBACK.to_owned())];
            desk.push(Command::Play {
                id: media.id,
                play: RINGBACK_PLAY,
                pieces,
                language: self.language,
                repeat: true,
            });
        }
    }

    /// Ends the ring-back tone.
    pub(super) fn stop_ringback(&mut self, desk: &mut Desk) {
        if let Some(media) = self.media
            && std::mem::take(&mut self.ringback)
        {
            desk.push(Command::Media {
                id: media.id,
                command: MediaCommand::StopPlaying,
            });
        }
    }
}
