#![doc = include_str!("ARCHITECTURE.md")]

pub mod call;
pub mod cli;
pub mod config;
pub mod engine;
pub mod http;
pub mod ivr;
pub mod jobs;
pub mod kernel;
pub mod media;
pub mod net;
pub mod queue;
pub mod sip;
pub mod speech;
pub mod store;
