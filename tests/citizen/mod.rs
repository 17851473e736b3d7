//! What a citizen lives through, in virtual time.

mod hears_and_chooses;
