//! Strangers send sound to our ports: to be heard by 110, or to be put into a citizen's message. Five packets at most are.

use std::net::SocketAddr;

use yihao::call::phone::{Sound, is_sound};
use yihao::kernel::Law;
use yihao::media::g711;

use crate::support::script::{answered, gone, hang_up, hear, press, seconds, speak, wait};
use crate::support::world::World;

const STRANGER: &str = "203.0.113.66:40000";

/// A packet of 1,500 Hz, as a stranger would make it.
fn packet(n: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 8, (n >> 8) as u8, n as u8];
    bytes.extend((u32::from(n) * 160).to_be_bytes());
    bytes.extend(0x5EED_5EEDu32.to_be_bytes());
    let sample =
        |i: u32| (std::f64::consts::TAU * 1_500.0 * f64::from(u32::from(n) * 160 + i) / 8_000.0).sin() * 8_000.0;
    bytes.extend((0..160).map(|i| g711::encode(Law::A, sample(i) as i16)));
    bytes
}

/// Sprays every open port for `s` seconds.
fn spray(city: &mut World, s: f64, first: u16) {
    let from: SocketAddr = STRANGER.parse().unwrap();
    for n in 0..(s * 50.0) as u16 {
        for to in city.server_rtp() {
            city.send_rtp(from, to, &packet(first + n));
        }
        city.run_for(seconds(0.02));
    }
}

fn frames_of(tone: f64, sound: &[u8]) -> usize {
    sound
        .chunks_exact(160)
        .filter(|f| is_sound(Sound::Tone(tone), f))
        .count()
}

#[test]
fn a_stranger_speaks_into_a_message() {
    let mut city = crate::citizen::leaves_a_message::recorder(1_200);
    let phone = city.citizen_dials(
        "4000",
        vec![
            answered(),
            hear(440.0),
            press("#"),
            wait(0.2),
            speak(660.0, 5.0),
            press("#"),
            hear(880.0),
            gone(),
        ],
    );
    city.run_for(seconds(1.5));
    spray(&mut city, 3.0, 1);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert!(frames_of(660.0, city.last_recording()) > 200);
    assert!(frames_of(1_500.0, city.last_recording()) <= 5);
    city.assert_nothing_is_left();
}

#[test]
fn a_stranger_is_there_before_the_citizen_says_a_word() {
    // The port is open from the INVITE on; the citizen's first packet comes later than the stranger's.
    let mut city = crate::citizen::leaves_a_message::recorder(1_201);
    let phone = city.citizen_dials(
        "4000",
        vec![
            answered(),
            hear(440.0),
            press("#"),
            wait(0.2),
            speak(660.0, 5.0),
            press("#"),
            hear(880.0),
            gone(),
        ],
    );
    spray(&mut city, 5.0, 1);
    city.run_to_the_end();
    city.assert_went_well(phone);
    assert!(frames_of(1_500.0, city.last_recording()) <= 5);
    let stolen = city.mailbox.iter().filter(|l| l.to.to_string() == STRANGER).count();
    assert_eq!(stolen, 0, "and nothing of ours is sent to the stranger");
    city.assert_nothing_is_left();
}

#[test]
fn late_sound_of_an_old_call_reaches_nobody() {
    let mut city = World::new(1_202);
    let phone = city.citizen_dials("1000", vec![answered(), hear(440.0), hang_up(), gone()]);
    city.run_for(seconds(0.3));
    let old = city.server_rtp();
    city.run_to_the_end();
    city.assert_went_well(phone);
    let next = city.citizen_dials("3000", vec![answered(), wait(1.0), hang_up(), gone()]);
    city.run_for(seconds(0.2));
    assert!(
        city.server_rtp().iter().all(|port| !old.contains(port)),
        "a port is not used again at once"
    );
    for n in 0..20 {
        for to in &old {
            city.send_rtp(World::phone_address(phone), *to, &packet(n));
        }
    }
    city.run_to_the_end();
    city.assert_went_well(next);
    city.assert_nothing_is_left();
}

#[test]
fn garbage_on_the_sound_ports_harms_nobody() {
    let mut city = World::new(1_203);
    let phone = city.citizen_dials(
        "1000",
        vec![
            answered(),
            hear(440.0),
            wait(1.0),
            press("1"),
            hear(880.0),
            hang_up(),
            gone(),
        ],
    );
    city.run_for(seconds(0.1));
    for n in 0..200u16 {
        for to in city.server_rtp() {
            let garbage: Vec<u8> = (0..n).map(|i| (i.wrapping_mul(n) >> 3) as u8).collect();
            city.send_rtp(World::phone_address(phone), to, &garbage);
            city.send_rtp(STRANGER.parse().unwrap(), to, &garbage);
        }
    }
    city.run_to_the_end();
    city.assert_went_well(phone);
    city.assert_nothing_is_left();
}
