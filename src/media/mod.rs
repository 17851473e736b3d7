//! Sound: G.711 in RTP, keys, loss and jitter, recordings and prompts. Pure: packets and time are handed in, packets and events
//! come out. It refuses to know sockets, files, SIP and clocks of its own.
//!
//! [`Session`] is one leg's stream, [`Switch`] all sessions of a worker and who hears whom: the only machines that the engine
//! drives. Every other module here is a part of them and can be understood alone.

pub mod concealment;
pub mod dtmf;
mod ear;
pub mod g711;
pub mod jitter;
pub mod latch;
pub mod mixer;
pub mod prompt;
pub mod reception;
pub mod recording;
pub mod rtcp;
pub mod rtp;
pub mod session;
pub mod switch;
pub mod tone;
pub mod voice;
mod watch;
pub mod wav;

pub use prompt::Clip;
pub use recording::Why as RecordingWhy;
pub use session::{
    Destination, DigitSource, ForwardFrame, ForwardKind, Idle, MediaCommand, MediaOutput, QualityStats, Session,
    SessionConfig,
};
pub use switch::{Outlet, Seat, Switch};

/// Samples a second on every stream here.
pub const SAMPLE_RATE_HZ: u32 = 8_000;
/// Samples in one turn of the wheel (20 ms).
pub const FRAME_SAMPLES: usize = 160;
/// One turn of the wheel.
pub const FRAME: std::time::Duration = std::time::Duration::from_millis(20);
