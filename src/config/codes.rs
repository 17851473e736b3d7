//! `[codes]`: what agents dial to tell the exchange something. Knows no call.

use serde::{Deserialize, Serialize};

/// `[codes]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Codes {
    /// Come to work, free at once.
    pub sign_in: String,
    /// Go home.
    pub sign_out: String,
    /// Take calls.
    pub ready: String,
    /// Take none.
    pub pause: String,
    /// Reasons of pauses, in the order of their numbers.
    pub pause_reasons: Vec<String>,
    /// More time to write up.
    pub more_time: String,
    /// Park the citizen.
    pub park: String,
    /// Take a parked call, or one that rings at a colleague's.
    pub pick_up: String,
    /// Listen to a colleague.
    pub listen: String,
    /// Whisper to a colleague.
    pub whisper: String,
    /// Join a colleague.
    pub barge: String,
    /// Take over the call that one supervises.
    pub take_over: String,
    /// All three speak.
    pub join: String,
    /// The one who was asked takes the citizen over.
    pub hand_over: String,
    /// The one who was asked, or joined, leaves.
    pub drop: String,
    /// Keep silence in the recording.
    pub mask: String,
    /// Record again.
    pub unmask: String,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            sign_in: "*71".into(),
            sign_out: "*72".into(),
            ready: "*73".into(),
            pause: "*74".into(),
            pause_reasons: ["rest", "meal", "training", "meeting"].map(str::to_owned).to_vec(),
            more_time: "*75".into(),
            park: "*76".into(),
            pick_up: "*77".into(),
            listen: "*78".into(),
            whisper: "*79".into(),
            barge: "*80".into(),
            take_over: "*81".into(),
            join: "*82".into(),
            hand_over: "*83".into(),
            drop: "*84".into(),
            mask: "*85".into(),
            unmask: "*86".into(),
        }
    }
}

impl Codes {
    /// Every code with the name of its key.
    pub fn table(&self) -> [(&'static str, &str); 16] {
        [
            ("sign_in", &self.sign_in),
            ("sign_out", &self.sign_out),
            ("ready", &self.ready),
            ("pause", &self.pause),
            ("more_time", &self.more_time),
            ("park", &self.park),
            ("pick_up", &self.pick_up),
            ("listen", &self.listen),
            ("whisper", &self.whisper),
            ("barge", &self.barge),
            ("take_over", &self.take_over),
            ("join", &self.join),
            ("hand_over", &self.hand_over),
            ("drop", &self.drop),
            ("mask", &self.mask),
            ("unmask", &self.unmask),
        ]
    }

    /// What is wrong with the table: the key to look at, and a sentence.
    pub(super) fn broken(&self) -> Vec<(String, String)> {
        let used: Vec<(&str, &str)> = self.table().into_iter().filter(|(_, code)| !code.is_empty()).collect();
        let mut broken = Vec::new();
        for (name, code) in &used {
            let key = format!("codes.{name}");
            if !is_code(code) {
                let sentence = format!("{key} = {code:?} is no code: it begins with * or # and goes on with digits");
                broken.push((key, sentence));
                continue;
            }
            let mut others = used.iter().filter(|(other, _)| other != name);
            if let Some((other, longer)) = others.find(|(_, other)| other.starts_with(code)) {
                let sentence = format!(
                    "{key} = {code:?}: codes.{other} = {longer:?} begins alike, so nobody could tell which is meant"
                );
                broken.push((key, sentence));
            }
        }
        let good = |reason: &String| {
            let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            (1..=32).contains(&reason.len()) && reason.bytes().all(word)
        };
        if !self.pause_reasons.iter().all(good) || self.pause_reasons.is_empty() || self.pause_reasons.len() > 99 {
            let key = "codes.pause_reasons".to_owned();
            let sentence = format!("{key}: from 1 to 99 words of a-z, 0-9 and _, each up to 32 characters");
            broken.push((key, sentence));
        }
        broken
    }
}

fn is_code(code: &str) -> bool {
    let digits = code.strip_prefix(['*', '#']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}
