//! What a supervisor asks: is it alive, may it have calls. Knows nothing of either beyond what [`Status`](super::Status) tells.

mod alive;
mod ready;

pub(super) use alive::alive;
pub(super) use ready::ready;
