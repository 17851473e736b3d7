//! What the port shows and what it can ask for. Plain data and two traits, filled by whoever runs the engine.

use std::future::Future;
use std::pin::Pin;

use crate::kernel::{CallId, EndReason, EndedBy, PhoneNumber, Wall};

use super::Error;

/// A result that may need the database.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// What the server knows about itself. None of the plain functions may block.
pub trait Status: Send + Sync {
    /// Names and addresses that do not change while the server runs.
    fn site(&self) -> Site;
    /// Whether calls can be taken.
    fn readiness(&self) -> Readiness;
    /// Figures of this moment.
    fn figures(&self) -> Figures;
    /// The calls of this moment, oldest first.
    fn live(&self) -> Vec<LiveCall>;
    /// The latest ended calls from the ledger, newest first, at most `limit`.
    fn recent(&self, limit: usize) -> Answer<'_, Vec<RecentCall>>;
}

/// What an operator can ask the server to do.
pub trait Control: Send + Sync {
    /// Reads plans, calendar and prompts again. Calls under way end under the plan they began with.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Result<Reloaded, NotReloaded>> + Send + '_>>;
    /// Takes no new calls from now on, and stops when the last one has ended or the time is over.
    fn drain(&self);
}

/// What a reload brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Numbers that are served now.
    pub numbers: usize,
    /// Flows that are loaded now.
    pub flows: usize,
}

/// Why the old plans stay in force: each problem with its file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReloaded(pub Vec<String>);

/// Names and addresses.
#[derive(Clone, Debug)]
pub struct Site {
    /// Name of the service.
    pub name: String,
    /// IANA name of the zone that times are shown in.
    pub time_zone: String,
    /// When the server started.
    pub started: Wall,
    /// Where a phone can dial, `sip:12345@192.0.2.10:5060`.
    pub dial: Vec<String>,
    /// The numbers that are served.
    pub numbers: Vec<Number>,
}

/// One served number.
#[derive(Clone, Debug)]
pub struct Number {
    /// As it is dialled.
    pub number: String,
    /// The hotline it belongs to.
    pub name: String,
}

/// Whether calls can be taken, condition by condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Every SIP address is bound.
    pub sip_bound: bool,
    /// The journal takes events durably.
    pub journal_writable: bool,
    /// A dialplan is loaded.
    pub dialplan_loaded: bool,
    /// The server is on its way to a stop.
    pub draining: bool,
}

impl Readiness {
    /// Why not, in stable words; empty when ready.
    pub fn reasons(self) -> Vec<&'static str> {
        let conditions = [
            (self.sip_bound, "sip_not_bound"),
            (self.journal_writable, "journal_not_writable"),
            (self.dialplan_loaded, "dialplan_not_loaded"),
            (!self.draining, "draining"),
        ];
        conditions
            .into_iter()
            .filter(|(holds, _)| !holds)
            .map(|(_, reason)| reason)
            .collect()
    }
}

/// Figures of one moment.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Wall clock when they were taken.
    pub at: Wall,
    /// Calls that arrived since the start.
    pub calls_since_start: u64,
    /// Calls refused since the start: unknown number, limits, no codec in common.
    pub refused_since_start: u64,
    /// Journal events that the database has not taken yet.
    pub journal_waiting: u64,
    /// The trunks and how they are.
    pub trunks: Vec<TrunkState>,
    /// What someone should look at, in words for the page.
    pub alarms: Vec<String>,
}

/// One trunk.
#[derive(Clone, Debug)]
pub struct TrunkState {
    /// Its name.
    pub name: String,
    /// Whether it is registered and answers.
    pub up: bool,
}

/// One call under way.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// The call.
    pub id: CallId,
    /// Caller.
    pub from: PhoneNumber,
    /// Dialled number.
    pub to: PhoneNumber,
    /// Hotline of that number.
    pub hotline: Option<String>,
    /// When it arrived.
    pub since: Wall,
    /// Where it is in the plan, `flow.step`.
    pub step: Option<String>,
}

/// One call that has ended.
#[derive(Clone, Debug)]
pub struct RecentCall {
    /// The call.
    pub id: CallId,
    /// Caller.
    pub from: PhoneNumber,
    /// Dialled number.
    pub to: PhoneNumber,
    /// Hotline of that number.
    pub hotline: Option<String>,
    /// When it arrived.
    pub at: Wall,
    /// From its arrival to its end, milliseconds.
    pub duration_ms: u64,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Why.
    pub reason: EndReason,
}
