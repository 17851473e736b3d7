//! Where machines meet sockets.
pub mod media;
