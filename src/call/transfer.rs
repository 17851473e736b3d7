//! Direct transfer (110/119/120/122, retained hotlines): the plan puts the citizen through to a number outside, with the
//! citizen's own number shown. Tells the plan how it went.

use std::time::Duration;

use crate::ivr::spoken::Piece;
use crate::ivr::walk::{Input as WalkInput, TransferOutcome};
use crate::kernel::{EndReason, EndedBy, EventKind, Now, Part, PhoneNumber, PlayId};
use crate::media::MediaCommand;

use super::desk::{Command, Desk};
use super::dial::NoWay;
use super::exchange::Shared;
use super::live::Call;
use super::party::{Errand, PartyId, Stage, Who};

/// The prompt that a caller hears while another place rings.
pub(super) const RINGBACK: &str = "tone/ringback";
/// Its playlist: no walk counts so far.
pub(super) const RINGBACK_PLAY: PlayId = PlayId(u64::MAX);

impl Call {
    /// The walk asks for a transfer.
    pub(super) fn begin_transfer(&mut self, to: &str, timeout_s: u32, now: Now, desk: &mut Desk, shared: &Shared) {
        let id = self.invite_in(Who::Number(PhoneNumber::new(to)), Errand::Transfer, desk);
        let ring_timeout = Duration::from_secs(u64::from(timeout_s));
        let shown = self.from.clone();
        if let Err(NoWay(reason)) = self.dial_number(id, to, &shown, ring_timeout, desk, shared) {
            self.transfer_failed(Some(id), reason, None, now, desk);
        }
    }

    /// It rings there: the caller hears our tone, or what the far side plays.
    pub(super) fn transfer_rings(&mut self, id: PartyId, desk: &mut Desk) {
        match self.party_mut(id).map(|p| (p.stage, p)) {
            Some((Stage::Early, party)) if party.part.is_none() => self.put_through(id, desk),
            Some((Stage::Ringing, _)) => self.ring_back(desk),
            Some((Stage::Calling | Stage::Early | Stage::Talking, _)) | None => {}
        }
    }

    /// Sound both ways.
    fn put_through(&mut self, id: PartyId, desk: &mut Desk) {
        if let Some(party) = self.party_mut(id) {
            party.part = Some(Part::Third);
        }
        self.ringback = false;
        self.prompt = None;
        self.citizen.command(MediaCommand::StopPlaying, desk);
        self.arrange(desk);
    }

    /// The target answered.
    pub(super) fn transfer_answered(&mut self, id: PartyId, now: Now, desk: &mut Desk) {
        if self.party(id).is_some_and(|p| p.part.is_none()) {
            self.put_through(id, desk);
        }
        desk.note(self.id, EventKind::TransferAnswered, now);
        let outcome = TransferOutcome::Answered;
        self.walk_on(WalkInput::TransferDone { outcome }, now, desk);
    }

    /// They have talked, and no longer do.
    pub(super) fn transfer_over(&mut self, id: PartyId, how: (EndedBy, EndReason), now: Now, desk: &mut Desk) {
        self.conversation_end = Some(how);
        self.drop_party(id, None, now, desk);
        let outcome = TransferOutcome::Ended;
        self.walk_on(WalkInput::TransferDone { outcome }, now, desk);
    }

    /// The transfer did not come about: on record, and the plan goes on.
    pub(super) fn transfer_failed(
        &mut self,
        id: Option<PartyId>,
        reason: EndReason,
        status: Option<u16>,
        now: Now,
        desk: &mut Desk,
    ) {
        desk.note(self.id, EventKind::TransferFailed { reason, status }, now);
        if let Some(id) = id {
            self.drop_party(id, None, now, desk);
        }
        self.stop_ringback(desk);
        let outcome = match reason {
            EndReason::Busy => TransferOutcome::Busy,
            EndReason::NoAnswer => TransferOutcome::NoAnswer,
            EndReason::Forbidden => TransferOutcome::Denied,
            EndReason::Hangup
            | EndReason::PlanFinished
            | EndReason::Abandoned
            | EndReason::UnknownNumber
            | EndReason::NotAcceptable
            | EndReason::Overload
            | EndReason::Draining
            | EndReason::DeadMedia
            | EndReason::NoAck
            | EndReason::SessionExpired
            | EndReason::Unreachable
            | EndReason::MaxDuration
            | EndReason::ProtocolError
            | EndReason::Interrupted
            | EndReason::InternalError => TransferOutcome::Failed,
        };
        self.walk_on(WalkInput::TransferDone { outcome }, now, desk);
    }

    /// While another place rings and no prompt is playing, the caller hears that it rings.
    pub(super) fn ring_back(&mut self, desk: &mut Desk) {
        let rings = |p: &super::party::Party| p.errand == Errand::Transfer && p.stage == Stage::Ringing;
        if let Some(media) = self.citizen.media
            && self.others.iter().any(rings)
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
        if std::mem::take(&mut self.ringback) {
            self.citizen.command(MediaCommand::StopPlaying, desk);
        }
    }
}
