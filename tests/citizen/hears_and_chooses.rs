//! A citizen dials, hears the machine, presses a key, hears the next prompt, hangs up.

use yihao::kernel::{EndReason, EndedBy};

use crate::support::script::{answered, gone, hang_up, hear, press};
use crate::support::world::World;

#[test]
fn first_prompt_key_second_prompt_and_goodbye() {
    let mut city = World::new(1);
    let script = vec![answered(), hear(440.0), press("1"), hear(880.0), hang_up(), gone()];
    let phone = city.citizen_dials("1000", script);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    assert_eq!(city.story_of(0)[..2], ["invite", "answered_by_machine"]);
    assert!(city.was_answered(0));
    city.assert_nothing_is_left();
}
