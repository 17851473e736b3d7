//! The registrar (RFC 3261 §10): which telephones an account has, and where. Knows no call and no socket.

mod types;

pub use types::{Accounts, Binding, BindingChange};
