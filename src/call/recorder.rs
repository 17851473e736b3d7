//! Recording conversations: from the bridge to the end, through holds and transfers, one file a conversation. A recording
//! that fails ends no call.

use crate::kernel::{EventKind, Now, recording};

use super::desk::{Command, Desk, Recording};
use super::live::Call;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The citizen leaves a message; the plan waits for its end.
    Message,
    /// People speak with the citizen.
    Conversation,
}

impl Call {
    /// Records what the citizen says and what is said to him, if the house does so.
    pub(super) fn record_conversation(&mut self, now: Now, desk: &mut Desk) {
        let Some(media) = self.citizen.media else { return };
        if !desk.manners.record_calls || self.records_conversation(desk) {
            return;
        }
        self.recordings_made += 1;
        let file = recording::file_name(self.id, self.recordings_made, now.wall, &desk.manners.zone);
        let purpose = "call".to_owned();
        let started = EventKind::RecordingStarted {
            file: file.clone(),
            purpose,
        };
        desk.note(self.id, started, now);
        desk.open_recording(
            media.id,
            Recording {
                call: self.id,
                file: file.clone(),
                purpose: Purpose::Conversation,
            },
        );
        desk.push(Command::RecordCall {
            id: media.id,
            file,
            max: desk.manners.recording_max,
        });
    }

    /// Nobody speaks with the citizen any more.
    pub(super) fn end_conversation_recording(&mut self, desk: &mut Desk) {
        if let Some(media) = self.citizen.media
            && self.records_conversation(desk)
        {
            desk.push(Command::FinishRecording { id: media.id });
        }
        self.masked = false;
    }

    /// Keeps private data out of the recording, or lets sound in again. False if there is none.
    pub(super) fn mask(&mut self, on: bool, by: &str, now: Now, desk: &mut Desk) -> bool {
        let Some(media) = self.citizen.media.filter(|_| self.records_conversation(desk)) else {
            return false;
        };
        if std::mem::replace(&mut self.masked, on) != on {
            let by = by.to_owned();
            desk.note(self.id, EventKind::RecordingMasked { on, by }, now);
            desk.push(Command::MaskRecording { id: media.id, on });
        }
        true
    }

    fn records_conversation(&self, desk: &Desk) -> bool {
        let open = self.citizen.media.and_then(|m| desk.recording(m.id));
        open.is_some_and(|recording| recording.purpose == Purpose::Conversation)
    }
}
