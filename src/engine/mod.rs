//! Where machines meet sockets.
pub mod media;
pub mod logging;
