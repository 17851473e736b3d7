//! `[calls]`: how agents call and are called, what citizens hear on hold, what is recorded. Knows no call.

use serde::{Deserialize, Serialize};

use super::bounds::{Bound, bound};

/// `[calls]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calls {
    /// Numbers that agents may call, and citizens be called back at.
    pub allow: Vec<String>,
    /// Our number, shown to those whom agents call.
    pub number: String,
    /// How long telephones ring that agents call, seconds.
    pub ring_timeout_s: u32,
    /// What a citizen on hold hears.
    pub hold_music: String,
    /// Conversations with agents are recorded.
    pub record: bool,
    /// Longest recording of a conversation, seconds.
    pub record_max_s: u32,
    /// `Alert-Info` for agents' telephones.
    pub alert_info: Option<String>,
    /// The queue whose agents pay debts of calls that stood in none.
    pub callback_queue: String,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            number: "12345".into(),
            ring_timeout_s: 45,
            hold_music: "tone/hold".into(),
            record: true,
            record_max_s: 7_200,
            alert_info: None,
            callback_queue: "general".into(),
        }
    }
}

impl Calls {
    pub(super) fn bounds(&self) -> Vec<Bound> {
        vec![
            bound("ring_timeout_s", self.ring_timeout_s, 5..=180),
            bound("record_max_s", self.record_max_s, 60..=86_400),
        ]
    }

    /// What is wrong: the key to look at, and a sentence.
    pub(super) fn broken(&self) -> Vec<(String, String)> {
        let mut broken = Vec::new();
        for number in self.allow.iter().filter(|number| !super::rules::is_pattern(number)) {
            let sentence =
                format!("calls.allow: {number:?} is no number such as \"110\", \"1XXXXXXXXXX\" or \"0391*\"");
            broken.push(("calls.allow".to_owned(), sentence));
        }
        let digits = self.number.strip_prefix('+').unwrap_or(&self.number);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let sentence = format!("calls.number: {:?} is no telephone number", self.number);
            broken.push(("calls.number".to_owned(), sentence));
        }
        if self
            .alert_info
            .as_ref()
            .is_some_and(|text| text.chars().any(char::is_control))
        {
            let sentence = "calls.alert_info: one line of text".to_owned();
            broken.push(("calls.alert_info".to_owned(), sentence));
        }
        broken
    }
}
