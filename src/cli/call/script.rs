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

/// Waits for the answer, then until the other side hangs up; or for one call, if it calls nobody.
pub(super) fn usual(dials: bool) -> Vec<Step> {
    let first = match dials {
        true => Action::WaitAnswer(PATIENCE),
        false => Action::WaitRing(Duration::from_secs(3_600)),
    };
    [first, Action::WaitHangUp(Duration::from_secs(3_600)), Action::HangUp]
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
        ("swap", None) => Action::Swap,
        ("registered", patience) => Action::WaitRegistered(seconds(patience)?),
        ("dial", Some(number)) => Action::Dial(number.to_owned()),
        ("ring", patience) => Action::WaitRing(seconds(patience)?),
        ("pickup", None) => Action::Answer,
        ("reject", Some(status)) => Action::Reject(refusal(status)?),
        ("sendon", Some(number)) => Action::SendOn(number.to_owned()),
        ("together", None) => Action::BringTogether,
        ("referred", Some(status)) => Action::WaitReferred(final_status(status)?, seconds(second)?),
        ("hangup", None) => Action::HangUp,
        ("gone", patience) => Action::WaitHangUp(seconds(patience)?),
        _ => return Err(format!("{text:?} is no step; see `yihao call --help`")),
    };
    Ok(Step::Action(action))
}

/// A length of time on the command line.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    seconds(Some(text))
}

fn refusal(text: &str) -> Result<u16, String> {
    let status = final_status(text)?;
    match status {
        400.. => Ok(status),
        _ => Err(format!("{text}: a call is refused with 400 to 699")),
    }
}

fn final_status(text: &str) -> Result<u16, String> {
    let status = text.parse().ok().filter(|status| (200..700).contains(status));
    status.ok_or_else(|| format!("{text:?} is no final status"))
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
        assert!(matches!(step("sendon 8002"), Ok(Step::Action(Action::SendOn(to))) if to == "8002"));
        assert!(matches!(
            step("referred 603 5"),
            Ok(Step::Action(Action::WaitReferred(603, _)))
        ));
        assert!(step("reject 200").is_err() && step("referred 99").is_err() && step("dial").is_err());
        assert!(step("press 1x").unwrap_err().contains("'x'"));
        assert!(step("sing").is_err() && step("wait -1").is_err());
    }
}
