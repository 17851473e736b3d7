//! What a citizen lives through, in virtual time.

mod bad_lines;
mod change_of_plan;
mod crowd;
mod flood;
mod hears_and_chooses;
mod hostile;
mod keys;
mod last_words;
mod leaves_a_message;
mod person_first;
mod races;
mod slow_ledger;
mod sound_agreed;
mod strangers;
mod toll_fraud;
mod transfer_fails;
mod transferred;
mod turned_away;
