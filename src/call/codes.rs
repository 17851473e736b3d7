//! Feature codes: what agents say to the exchange by dialling, where they have no page at hand. Pure: a dialled text becomes an
//! order, and what became of it becomes words. Knows no call.

use std::time::Duration;

use crate::ivr::Language;
use crate::ivr::spoken::{self, Piece, SpeechItem};
use crate::kernel::{AgentId, Part};
use crate::queue::Action;

use super::order::{Denied, Done, Order};

/// Longest time that a code may ask for to write up, minutes.
const MINUTES_MAX: u64 = 60;

/// What a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Come to work, free at once.
    SignIn,
    /// Go home.
    SignOut,
    /// Take calls.
    Ready,
    /// Take none; the number of the reason follows, or nothing for the first.
    Pause,
    /// More time to write up; minutes follow, or nothing for one.
    MoreTime,
    /// Park the citizen.
    Park,
    /// Take a parked call or one that rings: the slot or the colleague follows.
    PickUp,
    /// Listen to a colleague, who follows.
    Listen,
    /// Whisper to a colleague, who follows.
    Whisper,
    /// Join a colleague, who follows.
    Barge,
    /// Take over the call that one supervises.
    TakeOver,
    /// All three speak.
    Join,
    /// The one who was asked takes the citizen over.
    HandOver,
    /// The one who was asked, or joined, leaves.
    Drop,
    /// Keep silence in the recording.
    Mask,
    /// Record again.
    Unmask,
}

impl Verb {
    /// Every verb with the name of its key in the configuration and its usual code.
    pub const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::SignIn, "sign_in", "*71"),
        (Self::SignOut, "sign_out", "*72"),
        (Self::Ready, "ready", "*73"),
        (Self::Pause, "pause", "*74"),
        (Self::MoreTime, "more_time", "*75"),
        (Self::Park, "park", "*76"),
        (Self::PickUp, "pick_up", "*77"),
        (Self::Listen, "listen", "*78"),
        (Self::Whisper, "whisper", "*79"),
        (Self::Barge, "barge", "*80"),
        (Self::TakeOver, "take_over", "*81"),
        (Self::Join, "join", "*82"),
        (Self::HandOver, "hand_over", "*83"),
        (Self::Drop, "drop", "*84"),
        (Self::Mask, "mask", "*85"),
        (Self::Unmask, "unmask", "*86"),
    ];

    /// Whether something follows the code.
    const fn takes_more(self) -> bool {
        match self {
            Self::Pause | Self::MoreTime | Self::PickUp | Self::Listen | Self::Whisper | Self::Barge => true,
            Self::SignIn
            | Self::SignOut
            | Self::Ready
            | Self::Park
            | Self::TakeOver
            | Self::Join
            | Self::HandOver
            | Self::Drop
            | Self::Mask
            | Self::Unmask => false,
        }
    }
}

/// Why a table of codes is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    /// Not `*` or `#` with digits behind.
    #[error("{0:?} is no code: it begins with * or # and goes on with at least one digit")]
    Shape(String),
    /// Nobody could tell which was meant.
    #[error("{0:?} begins like {1:?}: nobody could tell which is meant")]
    Alike(String, String),
}

/// The codes of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    table: Vec<(String, Verb)>,
    reasons: Vec<String>,
}

impl Default for Codes {
    fn default() -> Self {
        let usual = Verb::ALL.iter().map(|(verb, _, code)| ((*code).to_owned(), *verb));
        Self {
            table: usual.collect(),
            reasons: ["rest", "meal", "training", "meeting"].map(str::to_owned).to_vec(),
        }
    }
}

impl Codes {
    /// A table; an empty code switches its verb off. `reasons`: of pauses, the first is number 1.
    ///
    /// # Errors
    /// [`BadCode`].
    pub fn new(table: Vec<(Verb, String)>, reasons: Vec<String>) -> Result<Self, BadCode> {
        let table: Vec<(String, Verb)> = table
            .into_iter()
            .filter(|(_, code)| !code.is_empty())
            .map(|(verb, code)| (code, verb))
            .collect();
        for (at, (code, _)) in table.iter().enumerate() {
            if !is_code(code) {
                return Err(BadCode::Shape(code.clone()));
            }
            let mut others = table.iter().enumerate().filter(|(other, _)| *other != at);
            if let Some((_, (other, _))) = others.find(|(_, (other, _))| other.starts_with(code.as_str())) {
                return Err(BadCode::Alike(other.clone(), code.clone()));
            }
        }
        Ok(Self { table, reasons })
    }

