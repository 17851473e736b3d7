//! What the scenarios stand on.

pub mod by_hand;
pub mod house;
pub mod people;
pub mod plans;
pub mod script;
pub mod to_110;
pub mod world;
