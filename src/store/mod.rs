//! All that is kept.