    /// The order that an agent dials; `None` if the text is no code but somebody's number.
    pub fn order(&self, agent: &AgentId, dialled: &str) -> Option<Result<Order, Denied>> {
        if !dialled.starts_with(['*', '#']) {
            return None;
        }
        let known = self
            .table
            .iter()
            .find_map(|(code, verb)| Some((*verb, dialled.strip_prefix(code.as_str())?)));
        let Some((verb, rest)) = known else {
            return Some(Err(Denied::Unknown));
        };
        // `*74*2` and `*742#` are `*742`.
        let rest = rest.trim_matches(['*', '#']);
        if !rest.is_empty() && !verb.takes_more() {
            return Some(Err(Denied::Unknown));
        }
        Some(self.order_of(verb, agent.clone(), rest))
    }

    fn order_of(&self, verb: Verb, agent: AgentId, rest: &str) -> Result<Order, Denied> {
        let act = |action| Order::Act {
            agent: agent.clone(),
            action,
            by: None,
        };
        let supervise = |part| {
            let supervised = AgentId::parse(rest).ok_or(Denied::Unknown)?;
            Ok(Order::Supervise {
                supervisor: agent.clone(),
                agent: supervised,
                part,
            })
        };
        Ok(match verb {
            Verb::SignIn => act(Action::SignIn { ready: true }),
            Verb::SignOut => act(Action::SignOut),
            Verb::Ready => act(Action::Ready),
            Verb::Pause => act(Action::Pause {
                reason: self.reason(rest).ok_or(Denied::Unknown)?,
            }),
            Verb::MoreTime => act(Action::ExtendWrapUp {
                by: minutes(rest).ok_or(Denied::Unknown)?,
            }),
            Verb::Park => Order::Park { agent },
            Verb::PickUp if rest.is_empty() => return Err(Denied::Unknown),
            Verb::PickUp => Order::PickUp {
                agent,
                from: rest.to_owned(),
            },
            Verb::Listen => return supervise(Part::Listening),
            Verb::Whisper => return supervise(Part::Whispering),
            Verb::Barge => return supervise(Part::Barging),
            Verb::TakeOver => Order::TakeOver { supervisor: agent },
            Verb::Join => Order::Join { agent },
            Verb::HandOver => Order::HandOver { agent },
            Verb::Drop => Order::Drop { agent },
            Verb::Mask => Order::Mask { agent, on: true },
            Verb::Unmask => Order::Mask { agent, on: false },
        })
    }

    fn reason(&self, number: &str) -> Option<String> {
        let number: usize = if number.is_empty() { 1 } else { number.parse().ok()? };
        self.reasons.get(number.checked_sub(1)?).cloned()
    }
}

