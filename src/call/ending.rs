//! How a call ends: once, on record before the other side is told, and with everything given back.

use crate::ivr::walk::{Command as WalkCommand, Input as WalkInput};
use crate::kernel::{EndReason, EndedBy, EventKind, LegId, Now};
use crate::media::MediaOutput;
use crate::sip::message::HeaderName;
use crate::sip::sdp::Sdp;
use crate::sip::ua::{LegEnd, Side};

use super::desk::{Command, Desk};
use super::live::{Call, Phase};
use super::party::PartyId;

/// What happens once the ledger has it.
#[derive(Debug)]
pub(super) enum After {
    /// Answer the INVITE with 200.
    Accept { answer: Box<Sdp> },
    /// Refuse the INVITE.
    Reject {
        status: u16,
        headers: Vec<(HeaderName, String)>,
    },
    /// Answer the citizen's BYE with 200, or a cancelled INVITE with 487.
    ConfirmBye,
    /// Answer somebody else's BYE.
    ConfirmParty(LegId),
    /// Answer an agent's call.
    Welcome { leg: LegId, answer: Box<Sdp> },
    /// Hang up on the caller (Q.850 cause for the Reason header, RFC 3326).
    HangUp { cause: u16 },
    /// The leg is gone already: nothing to tell anyone.
    Nothing,
}

impl Call {
    /// Ends the call. The first cause wins; later ones only get their answer, and not before the first is on record: what
    /// is done then ends the dialog in whatever state it is by that time.
    pub(super) fn end(
        &mut self,
        by: EndedBy,
        reason: EndReason,
        status: Option<u16>,
        after: After,
        now: Now,
        desk: &mut Desk,
    ) {
        if self.phase == Phase::Ending {
            if self.end_on_record {
                self.carry_out(after, now, desk);
            }
            return;
        }
        // Answered on record, but the 200 has not left and never will: the status says so.
        let status = status.or((self.phase == Phase::Answering).then_some(487));
        let unanswered = matches!(self.phase, Phase::Arriving | Phase::Answering);
        self.phase = Phase::Ending;
        self.referral_over(487, now, desk);
        self.deadline = None;
        let mut kinds: Vec<EventKind> = self.arrival.take().map(|k| *k).into_iter().collect();
        let outcome = match by {
            EndedBy::Caller => "abandoned",
            EndedBy::Callee | EndedBy::System => reason.as_str(),
        };
        kinds.extend(self.rings_withdrawn());
        kinds.extend(self.give_up_place(outcome, now, desk));
        kinds.extend(self.leave_walk(now, desk));
        if unanswered {
            kinds.extend(self.owed_for_refusal(reason, now, desk));
        }
        kinds.push(EventKind::Ended { by, reason, status });
        desk.append(self.id, kinds, after, now);
        self.leave_place(desk);
        self.drop_others(now, desk);
        if let Some(media) = self.citizen.media {
            self.finish_recording(media.id, desk);
            desk.push(Command::CloseMedia { id: media.id });
        }
    }

    /// Nothing is left to say, to wait for, or to record.
    pub(super) fn is_over(&self, desk: &Desk) -> bool {
        let told = self.end_on_record && (self.leg_gone || self.citizen.leg.is_none());
        self.phase == Phase::Ending && told && !self.is_recording(desk)
    }

    /// Tells the walk that the caller is gone and takes what is owed to him. A walk whose recording is still open is
    /// kept: it decides about the call back when the file is closed.
    fn leave_walk(&mut self, now: Now, desk: &mut Desk) -> Vec<EventKind> {
        let Some(mut walk) = self.walk.take() else {
            return Vec::new();
        };
        walk.handle(WalkInput::Gone, now);
        let mut kinds = Vec::new();
        while let Some(command) = walk.next_command() {
            if let WalkCommand::Event(kind) = command {
                self.note_owed(&kind, now, desk);
                kinds.push(kind);
            }
        }
        if self.is_recording(desk) {
            self.walk = Some(walk);
        }
        kinds
    }

    /// Does what the ledger was waited for.
    pub(super) fn carry_out(&mut self, after: After, now: Now, desk: &mut Desk) {
        self.end_on_record |= match &after {
            After::Accept { .. } | After::ConfirmParty(_) | After::Welcome { .. } => false,
            After::Reject { .. } | After::ConfirmBye | After::HangUp { .. } | After::Nothing => true,
        };
        let leg = self.citizen.leg;
        match (after, leg) {
            (After::Accept { answer }, _) => self.answer(&answer, now, desk),
            (After::Reject { status, headers }, Some(leg)) => desk.ua.reject(leg, status, &headers, now),
            (After::ConfirmBye, Some(leg)) | (After::ConfirmParty(leg), _) => desk.ua.confirm_bye(leg, now),
            (After::HangUp { cause }, Some(leg)) => {
                desk.ua.hangup(leg, Some(&(cause, cause_text(cause).to_owned())), now);
            }
            (After::Reject { .. } | After::ConfirmBye | After::HangUp { .. }, None) | (After::Nothing, _) => {}
            (After::Welcome { leg, answer }, _) => desk.ua.accept(leg, &answer, now),
        }
    }

