//! One leg: a dialog with the state of its INVITE, its offer and its session. The files beside this one move it on.

use std::collections::VecDeque;
use std::time::Duration;

use crate::kernel::{LegId, Mono};
use crate::sip::digest::Answerer;
use crate::sip::flow::Flow;
use crate::sip::message::{HeaderName, Request, Response};
use crate::sip::transaction::{ClientKey, ServerKey};

use super::core::Core;
use super::dialog::Dialog;
use super::session_timer::{Ask, Session};
use super::timers::Timers;
use super::types::{LegEnd, UaEvent};

/// A leg of a call. An established one is kept small: nothing of its INVITE remains.
#[derive(Debug)]
pub(super) struct Leg {
    /// Its name.
    pub id: LegId,
    /// The path of the peer's last message.
    pub flow: Flow,
    /// Its dialog.
    pub dialog: Dialog,
    /// We placed the call, so the Call-ID is ours (RFC 3261 §14.1 asks).
    pub outgoing: bool,
    /// How far it has come.
    pub phase: Phase,
    /// Whose offer is open.
    pub exchange: Exchange,
    /// A 2xx of ours that waits for its ACK.
    pub unacked: Option<Box<Unacked>>,
    /// Session timer, if one was agreed.
    pub session: Option<Session>,
    /// Its timers.
    pub timers: Timers,
    /// The peer's Allow names UPDATE.
    pub peer_updates: bool,
    /// Our last session description, for refreshes by re-INVITE.
    pub local_sdp: Option<Box<[u8]>>,
    /// An offer of ours that waits for its turn.
    pub wanted: Option<Box<[u8]>>,
    /// The offer of ours that is under way.
    pub sent_offer: Option<Box<[u8]>>,
    /// The re-INVITE of ours that is under way.
    pub reinvite: Option<ClientKey>,
    /// Numbers of our REFERs whose end we wait for.
    pub referrals: Vec<u32>,
    /// They have sent a REFER.
    pub was_referred: bool,
    /// For challenges within the dialog.
    pub answerer: Option<Box<Answerer>>,
    /// `Ended` has been told.
    pub reported: bool,
    /// What the agent's timer table holds for this leg.
    pub armed: Option<Mono>,
}

/// How far a leg has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// Called: no final answer given yet.
    Ringing(Box<Ringing>),
    /// Calling: no final answer got yet.
    Calling(Box<Calling>),
    /// Answered with 2xx.
    Talking,
    /// Their BYE waits for the application's word.
    PeerLeft(Box<Pending>),
    /// We leave: our BYE is under way, or waits for the ACK.
    Leaving {
        /// What is told at the end.
        end: LegEnd,
        /// Set while the BYE must wait for the ACK (RFC 3261 §15): its Reason.
        held: Option<Option<String>>,
    },
    /// Over; to be removed.
    Gone,
}

/// A request that waits for our answer: only what an answer is made of.
#[derive(Debug)]
pub(super) struct Pending {
    /// Its transaction.
    pub key: ServerKey,
    /// The request without what answers do not need.
    pub request: Request,
}

/// State of an INVITE to us before its final answer.
#[derive(Debug)]
pub(super) struct Ringing {
    /// The INVITE.
    pub invite: Pending,
    /// The peer wants every provisional response reliable.
    pub requires_100rel: bool,
    /// The peer can do reliable provisional responses.
    pub supports_100rel: bool,
    /// The INVITE had no offer, and we have not made one yet.
    pub owes_offer: bool,
    /// What the INVITE asks about session timers.
    pub ask: Ask,
    /// Last provisional status, to be repeated each minute.
    pub last_status: Option<u16>,
    /// Number of the next reliable provisional response.
    pub next_rseq: u32,
    /// The one that waits for its PRACK.
    pub unpracked: Option<Unpracked>,
    /// Those that wait for that one.
    pub queue: VecDeque<(u16, Option<Vec<u8>>)>,
    /// The 2xx that waits for that one (RFC 3262 §5).
    pub accepted: Option<Vec<u8>>,
    /// The caller gave up; the application has been told.
    pub withdrawn: bool,
    /// It gave up with a BYE, to be answered as well.
    pub bye: Option<Pending>,
}

/// A reliable provisional response on its way.
#[derive(Debug)]
pub(super) struct Unpracked {
    /// Its number.
    pub rseq: u32,
    /// It, to be repeated.
    pub response: Response,
    /// Next interval of repetition.
    pub interval: Duration,
    /// It carries a session description.
    pub with_sdp: bool,
}

/// State of an INVITE of ours before its final answer.
#[derive(Debug)]
pub(super) struct Calling {
    /// Its transaction.
    pub client: ClientKey,
    /// It, to be repeated with credentials or a longer interval.
    pub request: Request,
    /// Early dialogs, one for each place that rings.
    pub early: Vec<Early>,
    /// Given up, and with what.
    pub giving_up: Option<LegEnd>,
    /// A longer session interval has been tried.
    pub lengthened: bool,
    /// It carries our offer.
    pub offered: bool,
}

/// One early dialog of a call of ours.
#[derive(Debug)]
pub(super) struct Early {
    /// Its dialog.
    pub dialog: Dialog,
    /// Number of the last reliable provisional response taken.
    pub last_rseq: Option<u32>,
    /// Our offer was answered reliably there.
    pub agreed: bool,
    /// A session description came, reliably or not.
    pub sdp_seen: bool,
}

