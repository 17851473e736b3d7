//! What a citizen lives through, in virtual time.

mod bad_lines;
mod hears_and_chooses;
mod keys;
mod last_words;
mod races;
mod sound_agreed;
mod turned_away;
