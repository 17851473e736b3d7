//! What agents live through at their telephones.

mod answered;
mod breaks;
mod call_backs;
mod calls_out;
mod codes;
mod hold;
mod offers;
mod passwords;
mod rated;
mod sends_on;
mod telephones;
