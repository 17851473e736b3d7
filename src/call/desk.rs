//! What all calls of a shard share: the user agent, the way out, the indexes and the tickets of the ledger.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngCore};

use crate::ivr::Language;
use crate::ivr::spoken::Piece;
use crate::kernel::{AgentId, AudioParams, CallId, Event, EventKind, LegId, MediaId, Now, PlayId, Subject};
use crate::media::MediaCommand;
use crate::queue::{Floor, FloorConfig, OfferId};
use crate::sip::Flow;
use crate::sip::registrar::Binding;
use crate::sip::sdp::Sdp;
use crate::sip::trunk::{Question, Target, TrunkEvent};
use crate::sip::ua::UserAgent;

use super::admission::Counts;
use super::ending::After;
use super::gateway::TrunkState;
use super::manners::Manners;
use super::party::PartyId;
use super::recorder::Purpose;
use super::survey::Asked;

/// The low bits of a [`MediaId`] name its media worker; bridged sessions share one.
const WORKER_BITS: u32 = 8;
const WORKER_MASK: u64 = (1 << WORKER_BITS) - 1;

/// What the engine is to do, in this order.
#[derive(Debug)]
pub enum Command {
    /// Send a SIP message.
    Transmit {
        /// The way.
        flow: Flow,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// Write to the ledger; with a ticket, tell [`super::Exchange::committed`] when it is durable.
    Append {
        /// In order.
        events: Vec<Event>,
        /// Who waits for it.
        ticket: Option<u64>,
    },
    /// Take a pair of RTP ports and a place in a media worker; tell [`super::Exchange::media_opened`].
    OpenMedia {
        /// The new session.
        id: MediaId,
        /// Our address towards the peer.
        local: IpAddr,
        /// The peer's address in signalling: where its sound may come from besides what its SDP says.
        signalling: IpAddr,
        /// Where the peer expects its sound. Signalling by IPv4 and sound by IPv6, or the other way round, is common with
        /// telephones that have both; our sound then leaves from the address that the routing table has towards there.
        remote: Option<IpAddr>,
    },
    /// Tell a session what was agreed.
    Negotiate {
        /// The session.
        id: MediaId,
        /// What was agreed.
        params: Box<AudioParams>,
    },
    /// Anything else for a session.
    Media {
        /// The session.
        id: MediaId,
        /// What to do.
        command: MediaCommand,
    },
    /// Play pieces, found or synthesised by the prompt library.
    Play {
        /// The session.
        id: MediaId,
        /// Which start this is.
        play: PlayId,
        /// In order.
        pieces: Vec<Piece>,
        /// Whose recordings.
        language: Language,
        /// Again and again until stopped.
        repeat: bool,
    },
    /// Forward sound between two sessions.
    Bridge {
        /// One.
        a: MediaId,
        /// The other.
        b: MediaId,
    },
    /// Take a session out of its bridge or mix. A bridge's other side is alone then; a mix goes on without it.
    Unbridge {
        /// The session.
        id: MediaId,
    },
    /// From now on these sessions, all on one worker, hear whom they are said to hear; bridges and mixes that any of them was
    /// in are over. Two who hear each other and nobody else are better bridged.
    Mix {
        /// Who hears whom.
        members: Vec<Hearing>,
    },
    /// Record a whole conversation in two channels: on the left what this session (the citizen's) says, on the right what
    /// people say to it, through holds, bridges and mixes, prompts and music left out. Told by [`super::Exchange::recorded`].
    RecordCall {
        /// The citizen's session.
        id: MediaId,
        /// Name below the recordings' folder.
        file: String,
        /// Longest length.
        max: Duration,
    },
    /// Keep silence in the session's recording from now on, or record again: the length stays true.
    MaskRecording {
        /// The session.
        id: MediaId,
        /// Silence or sound.
        on: bool,
    },
    /// Open a recording file and let the session fill it.
    StartRecording {
        /// The session.
        id: MediaId,
        /// Name below the recordings' folder.
        file: String,
        /// Longest length.
        max: Duration,
        /// End after so much silence.
        silence: Option<Duration>,
    },
    /// Close the session's recording, if it is open; tell [`super::Exchange::recorded`].
    FinishRecording {
        /// The session.
        id: MediaId,
    },
    /// End a session; its ports go into quarantine. Tell [`super::Exchange::media_closed`].
    CloseMedia {
        /// The session.
        id: MediaId,
    },
    /// A year without a table of working days was met: raise the alarm.
    CalendarMissing {
        /// The year.
        year: i16,
    },
    /// Ask the domain name system; tell [`super::Exchange::resolved`], with an empty answer if there is none.
    Resolve {
        /// Number of the question.
        query: u64,
        /// The question.
        question: Question,
    },
    /// Find our socket towards a peer, connected if the transport has connections; tell [`super::Exchange::reached`].
    Reach {
        /// Number of the question.
        query: u64,
        /// The peer.
        target: Target,
    },
    /// A trunk has changed: show it, and hand it to [`super::Exchange::trunk_changed`] of every other shard.
    TrunkState(TrunkState),
    /// What happened to a trunk, for the log.
    TrunkEvent {
        /// The trunk.
        name: String,
        /// What happened.
        event: TrunkEvent,
    },
    /// A call found an address of a trunk dead: hand it to [`super::Exchange::trunk_target_failed`] of the first shard.
    TrunkFailed {
        /// The trunk.
        name: String,
        /// The address.
        target: Target,
    },
}

/// What one session of a mix hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// The session.
    pub id: MediaId,
    /// The sessions that it hears; none of them twice, itself not among them.
    pub hears: Vec<MediaId>,
}

