//! The API over real sockets, with a town made up for the test: what people and programs live through at the port.

mod agents;
mod call_backs;
mod calls;
mod cli;
mod contract;
mod events;
mod events_support;
mod guide;
mod hostile;
mod orders;
mod page;
mod port;
mod recordings;
mod schema;
mod town;
mod who;
