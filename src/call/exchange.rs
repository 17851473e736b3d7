//! The exchange: all calls of one shard. Takes messages, sound events and time; gives commands.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::ivr::dialplan::Dialplan;
use crate::ivr::walk::Input as WalkInput;
use crate::kernel::calendar::Calendar;
use crate::kernel::{CallId, Direction, EndReason, EndedBy, EventKind, Law, LegId, MediaId, Mono, Now, PhoneNumber};
use crate::media::{MediaOutput, QualityStats};
use crate::sip::Flow;
use crate::sip::message::{Malformed, Message, Method};
use crate::sip::sdp::LocalAudio;
use crate::sip::transaction::TransactionConfig;
use crate::sip::trunk::{Answer, Target, TrunkConfig};
use crate::sip::ua::{Command as UaCommand, LegEnd, UaConfig, UaEvent, UserAgent};

use super::accounts::Doorkeeper;
use super::admission::{Limits, Peer};
use super::arrival::Arrival;
use super::codes::Codes;
use super::desk::{Command, Desk, LocalRtp};
use super::ending::After;
use super::gateway::{Route, TrunkState};
use super::live::{Call, Heard, Phase};
use super::manners::Manners;
use super::message::{self, Recorded};
use super::party::PartyId;
use super::recorder::Purpose;
use super::short_call::ShortCalls;
use super::trunks::Trunks;

/// A carrier that does not even say 100 within so many T1 is dead (four transmissions of the INVITE).
const SILENCE_T1: u32 = 10;

/// Ended calls that are remembered.
const RECENT_MAX: usize = 10_000;

/// What an exchange needs to begin.
pub struct ExchangeConfig {
    /// Number of the shard: ids of different shards never meet.
    pub shard: u16,
    /// Shards in all.
    pub shards: u16,
    /// Media workers that sessions are spread over, 1–255.
    pub media_workers: u8,
    /// For the user agent.
    pub ua: UaConfig,
    /// For the transactions.
    pub transactions: TransactionConfig,
    /// For every random choice of this shard.
    pub seed: u64,
}

/// What all calls of an exchange see and an operator may change while they run.
#[derive(Clone)]
pub struct Shared {
    /// The dialplan for calls that arrive from now on.
    pub plan: Arc<Dialplan>,
    /// The working calendar.
    pub calendar: Arc<Calendar>,
    /// Who may send calls.
    pub peers: Vec<Peer>,
    /// Where transfers go.
    pub routes: Vec<Route>,
    /// Limits.
    pub limits: Limits,
    /// Codecs, the preferred one first.
    pub laws: Vec<Law>,
    /// Longest call.
    pub call_max: Duration,
    /// How people are served.
    pub manners: Manners,
    /// What agents can dial.
    pub codes: Arc<Codes>,
    /// No new calls.
    pub draining: bool,
}

impl Shared {
    /// Our side of an audio stream.
    pub(super) fn audio(&self, rtp: LocalRtp, session_id: u64, session_version: u64) -> LocalAudio {
        LocalAudio {
            address: rtp.address,
            rtp_port: rtp.rtp_port,
            rtcp_port: rtp.rtcp_port,
            session_id,
            session_version,
            laws: self.laws.clone(),
            dtmf: true,
            ptime_ms: 20,
            direction: Direction::SendRecv,
        }
    }
}

/// One live call, for lists. Numbers are masked when shown.
#[derive(Clone, Debug)]
pub struct CallView {
    /// The call.
    pub id: CallId,
    /// Caller.
    pub from: PhoneNumber,
    /// Dialled number.
    pub to: PhoneNumber,
    /// Hotline.
    pub hotline: Option<String>,
    /// When it arrived.
    pub arrived: Now,
    /// Where it is in the plan.
    pub step: Option<String>,
}

/// All calls of one shard.
pub struct Exchange {
    pub(super) calls: HashMap<CallId, Call>,
    /// Calls that ended lately: agents still say what came of them.
    pub(super) recent: VecDeque<CallId>,
    /// The next timer of each call that has one, so that a thousand parked calls cost nothing.
    timers: BTreeSet<(Mono, CallId)>,
    /// Calls that may have changed in this turn.
    pub(super) touched: Vec<CallId>,
    pub(super) doorkeeper: Doorkeeper,
    pub(super) short_calls: ShortCalls,
    trunks: Trunks,
    pub(super) desk: Desk,
    pub(super) shared: Shared,
}

