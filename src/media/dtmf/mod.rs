//! Keys in the sound stream: as telephone events (RFC 4733) both ways, and as tones. Knows keys and numbers of packets; keys sent
//! in SIP INFO are the signalling's.

mod events;
mod inband;
mod sender;

pub use events::{EVENT_BYTES, EventReceiver};
pub use inband::{Detector, frequencies};
pub use sender::{EventPacket, EventSender, EventSlot, KEY_TICKS, PAUSE_TICKS};
