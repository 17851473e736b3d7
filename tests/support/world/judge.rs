//! What is true of a [`World`] whatever happened in it: each call ends once, nothing is left behind, no answer before its
//! entry in the ledger.

use std::net::{IpAddr, SocketAddr};

use yihao::kernel::{CallId, Event, EventKind};
use yihao::sip::message::{Message, Method, parse_datagram};

use super::{SERVER, World};

impl World {
    /// The kinds of events of the only call, or of the call with this index in the order of arrival.
    pub fn events_of(&self, index: usize) -> Vec<&EventKind> {
        let id = self.call_ids().get(index).copied();
        self.ledger
            .iter()
            .filter(|e| e.call() == id && id.is_some())
            .map(|e| &e.kind)
            .collect()
    }

    /// How the call ended, as the ledger has it. Fails unless it ended exactly once.
    pub fn end_of(&self, index: usize) -> (yihao::kernel::EndedBy, yihao::kernel::EndReason) {
        let ends: Vec<_> = self
            .events_of(index)
            .into_iter()
            .filter_map(|k| match k {
                EventKind::Ended { by, reason, .. } => Some((*by, *reason)),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), 1, "a call ends exactly once: {:?}", self.events_of(index));
        ends[0]
    }

    /// Number of calls that the ledger knows.
    pub fn calls(&self) -> usize {
        self.call_ids().len()
    }

    fn call_ids(&self) -> Vec<CallId> {
        let mut ids = Vec::new();
        for event in &self.ledger {
            if let Some(call) = event.call()
                && !ids.contains(&call)
            {
                ids.push(call);
            }
        }
        ids
    }

    /// Whether the ledger says that the call was answered: a 200 whose call ended before it left never left.
    pub fn was_answered(&self, index: usize) -> bool {
        let events = self.events_of(index);
        let answered = events.iter().any(|k| matches!(k, EventKind::AnsweredByMachine { .. }));
        let refused = events
            .iter()
            .any(|k| matches!(k, EventKind::Ended { status: Some(_), .. }));
        answered && !refused
    }

    /// After everything: no call, no session, no leg is left behind, and each call's story in the ledger is whole.
    pub fn assert_nothing_is_left(&self) {
        for index in 0..self.calls() {
            self.assert_story_is_whole(index);
        }
        assert_eq!(self.exchange.live(), 0, "calls left");
        assert!(self.exchange.is_idle(), "something waits for the ledger");
        assert_eq!(self.exchange.legs(), 0, "legs left");
        assert_eq!(self.exchange.transactions(), 0, "transactions left");
        assert!(self.media.is_empty(), "media sessions left: {:?}", self.media.keys());
        for (i, phone) in self
            .phones
            .iter()
            .enumerate()
            .filter(|(i, _)| !self.unplugged.contains(i))
        {
            assert_eq!(phone.open_legs(), 0, "phone {i} has legs left");
        }
    }

    /// An arrival first, an end, and nothing but afterthoughts behind it.
    fn assert_story_is_whole(&self, index: usize) {
        let events = self.events_of(index);
        assert!(
            matches!(events.first(), Some(EventKind::Invite { .. })),
            "the story begins with its INVITE: {events:?}"
        );
        self.end_of(index);
        let end = events
            .iter()
            .position(|k| matches!(k, EventKind::Ended { .. }))
            .unwrap_or_default();
        let afterthought = |k: &EventKind| {
            matches!(
                k,
                EventKind::RecordingEnded { .. }
                    | EventKind::Quality { .. }
                    | EventKind::CallbackOwed { .. }
                    | EventKind::CallbackTried { .. }
                    | EventKind::CallbackSettled { .. }
                    | EventKind::Outcome { .. }
                    | EventKind::Revealed { .. }
            )
        };
        assert!(
            events[end + 1..].iter().all(|k| afterthought(k)),
            "events after the end: {events:?}"
        );
    }

    /// A final answer to a call's INVITE or BYE leaves only when the ledger durably holds what it says.
    pub(super) fn check_answer(&self, bytes: &[u8], from: SocketAddr) {
        if from.ip() != IpAddr::V4(SERVER) {
            return;
        }
        let Ok(Message::Response(response)) = parse_datagram(bytes) else {
            return;
        };
        let call_id = response.headers.call_id().map(|id| id.to_string()).unwrap_or_default();
        let method = response.headers.cseq().map(|c| c.method);
        let mine = |e: &&Event| matches!(&e.kind, EventKind::Invite { sip_call_id, .. } if *sip_call_id == call_id);
        let Some(call) = self.ledger.iter().find(mine).and_then(Event::call) else {
            return;
        };
        let durable = |what: fn(&EventKind) -> bool| {
            self.ledger[..self.durable]
                .iter()
                .any(|e| e.call() == Some(call) && what(&e.kind))
        };
        let answered = durable(|k| matches!(k, EventKind::AnsweredByMachine { .. }));
        let ended = durable(|k| matches!(k, EventKind::Ended { .. }));
        let told = match (&method, response.status) {
            (_, ..200) => true,
            (Ok(Method::Invite), 200..300) => answered,
            // The answer to a re-INVITE is no end.
            (Ok(Method::Invite), _) => ended || self.was_sent(&call_id, "200", "INVITE"),
            // A known gap: where the user agent ends a dialog by itself (no ACK, no answer in it, no refresh), its BYE does not
            // wait for the ledger, and neither does the answer to a BYE that crosses it. The end is being written by then.
            (Ok(Method::Bye), 200..300) => ended || (self.we_said_bye(&call_id) && self.is_ending(call)),
            (_, _) => true,
        };
        assert!(
            told,
            "{} for {method:?} left before its entry in the ledger",
            response.status
        );
    }

    fn is_ending(&self, call: CallId) -> bool {
        self.ledger
            .iter()
            .any(|e| e.call() == Some(call) && matches!(e.kind, EventKind::Ended { .. }))
    }

    fn we_said_bye(&self, call_id: &str) -> bool {
        self.sip_log
            .iter()
            .filter(|(_, from, ..)| from.ip() == IpAddr::V4(SERVER))
            .any(|(.., bytes)| bytes.starts_with(b"BYE ") && String::from_utf8_lossy(bytes).contains(call_id))
    }

    /// Whether the server has sent such an answer in this dialog.
    pub fn was_sent(&self, call_id: &str, status: &str, method: &str) -> bool {
        self.sip_log
            .iter()
            .filter(|(_, from, ..)| from.ip() == IpAddr::V4(SERVER))
            .any(|(.., bytes)| {
                let text = String::from_utf8_lossy(bytes);
                let cseq = text.lines().find(|l| l.starts_with("CSeq:")).unwrap_or_default();
                text.starts_with(&format!("SIP/2.0 {status} ")) && text.contains(call_id) && cseq.ends_with(method)
            })
    }

    /// A telephone's script went as written.
    pub fn assert_went_well(&self, phone: usize) {
        let report = self.phones[phone].report();
        assert!(
            report.failures.is_empty(),
            "phone {phone}: {:#?}\n{:#?}",
            report.failures,
            report.timeline
        );
    }

    /// Names of the call's events, as the ledger spells them.
    pub fn story_of(&self, index: usize) -> Vec<String> {
        let name = |k: &&EventKind| serde_json::to_value(k).unwrap()["type"].as_str().unwrap().to_owned();
        self.events_of(index).iter().map(name).collect()
    }

    /// The recording that was closed last, A-law.
    pub fn last_recording(&self) -> &[u8] {
        self.recordings.values().next_back().map_or(&[], Vec::as_slice)
    }
}
