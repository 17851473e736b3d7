//! Sockets: bytes in, bytes out, ports and names. Knows nothing of calls, dialogs or what a message asks for.

use std::sync::Arc;

use crate::kernel::Mono;

pub mod batch;
pub mod dns;
pub mod ports;
pub mod tcp;
pub mod udp;

/// The monotonic clock, handed in: `net` never reads one of its own.
pub type Clock = Arc<dyn Fn() -> Mono + Send + Sync>;
