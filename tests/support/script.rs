//! Short words for the scripts of telephones, so that a story reads like one.

use std::time::Duration;

use yihao::call::phone::{Action, KeyPress, Sound};
use yihao::kernel::Digit;

use super::plans;

/// Patience for what should happen at once.
pub const SOON: Duration = Duration::from_secs(5);

pub fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

pub fn answered() -> Action {
    Action::WaitAnswer(SOON)
}

/// Waits for the other side to pick up, a minute if need be.
pub fn answered_late() -> Action {
    Action::WaitAnswer(Duration::from_secs(60))
}

pub fn hear(hz: f64) -> Action {
    Action::Expect(Sound::Tone(hz), Duration::from_secs(15))
}

pub fn hear_silence() -> Action {
    Action::Expect(Sound::Silence, Duration::from_secs(15))
}

pub fn digits(keys: &str) -> Vec<Digit> {
    keys.chars().map(|c| Digit::from_char(c).unwrap()).collect()
}

pub fn press(keys: &str) -> Action {
    Action::Press(digits(keys), KeyPress::Rfc4733)
}

pub fn press_by(keys: &str, way: KeyPress) -> Action {
    Action::Press(digits(keys), way)
}

/// Hums a tone.
pub fn speak(hz: f64, s: f64) -> Action {
    Action::Speak(plans::tone(hz, s))
}

pub fn wait(s: f64) -> Action {
    Action::Wait(seconds(s))
}

pub fn hang_up() -> Action {
    Action::HangUp
}

pub fn gone() -> Action {
    Action::WaitHangUp(Duration::from_secs(60))
}
