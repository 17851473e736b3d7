//! How people are served: what an operator chooses about calls with agents.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::ivr::Language;
use crate::kernel::calendar;

/// What an operator chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manners {
    /// The prompt that a citizen on hold hears, again and again.
    pub hold_music: String,
    /// Whether conversations are recorded.
    pub record_calls: bool,
    /// Longest recording.
    pub recording_max: Duration,
    /// The city's time zone: recordings lie in folders by its days.
    pub zone: TimeZone,
    /// `Alert-Info` for agents' telephones: some pick up by themselves when they see it.
    pub alert_info: Option<String>,
    /// The queue that serves debts of calls that stood in none.
    pub debts_queue: String,
    /// The language that agents are told things in.
    pub language: Language,
    /// How long telephones ring that people call: colleagues, citizens who are called back.
    pub ring_timeout: Duration,
    /// The number that is shown when agents call out, where the call belongs to no hotline.
    pub hotline_number: String,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            hold_music: "tone/hold".to_owned(),
            record_calls: true,
            recording_max: Duration::from_secs(7_200),
            zone: calendar::zone(calendar::DEFAULT_ZONE).unwrap_or(TimeZone::UTC),
            alert_info: None,
            debts_queue: "general".to_owned(),
            language: Language::default(),
            ring_timeout: Duration::from_secs(45),
            hotline_number: "12345".to_owned(),
        }
    }
}
