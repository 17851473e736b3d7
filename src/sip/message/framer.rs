//! Messages out of a byte stream.

use super::{Malformed, Message};

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Message(Message),
    /// A keep-alive that wants a pong: CRLF CRLF (RFC 5626 §3.5.1). Answer with CRLF.
    Ping,
    /// The answer to a keep-alive of ours: CRLF.
    Pong,
}

/// Cuts a TCP stream into messages by Content-Length (RFC 3261 §18.3).
#[derive(Debug, Default)]
pub struct StreamFramer {
    buffer: Vec<u8>,
    closed: bool,
}

impl StreamFramer {
    /// An empty stream.
    pub const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            closed: false,
        }
    }

    /// Takes octets as they arrive.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Whether framing is lost: nothing more is read, close the connection (after answering, if possible).
    pub const fn must_close(&self) -> bool {
        self.closed
    }

    /// Octets of a message that is not complete; arm the header timeout while it is not 0.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len()
    }
}

/// The next frame; call until `None` after each `push`. More frames may follow a `None`.
impl Iterator for StreamFramer {
    type Item = Result<Frame, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