impl Exchange {
    /// An exchange without calls.
    pub fn new(config: ExchangeConfig, shared: Shared) -> Self {
        let mut rng = StdRng::seed_from_u64(config.seed);
        let ua_config = UaConfig {
            allow_out_of_dialog: vec![Method::Register],
            allow_refer: true,
            ..config.ua
        };
        let silence = config.transactions.t1 * SILENCE_T1;
        let ua = UserAgent::new(ua_config, config.transactions, StdRng::from_rng(&mut rng));
        let doorkeeper = Doorkeeper::new(rng.random());
        let mut desk = Desk::new(ua, (config.shard, config.shards), config.media_workers, silence, rng);
        desk.manners = shared.manners.clone();
        Self {
            calls: HashMap::new(),
            recent: VecDeque::new(),
            timers: BTreeSet::new(),
            touched: Vec::new(),
            doorkeeper,
            short_calls: ShortCalls::default(),
            trunks: Trunks::default(),
            desk,
            shared,
        }
    }

    /// A SIP message arrived.
    pub fn receive(&mut self, message: Result<Message, Malformed>, flow: Flow, now: Now) {
        self.desk.ua.receive(message, flow, now);
        self.turn(now);
    }

    /// A connection broke.
    pub fn flow_failed(&mut self, flow: &Flow, now: Now) {
        self.desk.ua.flow_failed(flow, now);
        self.turn(now);
    }

    /// Answer to [`Command::OpenMedia`]; `None` if no port was free.
    pub fn media_opened(&mut self, id: MediaId, local: Option<LocalRtp>, now: Now) {
        if self.short_media_opened(id, local, now) {
            return self.turn(now);
        }
        let Some(call) = self.desk.by_media.get(&id).copied() else {
            return;
        };
        if local.is_none() {
            self.desk.by_media.remove(&id);
        }
        self.with_call(call, |call, desk, shared| match call.by_media(id) {
            Some(PartyId::CITIZEN) => call.media_opened(local, now, desk, shared),
            Some(party) => call.party_media_opened(party, local, now, desk, shared),
            None => desk.push(Command::CloseMedia { id }), // he is gone already
        });
        self.turn(now);
    }

    /// Answer to [`Command::Reach`].
    pub fn reached(&mut self, query: u64, flow: Option<Flow>, now: Now) {
        if !self.trunks.reached(query, flow, now, &mut self.desk)
            && let Some(call) = self.desk.by_query.remove(&query)
        {
            self.with_call(call, |call, desk, shared| {
                call.reached(query, flow, now, desk, shared);
            });
        }
        self.turn(now);
    }

    /// Gives this exchange the trunks of the house. Only the first shard has them.
    pub fn add_trunks(&mut self, trunks: Vec<TrunkConfig>, now: Now) {
        self.trunks.add(trunks, now, &mut self.desk);
        self.turn(now);
    }

    /// Answer to [`Command::Resolve`].
    pub fn resolved(&mut self, query: u64, answer: Answer, now: Now) {
        self.trunks.resolved(query, answer, now, &mut self.desk);
        self.turn(now);
    }

    /// Another shard's [`Command::TrunkState`].
    pub fn trunk_changed(&mut self, state: TrunkState) {
        self.desk.trunks.insert(state.name.clone(), state);
    }

    /// Another shard's [`Command::TrunkFailed`].
    pub fn trunk_target_failed(&mut self, name: &str, target: Target, now: Now) {
        self.trunks.target_failed(name, target, now, &mut self.desk);
        self.turn(now);
    }

    /// The house closes and no call needs a trunk any more: registrations are given back.
    pub fn stop_trunks(&mut self, now: Now) {
        self.trunks.stop(now, &mut self.desk);
        self.turn(now);
    }

