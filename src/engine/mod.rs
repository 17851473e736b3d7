//! The only place where machines meet sockets: shards of calls, media workers, prompts, and the server that holds them
//! together. Refuses to decide anything about a call.

pub mod clock;
mod codes;
mod commits;
pub mod floor;
mod gauges;
mod handle;
mod hands;
pub mod library;
pub mod logging;
pub mod media;
mod meter;
mod parts;
pub mod plans;
mod reach;
mod recorder;
mod registrar;
mod restart;
mod server;
mod shard;
mod sip_ports;
mod trunks;

pub use handle::{Handle, Health, Reloaded};
pub use server::{Server, StartError};
pub use shard::{Past, Room};
