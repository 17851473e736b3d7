//! Who asks, and what he may do. A handler that takes a [`Caller`] cannot be reached without a valid token.

mod bearer;
mod caller;
mod failures;
mod known;

pub(super) use bearer::Gate;
pub(super) use caller::Caller;
