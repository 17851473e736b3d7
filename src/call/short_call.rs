//! An agent dials a code: his order is carried out, a word or two tell him how it went, and the line is free again. No call of
//! a citizen, and none in the ledger: what the order changed stands there by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ivr::spoken::Piece;
use crate::kernel::{AgentId, LegId, MediaId, Mono, Now, PlayId};
use crate::media::MediaOutput;
use crate::sip::Flow;
use crate::sip::sdp::{self, Sdp};
use crate::sip::ua::UaEvent;

use super::codes::words;
use super::desk::{Command, LocalRtp};
use super::exchange::Exchange;
use super::live::Media;
use super::order::{Denied, Order};
use super::party::{Errand, Party, PartyId, Who};

/// Short calls at once.
const SHORT_CALLS_MAX: usize = 200;
/// Longest life of one: no prompt is that long.
const LONGEST: Duration = Duration::from_secs(20);
/// What the telephones are told when it is over (Q.850: normal call clearing).
const DONE: u16 = 16;

/// One of them.
struct ShortCall {
    agent: AgentId,
    party: Party,
    offer: Option<Sdp>,
    /// Taken when it is carried out.
    order: Option<Result<Order, Denied>>,
    words: Vec<Piece>,
    until: Mono,
}

/// All of them.
#[derive(Default)]
pub(super) struct ShortCalls {
    all: BTreeMap<LegId, ShortCall>,
}

impl ShortCalls {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// When the next one has lived too long.
    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        self.all.values().map(|it| it.until).min()
    }

    fn by_media(&self, id: MediaId) -> Option<LegId> {
        let mut all = self.all.iter();
        all.find(|(_, it)| it.party.media.is_some_and(|media| media.id == id))
            .map(|(leg, _)| *leg)
    }
}

impl Exchange {
    /// An agent has dialled a code.
    pub(super) fn short_call(
        &mut self,
        (leg, flow): (LegId, Flow),
        agent: AgentId,
        offer: Option<Sdp>,
        order: Result<Order, Denied>,
        now: Now,
    ) {
        let another = self.short_calls.all.values().any(|it| it.agent == agent);
        if another || self.short_calls.all.len() >= SHORT_CALLS_MAX {
            return self.desk.ua.reject(leg, 486, &[], now);
        }
        let id = self.desk.new_media_id();
        let who = Who::Agent(agent.clone());
        let mut party = Party::new(PartyId::CITIZEN, who, Errand::Citizen, &mut self.desk);
        party.leg = Some(leg);
        party.media = Some(Media { id, local: None });
        let remote = offer.as_ref().and_then(sdp::audio_address);
        let short = ShortCall {
            agent,
            party,
            offer,
            order: Some(order),
            words: Vec::new(),
            until: now.mono + LONGEST,
        };
        self.short_calls.all.insert(leg, short);
        self.desk.push(Command::OpenMedia {
            id,
            local: flow.local.ip(),
            remote,
            signalling: flow.remote.ip().to_canonical(),
        });
    }

    /// It has its ports: the order is carried out, and what it changed goes to the ledger before the 200 leaves. False if it is
    /// none of ours.
    pub(super) fn short_media_opened(&mut self, id: MediaId, local: Option<LocalRtp>, now: Now) -> bool {
        let Some(leg) = self.short_calls.by_media(id) else {
            return false;
        };
        match self.agree_shortly(leg, local) {
            Ok(answer) => {
                let order = self.short_calls.all.get_mut(&leg).and_then(|it| it.order.take());
                let order = order.unwrap_or(Err(Denied::Unknown));
                let done = order.clone().and_then(|order| self.order(order, now));
                let language = self.shared().manners.language;
                if let Some(short) = self.short_calls.all.get_mut(&leg) {
                    short.words = words(order.as_ref().ok(), &done, language);
                }
                self.desk.welcome(leg, answer, now);
            }
            Err(status) => self.desk.ua.reject(leg, status, &[], now),
        }
        true
    }

    /// Our side of the sound, or the status to refuse with.
    fn agree_shortly(&mut self, leg: LegId, local: Option<LocalRtp>) -> Result<Sdp, u16> {
        let Self {
            short_calls,
            desk,
            shared,
            ..
        } = self;
        let short = short_calls.all.get_mut(&leg).ok_or(500_u16)?;
        let Some(rtp) = local else {
            short.party.media = None;
            return Err(503);
        };
        if let Some(media) = &mut short.party.media {
            media.local = local;
        }
        match short.offer.take() {
            None => short.party.make_offer(None, shared).ok_or(500),
            Some(offer) => {
                let audio = shared.audio(rtp, short.party.sdp_session, short.party.sdp_version);
                let (answer, params) = sdp::answer(&offer, &audio).map_err(|_| 488_u16)?;
                short.party.agree(params, desk);
                Ok(answer)
            }
        }
    }

    /// Something happened to its dialog; gives back what is none of ours.
    pub(super) fn short_event(&mut self, event: UaEvent, now: Now) -> Option<UaEvent> {
        let Self {
            short_calls,
            desk,
            shared,
            ..
        } = self;
        match event {
            UaEvent::Confirmed { leg } => match short_calls.all.get_mut(&leg) {
                Some(short) => {
                    if let Some(media) = short.party.media {
                        desk.push(Command::Play {
                            id: media.id,
                            play: PlayId(1),
                            pieces: std::mem::take(&mut short.words),
                            language: shared.manners.language,
                            repeat: false,
                        });
                    }
                    None
                }
                None => Some(event),
            },
            UaEvent::Answer { leg, ref sdp } => match short_calls.all.get_mut(&leg) {
                Some(short) => {
                    short.party.take_answer(sdp, desk);
                    None
                }
                None => Some(event),
            },
            UaEvent::Offer { leg, ref sdp } => match short_calls.all.get_mut(&leg) {
                Some(short) => {
                    short.party.reoffered(sdp, now, desk, shared);
                    None
                }
                None => Some(event),
            },
            UaEvent::OfferWanted { leg } => match short_calls.all.get_mut(&leg) {
                Some(short) => {
                    short.party.offer_wanted(now, desk, shared);
                    None
                }
                None => Some(event),
            },
            UaEvent::Cancelled { leg } | UaEvent::ByeReceived { leg, .. } if short_calls.all.contains_key(&leg) => {
                desk.ua.confirm_bye(leg, now);
                None
            }
            UaEvent::Ended { leg, .. } => match short_calls.all.remove(&leg) {
                Some(short) => {
                    if let Some(media) = short.party.media {
                        desk.push(Command::CloseMedia { id: media.id });
                    }
                    None
                }
                None => Some(event),
            },
            other => Some(other),
        }
    }

    /// Its words are said. False if it is none of ours.
    pub(super) fn short_heard(&mut self, id: MediaId, output: &MediaOutput, now: Now) -> bool {
        let Some(leg) = self.short_calls.by_media(id) else {
            return false;
        };
        if let MediaOutput::PlayFinished(_) = output {
            self.desk
                .ua
                .hangup(leg, Some(&(DONE, "Normal call clearing".to_owned())), now);
        }
        true
    }

    /// Ends those that live too long.
    pub(super) fn end_short_calls(&mut self, now: Now) {
        let old = self.short_calls.all.iter_mut().filter(|(_, it)| it.until <= now.mono);
        for (leg, short) in old {
            short.until = now.mono + LONGEST; // its BYE may take a while
            self.desk
                .ua
                .hangup(*leg, Some(&(DONE, "Normal call clearing".to_owned())), now);
        }
    }
}
