//! The one test binary: what a citizen lives through, and the rules of the house. One binary, because each further one links the whole server again.

// The whole file is test code; this tells clippy so, and `unwrap` is allowed where it should be.
#![cfg(test)]

mod agent;
mod api;
mod citizen;
mod fuzz_seeds;
mod registrar;
mod served;
mod sip;
mod sip_torture;
mod support;
mod tidy;
mod trunk;
