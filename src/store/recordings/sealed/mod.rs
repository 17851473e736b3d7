//! Sealed recordings: sound under a key of its own for each file, that key under the master key of the configuration
//! (envelope). Knows bytes and keys, no file.
//!
//! ```text
//! 0     key slot A, 512 bytes ┐ the file's key, wrapped by a master key: one slot is valid; re-wrapping writes the other one
//! 512   key slot B, 512 bytes ┘ first, so that a crash leaves one of both
//! 1024  chunk 0: length (4, little endian), sound, tag (16)
//! …     chunk 1 …, one or more for each flush of the recorder
//! …     the end: length 0, tag (16); only a complete file has it
//! ```
//!
//! **AES-256-GCM of `ring`**: the one provider of the house (`rustls` will bring it too), checked assembly, constant time with
//! the processor's AES. A chunk's nonce is its number, unique because each file has a random key of its own and a chunk's number
//! is never written twice with other sound: who fails to write a chunk writes no further one. Associated data are the file's id,
//! the channels, the chunk's number and whether it is the end. So a chunk that was changed, swapped, taken from another file or
//! left out does not open, and a file that was cut lacks its end.

mod chunk;
mod keys;
mod slot;

pub use keys::{KeyError, Vault};
pub use slot::SlotError;

pub(crate) use chunk::{CHUNK_MAX_BYTES, Cipher, FRAME_EXTRA_BYTES, LENGTH_BYTES, TAG_BYTES, frame_bytes};
pub(crate) use keys::KeyRing;
pub(crate) use slot::{BODY_AT, Envelope, SLOT_BYTES, newest, rewrapped};