    /// Whether every carrier has taken our farewell, or had two seconds for it.
    pub fn trunks_are_stopped(&self, now: Now) -> bool {
        self.trunks.are_stopped(now)
    }

    /// A media worker reports.
    pub fn heard(&mut self, id: MediaId, output: &MediaOutput, now: Now) {
        if !self.short_heard(id, output, now)
            && let Some(call) = self.desk.by_media.get(&id).copied()
        {
            self.with_call(call, |call, desk, _| match call.by_media(id) {
                Some(PartyId::CITIZEN) => call.heard(output, now, desk),
                Some(party) => call.party_heard(party, output, now, desk),
                None => {} // he is gone already
            });
        }
        self.turn(now);
    }

    /// The session is gone; what it saw of the line goes on record.
    pub fn media_closed(&mut self, id: MediaId, quality: &QualityStats, now: Now) {
        if let Some(call) = self.desk.by_media.remove(&id) {
            let kind = EventKind::Quality {
                sent: quality.packets_sent,
                received: quality.packets_received,
                lost: quality.packets_lost,
                jitter_ms: quality.jitter_ms,
            };
            self.desk.note(call, kind, now);
        }
        self.turn(now);
    }

    /// A recording is complete. Of a message without a file the plan says to the caller that it failed; a conversation goes on
    /// whatever becomes of its recording.
    pub fn recorded(&mut self, id: MediaId, recorded: &Recorded, now: Now) {
        if let Some(recording) = message::ended(id, recorded, now, &mut self.desk) {
            self.with_call(recording.call, |call, desk, _| match recording.purpose {
                Purpose::Conversation => {}
                Purpose::Message if recorded.sha256.is_empty() => call.walk_on(WalkInput::RecordFailed, now, desk),
                Purpose::Message => call.recorded(recording.file, recorded.duration_ms, now, desk),
            });
        }
        self.turn(now);
    }

    /// The ledger has it: what waited for it may leave.
    pub fn committed(&mut self, ticket: u64, now: Now) {
        let (id, afters) = self.desk.redeem(ticket).unwrap_or_default();
        for after in afters {
            match (after, id) {
                (After::ConfirmParty(leg), _) => self.desk.ua.confirm_bye(leg, now),
                (After::Welcome { leg, answer }, _) => self.desk.ua.accept(leg, &answer, now),
                (after, Some(id)) => self.with_call(id, |call, desk, _| call.carry_out(after, now, desk)),
                (_, None) => {}
            }
        }
        self.turn(now);
    }

    /// Everything that is due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.desk.ua.handle_timeout(now);
        self.trunks.handle_timeout(now, &mut self.desk);
        self.desk.floor.handle_timeout(now);
        self.end_short_calls(now);
        while let Some((at, id)) = self.timers.first().copied()
            && at <= now.mono
        {
            self.timers.pop_first();
            self.with_call(id, |call, desk, _| {
                call.armed = None;
                call.handle_timeout(now, desk);
            });
            self.turn(now);
        }
        self.turn(now);
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let calls = self.timers.first().map(|(at, _)| *at);
        let (ua, floor) = (self.desk.ua.poll_timeout(), self.desk.floor.poll_timeout());
        [
            ua,
            self.trunks.poll_timeout(),
            floor,
            calls,
            self.short_calls.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What to do next.
    pub fn next_command(&mut self) -> Option<Command> {
        self.desk.pop()
    }

    /// New settings for calls that arrive from now on; running calls keep their plan.
    pub fn reload(&mut self, shared: Shared) {
        self.desk.ua.set_draining(shared.draining);
        self.desk.manners = shared.manners.clone();
        self.shared = shared;
    }

    /// The settings in force.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends every call that still runs (the drain's time is over).
    pub fn end_all(&mut self, now: Now) {
        let retry_after_s = Some(self.shared.limits.drain_retry_s);
        for call in self.calls.values_mut() {
            let (status, after) = match call.phase {
                Phase::Arriving | Phase::Answering => (Some(503), After::reject(503, retry_after_s)),
                Phase::Answered | Phase::Talking | Phase::Placing | Phase::Ending => {
                    (None, After::HangUp { cause: 41 })
                }
            };
            call.end(EndedBy::System, EndReason::Draining, status, after, now, &mut self.desk);
        }
        self.turn(now);
    }

    /// Calls that are not over.
    pub fn live(&self) -> usize {
        self.calls.len()
    }

    /// Nothing left to say: no call, no answer waiting for the ledger, no recording open.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.short_calls.is_empty()
            && self.desk.waiting_for_the_ledger() == 0
            && self.desk.records_nothing()
    }

