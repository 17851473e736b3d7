//! What agents live through at their telephones.

mod telephones;
