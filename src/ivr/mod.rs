//! What a caller hears and can choose: dialplans (read, checked, drawn), the walk of one call through its plan, and how
//! numbers, dates and amounts are spoken. Knows no SIP, no sound and no clock; it hands out commands and takes in what happened.

pub mod dialplan;
pub mod language;
pub mod spoken;
pub mod walk;

pub use dialplan::{Dialplan, TransferPolicy};
pub use language::Language;
pub use spoken::{Piece, SpeechItem, pieces};
pub use walk::Walk;
