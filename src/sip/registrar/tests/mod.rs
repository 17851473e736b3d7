//! Stories of telephones that register, and of those who should not.

mod bench;
mod identity;
mod limits;
mod nat;
mod restart;
mod telephones;
