//! What agents live through at their telephones.

mod answered;
mod breaks;
mod codes;
mod hold;
mod offers;
mod passwords;
mod telephones;