/// A floor before its configuration is read.
fn no_queues() -> FloorConfig {
    FloorConfig {
        queues: BTreeMap::new(),
        redial_within: Duration::from_secs(120),
        utc_offset_s: 8 * 3_600,
    }
}

/// The shard that a SIP Call-ID falls to: the same for every message of a dialog, whoever sends it (FNV-1a).
pub fn shard_of(call_id: &str, shards: usize) -> usize {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = call_id.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    usize::try_from(hash % shards.max(1) as u64).unwrap_or(0)
}

/// Ports that a session got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalRtp {
    /// Address to write into SDP.
    pub address: IpAddr,
    /// RTP port.
    pub rtp_port: u16,
    /// RTCP port.
    pub rtcp_port: u16,
}

/// A recording that is under way or being closed.
#[derive(Debug)]
pub(super) struct Recording {
    pub call: CallId,
    pub file: String,
    pub purpose: Purpose,
}

/// The shared part of an exchange.
pub(super) struct Desk {
    pub ua: UserAgent,
    pub counts: Counts,
    pub by_leg: HashMap<LegId, CallId>,
    pub by_media: HashMap<MediaId, CallId>,
    pub by_query: HashMap<u64, CallId>,
    /// Who is offered what, by the call that rings.
    pub by_offer: HashMap<OfferId, CallId>,
    /// Files by session: the last one is being filled, those before it are being closed.
    recordings: HashMap<MediaId, VecDeque<Recording>>,
    /// Who waits, who is free, who is given to whom.
    pub floor: Floor,
    /// Parked calls by their numbers.
    pub slots: BTreeMap<u16, CallId>,
    /// Numbers that were asked for a rating.
    pub asked: Asked,
    /// The telephones of each account, the preferred ones first.
    devices: HashMap<String, Vec<Binding>>,
    /// How people are served.
    pub manners: Manners,
    /// How each trunk is.
    pub trunks: HashMap<String, TrunkState>,
    /// Addresses of trunks that calls found dead in this turn.
    pub dead_targets: Vec<(String, Target)>,
    /// How long a carrier may leave an INVITE without any answer.
    pub silence: Duration,
    /// Calls whose walk has something to say.
    pub walks_to_drain: Vec<CallId>,
    /// Calls whose agent has picked up: now the other is called.
    pub to_call: Vec<CallId>,
    /// Telephones that are being told to fall silent, by leg.
    silenced: HashMap<LegId, AgentId>,
    /// Who waits for that: a telephone with one line would say that it is busy.
    patient: Vec<(AgentId, CallId, PartyId)>,
    out: VecDeque<Command>,
    tickets: HashMap<u64, (Option<CallId>, Vec<After>)>,
    last_ticket: u64,
    last_id: u64,
    shard: u16,
    shards: u16,
    workers: u8,
    pub rng: StdRng,
}

