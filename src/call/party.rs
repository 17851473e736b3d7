//! One person in a call: a leg, the sound on it, who it is and why he was called. Knows how sound is offered and agreed;
//! what follows from it is decided by the call.

use crate::kernel::{AgentId, AudioParams, EventKind, Law, LegId, Now, Part, PhoneNumber};
use crate::media::MediaCommand;
use crate::sip::sdp::{self, Sdp};

use super::admission::Line;
use super::by_line::Arriving;
use super::desk::{Command, Desk, LocalRtp};
use super::dial::Dialling;
use super::exchange::Shared;
use super::live::Media;
use super::order::Place;
use super::ring::RingId;

/// A person within one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartyId(pub u32);

impl PartyId {
    /// There is one citizen in every call.
    pub const CITIZEN: Self = Self(0);
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The one whom the call is about.
    Citizen,
    /// One of ours.
    Agent(AgentId),
    /// Whoever has this number.
    Number(PhoneNumber),
}

impl Who {
    /// As the ledger names him.
    pub fn name(&self) -> String {
        match self {
            Self::Citizen => "citizen".to_owned(),
            Self::Agent(agent) => agent.to_string(),
            Self::Number(number) => number.masked(),
        }
    }
}

/// Why somebody is in a call, or is being called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// It is his call.
    Citizen,
    /// The plan puts the citizen through to him.
    Transfer,
    /// He is rung at: one of his telephones.
    Ring(RingId),
    /// One of ours who is in the call.
    Colleague,
    /// The agent's own second line, from which he asks somebody.
    SecondLine(Place),
    /// An agent has sent the citizen on to him.
    SentOn,
    /// An agent asks him something while the citizen hears music.
    Consult,
}

/// How far a leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// We look for the way, or have called and heard nothing.
    Calling,
    /// It rings.
    Ringing,
    /// It makes sound, but nobody has answered.
    Early,
    /// Somebody has answered.
    Talking,
}

/// One person.
#[derive(Debug)]
pub(super) struct Party {
    pub id: PartyId,
    pub who: Who,
    pub errand: Errand,
    pub stage: Stage,
    /// The part that he plays beside the citizen, once he plays one.
    pub part: Option<Part>,
    pub leg: Option<LegId>,
    pub media: Option<Media>,
    pub law: Option<Law>,
    /// Our offer until it is answered for good.
    pub our_offer: Option<Box<Sdp>>,
    pub sdp_session: u64,
    pub sdp_version: u64,
    /// His telephone has put us on hold.
    pub held: bool,
    /// The trunk's line that he holds.
    pub line: Option<Line>,
    /// He has called us, and our 200 has not been acknowledged.
    pub arriving: Option<Box<Arriving>>,
    /// While we look for the way and wait for the answer.
    pub dialling: Option<Box<Dialling>>,
}

impl Party {
    /// Somebody who has neither leg nor sound yet.
    pub fn new(id: PartyId, who: Who, errand: Errand, desk: &mut Desk) -> Self {
        Self {
            id,
            who,
            errand,
            stage: Stage::Calling,
            part: None,
            leg: None,
            media: None,
            law: None,
            our_offer: None,
            sdp_session: desk.new_sdp_session(),
            sdp_version: 1,
            held: false,
            line: None,
            arriving: None,
            dialling: None,
        }
    }

    /// The agent, if he is one.
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.who {
            Who::Agent(agent) => Some(agent),
            Who::Citizen | Who::Number(_) => None,
        }
    }

    /// His session and its ports, once there are any.
    pub fn sound(&self) -> Option<(Media, LocalRtp)> {
        let media = self.media?;
        Some((media, media.local?))
    }

    /// Our offer, the law that would spare us transcoding first.
    pub fn make_offer(&mut self, prefer: Option<Law>, shared: &Shared) -> Option<Sdp> {
        let (_, rtp) = self.sound()?;
        let mut audio = shared.audio(rtp, self.sdp_session, self.sdp_version);
        audio.laws.sort_by_key(|law| Some(*law) != prefer);
        let offer = sdp::offer(&audio);
        self.our_offer = Some(Box::new(offer.clone()));
        Some(offer)
    }

    /// The answer to our offer, early or final. False if it cannot be lived with.
    pub fn take_answer(&mut self, answer: &Sdp, desk: &mut Desk) -> bool {
        let Some(offer) = self.our_offer.as_deref() else {
            return self.law.is_some(); // agreed before
        };
        match sdp::accept_answer(offer, answer) {
            Ok(params) => self.agree(params, desk),
            Err(_) => return false,
        }
        true
    }

    /// His offer in the dialog: hold, a new address, another codec. `Some` if he has put us on hold by it, or taken us back.
    pub fn reoffered(&mut self, offer: &Sdp, now: Now, desk: &mut Desk, shared: &Shared) -> Option<bool> {
        let leg = self.leg?;
        let Some((_, rtp)) = self.sound() else {
            desk.ua.answer(leg, Err(488), now);
            return None;
        };
        match sdp::answer(offer, &shared.audio(rtp, self.sdp_session, self.sdp_version + 1)) {
            Ok((answer, params)) => {
                self.sdp_version += 1;
                desk.ua.answer(leg, Ok(&answer), now);
                let before = self.held;
                self.agree(params, desk);
                (self.held != before).then_some(self.held)
            }
            Err(_) => {
                desk.ua.answer(leg, Err(488), now);
                None
            }
        }
    }

    /// He asks for our offer within the dialog.
    pub fn offer_wanted(&mut self, now: Now, desk: &mut Desk, shared: &Shared) {
        let Some(leg) = self.leg else { return };
        self.sdp_version += 1;
        match self.make_offer(self.law, shared) {
            Some(offer) => desk.ua.answer(leg, Ok(&offer), now),
            None => desk.ua.answer(leg, Err(488), now),
        }
    }

    /// What both sides have agreed on is from now on what his session does.
    pub fn agree(&mut self, params: AudioParams, desk: &mut Desk) {
        self.law = Some(params.law);
        self.held = !params.direction.sends() || params.remote_rtp.is_none();
        if let Some(media) = self.media {
            desk.push(Command::Negotiate {
                id: media.id,
                params: Box::new(params),
            });
        }
    }

    /// From now on his silence means something.
    pub fn watch(&self, desk: &mut Desk) {
        self.command(MediaCommand::WatchDead(true), desk);
    }

    /// Tells his session something.
    pub fn command(&self, command: MediaCommand, desk: &mut Desk) {
        if let Some(media) = self.media {
            desk.push(Command::Media { id: media.id, command });
        }
    }

    /// Gives back whatever he holds, and says goodbye.
    pub fn drop_it(self, cause: Option<&(u16, String)>, now: Now, desk: &mut Desk) {
        if let Some(dialling) = self.dialling {
            desk.by_query.remove(&dialling.query);
        }
        if let Some(leg) = self.leg {
            desk.ua.hangup(leg, cause, now);
        }
        if let Some(media) = self.media {
            desk.push(Command::CloseMedia { id: media.id });
        }
    }

    /// That he has joined, for the ledger.
    pub fn joined(&self, part: Part) -> EventKind {
        EventKind::Joined {
            who: self.who.name(),
            part,
        }
    }
}