/// A 2xx on its way to its ACK.
#[derive(Debug)]
pub(super) struct Unacked {
    /// The INVITE's transaction.
    pub key: ServerKey,
    /// The INVITE's number.
    pub cseq: u32,
    /// The 2xx, to be repeated.
    pub response: Response,
    /// Next interval of repetition.
    pub interval: Duration,
    /// It answers the first INVITE.
    pub first: bool,
}

/// Whose offer is open (RFC 3264 §4: at most one).
#[derive(Debug)]
pub(super) enum Exchange {
    /// Nobody's.
    Idle,
    /// Ours.
    Ours(Ours),
    /// Theirs: the application has to answer.
    Theirs(Theirs),
}

/// Where our open offer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    /// In the first INVITE.
    Invite,
    /// In a reliable provisional response; the PRACK answers.
    Provisional,
    /// In a 2xx; the ACK answers.
    Answer,
    /// In a re-INVITE.
    Reinvite,
    /// In an UPDATE.
    Update,
}

/// Where their open offer is, and so what our answer goes into.
#[derive(Debug)]
pub(super) enum Theirs {
    /// In the first INVITE.
    Invite,
    /// In a re-INVITE, or asked for by one without a body.
    Reinvite {
        /// The re-INVITE.
        pending: Box<Pending>,
        /// It had no offer: ours goes into the 2xx.
        late: bool,
    },
    /// In an UPDATE.
    Update(Box<Pending>),
    /// In a PRACK.
    Prack(Box<Pending>),
    /// In a reliable provisional response: the PRACK answers.
    Provisional {
        /// Which early dialog.
        remote_tag: String,
        /// Value of our RAck.
        rack: String,
    },
    /// In the 2xx to our INVITE: the ACK answers.
    Answer {
        /// The INVITE.
        client: ClientKey,
        /// The ACK, lacking the answer.
        ack: Box<Request>,
    },
}

impl Leg {
    /// The dialog with this tag of theirs: the leg's own, or an early one.
    pub fn dialog_mut(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(calling) => calling
                .early
                .iter_mut()
                .map(|early| &mut early.dialog)
                .find(|dialog| dialog.remote_tag == remote_tag),
            Phase::Ringing(_) | Phase::Talking | Phase::PeerLeft(_) | Phase::Leaving { .. } => {
                Some(&mut self.dialog).filter(|dialog| dialog.remote_tag == remote_tag)
            }
            Phase::Gone => None,
        }
    }

    /// Whether it is over.
    pub fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    /// Tells the end, once.
    pub fn report(&mut self, core: &mut Core, end: LegEnd) {
        if !self.reported {
            self.reported = true;
            core.event(UaEvent::Ended { leg: self.id, end });
        }
    }

    /// Tells the end and lets the leg be removed.
    pub fn finish(&mut self, core: &mut Core, end: LegEnd) {
        self.drop_pending(core);
        if let Phase::Ringing(ringing) = &self.phase {
            core.invites.remove(&ringing.invite.key);
        }
        self.report(core, end);
        self.timers.stop_all();
        self.unacked = None;
        self.phase = Phase::Gone;
    }

    /// Refuses what waits for the application, because the leg ends (RFC 3261 §15.1.2: 487).
    pub fn drop_pending(&mut self, core: &mut Core) {
        self.wanted = None;
        if let Some(client) = self.reinvite.take() {
            // Its answer may never come, now that the dialog goes; a cancelled one ends by itself.
            core.layer.cancel(client, core.now.mono);
        }
        let Exchange::Theirs(theirs) = std::mem::replace(&mut self.exchange, Exchange::Idle) else {
            return;
        };
        match theirs {
            Theirs::Reinvite { pending, .. } => {
                core.invites.remove(&pending.key);
                core.answer(&pending, 487);
            }
            Theirs::Update(pending) | Theirs::Prack(pending) => core.answer(&pending, 487),
            Theirs::Invite | Theirs::Provisional { .. } => {}
            // The 2xx must get its ACK even though the call ends (RFC 3261 §13.2.2.4).
            Theirs::Answer { client, ack } => {
                core.send_ack(client, &self.dialog.remote_tag, *ack, self.dialog.next_hop(&self.flow));
            }
        }
    }
}

impl Pending {
    /// Keeps of a request what answers are made of.
    pub fn new(key: ServerKey, request: &Request) -> Self {
        const KEPT: [HeaderName; 9] = [
            HeaderName::Via,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
            HeaderName::RecordRoute,
            HeaderName::SessionExpires,
            HeaderName::MinSe,
            HeaderName::Supported,
        ];
        let mut kept = Request::new(request.method.clone(), request.uri.clone());
        for name in KEPT {
            for value in request.headers.all(&name) {
                kept.headers.push(name.clone(), value);
            }
        }
        Self { key, request: kept }
    }

    /// Number of the request, for an ACK or a RAck to match.
    pub fn cseq(&self) -> u32 {
        self.request.headers.cseq().map_or(0, |cseq| cseq.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_established_leg_is_small() {
        // With its strings and its last session description a leg comes to some 2 KB.
        assert!(size_of::<Leg>() <= 1024, "{} bytes", size_of::<Leg>());
    }
}
