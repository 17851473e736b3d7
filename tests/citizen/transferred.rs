//! An emergency: the citizen is put through to 110. Each hears the other, whatever codecs they have; who hangs up ends it for
//! both, and the record says who it was.

use yihao::call::phone::{Action, Sound};
use yihao::kernel::{EndReason, EndedBy, Law};

use crate::support::plans;
use crate::support::script::{answered, answered_late, gone, hang_up, hear, hear_silence, press, seconds, speak, wait};
use crate::support::to_110::{CITIZEN, POLICE, city, dial_and_run, phones};
use crate::support::world::World;

/// Citizen hums 500 Hz, 110 hums 1,000 Hz; each waits for the other's.
fn talk(mut after: Vec<Action>, mut police_after: Vec<Action>) -> (Vec<Action>, Vec<Action>) {
    let mut citizen = vec![answered(), wait(4.0), speak(500.0, 3.0), hear(1_000.0)];
    let mut police = vec![answered_late(), hear(500.0), speak(1_000.0, 3.0)];
    citizen.append(&mut after);
    police.append(&mut police_after);
    (citizen, police)
}

fn both_went_well(city: &World) {
    city.assert_went_well(CITIZEN);
    city.assert_went_well(POLICE);
    let story = city.story_of(0);
    assert!(
        story.contains(&"transfer_started".to_owned()) && story.contains(&"transfer_answered".to_owned()),
        "{story:?}"
    );
    city.assert_nothing_is_left();
}

#[test]
fn both_hear_each_other_and_the_citizen_hangs_up() {
    let mut city = city(900);
    let (citizen, police) = talk(vec![wait(1.0), hang_up(), gone()], vec![gone()]);
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn the_police_hang_up() {
    let mut city = city(901);
    let (citizen, police) = talk(vec![gone()], vec![wait(1.0), hang_up(), gone()]);
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Callee, EndReason::Hangup));
}

#[test]
fn who_is_told_goodbye_afterwards_is_hung_up_on_by_the_plan() {
    let mut city = city(902);
    let (citizen, police) = talk(vec![hear(880.0), gone()], vec![wait(1.0), hang_up(), gone()]);
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4111");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
}

#[test]
fn mu_law_here_a_law_there() {
    for (here, there) in [(Law::Mu, Law::A), (Law::A, Law::Mu)] {
        let mut city = city(903);
        let (citizen, police) = talk(vec![wait(1.0), hang_up(), gone()], vec![gone()]);
        let mut config = city.phone_config();
        config.laws = vec![here];
        city.add_phone(config, citizen);
        let mut config = city.phone_config();
        config.laws = vec![there];
        config.answers_after = Some(seconds(2.0));
        city.add_phone(config, police);
        dial_and_run(&mut city, "4110");
        both_went_well(&city);
        let heard = city.phones[POLICE]
            .ear
            .heard
            .chunks_exact(160)
            .filter(|f| yihao::call::phone::is_sound(Sound::Tone(500.0), f));
        assert!(heard.count() > 130, "the whole of what was said, transcoded");
    }
}

