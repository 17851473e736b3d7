//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), as server and as client. Knows no user data base: who has
//! which password is asked of the caller.
//!
//! Digests are computed over the text of a message as it stands there: what was between the quotes, escapes included.

mod auth;
mod client;
mod hash;
mod nonce;
mod server;

#[cfg(test)]
mod tests;

pub use auth::{AuthError, Challenge, Credentials};
pub use client::{Account, Answerer, Refused};
#[cfg(test)]
pub(in crate::sip) use hash::work;
pub use hash::{Algorithm, HashKind};
pub use server::{Authenticator, AuthenticatorConfig, HashedPassword, Refusal};
