//! What a citizen lives through, one file a story: `hangs_up_while_waiting.rs`, `network_loses_every_third_packet.rs`.
//!
//! Time is virtual and randomness seeded; nothing sleeps. Each file opens with its story in `//!` lines.
