//! Session descriptions (RFC 8866) and their negotiation (RFC 3264), audio in G.711 only. Opens no port, sends nothing.

mod answer;
mod body;

pub use answer::{LocalAudio, NotAcceptable, accept_answer, answer, offer};
pub use body::{Attributes, Connection, Media, Origin, Sdp, SdpError};
