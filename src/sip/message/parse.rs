//! Octets to messages.

use super::{Malformed, MalformedKind, Message};

/// Reads the one message of a datagram.
///
/// # Errors
/// See [`Malformed`].
pub fn parse_datagram(_octets: &[u8]) -> Result<Message, Malformed> {
    Err(Malformed {
        kind: MalformedKind::Empty,
        status: 400,
        reply: None,
    })
}
