//! Where machines meet sockets.
pub mod logging;
pub mod media;
