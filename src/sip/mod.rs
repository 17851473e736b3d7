//! SIP (RFC 3261) as pure machines: bytes to messages, transactions, dialogs, offers and answers. Knows no socket and no clock.

pub mod digest;
pub mod flow;
pub mod message;
pub mod registrar;
pub mod sdp;
pub mod transaction;
pub mod trunk;
pub mod ua;

pub use flow::{Flow, Transport};
