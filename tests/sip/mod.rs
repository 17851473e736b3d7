//! What strangers do to the server's SIP ports.

mod crafted;
mod floods;
