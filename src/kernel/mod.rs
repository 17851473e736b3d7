//! What every part of the house may know: clocks, identifiers, phone numbers, events, limits. Knows no protocol and does no I/O.

pub mod agent;
pub mod audio;
pub mod calendar;
pub mod clock;
pub mod digit;
pub mod end;
pub mod event;
pub mod ids;
pub mod limits;
pub mod phone;
pub mod recording;

pub use agent::{AgentId, AgentStatus, Role};
pub use audio::{AudioParams, Direction, Law};
pub use clock::{Mono, Now, Wall};
pub use digit::Digit;
pub use end::{EndReason, EndedBy};
pub use event::{Dialog, Event, EventKind, OfferEnd, Part, Subject};
pub use ids::{CallId, LegId, MediaId, PlayId};
pub use phone::PhoneNumber;
