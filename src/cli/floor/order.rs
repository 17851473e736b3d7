//! Orders of the command line, and the requests that they are. Whether they are carried out is the server's business.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::escaped;

#[derive(Subcommand, Debug)]
pub(super) enum Order {
    /// Come to work: paused until ready
    SignIn {
        /// Who
        agent: String,
        /// Free at once
        #[arg(long)]
        ready: bool,
    },
    /// Go home; during a call, after it
    SignOut {
        /// Who
        agent: String,
    },
    /// Take calls
    Ready {
        /// Who
        agent: String,
    },
    /// Take no calls
    Pause {
        /// Who
        agent: String,
        /// Reason code: meal, training, meeting …
        reason: String,
    },
    /// More time to write up
    ExtendWrapUp {
        /// Who
        agent: String,
        /// So many seconds more
        seconds: u32,
    },
    /// The agent's telephone rings, then the place is called
    Dial {
        /// Who
        agent: String,
        #[command(flatten)]
        to: To,
    },
    /// End the agent's part of the call
    HangUp {
        /// Who
        agent: String,
    },
    /// Put the citizen on hold with music, or come back
    Hold {
        /// Who
        agent: String,
        /// Come back
        #[arg(long)]
        off: bool,
    },
    /// Press keys, for a unit's menu
    Keys {
        /// Who
        agent: String,
        /// 0–9, *, #, A–D
        keys: String,
    },
    /// Send the citizen on and leave
    SendOn {
        /// Who
        agent: String,
        #[command(flatten)]
        to: To,
    },
    /// Ask somebody first; then hand-over, join or drop
    Consult {
        /// Who
        agent: String,
        #[command(flatten)]
        to: To,
    },
    /// The one who was consulted takes the citizen over
    HandOver {
        /// Who
        agent: String,
    },
    /// The one who was consulted joins
    Join {
        /// Who
        agent: String,
    },
    /// The third leaves
    Drop {
        /// Who
        agent: String,
    },
    /// Park the citizen with music
    Park {
        /// Who
        agent: String,
    },
    /// Take a parked call, or the one that rings at a colleague's
    PickUp {
        /// Who
        agent: String,
        /// The slot, or the colleague
        from: String,
    },
    /// Listen to, whisper into, barge into a call
    Supervise {
        /// Who listens
        supervisor: String,
        /// To whom
        agent: String,
        /// listening, whispering, barging
        #[arg(default_value = "listening")]
        part: String,
    },
    /// The supervisor, already in the call, takes it over
    TakeOver {
        /// Who
        supervisor: String,
    },
    /// Keep private data out of the recording, or record again
    Mask {
        /// Who
        agent: String,
        /// Record again
        #[arg(long)]
        off: bool,
    },
    /// Note what came of a call
    Outcome {
        /// The call
        call: String,
        /// answered, case, callback, emergency, invalid, no_policy …
        code: String,
        /// Note
        #[arg(default_value = "")]
        note: String,
    },
    /// Call a citizen back who is owed it
    Take {
        /// The call that owes it
        call: String,
        /// Who calls
        agent: String,
    },
    /// Settle a debt without a call
    Settle {
        /// The call that owes it
        call: String,
        /// Why
        note: String,
    },
}

/// Where to: one of them.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct To {
    /// A queue
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// A colleague
    #[arg(long = "to", value_name = "AGENT")]
    colleague: Option<String>,
    /// A number outside
    #[arg(long)]
    number: Option<String>,
}

impl To {
    fn place(&self) -> Value {
        match (&self.queue, &self.colleague, &self.number) {
            (Some(queue), _, _) => json!({ "to": { "queue": queue } }),
            (None, Some(agent), _) => json!({ "to": { "agent": agent } }),
            (None, None, number) => json!({ "to": { "number": number } }),
        }
    }
}

impl Order {
    /// Where it is sent, and what is said there.
    pub(super) fn request(&self) -> (String, Value) {
        let agent = |who: &str, verb: &str| format!("/agents/{}/{verb}", escaped(who));
        let call = |who: &str, verb: &str| agent(who, &format!("call/{verb}"));
        let nothing = || json!({});
        match self {
            Self::SignIn { agent: who, ready } => (agent(who, "sign-in"), json!({ "ready": ready })),
            Self::SignOut { agent: who } => (agent(who, "sign-out"), nothing()),
            Self::Ready { agent: who } => (agent(who, "ready"), nothing()),
            Self::Pause { agent: who, reason } => (agent(who, "pause"), json!({ "reason": reason })),
            Self::ExtendWrapUp { agent: who, seconds } => (agent(who, "extend-wrap-up"), json!({ "seconds": seconds })),
            Self::Dial { agent: who, to } => (call(who, "dial"), to.place()),
            Self::HangUp { agent: who } => (call(who, "hang-up"), nothing()),
            Self::Hold { agent: who, off } => (call(who, "hold"), json!({ "on": !off })),
            Self::Keys { agent: who, keys } => (call(who, "keys"), json!({ "keys": keys })),
            Self::SendOn { agent: who, to } => (call(who, "send-on"), to.place()),
            Self::Consult { agent: who, to } => (call(who, "consult"), to.place()),
            Self::HandOver { agent: who } => (call(who, "hand-over"), nothing()),
            Self::Join { agent: who } => (call(who, "join"), nothing()),
            Self::Drop { agent: who } => (call(who, "drop"), nothing()),
            Self::Park { agent: who } => (call(who, "park"), nothing()),
            Self::PickUp { agent: who, from } => (call(who, "pick-up"), json!({ "from": from })),
            Self::Supervise {
                supervisor,
                agent: whose,
                part,
            } => (call(supervisor, "supervise"), json!({ "agent": whose, "part": part })),
            Self::TakeOver { supervisor } => (call(supervisor, "take-over"), nothing()),
            Self::Mask { agent: who, off } => (call(who, "mask"), json!({ "on": !off })),
            Self::Outcome { call, code, note } => (
                format!("/calls/{}/outcome", escaped(call)),
                json!({ "code": code, "note": note }),
            ),
            Self::Take { call, agent } => (format!("/call-backs/{}/take", escaped(call)), json!({ "agent": agent })),
            Self::Settle { call, note } => (format!("/call-backs/{}/settle", escaped(call)), json!({ "note": note })),
        }
    }
}
