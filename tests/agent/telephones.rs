//! The telephones that agents have in these stories do what telephones on desks do. The one at 110 shows it.

use yihao::call::phone::Action;

use crate::support::script::{hang_up, seconds};
use crate::support::to_110::{CITIZEN, POLICE, city};
use crate::support::world::World;

const SECOND_CITIZEN: usize = 2;

/// Two citizens call 110, one after the other; the telephone there has two lines.
fn two_callers(seed: u64) -> World {
    let mut city = city(seed);
    city.humming_citizen(Vec::new());
    let desk = city.desk_phone("110");
    city.add_phone(desk, Vec::new());
    city.humming_citizen(Vec::new());
    city.dial(CITIZEN, "4110");
    city.run_for(seconds(10.0));
    city
}

#[test]
fn two_people_hear_each_other_until_one_is_put_on_hold() {
    let mut city = two_callers(3_001);
    city.assert_they_hear_each_other(CITIZEN, POLICE);
    city.does(POLICE, [Action::Hold]);
    city.run_for(seconds(2.0));
    city.assert_does_not_hear(CITIZEN, POLICE);
    city.assert_does_not_hear(POLICE, CITIZEN);
    city.does(POLICE, [Action::Resume]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(CITIZEN, POLICE);
    city.does(POLICE, [hang_up()]);
    city.run_for(seconds(40.0));
    assert!(!city.phones[POLICE].is_in_a_call() && !city.phones[POLICE].is_done());
    city.assert_nothing_is_left();
}

#[test]
fn a_second_call_waits_until_it_is_picked_up_and_the_first_is_held_meanwhile() {
    let mut city = two_callers(3_002);
    city.dial(SECOND_CITIZEN, "4110");
    city.run_for(seconds(7.0));
    assert!(city.phones[POLICE].is_ringing(), "nobody leaves a caller by itself");
    city.does(POLICE, [Action::Answer]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(SECOND_CITIZEN, POLICE);
    city.assert_does_not_hear(CITIZEN, POLICE);
    city.does(POLICE, [Action::Swap]);
    city.run_for(seconds(1.0));
    city.assert_they_hear_each_other(CITIZEN, POLICE);
    city.assert_does_not_hear(SECOND_CITIZEN, POLICE);
    // The one in the hand goes; the other is still on hold, and is taken back.
    city.does(POLICE, [hang_up(), Action::Wait(seconds(1.0)), Action::Resume]);
    city.run_for(seconds(2.0));
    city.assert_they_hear_each_other(SECOND_CITIZEN, POLICE);
    city.phones[POLICE].die();
    city.run_to_the_end();
    city.assert_nothing_is_left();
}

#[test]
fn the_next_call_comes_after_the_last() {
    let mut city = two_callers(3_003);
    city.does(POLICE, [hang_up()]);
    city.run_for(seconds(5.0));
    city.dial(SECOND_CITIZEN, "4110");
    city.run_for(seconds(10.0));
    city.assert_they_hear_each_other(SECOND_CITIZEN, POLICE);
}