    /// Dialogs at this moment.
    pub fn legs(&self) -> usize {
        self.desk.ua.legs()
    }

    /// Transactions at this moment.
    pub fn transactions(&self) -> usize {
        self.desk.ua.transactions()
    }

    /// The live calls.
    pub fn views(&self) -> Vec<CallView> {
        let mut views: Vec<CallView> = self.calls.values().map(view).collect();
        views.sort_by_key(|v| v.id);
        views
    }

    /// Takes what the user agent and the walks have to say until nobody has anything more.
    pub(super) fn turn(&mut self, now: Now) {
        loop {
            while let Some(command) = self.desk.ua.next_command() {
                match command {
                    UaCommand::Transmit { flow, bytes } => self.desk.push(Command::Transmit { flow, bytes }),
                    UaCommand::Event(event) => self.event(event, now),
                }
            }
            if let Some((name, target)) = self.desk.dead_targets.pop() {
                match self.trunks.owns(&name) {
                    true => self.trunks.target_failed(&name, target, now, &mut self.desk),
                    false => self.desk.push(Command::TrunkFailed { name, target }),
                }
                continue;
            }
            if let Some(id) = self.desk.walks_to_drain.pop() {
                self.with_call(id, |call, desk, shared| call.carry_out_walk(now, desk, shared));
            } else if let Some(id) = self.desk.to_call.pop() {
                self.with_call(id, |call, desk, shared| call.call_target(now, desk, shared));
            } else if !self.floor_turn(now) {
                break;
            }
        }
        self.rearm();
    }

    /// Puts the timers of touched calls in order, and forgets those that are over.
    fn rearm(&mut self) {
        while let Some(id) = self.touched.pop() {
            if self.calls.get(&id).is_some_and(|call| call.is_over(&self.desk)) {
                self.forget(id);
            }
            let Some(call) = self.calls.get_mut(&id) else { continue };
            let next = call.poll_timeout();
            if next != call.armed {
                if let Some(old) = call.armed {
                    self.timers.remove(&(old, id));
                }
                if let Some(at) = next {
                    self.timers.insert((at, id));
                }
                call.armed = next;
            }
        }
    }

