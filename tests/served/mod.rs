//! The program itself, as a process with real sockets and a real disk: killed, stopped, told to reload, its database locked.
#![expect(clippy::disallowed_methods, reason = "processes live in real time")]

mod caller;
mod kill9;
mod locked;
mod program;
mod recordings;
mod signals;
mod telephones;
