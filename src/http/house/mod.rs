//! What `/api/v1` reaches the house by: four narrow traits and the plain data that goes through them. Filled by whoever runs
//! the engine, or by a fake in a test; knows neither engine nor SQL.

mod feed;
mod floor;
mod people;
mod records;

use std::sync::Arc;

use super::{Control, Status};

pub use feed::{Entry, Feed, Following};
pub use floor::{Floor, Picture, Registration};
pub use people::{Bearer, NewToken, People, PeopleError, TokenView};
pub use records::{CallWish, DebtView, DebtWish, RecordingView, RecordingWish, Records, Sound, WholeCall};

/// Everything behind the port, part by part.
#[derive(Clone)]
pub struct House {
    /// The server as a whole.
    pub status: Arc<dyn Status>,
    /// Reload and drain.
    pub control: Arc<dyn Control>,
    /// Live agents, queues and calls; orders.
    pub floor: Arc<dyn Floor>,
    /// Accounts and tokens.
    pub people: Arc<dyn People>,
    /// What is on record.
    pub records: Arc<dyn Records>,
    /// The journal's events, as they come.
    pub feed: Arc<dyn Feed>,
}
