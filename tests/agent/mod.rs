//! What agents live through at their telephones.

mod answered;
mod breaks;
mod hold;
mod offers;
mod rated;
mod telephones;
