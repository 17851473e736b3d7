//! What agents live through at their telephones.

mod answered;
mod breaks;
mod call_backs;
mod calls_out;
mod hold;
mod offers;
mod rated;
mod sends_on;
mod telephones;
