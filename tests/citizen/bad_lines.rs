//! The line is bad: packets are lost, come twice, or come in the wrong order. The citizen is served all the same, once.

use std::time::Duration;

use yihao::call::phone::Sound;
use yihao::kernel::{EndReason, EndedBy, EventKind};

use crate::support::script::{answered_late, gone, hang_up, hear, press, speak, wait};
use crate::support::world::{Weather, World};

/// Dials 1000, hears, presses, hears, hangs up.
fn usual_call(city: &mut World) -> usize {
    let script = vec![answered_late(), hear(440.0), press("1"), hear(880.0), hang_up(), gone()];
    city.citizen_dials("1000", script)
}

fn served_once(city: &mut World, phone: usize) {
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(city.calls(), 1, "retransmissions open no further call");
    assert_eq!(city.end_of(0), (EndedBy::Caller, EndReason::Hangup));
    let keys: Vec<_> = city
        .events_of(0)
        .into_iter()
        .filter(|k| matches!(k, EventKind::Keys { .. }))
        .collect();
    assert_eq!(keys.len(), 1, "one press is one key: {keys:?}");
    city.assert_nothing_is_left();
}

#[test]
fn every_third_sip_message_is_lost() {
    for offset in 0..3 {
        let mut city = World::new(10 + offset);
        city.sip_weather.lose_every = 3;
        city.skip_sip_packets(offset);
        let phone = usual_call(&mut city);
        served_once(&mut city, phone);
    }
}

#[test]
fn every_second_sip_message_from_the_server_is_lost() {
    let mut city = World::new(14);
    let mut count = 0;
    city.sip_filter = Box::new(move |_, from, _| {
        count += u32::from(from == World::server_sip());
        from != World::server_sip() || count % 2 == 0
    });
    let phone = usual_call(&mut city);
    served_once(&mut city, phone);
}

#[test]
fn every_third_sound_packet_is_lost() {
    for offset in 0..3 {
        let mut city = World::new(20 + offset);
        city.rtp_weather.lose_every = 3;
        city.skip_rtp_packets(offset);
        let script = vec![
            answered_late(),
            hear(440.0),
            wait(2.0),
            press("1"),
            hear(880.0),
            hang_up(),
            gone(),
        ];
        let phone = city.citizen_dials("1000", script);
        served_once(&mut city, phone);
        let tone = city.phones[phone].ear.share(Sound::Tone(440.0), 0.3, 2.0);
        assert!(tone > 0.9, "losses are concealed: {tone}");
    }
}

#[test]
fn everything_comes_twice() {
    let mut city = World::new(30);
    city.sip_weather.double = 1.0;
    city.rtp_weather.double = 1.0;
    let phone = usual_call(&mut city);
    served_once(&mut city, phone);
}

#[test]
fn everything_comes_late_and_out_of_order() {
    for seed in 40..45 {
        let mut city = World::new(seed);
        city.sip_weather.jitter = Duration::from_millis(900);
        city.rtp_weather.jitter = Duration::from_millis(70);
        let phone = usual_call(&mut city);
        served_once(&mut city, phone);
    }
}

#[test]
fn all_of_it_at_once() {
    for seed in 50..55 {
        let mut city = World::new(seed);
        let sip = Weather {
            loss: 0.25,
            double: 0.2,
            jitter: Duration::from_millis(300),
            ..Weather::fine()
        };
        let rtp = Weather {
            loss: 0.15,
            double: 0.2,
            jitter: Duration::from_millis(40),
            ..Weather::fine()
        };
        (city.sip_weather, city.rtp_weather) = (sip, rtp);
        let phone = usual_call(&mut city);
        served_once(&mut city, phone);
    }
}

#[test]
fn a_long_prompt_does_not_drift_and_silence_kills_nobody() {
    let mut city = World::new(60);
    let phone = city.citizen_dials(
        "3000",
        vec![answered_late(), wait(100.0), speak(600.0, 1.0), hang_up(), gone()],
    );
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert_eq!(
        city.end_of(0),
        (EndedBy::Caller, EndReason::Hangup),
        "a parked caller who listens in silence lives on"
    );
    city.assert_nothing_is_left();
}
