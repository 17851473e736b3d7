//! Dialplans and their walk.
