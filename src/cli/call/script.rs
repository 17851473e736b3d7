//! The steps of `yihao call` as they are written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::call::phone::{Action, KeyPress, Sound};
use crate::kernel::Digit;

/// Patience where a step names none.
const PATIENCE: Duration = Duration::from_secs(20);

/// A step before its file is read.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Ready.
    Action(Action),
    /// A WAV file to speak.
    Speak(PathBuf),
}

impl Step {
    /// The action; reads the WAV file of `speak`.
    pub(super) fn load(self) -> Result<Action, String> {
        match self {
            Self::Action(action) => Ok(action),
            Self::Speak(path) => super::clip(&path).map(Action::Speak),
        }
    }
}

/// Waits for the answer, then until the other side hangs up.
pub(super) fn usual() -> Vec<Step> {
    [
        Action::WaitAnswer(PATIENCE),
        Action::WaitHangUp(Duration::from_secs(60)),
        Action::HangUp,
    ]
    .map(Step::Action)
    .into()
}

/// Reads one step.
pub(super) fn step(text: &str) -> Result<Step, String> {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let first = words.next();
    let second = words.next();
    let action = match (verb, first) {
        ("answer", patience) => Action::WaitAnswer(seconds(patience)?),
        ("wait", Some(time)) => Action::Wait(seconds(Some(time))?),
        ("hear", Some(what)) => Action::Expect(sound(what)?, seconds(second)?),
        ("press", Some(keys)) => Action::Press(digits(keys)?, KeyPress::Rfc4733),
        ("info", Some(keys)) => Action::Press(digits(keys)?, KeyPress::Info),
        ("speak", Some(path)) => return Ok(Step::Speak(path.into())),
        ("hold", None) => Action::Hold,
        ("resume", None) => Action::Resume,
        ("hangup", None) => Action::HangUp,
        ("gone", patience) => Action::WaitHangUp(seconds(patience)?),
        _ => return Err(format!("{text:?} is no step; see `yihao call --help`")),
    };
    Ok(Step::Action(action))
}

fn seconds(text: Option<&str>) -> Result<Duration, String> {
    let Some(text) = text else { return Ok(PATIENCE) };
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    Duration::try_from_secs_f64(number).map_err(|_| format!("{text:?} is no number of seconds"))
}

fn sound(text: &str) -> Result<Sound, String> {
    match text {
        "any" => Ok(Sound::Any),
        "silence" => Ok(Sound::Silence),
        hz => hz
            .parse()
            .map(Sound::Tone)
            .map_err(|_| format!("{hz:?}: any, silence or a frequency in hertz")),
    }
}

fn digits(text: &str) -> Result<Vec<Digit>, String> {
    text.chars()
        .map(|c| Digit::from_char(c).ok_or_else(|| format!("{c:?} is no telephone key")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_as_people_write_them() {
        assert!(
            matches!(step("hear 440 5"), Ok(Step::Action(Action::Expect(Sound::Tone(hz), t))) if hz == 440.0 && t.as_secs() == 5)
        );
        assert!(
            matches!(step("press 12#"), Ok(Step::Action(Action::Press(keys, KeyPress::Rfc4733))) if keys.len() == 3)
        );
        assert!(step("press 1x").unwrap_err().contains("'x'"));
        assert!(step("sing").is_err() && step("wait -1").is_err());
    }
}
