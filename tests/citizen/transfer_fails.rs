//! 110 is busy, does not answer, cannot be reached, or its telephone understands nothing: the record says which, and the
//! plan goes on with the citizen.

use yihao::call::phone::{PhoneConfig, Sound};
use yihao::kernel::{EndReason, EndedBy, Law};

use crate::support::script::{answered, gone, hear, seconds};
use crate::support::to_110::{CITIZEN, POLICE, city, dial_and_run, failure, phones};
use crate::support::world::World;

/// The citizen hears the plan go on (880 Hz).
fn goes_on(city: &mut World, change: impl FnOnce(&mut PhoneConfig)) -> Option<(EndReason, Option<u16>)> {
    phones(city, vec![answered(), hear(880.0), gone()], Vec::new(), change);
    dial_and_run(city, "4110");
    city.assert_went_well(CITIZEN);
    assert_eq!(city.end_of(0), (EndedBy::System, EndReason::PlanFinished));
    city.assert_nothing_is_left();
    failure(city)
}

#[test]
fn busy() {
    assert_eq!(
        goes_on(&mut city(1_000), |c| c.refuses = Some(486)),
        Some((EndReason::Busy, Some(486)))
    );
}

#[test]
fn declined() {
    assert_eq!(
        goes_on(&mut city(1_001), |c| c.refuses = Some(603)),
        Some((EndReason::Forbidden, Some(603)))
    );
}

#[test]
fn no_answer_within_its_time() {
    let failed = goes_on(&mut city(1_002), |c| c.answers_after = None);
    assert_eq!(failed, Some((EndReason::NoAnswer, None)));
}

#[test]
fn no_codec_in_common() {
    assert_eq!(
        goes_on(&mut city(1_003), |c| c.refuses = Some(488)),
        Some((EndReason::NotAcceptable, Some(488)))
    );
    // Ours is offered both laws, so only a telephone without any would be left out.
    let mut city = city(1_004);
    city.reload(|shared| shared.laws = vec![Law::A]);
    let failed = goes_on(&mut city, |c| c.laws = vec![Law::Mu]);
    assert_eq!(failed, Some((EndReason::NotAcceptable, Some(488))));
}

#[test]
fn nobody_is_there() {
    let mut city = city(1_005);
    city.unplugged.insert(POLICE);
    let failed = goes_on(&mut city, |_| ());
    assert_eq!(failed, Some((EndReason::Unreachable, None)));
}

#[test]
fn no_way_leads_there() {
    let mut city = city(1_006);
    city.emergency_is_at(None);
    assert_eq!(goes_on(&mut city, |_| ()), Some((EndReason::Unreachable, None)));
}

#[test]
fn no_port_is_left_for_the_second_leg() {
    let mut city = city(1_007);
    phones(&mut city, vec![answered(), hear(880.0), gone()], Vec::new(), |_| ());
    city.dial(CITIZEN, "4110");
    while city.server_rtp().is_empty() {
        city.run_for(seconds(0.001));
    }
    city.ports_exhausted = true;
    city.run_to_the_end();
    city.assert_went_well(CITIZEN);
    assert_eq!(failure(&city), Some((EndReason::Overload, None)));
    city.assert_nothing_is_left();
}

#[test]
fn the_server_there_is_ill() {
    assert_eq!(
        goes_on(&mut city(1_008), |c| c.refuses = Some(500)),
        Some((EndReason::Unreachable, Some(500)))
    );
}

#[test]
fn the_caller_of_a_failed_transfer_hears_no_ringing_any_more() {
    let mut city = city(1_009);
    goes_on(&mut city, |c| c.answers_after = None);
    let ear = &city.phones[CITIZEN].ear;
    let end = ear.seconds();
    assert!(
        ear.share(Sound::Tone(450.0), end - 2.5, end) < 0.02,
        "the ring-back tone has stopped"
    );
    assert!(ear.share(Sound::Tone(450.0), 3.0, 9.0) > 0.9, "and was there before");
}
