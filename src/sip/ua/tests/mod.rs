//! Stories of user agents on bad networks, in virtual time: two of ours ([`pair`]), or one and a hand-written peer ([`solo`]).

mod answers;
mod calls;
mod early;
mod farewell;
mod forks;
mod keeping;
mod manners;
mod pair;
mod refers;
mod reoffers;
mod solo;
mod weather;
