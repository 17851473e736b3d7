//! How things are told in JSON: times, closed lists of words, numbers. Whatever has a number of a citizen goes through here.

mod time;
mod words;

pub(super) use time::{Times, read_time, seconds};
pub(super) use words::{EndReasonWord, EndedByWord, EventWord, PartWord, RoleWord, StatusWord, part, role};
