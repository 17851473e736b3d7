//! Stories of the transaction layer in virtual time.
