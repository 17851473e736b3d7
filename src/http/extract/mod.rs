//! What comes in with a request, checked before a handler sees it. Knows no noun of the API.

mod body;
mod named;
mod query;
pub(super) mod text;

pub(super) use body::Body;
pub(super) use named::{File, Name, Named, Queue, TokenId};
pub(super) use query::Wish;
