//! User agent.
