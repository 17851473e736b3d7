//! Where machines meet sockets.
pub mod clock;
pub mod library;
pub mod logging;
pub mod media;
