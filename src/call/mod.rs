//! One citizen's call.
