//! SIP transactions (RFC 3261 §17, corrected by RFC 6026): retransmission, matching, time-outs. Knows no dialog and no socket.
//!
//! A transaction is one request and its answers. Four small machines carry them, each a file with
//! one function per state, so that it can be laid beside the RFC:
//!
//! | machine                | file               | RFC                       |
//! |------------------------|--------------------|---------------------------|
//! | we send an INVITE      | `invite_client.rs` | RFC 3261 §17.1.1, 6026 §7.2 |
//! | we send anything else  | `plain_client.rs`  | RFC 3261 §17.1.2          |
//! | an INVITE comes in     | `invite_server.rs` | RFC 3261 §17.2.1, 6026 §7.1 |
//! | anything else comes in | `plain_server.rs`  | RFC 3261 §17.2.2          |
//!
//! [`Layer`] finds the machine that a message belongs to and keeps the timers.

mod command;
mod context;
mod identity;
mod invite_client;
mod invite_server;
mod layer;
mod plain_client;
mod plain_server;
mod pressure;
mod timer;
pub(in crate::sip) mod via;

#[cfg(test)]
mod tests;

pub use command::{ClientKey, Command, Failure, ServerKey, TransactionConfig};
pub use layer::Layer;
pub use timer::Timer;
