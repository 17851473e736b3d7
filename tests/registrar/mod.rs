//! Telephones and the running server: over UDP and TCP, through restarts, with a disk that is slow or gone.

mod people;
pub mod phone;
mod restart;
mod served;
