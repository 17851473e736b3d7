//! What is on record, as the port asks for it: finished calls, debts, recordings. Knows no SQL: order and place in a list are
//! closed words and ids.

use std::sync::Arc;

use crate::http::Answer;
use crate::kernel::{AgentId, CallId, EndReason, Event, PhoneNumber, Wall};
use crate::queue::Debt;
use crate::store::CallRecord;

/// Which calls, in which order, from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallWish {
    /// INVITE at or after.
    pub from: Option<Wall>,
    /// INVITE before.
    pub until: Option<Wall>,
    /// The caller's number or the dialled one, exactly.
    pub number: Option<String>,
    /// Name of the hotline.
    pub hotline: Option<String>,
    /// Somebody who spoke in it.
    pub agent: Option<AgentId>,
    /// How it ended.
    pub reason: Option<EndReason>,
    /// The earliest first, instead of the latest.
    pub oldest_first: bool,
    /// Behind this call, in the order that is asked for.
    pub after: Option<CallId>,
    /// At most so many.
    pub limit: u32,
}

/// A call with everything that happened, by sequence number.
pub type WholeCall = (CallRecord, Vec<(u64, Event)>);

/// Which debts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebtWish {
    /// Settled ones, instead of open ones.
    pub settled: bool,
    /// Behind this one.
    pub after: Option<CallId>,
    /// At most so many.
    pub limit: u32,
}

/// A citizen who is, or was, owed a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebtView {
    /// The call that owes it.
    pub call: CallId,
    /// Whom to call.
    pub number: PhoneNumber,
    /// The queue that it came from, if known.
    pub queue: Option<String>,
    /// Why.
    pub because: String,
    /// Since when.
    pub owed_at: Wall,
    /// Attempts so far.
    pub attempts: u32,
    /// Not before.
    pub not_before: Option<Wall>,
    /// When, how, by whom and why it was settled.
    pub settled: Option<(Wall, String, String, String)>,
}

impl DebtView {
    /// A debt as the floor knows it: still owed.
    pub fn open(debt: &Debt) -> Self {
        Self {
            call: debt.call,
            number: debt.number.clone(),
            queue: Some(debt.queue.clone()).filter(|queue| !queue.is_empty()),
            because: debt.because.clone(),
            owed_at: debt.owed_at,
            attempts: debt.attempts,
            not_before: debt.not_before,
            settled: None,
        }
    }
}

/// Which recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingWish {
    /// Of this call.
    pub call: Option<CallId>,
    /// Of calls that this agent spoke in.
    pub agent: Option<AgentId>,
    /// Begun at or after.
    pub from: Option<Wall>,
    /// Begun before.
    pub until: Option<Wall>,
    /// Behind this file; the latest come first.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// One recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingView {
    /// Name below the recordings' folder.
    pub file: String,
    /// The call.
    pub call: CallId,
    /// The agent who answered, if one did.
    pub agent: Option<String>,
    /// `message` or `call`.
    pub purpose: String,
    /// When it began.
    pub started_at: Wall,
    /// Length; `None` while it is being written.
    pub duration_ms: Option<u64>,
    /// SHA-256 of the sound, hex.
    pub sha256: Option<String>,
    /// Why it is shorter than it was to be.
    pub cut_short: Option<String>,
    /// Kept beyond its time, because its call is on legal hold.
    pub held: bool,
    /// When its file was given up, because its time was over.
    pub purged_at: Option<Wall>,
}

/// A recording as a WAV file that can be read from any place.
pub trait Sound: Send + Sync {
    /// Octets in all.
    fn len(&self) -> u64;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// At most `most` octets from `from` on; fewer only at the end.
    fn read(&self, from: u64, most: usize) -> Answer<'_, Vec<u8>>;
}

/// The way to the ledger and to the recordings.
pub trait Records: Send + Sync {
    /// Calls on record.
    fn calls(&self, wish: CallWish) -> Answer<'_, Vec<CallRecord>>;
    /// One call, ended or not, with its events.
    fn call(&self, call: CallId) -> Answer<'_, Option<WholeCall>>;
    /// Debts, the oldest first.
    fn debts(&self, wish: DebtWish) -> Answer<'_, Vec<DebtView>>;
    /// Recordings, the latest first.
    fn recordings(&self, wish: RecordingWish) -> Answer<'_, Vec<RecordingView>>;
    /// One recording.
    fn recording<'a>(&'a self, file: &'a str) -> Answer<'a, Option<RecordingView>>;
    /// Its sound.
    fn sound<'a>(&'a self, file: &'a str) -> Answer<'a, Option<Arc<dyn Sound>>>;
    /// Keeps a call's recordings beyond their time, or lets them go with the others; durable, with who and why.
    fn hold<'a>(&'a self, call: CallId, on: bool, by: &'a str, note: &'a str) -> Answer<'a, ()>;
    /// Notes that somebody is about to see or hear what is private. Only when it is durable may anything be shown.
    fn note_revealed<'a>(&'a self, call: CallId, by: &'a str, what: &'a str) -> Answer<'a, ()>;
}
