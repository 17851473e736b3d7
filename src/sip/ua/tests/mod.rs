//! Stories of two user agents on a bad network, in virtual time.
