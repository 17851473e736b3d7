//! A citizen dials, hears the machine, presses a key, hears the next prompt, hangs up.

use std::time::Duration;

use yihao::call::phone::{Action, KeyPress, Sound};
use yihao::kernel::{Digit, EndReason, EndedBy};

use crate::support::world::World;

const SOON: Duration = Duration::from_secs(5);

fn key(c: char) -> Vec<Digit> {
    vec![Digit::from_char(c).unwrap()]
}

#[test]
fn first_prompt_key_second_prompt_and_goodbye() {
    let mut city = World::new(1);
    let script = vec![
        Action::WaitAnswer(SOON),
        Action::Expect(Sound::Tone(440.0), SOON),
        Action::Press(key('1'), KeyPress::Rfc4733),
        Action::Expect(Sound::Tone(880.0), SOON),
        Action::HangUp,
        Action::WaitHangUp(SOON),
    ];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    assert_eq!(city.phones[phone].report().failures, Vec::<String>::new(), "{:#?}", city.phones[phone].report().timeline);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}
