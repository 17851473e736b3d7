//! Metrics from the same events that the ledger gets: nothing is counted twice or in two ways.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::{Counter, Histogram, counter, histogram};

use crate::kernel::{CallId, EndReason, EndedBy, Event, EventKind, Part, Wall};
use crate::store::record::OfferOutcome;

use super::gauges::ShardGauges;

/// Calls under way of which something is remembered to be measured; of more than that nothing is.
const REMEMBERED_MAX: usize = 100_000;

/// What is to be measured of a call under way.
#[derive(Default)]
struct Live {
    arrived: Option<Wall>,
    waiting: Option<Waiting>,
    /// It was offered to somebody since the last answer.
    offered: bool,
    /// A person has answered.
    served: bool,
}

/// Somebody waits.
struct Waiting {
    queue: String,
    since: Wall,
    carried_ms: u64,
}

/// Counts events.
pub(super) struct Meter {
    shown: Arc<ShardGauges>,
    live: HashMap<CallId, Live>,
    pickup: Histogram,
    to_person: Histogram,
    length: Histogram,
    unknown: Counter,
}

impl Meter {
    /// A meter that also shows its shard's totals.
    pub(super) fn new(shown: Arc<ShardGauges>) -> Self {
        Self {
            shown,
            live: HashMap::new(),
            pickup: histogram!("yihao_pickup_seconds"),
            to_person: histogram!("yihao_arrival_to_person_seconds"),
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
        if let EventKind::AgentChanged { status, .. } = &event.kind {
            counter!("yihao_agent_changes_total", "status" => status.as_str()).increment(1);
        }
        let Some(call) = event.call() else { return };
        match &event.kind {
            EventKind::Invite { hotline, .. } => {
                self.shown.arrived.fetch_add(1, Ordering::Relaxed);
                match hotline {
                    // Hotlines are named in the plans: their number is bounded by what an operator wrote.
                    Some(name) => counter!("yihao_calls_total", "hotline" => name.clone()).increment(1),
                    None => self.unknown.increment(1),
                }
                if self.live.len() < REMEMBERED_MAX {
                    let live = Live {
                        arrived: Some(event.at),
                        ..Live::default()
                    };
                    self.live.insert(call, live);
                }
            }
            EventKind::AnsweredByMachine { .. } => {
                if let Some(at) = self.live.get(&call).and_then(|live| live.arrived) {
                    self.pickup.record(seconds(at, event.at));
                }
            }
            EventKind::PersonRequested { queue, carried_ms } => {
                // Queues are named in the configuration, like hotlines.
                counter!("yihao_person_requests_total", "queue" => queue.clone()).increment(1);
                if let Some(live) = self.live.get_mut(&call) {
                    live.waiting = Some(Waiting {
                        queue: queue.clone(),
                        since: event.at,
                        carried_ms: *carried_ms,
                    });
                }
            }
            EventKind::Offered { .. } => {
                if let Some(live) = self.live.get_mut(&call) {
                    live.offered = true;
                }
            }
            EventKind::AnsweredByPerson { .. } => self.answered_by_person(call, event.at),
            EventKind::QueueLeft { queue, outcome } => {
                if let Some(live) = self.live.get_mut(&call) {
                    live.waiting = None;
                }
                let (queue, outcome) = (queue.clone(), outcome.clone());
                counter!("yihao_queue_left_total", "queue" => queue, "outcome" => outcome).increment(1);
            }
            EventKind::OfferEnded { outcome, .. } => {
                let outcome = OfferOutcome::from(*outcome).as_str();
                counter!("yihao_offers_total", "outcome" => outcome).increment(1);
            }
            EventKind::Joined { part, .. } => {
                let part = match part {
                    Part::Agent | Part::Consulted => return,
                    Part::Third => "third",
                    Part::Listening => "listening",
                    Part::Whispering => "whispering",
                    Part::Barging => "barging",
                };
                counter!("yihao_joined_total", "part" => part).increment(1);
            }
            EventKind::Rated { stars, .. } => {
                counter!("yihao_ratings_total", "stars" => stars.to_string()).increment(1);
            }
            EventKind::CallbackTried { outcome, .. } => {
                counter!("yihao_callback_tries_total", "outcome" => outcome.clone()).increment(1);
            }
            EventKind::CallbackSettled { how, .. } => {
                counter!("yihao_callbacks_settled_total", "how" => how.clone()).increment(1);
            }
            EventKind::Ended { by, reason, status } => {
                let live = self.live.remove(&call).unwrap_or_default();
                if let Some(at) = live.arrived {
                    self.length.record(seconds(at, event.at));
                }
                if let Some(Waiting { queue, .. }) = live.waiting {
                    let outcome = if *by == EndedBy::Caller { "abandoned" } else { "ended" };
                    counter!("yihao_queue_left_total", "queue" => queue, "outcome" => outcome).increment(1);
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
            | EventKind::Step { .. }
            | EventKind::Keys { .. }
            | EventKind::TransferStarted { .. }
            | EventKind::RecordingStarted { .. }
            | EventKind::Held { .. }
            | EventKind::PartLeft { .. }
            | EventKind::AgentHeld { .. }
            | EventKind::Parked { .. }
            | EventKind::PickedUp { .. }
            | EventKind::SentOn { .. }
            | EventKind::RecordingMasked { .. }
            | EventKind::RetentionHeld { .. }
            | EventKind::RecordingPurged { .. }
            | EventKind::RatingAsked { .. }
            | EventKind::Outcome { .. }
            | EventKind::DialogOpened { .. }
            | EventKind::AgentChanged { .. }
            | EventKind::Revealed { .. } => {}
        }
    }
}

impl Meter {
    fn answered_by_person(&mut self, call: CallId, at: Wall) {
        let Some(live) = self.live.get_mut(&call) else { return };
        if std::mem::take(&mut live.offered) {
            counter!("yihao_offers_total", "outcome" => OfferOutcome::Answered.as_str()).increment(1);
        }
        // Without a wait somebody was sent to a colleague, or picked up, or called by an agent.
        if let Some(waiting) = live.waiting.take() {
            let waited = seconds(waiting.since, at) + waiting.carried_ms as f64 / 1_000.0;
            let queue = waiting.queue;
            counter!("yihao_person_answers_total", "queue" => queue.clone()).increment(1);
            histogram!("yihao_person_wait_seconds", "queue" => queue).record(waited);
            if let Some(arrived) = live.arrived.filter(|_| !live.served) {
                self.to_person.record(seconds(arrived, at));
            }
        }
        live.served = true;
    }
}

fn seconds(from: Wall, to: Wall) -> f64 {
    (to.as_millis() - from.as_millis()).max(0) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

    use super::*;
    use crate::kernel::{OfferEnd, PhoneNumber};

    #[test]
    fn a_wait_counts_from_the_first_request_and_each_offer_once() {
        let edges = Matcher::Full("yihao_person_wait_seconds".into());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(edges, &[15.0, 60.0]);
        let recorder = builder.unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, story);
        let text = handle.render();
        for line in [
            "yihao_person_requests_total{queue=\"general\"} 2",
            "yihao_person_answers_total{queue=\"general\"} 1",
            "yihao_person_answers_total{queue=\"english\"} 1",
            "yihao_person_wait_seconds_bucket{queue=\"general\",le=\"15\"} 1",
            "yihao_person_wait_seconds_bucket{queue=\"english\",le=\"15\"} 0",
            "yihao_person_wait_seconds_bucket{queue=\"english\",le=\"60\"} 1",
            "yihao_offers_total{outcome=\"no_answer\"} 1",
            "yihao_offers_total{outcome=\"answered\"} 1",
            "yihao_queue_left_total{queue=\"general\",outcome=\"abandoned\"} 1",
            "yihao_arrival_to_person_seconds_count 1",
            "yihao_ratings_total{stars=\"5\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    /// One citizen waits 10 s, is sent on and has waited 30 s when the next answers; another gives up.
    fn story() {
        let mut meter = Meter::new(Arc::default());
        let at = |s: i64| Wall::from_millis(1_700_000_000_000 + s * 1_000);
        let mut say = |n, s, kind| meter.count(&[Event::of_call(CallId::new(at(0), n), at(s), kind)]);
        let invite = || EventKind::Invite {
            from: PhoneNumber::new("13800001234"),
            to: PhoneNumber::new("12345"),
            hotline: Some("12345".into()),
            trunk: None,
            sip_call_id: "a@example.com".into(),
            source: "192.0.2.1:5060".into(),
            placed_by: None,
        };
        let requested = |queue: &str, carried_ms| EventKind::PersonRequested {
            queue: queue.into(),
            carried_ms,
        };
        let hangs_up = || EventKind::Ended {
            by: EndedBy::Caller,
            reason: EndReason::Hangup,
            status: None,
        };
        let agent = |name: &str| name.to_owned();
        say(1, 0, invite());
        say(1, 0, requested("general", 0));
        say(1, 1, EventKind::Offered { agent: agent("8001") });
        let outcome = OfferEnd::NoAnswer;
        say(
            1,
            5,
            EventKind::OfferEnded {
                agent: agent("8001"),
                outcome,
            },
        );
        say(1, 6, EventKind::Offered { agent: agent("8002") });
        say(1, 10, EventKind::AnsweredByPerson { agent: agent("8002") });
        say(1, 60, requested("english", 10_000));
        say(1, 80, EventKind::AnsweredByPerson { agent: agent("8003") });
        let rated = EventKind::Rated {
            agent: crate::kernel::AgentId::parse("8003").unwrap(),
            stars: 5,
        };
        say(1, 99, rated);
        say(1, 99, hangs_up());
        say(2, 0, invite());
        say(2, 0, requested("general", 0));
        say(2, 9, hangs_up());
    }
}