#[test]
fn a_bad_line_between_them() {
    let mut city = city(904);
    (city.rtp_weather.lose_every, city.rtp_weather.jitter) = (4, seconds(0.03));
    city.sip_weather.lose_every = 4;
    let mut citizen = vec![
        answered_late(),
        Action::Expect(Sound::Tone(1_000.0), seconds(60.0)),
        speak(500.0, 6.0),
    ];
    citizen.extend([wait(1.0), hang_up(), gone()]);
    let police = vec![answered_late(), speak(1_000.0, 3.0), hear(500.0), gone()];
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn the_citizen_hears_it_ring() {
    let mut city = city(905);
    let citizen = vec![answered(), hear(450.0), hear(1_000.0), hang_up(), gone()];
    let police = vec![answered_late(), speak(1_000.0, 3.0), gone()];
    phones(&mut city, citizen, police, |config| {
        config.answers_after = Some(seconds(5.0))
    });
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut city = city(906);
    let citizen = vec![answered(), hear(700.0), wait(3.0), hear(1_000.0), hang_up(), gone()];
    let police = vec![answered_late(), wait(1.0), speak(1_000.0, 3.0), gone()];
    phones(&mut city, citizen, police, |config| {
        config.answers_after = Some(seconds(4.0))
    });
    let police = city.phones.pop().unwrap().with_early_words(plans::tone(700.0, 3.0));
    city.phones.push(police);
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
}

#[test]
fn hold_during_the_conversation() {
    let mut city = city(907);
    let citizen = vec![
        answered(),
        wait(4.0),
        speak(500.0, 1.0),
        Action::Hold,
        wait(40.0),
        Action::Resume,
        wait(0.5),
        speak(600.0, 2.0),
        hear(1_000.0),
        hang_up(),
        gone(),
    ];
    let police = vec![
        answered_late(),
        hear(500.0),
        hear_silence(),
        Action::Expect(Sound::Tone(600.0), seconds(60.0)),
        speak(1_000.0, 3.0),
        gone(),
    ];
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    let story = city.story_of(0);
    assert_eq!(story.iter().filter(|k| *k == "held").count(), 2, "{story:?}");
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn the_police_put_the_citizen_on_hold() {
    let mut city = city(908);
    let citizen = vec![
        answered(),
        hear(1_000.0),
        hear_silence(),
        Action::Expect(Sound::Tone(1_200.0), seconds(60.0)),
        hang_up(),
        gone(),
    ];
    let police = vec![
        answered_late(),
        speak(1_000.0, 2.0),
        Action::Hold,
        wait(40.0),
        Action::Resume,
        wait(0.5),
        speak(1_200.0, 2.0),
        gone(),
    ];
    phones(&mut city, citizen, police, |_| ());
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn a_silent_line_at_110_is_not_counted_against_the_citizen() {
    // The citizen listens, 110 listens: both only keep the way open. Ringing took long, too.
    let mut city = city(909);
    let citizen = vec![answered(), wait(100.0), hang_up(), gone()];
    phones(
        &mut city,
        citizen,
        vec![answered_late(), wait(80.0), gone()],
        |config| config.answers_after = Some(seconds(9.0)),
    );
    dial_and_run(&mut city, "4110");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn the_citizen_vanishes_and_110_is_let_go() {
    let mut city = city(910);
    phones(
        &mut city,
        vec![answered(), gone()],
        vec![answered_late(), gone()],
        |_| (),
    );
    city.dial(CITIZEN, "4110");
    city.run_for(seconds(6.0));
    city.unplugged.insert(CITIZEN);
    city.run_to_the_end();
    city.assert_went_well(POLICE);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::DeadMedia));
    city.assert_nothing_is_left();
}

#[test]
fn the_police_vanish_and_the_citizen_is_not_left_in_silence() {
    let mut city = city(911);
    phones(
        &mut city,
        vec![answered(), gone()],
        vec![answered_late(), gone()],
        |_| (),
    );
    city.dial(CITIZEN, "4110");
    city.run_for(seconds(6.0));
    city.unplugged.insert(POLICE);
    city.run_to_the_end();
    city.assert_went_well(CITIZEN);
    assert_eq!(
        city.end_of(0),
        (EndedBy::System, EndReason::DeadMedia),
        "{:?}",
        city.story_of(0)
    );
    city.assert_nothing_is_left();
}

#[test]
fn through_the_menu_of_12345() {
    let mut city = city(912);
    let citizen = vec![
        answered(),
        wait(0.3),
        press("9"),
        wait(0.3),
        press("1"),
        hear(1_000.0),
        hang_up(),
        gone(),
    ];
    phones(
        &mut city,
        citizen,
        vec![answered_late(), speak(1_000.0, 3.0), gone()],
        |_| (),
    );
    dial_and_run(&mut city, "12345");
    both_went_well(&city);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
}

#[test]
fn the_citizen_hangs_up_while_it_still_rings() {
    let mut city = city(913);
    phones(
        &mut city,
        vec![answered(), wait(3.0), hang_up(), gone()],
        vec![gone()],
        |config| config.answers_after = None,
    );
    dial_and_run(&mut city, "4110");
    city.assert_went_well(CITIZEN);
    city.assert_went_well(POLICE);
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    city.assert_nothing_is_left();
}

#[test]
fn the_citizen_hangs_up_at_every_moment_of_the_pickup() {
    for ms in 0..40 {
        let mut city = city(9_200 + ms);
        let patience = 2.0 + ms as f64 / 1_000.0;
        phones(
            &mut city,
            vec![answered(), wait(patience), hang_up(), gone()],
            vec![gone()],
            |_| (),
        );
        dial_and_run(&mut city, "4110");
        city.assert_went_well(CITIZEN);
        assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup), "after {ms} ms");
        city.assert_nothing_is_left();
    }
}

#[test]
fn nobody_picks_up_after_a_recorded_word() {
    // Early media and no answer: the citizen is given back to the plan and hears it.
    let mut city = city(914);
    let citizen = vec![answered(), hear(700.0), hear(880.0), gone()];
    phones(&mut city, citizen, Vec::new(), |config| config.answers_after = None);
    let police = city.phones.pop().unwrap().with_early_words(plans::tone(700.0, 3.0));
    city.phones.push(police);
    dial_and_run(&mut city, "4110");
    city.assert_went_well(CITIZEN);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
}
