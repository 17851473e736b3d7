//! What the recording of a conversation holds: the citizen on the left, people on the right, through hold, a third voice and a
//! mask; as long as the conversation was.

use yihao::call::phone::{Action, Sound, is_sound};
use yihao::call::{Done, Order, Place};

use crate::agent::answered::talking;
use crate::support::people::id;
use crate::support::script::{hang_up, seconds};
use crate::support::world::World;

/// Share of the frames between two moments of one side, in seconds, that hold this telephone's hum.
fn share(city: &World, side: &[u8], phone: usize, from_s: usize, to_s: usize) -> f64 {
    let hz = city.phones[phone].hums().unwrap();
    let frames: Vec<&[u8]> = side
        .chunks_exact(160)
        .skip(from_s * 50)
        .take((to_s - from_s) * 50)
        .collect();
    let good = frames.iter().filter(|frame| is_sound(Sound::Among(hz), frame)).count();
    good as f64 / frames.len() as f64
}

#[test]
fn each_side_has_its_voice_through_hold_a_third_and_a_mask() {
    let (mut city, agent, citizen) = talking(5_501); // the bridge stands about a second before
    let colleague = city.agent_at_work("8002", &["fund"]);
    city.run_for(seconds(5.0));
    city.does(agent, [Action::Hold]);
    city.run_for(seconds(5.0));
    city.does(agent, [Action::Resume]);
    city.run_for(seconds(5.0));
    let order = |city: &mut World, order| assert_eq!(city.order(order), Ok(Done::Accepted));
    order(
        &mut city,
        Order::Mask {
            agent: id("8001"),
            on: true,
        },
    );
    city.run_for(seconds(5.0));
    order(
        &mut city,
        Order::Mask {
            agent: id("8001"),
            on: false,
        },
    );
    city.run_for(seconds(1.0));
    let to = Place::Agent(id("8002"));
    order(&mut city, Order::Consult { agent: id("8001"), to });
    city.run_for(seconds(5.0));
    order(&mut city, Order::Join { agent: id("8001") });
    city.run_for(seconds(5.0));
    city.does(citizen, [hang_up()]);
    city.run_for(seconds(60.0));
    let file = city.recordings.keys().next().unwrap().clone();
    let [left, right] = city.both_sides(&file);
    let length_s = left.len() as f64 / 8_000.0;
    assert!((31.0..33.0).contains(&length_s), "{length_s} s");
    assert_eq!(left.len(), right.len());
    let of = |side: &[u8], phone, from, to| share(&city, side, phone, from, to);
    // Talk, then hold (what the citizen says meanwhile is kept, music is not), then talk.
    assert!(of(&left, citizen, 1, 5) > 0.9 && of(&right, agent, 1, 5) > 0.9);
    assert!(of(&left, citizen, 7, 10) > 0.9 && of(&right, agent, 7, 10) < 0.1);
    assert!(of(&left, citizen, 12, 15) > 0.9 && of(&right, agent, 12, 15) > 0.9);
    // Never the other one's side.
    assert!(of(&right, citizen, 1, 15) < 0.1 && of(&left, agent, 1, 15) < 0.1);
    // Masked: silence on both.
    assert!(of(&left, citizen, 17, 20) < 0.1 && of(&right, agent, 17, 20) < 0.1);
    // A consultation is not the citizen's to hear; a third who joined is on the right.
    assert!(of(&right, colleague, 23, 26) < 0.1, "asked in private");
    assert!(of(&right, colleague, 28, 31) > 0.9 && of(&right, agent, 28, 31) > 0.9);
    city.assert_nothing_is_left();
}
