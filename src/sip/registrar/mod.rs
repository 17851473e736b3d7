//! The registrar (RFC 3261 §10): which telephones an account has, and where. Knows no call and no socket.
//!
//! Its shape is the house's: [`Registrar::datagram`], [`Registrar::message`] and others with `now`,
//! [`Registrar::next_command`], [`Registrar::poll_timeout`], [`Registrar::handle_timeout`].
//!
//! | question | file |
//! |---|---|
//! | what comes in and what goes out | `machine.rs` |
//! | who asks, and what is he answered | `decide.rs` |
//! | what does he change | `carry_out.rs` |
//! | what does the request say | `asked.rs` |
//! | which telephones there are, and until when | `book.rs` |
//! | is this source heard at all | `sources.rs` |
//! | did this very request come before | `memory.rs` |
//! | what the answer looks like | `reply.rs` |

mod asked;
mod book;
mod carry_out;
mod decide;
mod machine;
mod memory;
mod reply;
mod sources;
#[cfg(test)]
mod tests;
mod types;

pub use machine::Registrar;
pub use sources::{Sources, Verdict, source_of};
pub use types::{Accounts, Binding, BindingChange, Command, RegistrarConfig, Tally};
