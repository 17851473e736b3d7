//! What people order from outside of a call: by HTTP, by the command line, by a feature code on the telephone. All three
//! say it in these words.

use crate::kernel::{AgentId, CallId, Digit, Part, PhoneNumber};
use crate::queue::{self, Action};

/// Where a call can be sent, or who can be asked to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A queue: the total wait is kept.
    Queue(String),
    /// A colleague.
    Agent(AgentId),
    /// A number outside, by the routes of the configuration.
    Number(PhoneNumber),
}

/// An order. `agent` is the one whose call it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Sign in and out, ready, pause, more time.
    Act {
        /// Whom it is about.
        agent: AgentId,
        /// What.
        action: Action,
        /// Who asks, if not the agent.
        by: Option<String>,
    },
    /// The agent's telephone rings; when answered, the number is called and shown the hotline's number.
    Dial {
        /// Who.
        agent: AgentId,
        /// Whom.
        to: Place,
        /// The debt that is being paid by it.
        debt: Option<CallId>,
    },
    /// End the agent's part: with him alone, the citizen goes on to the plan's `ended` (rating); a third stays with the citizen.
    HangUp {
        /// Who.
        agent: AgentId,
    },
    /// Put the citizen on hold with music, or come back.
    Hold {
        /// Who.
        agent: AgentId,
        /// On or off.
        on: bool,
    },
    /// Keys to the citizen's side (a unit's menu).
    Keys {
        /// Who.
        agent: AgentId,
        /// Which.
        keys: Vec<Digit>,
    },
    /// Send the citizen there and leave.
    SendOn {
        /// Who.
        agent: AgentId,
        /// Where to.
        to: Place,
    },
    /// Ask somebody first; the citizen hears music meanwhile.
    Consult {
        /// Who.
        agent: AgentId,
        /// Whom.
        to: Place,
    },
    /// The one who was consulted takes the citizen over; the agent leaves.
    HandOver {
        /// Who.
        agent: AgentId,
    },
    /// The one who was consulted joins: all three speak.
    Join {
        /// Who.
        agent: AgentId,
    },
    /// The third (or consulted) leaves; the agent is with the citizen again.
    Drop {
        /// Who.
        agent: AgentId,
    },
    /// Park the citizen with music; the answer names the slot.
    Park {
        /// Who.
        agent: AgentId,
    },
    /// Take a parked call, or the call that rings at a colleague's. The agent's telephone rings.
    PickUp {
        /// Who.
        agent: AgentId,
        /// The slot, or the colleague.
        from: String,
    },
    /// Listen, whisper, barge: the supervisor's telephone rings, or if he is in the call already his part changes.
    Supervise {
        /// Who; the role is checked.
        supervisor: AgentId,
        /// Whose call.
        agent: AgentId,
        /// `Listening`, `Whispering`, `Barging`.
        part: Part,
    },
    /// The supervisor, already in the call, takes it over; the agent leaves.
    TakeOver {
        /// Who.
        supervisor: AgentId,
    },
    /// Keep private data out of the recording, or record again.
    Mask {
        /// Who.
        agent: AgentId,
        /// On or off.
        on: bool,
    },
    /// What came of the call; also after its end, while the agent writes up.
    Outcome {
        /// The call.
        call: CallId,
        /// Code.
        code: String,
        /// Note.
        note: String,
        /// Who says so.
        by: String,
    },
    /// A debt needs no call any more, because somebody decided.
    SettleDebt {
        /// The debt.
        debt: CallId,
        /// Why.
        note: String,
        /// Who decided.
        by: String,
    },
}

/// What an order brought at once. What follows (the colleague answers, the line is busy) is told by events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done, or under way.
    Accepted,
    /// The call that was begun, or that was parked: with its slot.
    Call {
        /// The call.
        call: CallId,
        /// Its slot, if it was parked.
        slot: Option<String>,
    },
}

/// Why an order was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The floor does not do it.
    #[error(transparent)]
    Floor(#[from] queue::Refused),
    /// The agent is in no call, or not in one that this could be done to.
    #[error("no call to do this to")]
    NoCall,
    /// No such queue, colleague, slot, call or debt.
    #[error("nobody and nothing of this name")]
    Unknown,
    /// The role does not allow it.
    #[error("not allowed")]
    NotAllowed,
    /// The number is not among those that may be called.
    #[error("this number may not be called")]
    NumberNotAllowed,
    /// No telephone is registered, or the trunk is down.
    #[error("not reachable")]
    Unreachable,
    /// Not in what is going on: nobody was consulted, a third is there already …
    #[error("not now")]
    NotNow,
    /// A limit is reached: slots, calls.
    #[error("no room")]
    Full,
}
