//! A message: recording what a citizen says: a file, its events, and the call back that we owe for it (mission row N1).

use std::time::Duration;

use crate::ivr::walk::Input as WalkInput;
use crate::kernel::{EventKind, MediaId, Now, recording};
use crate::media::MediaCommand;

use super::desk::{Command, Desk, Recording};
use super::live::Call;
use super::recorder::Purpose;

impl Call {
    /// Starts a recording for the walk.
    pub(super) fn record(&mut self, max_s: u32, silence_s: u32, purpose: &str, now: Now, desk: &mut Desk) {
        let Some(media) = self.citizen.media else { return };
        self.end_conversation_recording(desk); // of somebody who was sent on, and came back to the plan
        self.recordings_made += 1;
        let file = recording::file_name(self.id, self.recordings_made, now.wall, &desk.manners.zone);
        desk.note(
            self.id,
            EventKind::RecordingStarted {
                file: file.clone(),
                purpose: purpose.to_owned(),
            },
            now,
        );
        desk.open_recording(
            media.id,
            Recording {
                call: self.id,
                file: file.clone(),
                purpose: Purpose::Message,
            },
        );
        desk.push(Command::StartRecording {
            id: media.id,
            file,
            max: Duration::from_secs(u64::from(max_s)),
            silence: (silence_s > 0).then(|| Duration::from_secs(u64::from(silence_s))),
        });
    }

    /// The caller pressed the key that ends a message.
    pub(super) fn stop_recording(&mut self, desk: &mut Desk) {
        self.citizen.command(MediaCommand::StopRecording, desk);
    }

    /// Closes the file, if one is open.
    pub(super) fn finish_recording(&mut self, id: MediaId, desk: &mut Desk) {
        if desk.recording(id).is_some() {
            desk.push(Command::FinishRecording { id });
        }
    }

    /// Whether a file of this call is open.
    pub(super) fn is_recording(&self, desk: &Desk) -> bool {
        self.citizen.media.is_some_and(|m| desk.recording(m.id).is_some())
    }

    /// The file is complete and on record; the walk goes on.
    pub(super) fn recorded(&mut self, file: String, duration_ms: u64, now: Now, desk: &mut Desk) {
        self.walk_on(WalkInput::Recorded { duration_ms, file }, now, desk);
    }
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Length.
    pub duration_ms: u64,
    /// Checksum, hex; empty if there is no file.
    pub sha256: String,
    /// Why it is shorter than it was to be, in the ledger's words.
    pub cut_short: Option<&'static str>,
}

/// Notes a finished recording and lets go of it.
pub(super) fn ended(id: MediaId, recorded: &Recorded, now: Now, desk: &mut Desk) -> Option<Recording> {
    let recording = desk.close_recording(id)?;
    let kind = EventKind::RecordingEnded {
        file: recording.file.clone(),
        duration_ms: recorded.duration_ms,
        sha256: recorded.sha256.clone(),
        cut_short: recorded.cut_short.map(ToOwned::to_owned),
    };
    desk.note(recording.call, kind, now);
    if desk.recording(id).is_none() {
        if recorded.cut_short.is_some() {
            desk.push(Command::Media {
                id,
                command: MediaCommand::StopRecording,
            });
        }
        desk.push(Command::FinishRecording { id });
    }
    Some(recording)
}
