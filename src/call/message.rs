//! Recording what a citizen says: a file, its events, and the call back that we owe for it (mission row N1).

use std::time::Duration;

use crate::ivr::walk::Input as WalkInput;
use crate::kernel::{CallId, EventKind, MediaId, Now, PhoneNumber};
use crate::media::MediaCommand;

use super::desk::{Command, Desk, Recording};
use super::live::Call;

/// A message shorter than this is a breath or a click: it is kept, but nobody is owed a call for it.
const SHORTEST_MESSAGE_MS: u64 = 1_000;

impl Call {
    /// Starts a recording for the walk.
    pub(super) fn record(&mut self, max_s: u32, silence_s: Option<u32>, purpose: &str, now: Now, desk: &mut Desk) {
        let Some(media) = self.media else { return };
        self.recordings_made += 1;
        let file = format!("{purpose}/{}-{}.wav", self.id, self.recordings_made);
        desk.note(self.id, EventKind::RecordingStarted { file: file.clone(), purpose: purpose.to_owned() }, now);
        let recording =
            Recording { call: self.id, file: file.clone(), purpose: purpose.to_owned(), caller: self.from.clone() };
        desk.recordings.insert(media.id, recording);
        desk.push(Command::StartRecording {
            id: media.id,
            file,
            max: Duration::from_secs(u64::from(max_s)),
            silence: silence_s.map(|s| Duration::from_secs(u64::from(s))),
        });
    }

    /// The caller pressed the key that ends a message.
    pub(super) fn stop_recording(&mut self, desk: &mut Desk) {
        if let Some(media) = self.media {
            desk.push(Command::Media { id: media.id, command: MediaCommand::StopRecording });
        }
    }

    /// Closes the file, if one is open.
    pub(super) fn finish_recording(&mut self, id: MediaId, desk: &mut Desk) {
        if desk.recordings.contains_key(&id) {
            desk.push(Command::FinishRecording { id });
        }
    }

    /// The file is complete and on record; the walk goes on.
    pub(super) fn recorded(&mut self, file: String, duration_ms: u64, now: Now, desk: &mut Desk) {
        self.walk_on(WalkInput::Recorded { duration_ms, file }, now, desk);
    }
}

/// The events that a finished recording leaves, whether its call still lives or not.
pub fn events_of_recording(
    file: &str,
    purpose: &str,
    caller: &PhoneNumber,
    duration_ms: u64,
    sha256: &str,
) -> Vec<EventKind> {
    let mut kinds =
        vec![EventKind::RecordingEnded { file: file.to_owned(), duration_ms, sha256: sha256.to_owned() }];
    if purpose == "message" && duration_ms >= SHORTEST_MESSAGE_MS {
        kinds.push(EventKind::CallbackOwed { to: caller.clone(), because: "message_left".to_owned() });
    }
    kinds
}

/// Notes a finished recording and says whose it was.
pub(super) fn saved(id: MediaId, duration_ms: u64, sha256: &str, now: Now, desk: &mut Desk) -> Option<(CallId, String)> {
    let recording = desk.recordings.remove(&id)?;
    for kind in events_of_recording(&recording.file, &recording.purpose, &recording.caller, duration_ms, sha256) {
        desk.note(recording.call, kind, now);
    }
    Some((recording.call, recording.file))
}
