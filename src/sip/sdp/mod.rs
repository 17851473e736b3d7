//! Session descriptions (RFC 8866) and their negotiation (RFC 3264), audio in G.711 only. Opens no port, sends nothing.

mod body;
mod negotiate;
mod stream;
#[cfg(test)]
mod tests;

pub use body::{Attributes, Connection, Media, Origin, Sdp, SdpError};
pub use negotiate::{LocalAudio, accept_answer, answer, offer};
pub use stream::{NotAcceptable, audio_address};