fn is_code(code: &str) -> bool {
    let digits = code.strip_prefix(['*', '#']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn minutes(text: &str) -> Option<Duration> {
    let minutes: u64 = if text.is_empty() { 1 } else { text.parse().ok()? };
    (1..=MINUTES_MAX)
        .contains(&minutes)
        .then(|| Duration::from_secs(minutes * 60))
}

/// What the agent hears about his order.
pub(super) fn words(order: Option<&Order>, done: &Result<Done, Denied>, language: Language) -> Vec<Piece> {
    let (prompt, digits) = match (done, order) {
        (Ok(Done::Call { slot: Some(slot), .. }), _) => ("park/parked", Some(slot.clone())),
        (Ok(Done::Accepted | Done::Call { .. }), Some(order)) => (done_prompt(order), None),
        (Ok(Done::Accepted | Done::Call { .. }), None) => ("code/done", None),
        (Err(Denied::Unknown), Some(Order::PickUp { .. })) => ("park/none", None),
        (Err(Denied::NoCall), _) => ("code/no-call", None),
        (Err(Denied::NotAllowed | Denied::NumberNotAllowed), _) => ("code/not-allowed", None),
        (Err(Denied::Floor(_) | Denied::Unknown | Denied::Unreachable | Denied::NotNow | Denied::Full), _) => {
            ("code/refused", None)
        }
    };
    let mut pieces = spoken::pieces(&SpeechItem::Prompt(prompt.to_owned()), language);
    if let Some(digits) = digits {
        pieces.extend(spoken::pieces(&SpeechItem::Digits(digits), language));
    }
    pieces
}

fn done_prompt(order: &Order) -> &'static str {
    match order {
        Order::Act { action, .. } => match action {
            Action::SignIn { .. } => "code/signed-in",
            Action::SignOut => "code/signed-out",
            Action::Ready => "code/ready",
            Action::Pause { .. } => "code/paused",
            Action::ExtendWrapUp { .. } => "code/wrap-up",
        },
        Order::Mask { on: true, .. } => "record/masked",
        Order::Mask { on: false, .. } => "record/unmasked",
        Order::Dial { .. }
        | Order::HangUp { .. }
        | Order::Hold { .. }
        | Order::Keys { .. }
        | Order::SendOn { .. }
        | Order::Consult { .. }
        | Order::HandOver { .. }
        | Order::Join { .. }
        | Order::Drop { .. }
        | Order::Park { .. }
        | Order::PickUp { .. }
        | Order::Supervise { .. }
        | Order::TakeOver { .. }
        | Order::Outcome { .. }
        | Order::SettleDebt { .. } => "code/done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(text: &str) -> Option<Result<Order, Denied>> {
        Codes::default().order(&AgentId::parse("8001").unwrap(), text)
    }

    fn action(text: &str) -> Action {
        match dialled(text) {
            Some(Ok(Order::Act { action, .. })) => action,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_agent_comes_pauses_and_goes_by_dialling() {
        assert_eq!(action("*71"), Action::SignIn { ready: true });
        assert_eq!(action("*72"), Action::SignOut);
        assert_eq!(action("*73#"), Action::Ready);
        for (text, reason) in [
            ("*74", "rest"),
            ("*742", "meal"),
            ("*74*2", "meal"),
            ("*743#", "training"),
        ] {
            assert_eq!(action(text), Action::Pause { reason: reason.into() }, "{text}");
        }
        for (text, seconds) in [("*75", 60), ("*755", 300)] {
            let by = Duration::from_secs(seconds);
            assert_eq!(action(text), Action::ExtendWrapUp { by }, "{text}");
        }
    }

    #[test]
    fn codes_about_calls_name_a_slot_or_a_colleague() {
        let agent = AgentId::parse("8001").unwrap();
        assert_eq!(dialled("*76"), Some(Ok(Order::Park { agent: agent.clone() })));
        let from = "701".to_owned();
        assert_eq!(
            dialled("*77701"),
            Some(Ok(Order::PickUp {
                agent: agent.clone(),
                from
            }))
        );
        for (text, part) in [
            ("*788002", Part::Listening),
            ("*79*8002", Part::Whispering),
            ("*808002", Part::Barging),
        ] {
            let order = Order::Supervise {
                supervisor: agent.clone(),
                agent: AgentId::parse("8002").unwrap(),
                part,
            };
            assert_eq!(dialled(text), Some(Ok(order)), "{text}");
        }
        assert_eq!(dialled("*85"), Some(Ok(Order::Mask { agent, on: true })));
    }

    #[test]
    fn numbers_are_no_codes_and_codes_that_nobody_knows_are_refused() {
        for number in ["8002", "12345", "+8613800001234", ""] {
            assert_eq!(dialled(number), None);
        }
        for code in [
            "*", "*99", "#71", "*711", "*749", "*74x", "*7599", "*750", "*77", "*78", "*78 8002",
        ] {
            assert_eq!(dialled(code), Some(Err(Denied::Unknown)), "{code}");
        }
    }

    #[test]
    fn a_table_in_which_nobody_could_tell_is_none() {
        let table = |codes: &[(Verb, &str)]| {
            let codes = codes.iter().map(|(verb, code)| (*verb, (*code).to_owned()));
            Codes::new(codes.collect(), Vec::new())
        };
        assert!(table(&[(Verb::SignIn, "*1"), (Verb::SignOut, "*2"), (Verb::Ready, "")]).is_ok());
        assert!(matches!(table(&[(Verb::SignIn, "71")]), Err(BadCode::Shape(_))));
        assert!(matches!(table(&[(Verb::SignIn, "*")]), Err(BadCode::Shape(_))));
        let alike = table(&[(Verb::Pause, "*7"), (Verb::SignOut, "*72")]);
        assert!(matches!(alike, Err(BadCode::Alike(..))));
        let same = table(&[(Verb::SignIn, "*7"), (Verb::SignOut, "*7")]);
        assert!(matches!(same, Err(BadCode::Alike(..))));
    }

    #[test]
    fn every_outcome_has_words() {
        let said = |order: Option<&Order>, done| format!("{:?}", words(order, &done, Language::Zh));
        let agent = AgentId::parse("8001").unwrap();
        let park = Order::Park { agent: agent.clone() };
        let call = crate::kernel::CallId::new(crate::kernel::Wall::from_millis(0), 1);
        let slot = Some("701".to_owned());
        let parked = said(Some(&park), Ok(Done::Call { call, slot }));
        assert!(parked.contains("park/parked") && parked.contains("num/"), "{parked}");
        assert!(said(Some(&park), Err(Denied::NoCall)).contains("code/no-call"));
        let from = "701".to_owned();
        assert!(said(Some(&Order::PickUp { agent, from }), Err(Denied::Unknown)).contains("park/none"));
        assert!(said(None, Err(Denied::Unknown)).contains("code/refused"));
    }
}
