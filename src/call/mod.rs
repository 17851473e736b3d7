//! One citizen's call, and the exchange that holds all calls of a shard. Pure: it is handed messages, sound events and
//! time, and gives back commands; it knows no socket, no file and no database.
//!
//! The order that matters here: what an answer says is in the ledger before the answer leaves ([`Exchange::committed`]).

mod admission;
mod arrival;
mod desk;
mod ending;
mod exchange;
mod gateway;
mod live;
mod message;
mod order;
pub mod phone;
mod transfer;
mod trunks;

pub use admission::{CallerId, Limits, Lines, Peer, Refusal};
pub use desk::{Command, Hearing, LocalRtp, shard_of};
pub use exchange::{CallView, Exchange, ExchangeConfig, Shared};
pub use gateway::{Gateway, Route, TrunkState};
pub use message::Recorded;
pub use order::{Denied, Done, Order, Place};