    /// The citizen gave up before our 200.
    pub(super) fn cancelled(&mut self, now: Now, desk: &mut Desk) {
        let (by, reason) = (EndedBy::Caller, EndReason::Abandoned);
        self.end(by, reason, Some(487), After::ConfirmBye, now, desk);
    }

    /// The citizen's dialog is gone, perhaps without a word.
    pub(super) fn leg_ended(&mut self, end: &LegEnd, now: Now, desk: &mut Desk) {
        if self.phase == Phase::Placing {
            return self.unanswered(PartyId::CITIZEN, end, now, desk);
        }
        self.leg_gone = true;
        if self.phase != Phase::Ending {
            let (by, reason) = reason_of(end);
            self.end(by, reason, None, After::Nothing, now, desk);
        }
    }

    /// Something the media worker reports about this call's own session.
    pub(super) fn heard(&mut self, output: &MediaOutput, now: Now, desk: &mut Desk) {
        let over = self.phase == Phase::Ending;
        match output {
            MediaOutput::Dead | MediaOutput::Alive if over => {}
            MediaOutput::PlayFinished(play) => self.played(*play, now, desk),
            MediaOutput::Digit { digit, source } => self.pressed(*digit, (*source).into(), now, desk),
            MediaOutput::Dead => {
                desk.note(self.id, EventKind::MediaLost { lost: true }, now);
                self.end(
                    EndedBy::System,
                    EndReason::DeadMedia,
                    None,
                    After::HangUp { cause: 31 },
                    now,
                    desk,
                );
            }
            MediaOutput::Alive => desk.note(self.id, EventKind::MediaLost { lost: false }, now),
            MediaOutput::RecordingStopped(_) => {
                if let Some(media) = self.citizen.media {
                    self.finish_recording(media.id, desk);
                }
            }
            // Frames go to the recorder and packets to the peer inside the worker; the quality is noted by the exchange.
            MediaOutput::RecordingFrame(_) | MediaOutput::Forward(_) | MediaOutput::StrangerDropped => {}
        }
    }
}

impl After {
    /// A refusal that may say when to try again.
    pub(super) fn reject(status: u16, retry_after_s: Option<u32>) -> Self {
        let headers = retry_after_s
            .iter()
            .map(|s| (HeaderName::RetryAfter, s.to_string()))
            .collect();
        Self::Reject { status, headers }
    }
}

/// The record's words for what became of a dialog.
pub(super) fn reason_of(end: &LegEnd) -> (EndedBy, EndReason) {
    match end {
        LegEnd::Hangup(Side::Them) => (EndedBy::Caller, EndReason::Hangup),
        LegEnd::Hangup(Side::Us) => (EndedBy::System, EndReason::PlanFinished),
        LegEnd::Cancelled => (EndedBy::Caller, EndReason::Abandoned),
        LegEnd::NoAck => (EndedBy::System, EndReason::NoAck),
        LegEnd::SessionExpired => (EndedBy::System, EndReason::SessionExpired),
        LegEnd::Timeout | LegEnd::TransportFailed => (EndedBy::System, EndReason::Unreachable),
        LegEnd::Rejected { status } => (EndedBy::Callee, reason_of_status(*status)),
        LegEnd::Redirected { .. } => (EndedBy::Callee, EndReason::Forbidden),
        LegEnd::ProtocolError => (EndedBy::System, EndReason::ProtocolError),
    }
}

/// The record's words for a final answer that refuses.
pub(super) fn reason_of_status(status: u16) -> EndReason {
    match status {
        486 | 600 => EndReason::Busy,
        408 | 480 | 487 => EndReason::NoAnswer,
        404 | 410 | 484 | 604 => EndReason::UnknownNumber,
        401 | 403 | 407 | 603 => EndReason::Forbidden,
        415 | 488 | 606 => EndReason::NotAcceptable,
        _ => EndReason::Unreachable,
    }
}

/// Q.850 texts of the causes we send.
fn cause_text(cause: u16) -> &'static str {
    match cause {
        16 => "Normal call clearing",
        31 => "Normal, unspecified",
        41 => "Temporary failure",
        102 => "Recovery on timer expiry",
        _ => "Interworking, unspecified",
    }
}