    fn event(&mut self, event: UaEvent, now: Now) {
        let Some(event) = self.short_event(event, now) else {
            return;
        };
        match event {
            UaEvent::Incoming {
                leg,
                invite,
                flow,
                offer,
                refusal,
            } => {
                let arrival = Arrival {
                    leg,
                    invite: &invite,
                    flow,
                    offer,
                    refusal,
                };
                self.incoming(arrival, now);
            }
            // REGISTER is in our Allow, and the registrar answers it before it could come here.
            UaEvent::OutOfDialog { key, request, .. } => self.desk.ua.respond(key, request.reply(405), now),
            UaEvent::Response { key, response } => self.trunks.answered(key, response, now, &mut self.desk),
            UaEvent::RequestFailed { key, error } => self.trunks.failed(key, error, now, &mut self.desk),
            UaEvent::Offer { leg, sdp } => self.with(leg, |call, who, desk, shared| match who {
                PartyId::CITIZEN => call.reoffered(&sdp, now, desk, shared),
                who => call.party_reoffered(who, &sdp, now, desk, shared),
            }),
            UaEvent::OfferWanted { leg } => self.with(leg, |call, who, desk, shared| match who {
                PartyId::CITIZEN => call.offer_wanted(now, desk, shared),
                who => call.party_offer_wanted(who, now, desk, shared),
            }),
            UaEvent::OfferRefused { .. } => {} // we make no re-offers of our own
            UaEvent::Answer { leg, sdp } => self.with(leg, |call, who, desk, _| match who {
                PartyId::CITIZEN => call.late_answer(&sdp, now, desk),
                who => call.party_late_answer(who, &sdp, now, desk),
            }),
            UaEvent::Provisional { leg, status, sdp } => self.with(leg, |call, who, desk, _| {
                call.party_rings(who, status, sdp.as_ref(), desk);
            }),
            UaEvent::Answered { leg, sdp } => {
                self.dialog_stands(leg, now);
                self.with(leg, |call, who, desk, _| {
                    call.party_answered(who, sdp.as_ref(), now, desk);
                });
            }
            UaEvent::Confirmed { leg } => {
                self.dialog_stands(leg, now);
                self.with(leg, |call, who, desk, shared| match who {
                    PartyId::CITIZEN => call.confirmed(now, desk),
                    who => call.line_confirmed(who, now, desk, shared),
                });
            }
            UaEvent::Cancelled { leg } => self.with(leg, |call, who, desk, _| match who {
                PartyId::CITIZEN => call.cancelled(now, desk),
                who => call.party_bye(who, leg, now, desk),
            }),
            UaEvent::ByeReceived { leg, .. } => self.with(leg, |call, who, desk, _| match who {
                PartyId::CITIZEN => call.end(EndedBy::Caller, EndReason::Hangup, None, After::ConfirmBye, now, desk),
                who => call.party_bye(who, leg, now, desk),
            }),
            UaEvent::Digit { leg, digit, .. } => self.with(leg, |call, who, desk, _| match who {
                PartyId::CITIZEN => call.pressed(digit, Heard::Info, now, desk),
                who => call.party_pressed(who, digit, now, desk),
            }),
            UaEvent::Refer {
                leg,
                key,
                refer_to,
                replaces,
                request,
                ..
            } => match self.referred(leg, key, &refer_to, replaces.as_ref(), now) {
                Some(()) => {}
                // A caller may not send us elsewhere: toll fraud (RFC 3515 §2.4.2 allows 603).
                None => self.desk.ua.respond(key, request.reply(603), now),
            },
            UaEvent::ReferAnswered { .. } | UaEvent::ReferNotified { .. } => {} // we ask nobody
            UaEvent::Ended { leg, end } => self.leg_ended(leg, &end, now),
        }
    }

    pub(super) fn with_call(&mut self, id: CallId, f: impl FnOnce(&mut Call, &mut Desk, &Shared)) {
        if let Some(call) = self.calls.get_mut(&id) {
            self.touched.push(id);
            f(call, &mut self.desk, &self.shared);
        }
    }

    /// Runs `f` on the call that owns a leg, and tells it whose leg that is.
    fn with(&mut self, leg: LegId, f: impl FnOnce(&mut Call, PartyId, &mut Desk, &Shared)) {
        if let Some(id) = self.desk.by_leg.get(&leg).copied() {
            self.with_call(id, |call, desk, shared| {
                if let Some(who) = call.by_leg(leg) {
                    f(call, who, desk, shared);
                }
            });
        }
    }

    /// A dialog is gone: somebody's, or the citizen's and with it the call.
    fn leg_ended(&mut self, leg: LegId, end: &LegEnd, now: Now) {
        self.with(leg, |call, who, desk, _| match who {
            PartyId::CITIZEN => call.leg_ended(end, now, desk),
            who => call.party_ended(who, end, now, desk),
        });
        self.desk.by_leg.remove(&leg);
        for (call, party) in self.desk.fell_silent(leg) {
            self.with_call(call, |call, desk, shared| call.invite(party, now, desk, shared));
        }
    }

    fn forget(&mut self, id: CallId) {
        let Some(call) = self.calls.remove(&id) else { return };
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(id);
        if let Some(at) = call.armed {
            self.timers.remove(&(at, id));
        }
        if let Some(source) = call.counted_for {
            self.desk.counts.release(source);
        }
    }
}

fn view(call: &Call) -> CallView {
    CallView {
        id: call.id,
        from: call.from.clone(),
        to: call.to.clone(),
        hotline: call.hotline.clone(),
        arrived: call.arrived,
        step: call.last_step.clone(),
    }
}
