//! One citizen's call, and the exchange that holds all calls of a shard. Pure: it is handed messages, sound events and
//! time, and gives back commands; it knows no socket, no file and no database.
//!
//! The order that matters here: what an answer says is in the ledger before the answer leaves ([`Exchange::committed`]).

mod accounts;
mod admission;
mod agent_call;
mod arrival;
mod bridge;
mod by_line;
mod codes;
mod consult;
mod conversation;
mod debts;
mod desk;
mod dial;
mod ending;
mod exchange;
mod farewell;
mod floor_turn;
mod gateway;
mod live;
mod manners;
mod message;
mod offer;
mod order;
mod orders;
mod park;
mod party;
mod people;
pub mod phone;
mod placed;
mod recorder;
mod refer;
mod ring;
mod second_line;
mod send_on;
mod short_call;
mod supervise;
mod survey;
mod transfer;
mod trunks;
mod waiting;

pub use admission::{CallerId, Limits, Lines, Peer, Refusal};
pub use codes::{BadCode, Codes, Verb};
pub use desk::{Command, Hearing, LocalRtp, shard_of};
pub use exchange::{CallView, Exchange, ExchangeConfig, Shared};
pub use gateway::{Gateway, Route, TrunkState};
pub use manners::Manners;
pub use message::Recorded;
pub use order::{Denied, Done, Order, Place};
