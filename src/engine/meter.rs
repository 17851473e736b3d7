//! Metrics from the same events that the ledger gets: nothing is counted twice or in two ways.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::{Counter, Histogram, counter, histogram};

use crate::kernel::{CallId, EndReason, Event, EventKind, Wall};

use super::gauges::ShardGauges;

/// Calls under way whose arrival is remembered for their length; beyond it a length is not measured.
const REMEMBERED_MAX: usize = 100_000;

/// Counts events.
pub(super) struct Meter {
    shown: Arc<ShardGauges>,
    arrived: HashMap<CallId, Wall>,
    pickup: Histogram,
    length: Histogram,
    unknown: Counter,
}

impl Meter {
    /// A meter that also shows its shard's totals.
    pub(super) fn new(shown: Arc<ShardGauges>) -> Self {
        Self {
            shown,
            arrived: HashMap::new(),
            pickup: histogram!("yihao_pickup_seconds"),
            length: histogram!("yihao_call_seconds"),
            unknown: counter!("yihao_calls_total", "hotline" => "none"),
        }
    }

    /// Takes events in the order of the ledger.
    pub(super) fn count(&mut self, events: &[Event]) {
        for event in events {
            self.count_one(event);
        }
    }

    fn count_one(&mut self, event: &Event) {
        let Some(call) = event.call() else { return };
        match &event.kind {
            EventKind::Invite { hotline, .. } => {
                self.shown.arrived.fetch_add(1, Ordering::Relaxed);
                match hotline {
                    // Hotlines are named in the plans: their number is bounded by what an operator wrote.
                    Some(name) => counter!("yihao_calls_total", "hotline" => name.clone()).increment(1),
                    None => self.unknown.increment(1),
                }
                if self.arrived.len() < REMEMBERED_MAX {
                    self.arrived.insert(call, event.at);
                }
            }
            EventKind::AnsweredByMachine { .. } => {
                if let Some(at) = self.arrived.get(&call) {
                    self.pickup.record(seconds(*at, event.at));
                }
            }
            EventKind::Ended { by, reason, status } => {
                if let Some(at) = self.arrived.remove(&call) {
                    self.length.record(seconds(at, event.at));
                }
                counter!("yihao_calls_ended_total", "reason" => reason.as_str(), "by" => by.as_str()).increment(1);
                if let Some(status) = status {
                    let refused = u64::from(*reason != EndReason::Abandoned);
                    self.shown.refused.fetch_add(refused, Ordering::Relaxed);
                    counter!("yihao_calls_refused_total", "status" => status.to_string()).increment(1);
                }
            }
            EventKind::CallbackOwed { because, .. } => {
                counter!("yihao_callbacks_owed_total", "because" => because.clone()).increment(1);
            }
            EventKind::TransferAnswered => counter!("yihao_transfers_total", "outcome" => "answered").increment(1),
            EventKind::TransferFailed { reason, .. } => {
                counter!("yihao_transfers_total", "outcome" => reason.as_str()).increment(1);
            }
            EventKind::MediaLost { lost: true } => counter!("yihao_media_dead_total").increment(1),
            EventKind::RecordingEnded { cut_short, .. } => {
                let outcome = cut_short.clone().unwrap_or_else(|| "saved".to_owned());
                counter!("yihao_recordings_total", "outcome" => outcome).increment(1);
            }
            EventKind::Quality { lost, .. } => counter!("yihao_rtp_lost_total").increment(*lost),
            EventKind::MediaLost { lost: false }
            | EventKind::Ringing
            | EventKind::PersonRequested { .. }
            | EventKind::Offered { .. }
            | EventKind::AnsweredByPerson { .. }
            | EventKind::Step { .. }
            | EventKind::Keys { .. }
            | EventKind::TransferStarted { .. }
            | EventKind::RecordingStarted { .. }
            | EventKind::Held { .. }
            | EventKind::QueueLeft { .. }
            | EventKind::OfferEnded { .. }
            | EventKind::Joined { .. }
            | EventKind::PartLeft { .. }
            | EventKind::AgentHeld { .. }
            | EventKind::Parked { .. }
            | EventKind::PickedUp { .. }
            | EventKind::SentOn { .. }
            | EventKind::RecordingMasked { .. }
            | EventKind::RetentionHeld { .. }
            | EventKind::RecordingPurged { .. }
            | EventKind::RatingAsked { .. }
            | EventKind::Rated { .. }
            | EventKind::Outcome { .. }
            | EventKind::CallbackTried { .. }
            | EventKind::CallbackSettled { .. }
            | EventKind::DialogOpened { .. }
            | EventKind::AgentChanged { .. }
            | EventKind::Revealed { .. } => {}
        }
    }
}

fn seconds(from: Wall, to: Wall) -> f64 {
    (to.as_millis() - from.as_millis()).max(0) as f64 / 1_000.0
}