impl Desk {
    pub(super) fn new(
        ua: UserAgent,
        (shard, shards): (u16, u16),
        workers: u8,
        silence: Duration,
        mut rng: StdRng,
    ) -> Self {
        Self {
            ua,
            counts: Counts::default(),
            by_leg: HashMap::new(),
            by_media: HashMap::new(),
            by_query: HashMap::new(),
            by_offer: HashMap::new(),
            recordings: HashMap::new(),
            floor: Floor::new(no_queues(), rng.random()),
            slots: BTreeMap::new(),
            asked: Asked::default(),
            devices: HashMap::new(),
            manners: Manners::default(),
            trunks: HashMap::new(),
            dead_targets: Vec::new(),
            silence,
            walks_to_drain: Vec::new(),
            to_call: Vec::new(),
            silenced: HashMap::new(),
            patient: Vec::new(),
            out: VecDeque::new(),
            tickets: HashMap::new(),
            last_ticket: 0,
            last_id: 0,
            shard,
            shards,
            workers,
            rng,
        }
    }

    pub(super) fn push(&mut self, command: Command) {
        self.out.push_back(command);
    }

    pub(super) fn pop(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// Writes events that nobody waits for.
    pub(super) fn note(&mut self, call: CallId, kind: EventKind, now: Now) {
        self.push(Command::Append {
            events: vec![Event::of_call(call, now.wall, kind)],
            ticket: None,
        });
    }

    /// Writes events; `after` happens when they are durable.
    pub(super) fn append(&mut self, call: CallId, kinds: Vec<EventKind>, after: After, now: Now) {
        self.last_ticket += 1;
        self.tickets.insert(self.last_ticket, (Some(call), vec![after]));
        let events = kinds
            .into_iter()
            .map(|kind| Event::of_call(call, now.wall, kind))
            .collect();
        self.push(Command::Append {
            events,
            ticket: Some(self.last_ticket),
        });
    }

    /// Lets the answer to a BYE go when the last thing that was written is durable: what it says stands there.
    pub(super) fn confirm_when_durable(&mut self, leg: LegId, now: Now) {
        if self.when_durable(After::ConfirmParty(leg)).is_some() {
            self.ua.confirm_bye(leg, now);
        }
    }

    /// Lets the 200 to an agent's INVITE go when the last thing that was written is durable.
    pub(super) fn welcome(&mut self, leg: LegId, answer: Sdp, now: Now) {
        let answer = Box::new(answer);
        if let Some(After::Welcome { answer, .. }) = self.when_durable(After::Welcome { leg, answer }) {
            self.ua.accept(leg, &answer, now);
        }
    }

    /// Something happens when the last thing that was written is durable. Given back if everything is.
    pub(super) fn when_durable(&mut self, after: After) -> Option<After> {
        let ticket = self.ticket_of_the_last();
        let Some((_, afters)) = ticket.and_then(|ticket| self.tickets.get_mut(&ticket)) else {
            return Some(after);
        };
        afters.push(after);
        None
    }

    /// The ticket of the last thing that is still to be written, if there is any.
    pub(super) fn ticket_of_the_last(&mut self) -> Option<u64> {
        let (call, ticket) = self.out.iter_mut().rev().find_map(|command| match command {
            Command::Append { events, ticket } => Some((events.first().and_then(Event::call), ticket)),
            _other => None,
        })?;
        let number = *ticket.get_or_insert_with(|| {
            self.last_ticket += 1;
            self.last_ticket
        });
        self.tickets.entry(number).or_insert_with(|| (call, Vec::new()));
        Some(number)
    }

    pub(super) fn redeem(&mut self, ticket: u64) -> Option<(Option<CallId>, Vec<After>)> {
        self.tickets.remove(&ticket)
    }

    pub(super) fn waiting_for_the_ledger(&self) -> usize {
        self.tickets.len()
    }

    /// Notes what an agent does now.
    pub(super) fn note_agent(&mut self, agent: AgentId, kind: EventKind, now: Now) {
        let event = Event {
            about: Subject::Agent(agent),
            at: now.wall,
            kind,
        };
        self.push(Command::Append {
            events: vec![event],
            ticket: None,
        });
    }

    /// A telephone of this agent's is being told to fall silent.
    pub(super) fn falls_silent(&mut self, agent: AgentId, leg: LegId) {
        self.silenced.insert(leg, agent);
    }

    /// Whether a new call has to wait until the agent's telephones have fallen silent.
    pub(super) fn has_to_wait(&mut self, agent: &AgentId, call: CallId, party: PartyId) -> bool {
        let waits = self.silenced.values().any(|silenced| silenced == agent);
        if waits {
            self.patient.push((agent.clone(), call, party));
        }
        waits
    }

    /// A leg is gone: who waited for it may ring now.
    pub(super) fn fell_silent(&mut self, leg: LegId) -> Vec<(CallId, PartyId)> {
        let Some(agent) = self.silenced.remove(&leg) else {
            return Vec::new();
        };
        if self.silenced.values().any(|silenced| *silenced == agent) {
            return Vec::new();
        }
        let ready = self.patient.extract_if(.., |(waits, ..)| *waits == agent);
        ready.map(|(_, call, party)| (call, party)).collect()
    }

    /// A file is being filled by this session.
    pub(super) fn open_recording(&mut self, id: MediaId, recording: Recording) {
        self.recordings.entry(id).or_default().push_back(recording);
    }

    /// The oldest file of this session is closed.
    pub(super) fn close_recording(&mut self, id: MediaId) -> Option<Recording> {
        let files = self.recordings.get_mut(&id)?;
        let first = files.pop_front();
        if files.is_empty() {
            self.recordings.remove(&id);
        }
        first
    }

    /// The file that this session fills, or filled last.
    pub(super) fn recording(&self, id: MediaId) -> Option<&Recording> {
        self.recordings.get(&id)?.back()
    }

    /// Whether no file is open.
    pub(super) fn records_nothing(&self) -> bool {
        self.recordings.is_empty()
    }

    /// An account's telephones have changed.
    pub(super) fn bind(&mut self, user: &str, bindings: Vec<Binding>) {
        match bindings.is_empty() {
            true => self.devices.remove(user),
            false => self.devices.insert(user.to_owned(), bindings),
        };
    }

    /// An agent's telephones, the preferred ones first.
    pub(super) fn devices_of(&self, agent: &AgentId) -> Vec<Binding> {
        self.devices.get(agent.as_str()).cloned().unwrap_or_default()
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        u64::from(self.shard) << 48 | self.last_id
    }

    pub(super) fn new_call_id(&mut self, now: Now) -> CallId {
        let random = u128::from(self.rng.next_u64()) << 64 | u128::from(self.rng.next_u64());
        CallId::new(now.wall, random)
    }

    /// A session on the worker whose turn it is.
    pub(super) fn new_media_id(&mut self) -> MediaId {
        self.last_id += 1;
        self.media_id_on(self.last_id % u64::from(self.workers.max(1)))
    }

    /// A session on the same worker as another, so that the two can be bridged.
    pub(super) fn new_media_id_beside(&mut self, other: MediaId) -> MediaId {
        self.last_id += 1;
        self.media_id_on(other.0 & WORKER_MASK)
    }

    fn media_id_on(&self, worker: u64) -> MediaId {
        MediaId(u64::from(self.shard) << 48 | self.last_id << WORKER_BITS | worker)
    }

    pub(super) fn new_query(&mut self) -> u64 {
        self.next_id()
    }

    /// A Call-ID of our own, such that what is said in its dialog comes back to this shard.
    pub(super) fn new_sip_call_id(&mut self) -> String {
        loop {
            let id = format!("{:032x}", self.rng.random::<u128>());
            if shard_of(&id, usize::from(self.shards)) == usize::from(self.shard) {
                return id;
            }
        }
    }

    /// A session id for SDP's `o=` line: below 2^62, so that readers with signed numbers are content.
    pub(super) fn new_sdp_session(&mut self) -> u64 {
        self.rng.random::<u64>() >> 2
    }
}
