//! What the scenarios stand on.

pub mod plans;
pub mod world;
