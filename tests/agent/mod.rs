//! What agents live through at their telephones.

mod answered;
mod breaks;
mod call_backs;
mod calls_out;
mod codes;
mod consulted;
mod dials;
mod hold;
mod offers;
mod order_kept;
mod parked;
mod passwords;
mod races;
mod rated;
mod recorded;
mod refers;
mod restarts;
mod second_line;
mod sends_on;
mod supervised;
mod telephones;
