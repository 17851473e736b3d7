//! A city with a line that is put through to 110, and a telephone there.

use std::time::Duration;

use yihao::call::phone::{Action, PhoneConfig};
use yihao::kernel::EventKind;

use super::plans;
use super::world::World;

/// 4110 is put through to 110; if that fails, 880 Hz and the end. 4111 says goodbye with 880 Hz afterwards.
pub const PLAN: &str = r#"
[[number]]
dial = "4110"
hotline = "to110"

[[number]]
dial = "4111"
hotline = "to110"
start = "polite"

[step.start]
transfer = "110"
say = "emergency/110"
ring_timeout_s = 10
on = { otherwise = "failed" }

[step.failed]
play = "examples/p2.wav"
next = "hangup"

[step.polite]
transfer = "110"
on = { ended = "failed", otherwise = "failed" }
"#;

/// The citizen's telephone has index 0, that of 110 has index 1.
pub const CITIZEN: usize = 0;
pub const POLICE: usize = 1;

/// The city, without telephones yet.
pub fn city(seed: u64) -> World {
    let mut shared = plans::shared();
    shared.plan = plans::plan_with(&[("to-110.toml", PLAN)]);
    World::with(seed, shared)
}

/// Puts both telephones there; 110 picks up after two seconds unless `change` says otherwise.
pub fn phones(city: &mut World, citizen: Vec<Action>, police: Vec<Action>, change: impl FnOnce(&mut PhoneConfig)) {
    let config = city.phone_config();
    city.add_phone(config, citizen);
    let mut config = city.phone_config();
    config.answers_after = Some(Duration::from_secs(2));
    change(&mut config);
    city.add_phone(config, police);
}

/// The citizen dials and everything happens.
pub fn dial_and_run(city: &mut World, number: &str) {
    city.dial(CITIZEN, number);
    city.run_to_the_end();
}

/// Why the transfer failed, as the ledger has it.
pub fn failure(city: &World) -> Option<(yihao::kernel::EndReason, Option<u16>)> {
    city.events_of(0).into_iter().find_map(|k| match k {
        EventKind::TransferFailed { reason, status } => Some((*reason, *status)),
        _ => None,
    })
}
